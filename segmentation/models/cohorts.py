"""Cohorts: what those who first bought in one period did in each later one."""

from __future__ import annotations

from django.db import models

from loyalty.shops.fields import ShopModel


class CohortRun(ShopModel):
    """How far the cohorts of the shop are counted: one row a shop.

    The last keys say which orders and returns came since, however far back they are dated.
    """

    as_of = models.DateField()
    computed_at = models.DateTimeField()
    calendar = models.CharField(max_length=10)
    last_order_id = models.BigIntegerField(default=0)
    last_refund_id = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop"], name="one_cohort_run_per_shop")]

    def __str__(self) -> str:
        return f"{self.as_of}"


class CohortPeriod(ShopModel):
    """Those who first bought in the period that begins on `cohort_on`, in the one of `period_on`.

    `amount` is net of the refunds given in the period; without a buyer it may be less than zero.
    """

    class Kind(models.TextChoices):
        MONTH = "month"
        QUARTER = "quarter"

    kind = models.CharField(max_length=7, choices=Kind)
    cohort_on = models.DateField()
    period_on = models.DateField()
    buyers = models.IntegerField()
    orders = models.IntegerField()
    amount = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "kind", "cohort_on", "period_on"], name="one_row_per_cohort_and_period"
            ),
            models.CheckConstraint(
                condition=models.Q(period_on__gte=models.F("cohort_on")), name="a_cohort_begins_with_itself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cohort_on} {self.period_on}: {self.buyers}"
