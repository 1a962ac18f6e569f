"""The segments that the owner of a demo shop has built already."""

from __future__ import annotations

import datetime
from functools import partial

from django.utils import translation

from loyalty.customers.filters import builder
from loyalty.customers.filters.builder.ideas import BY_KEY
from loyalty.shops.models import Shop, User
from segmentation import own
from segmentation.models import OwnSegment

# One that overlaps the other, so that there is something to lay over each other.
BUILT = ("late_loyal", "away_valued")


def build(shop: Shop, today: datetime.date, by: User) -> None:
    """Build two segments out of the ideas, named in the language of the shop, whose scope is open."""
    for key in BUILT:
        idea = BY_KEY[key]
        with translation.override(shop.language):
            segment = OwnSegment(name=str(idea.name), definition=idea.definition)
        own.save(segment, partial(builder.customers_of, idea.root, today), by)
