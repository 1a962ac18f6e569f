"""What every customer was, from when until when."""

from __future__ import annotations

import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func, Value

from loyalty.customers.models import Customer
from loyalty.shops.fields import ShopForeignKey, ShopModel, ShopOneToOneField

from .. import spans
from . import naming
from .choices import Quadrant, Segment, Stage


class Held(Func):
    """The change that held at the end of a day, NULL before the first: spans.held_sql over (changes, day)."""

    output_field = models.IntegerField()

    def as_sql(self, compiler, connection, **extra):
        # Not a template: the array stands there twice, and so do its parameters.
        (changes, changes_params), (day, day_params) = (
            compiler.compile(expression) for expression in self.source_expressions
        )
        return spans.held_sql(changes, f"({day})::date"), (*changes_params, *day_params, *changes_params)


def _word(kind: str) -> Func:
    sql = spans.word_sql(kind, "%(expressions)s")
    return Func("held", template=sql, output_field=models.CharField())


class ScoreHistoryQuerySet(models.QuerySet):
    def on(self, day: datetime.date) -> ScoreHistoryQuerySet:
        """Return what held at the end of `day`, one row a customer who was known by then, with `segment`,
        `stage` and `quadrant` to filter and count by.
        """
        held = self.alias(held=Held("changes", Value(day, models.DateField()))).filter(held__isnull=False)
        return held.annotate(**{kind: _word(kind) for kind in spans.PLACES})


class ScoreHistory(ShopModel):
    """Every change of one customer's segment, stage or quadrant, as `spans` keeps them."""

    customer = ShopOneToOneField(Customer, on_delete=models.CASCADE, related_name="history")
    changes = ArrayField(models.IntegerField())

    objects = ScoreHistoryQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.customer_id}: {len(self.changes)}"

    @property
    def spans(self) -> list[spans.Span]:
        """The changes as spans, oldest first."""
        return spans.spans(self.changes)


class ScoreSpanManager(models.Manager):
    def on(self, day: datetime.date) -> ScoreHistoryQuerySet:
        """Return what held at the end of `day`; see ScoreHistoryQuerySet."""
        return ScoreHistory.objects.on(day)


class ScoreSpan(models.Model):
    """The segment, stage and quadrant of one customer over a span of days; a change of any begins another.

    A view that unfolds ScoreHistory: as quick as a table for some customers, slow for a large shop (`on`
    is quick for both), and read only. `until_on` is the first day on which it no longer held, None while it
    still does. Tiers keep their own spans (`TierMembership`).
    """

    shop = models.ForeignKey("shops.Shop", on_delete=models.DO_NOTHING, related_name="+", db_index=False)
    customer = ShopForeignKey(Customer, on_delete=models.DO_NOTHING, related_name="spans")
    from_on = models.DateField()
    until_on = models.DateField(null=True)
    segment = models.CharField(max_length=20, choices=Segment, blank=True)
    stage = models.CharField(max_length=10, choices=Stage)
    quadrant = models.CharField(max_length=16, choices=Quadrant, blank=True)

    objects = ScoreSpanManager()

    class Meta:
        managed = False
        db_table = "segmentation_scorespan"

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.from_on}–{self.until_on or ''}"

    def get_segment_display(self) -> str:
        return naming.segment_label(self.segment)
