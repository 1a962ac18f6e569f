"""Everything a segment may ask about a person: the whitelist. What is not here cannot be asked."""

from .base import Field, Op
from .registry import FIELDS, GROUPS, groups

__all__ = ["FIELDS", "GROUPS", "Field", "Op", "groups"]
