"""The owner's own segments: a language of plain conditions, read, checked, said, counted and explained.

`fields` is the whitelist of what may be asked, `tree` the language, `compiling` turns it into SQL, `words` into
a sentence, `looking` into the figures of the screens. Frozen or not, `people_of` says who is in a segment.
"""

from __future__ import annotations

import datetime

from segmentation.models import OwnSegment

from ...models.customer import Customer, CustomerQuerySet
from . import compiling, tree, words
from .compiling import problems_of
from .tree import Group, parse

__all__ = ["Group", "compiling", "customers_of", "parse", "people_of", "problems_of", "tree", "words"]


def people_of(segment: OwnSegment, today: datetime.date) -> CustomerQuerySet:
    """Return who is in a segment as of a day: nobody where it does not resolve (`problems_of` says why)."""
    if problems_of(segment):
        return Customer.objects.none()
    return Customer.objects.filter(compiling.of_segment(segment, compiling.frame(today)))


def customers_of(root: Group, today: datetime.date) -> CustomerQuerySet:
    """Return whom a tree means as of a day."""
    return Customer.objects.filter(compiling.compile_tree(root, compiling.frame(today)))
