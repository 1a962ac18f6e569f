"""Who comes at regular intervals and when they are next expected, and who came a single time."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db.models import Count, Q

from . import lifecycle
from .models import CustomerScore, Stage

SOON_DAYS = 7


@dataclass(frozen=True)
class Regulars:
    """How many come at intervals, are expected within SOON_DAYS, and are past their day without having gone
    quiet; the next of them to be expected; how many came once, and of these are still in their time."""

    periodic: int
    soon: int
    late: int
    next: list[CustomerScore]
    once: int
    once_new: int


def regulars(today: datetime.date, most: int = 5) -> Regulars:
    periodic = Q(lifetime_order_days__gte=lifecycle.PERIODIC_DAYS, gap_spread__lte=lifecycle.PERIODIC_SPREAD)
    soon = periodic & Q(expected_on__range=(today, today + datetime.timedelta(days=SOON_DAYS)))
    quiet = (Stage.INACTIVE, Stage.LOST)
    counted = CustomerScore.objects.aggregate(
        periodic=Count("pk", filter=periodic),
        soon=Count("pk", filter=soon),
        late=Count("pk", filter=periodic & Q(expected_on__lt=today) & ~Q(stage__in=quiet)),
        once=Count("pk", filter=Q(lifetime_order_days=1)),
        once_new=Count("pk", filter=Q(lifetime_order_days=1, stage=Stage.NEW)),
    )
    coming = CustomerScore.objects.filter(periodic, expected_on__gte=today).select_related("customer")
    return Regulars(**counted, next=list(coming.order_by("expected_on", "customer")[:most]))
