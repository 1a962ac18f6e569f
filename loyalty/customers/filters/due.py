"""Conditions on what is about to happen, or happens for nothing: tiers that end soon, discounts without need."""

from __future__ import annotations

import datetime

from django.db.models import Q
from django.utils.translation import gettext_lazy

from loyalty.tiers.models import TierMembership

from .conditions import count, flag

# Who buys without a discount nine times in ten, and often enough to say so, buys without one.
FULL_PRICE_SHARE, FULL_PRICE_ORDERS = 0.9, 3


def falls_within(days: int, today: datetime.date) -> Q:
    """Say of customers that they will leave their tier in the next `days` days unless they buy enough."""
    until = today + datetime.timedelta(days=days)
    falling = TierMembership.objects.filter(is_current=True, falls_on__gt=today, falls_on__lte=until)
    return Q(pk__in=falling.values("customer"))


def given_for_nothing(value: bool, today: datetime.date) -> Q:
    return Q(
        score__full_price_share__gte=FULL_PRICE_SHARE,
        score__full_price_share__lt=1,
        score__frequency__gte=FULL_PRICE_ORDERS,
        score__discount_amount__gt=0,
    )


DUE = (
    count(
        "falling",
        falls_within,
        gettext_lazy("Leave their tier within %(value)s days"),
        min_value=1,
        max_value=365,
    ),
    flag(
        "given",
        given_for_nothing,
        gettext_lazy("Buy at full price nine times in ten, and were given a discount all the same"),
    ),
)
