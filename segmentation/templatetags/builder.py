"""What templates say the parts of an own segment with: `{{ step.node|clause }}`."""

from __future__ import annotations

from django import template

from loyalty.customers.filters.builder import words
from loyalty.customers.filters.builder.tree import Condition, Group
from loyalty.ui.templatetags.ui import pct

register = template.Library()


@register.filter
def clause(node: Group | Condition) -> str:
    """A condition, or a group in brackets, as it stands in the sentence."""
    return words.part(node)


@register.filter
def part_of(count: int, whole: int) -> int:
    """A count as a length from 0 to 100 for `.ba-pN`."""
    return pct(count / whole) if whole else 0
