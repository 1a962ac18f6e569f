"""What each known customer is expected to bring, and how the expectation was made and tested."""

from __future__ import annotations

import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyalty.customers.models import Customer
from loyalty.shops.fields import ShopModel, ShopOneToOneField


class OutlookRunQuerySet(models.QuerySet):
    def current(self, on: datetime.date | None = None) -> OutlookRun | None:
        """Return the run by which the customers' outlook stands, or stood `on` a day; None before the first."""
        return (self if on is None else self.filter(as_of__lte=on)).order_by("-pk").first()


class OutlookRun(ShopModel):
    """One look ahead of the whole shop: parameters, the sums of every group, and the test on a hold-out.

    `groups` is {"all" | "segment" | "stage" | "quadrant": {key: sums}} with the sums of
    `forecast.Forecast.sums`, `calibration` what `holdouts.tested` says. Where nothing could be said, `reason`
    says why, and no customer has an outlook.
    """

    class Reason(models.TextChoices):
        TOO_FEW = "too_few", _("Too few customers have come back so far.")
        NO_FIT = "no_fit", _("The orders of this shop follow no rhythm that could be carried on.")

    as_of = models.DateField()
    finished_at = models.DateTimeField(auto_now_add=True)
    people = models.PositiveIntegerField()
    repeaters = models.PositiveIntegerField()
    reason = models.CharField(max_length=10, choices=Reason, blank=True)
    parameters = models.JSONField(default=dict)
    groups = models.JSONField(default=dict)
    calibration = models.JSONField(default=dict)

    objects = OutlookRunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason="") | ~Q(parameters={}), name="an_outlook_has_parameters_or_a_reason"
            )
        ]

    def __str__(self) -> str:
        return f"{self.as_of}"


class CustomerOutlook(ShopModel):
    """What one customer will probably do: chances 0 to 1, expected order days, expected money in minor units.

    `p_alive` is the chance of still being a customer, `p_back` that of at least one order day within a year.
    """

    customer = ShopOneToOneField(Customer, on_delete=models.CASCADE, related_name="outlook")
    as_of = models.DateField()
    p_alive = models.FloatField()
    p_back = models.FloatField()
    orders_30 = models.FloatField()
    orders_90 = models.FloatField()
    orders_365 = models.FloatField()
    amount_365_amount = models.BigIntegerField()
    profit_365_amount = models.BigIntegerField(null=True)

    # No index beside those of its keys, and half of every page left free (see migration 0013): the weekly UPDATE
    # changes every row, and then finds room for each beside the old one, without touching an index.

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.p_back:.2f}"
