"""What every customer was, from when until when."""

from __future__ import annotations

import datetime

from django.db import models
from django.db.models import F, Q

from loyalty.customers.models import Customer
from loyalty.shops.fields import ShopForeignKey, ShopModel

from .choices import Quadrant, Segment, Stage


class ScoreSpanQuerySet(models.QuerySet):
    def on(self, day: datetime.date) -> ScoreSpanQuerySet:
        """Return what held at the end of `day`, one row a customer who was known by then."""
        return self.filter(Q(until_on=None) | Q(until_on__gt=day), from_on__lte=day)


class ScoreSpan(ShopModel):
    """The segment, stage and quadrant of one customer over a span of days; a change of any begins another.

    `until_on` is the first day on which it no longer held, None while it still does. Tiers keep their own
    spans (`TierMembership`).
    """

    customer = ShopForeignKey(Customer, on_delete=models.CASCADE, related_name="spans")
    from_on = models.DateField()
    until_on = models.DateField(null=True)
    segment = models.CharField(max_length=20, choices=Segment, blank=True)
    stage = models.CharField(max_length=10, choices=Stage)
    quadrant = models.CharField(max_length=16, choices=Quadrant, blank=True)

    objects = ScoreSpanQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop", "customer", "from_on"], name="one_span_from_a_day"),
            models.UniqueConstraint(
                fields=["shop", "customer"], condition=Q(until_on=None), name="one_open_span_per_customer"
            ),
            models.CheckConstraint(
                condition=Q(until_on=None) | Q(until_on__gt=F("from_on")), name="a_span_lasts_a_day"
            ),
        ]
        indexes = [
            # Who changed on a day, or between two.
            models.Index(fields=["shop", "from_on", "customer"], name="span_by_beginning"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.from_on}–{self.until_on or ''}"
