"""What we make of each customer as of a day, and the runs that said so."""

from __future__ import annotations

import datetime
from functools import cached_property

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Count, Q, Sum

from loyalty.customers.models import Customer, Order
from loyalty.shops.fields import ShopModel, ShopOneToOneField

from .. import lifecycle, rules, value_volume
from . import naming
from .choices import CutsReason, GapSource, Quadrant, Segment, Stage
from .scheme import Scheme


class ScoreRunQuerySet(models.QuerySet):
    def current(self) -> ScoreRun | None:
        """Return the run that wrote the customers' scores as they stand, or None before the first one."""
        return self.filter(is_look_back=False).order_by("-pk").first()


class ScoreRun(ShopModel):
    """One scoring of the whole shop: the frozen cuts by which single customers are scored until the next run,
    and the sums of every group, from which trends are drawn without touching a customer."""

    as_of = models.DateField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    window_days = models.PositiveSmallIntegerField(null=True, blank=True)
    customers = models.PositiveIntegerField()
    buyers = models.PositiveIntegerField()
    changed = models.PositiveIntegerField(default=0)
    cuts = models.JSONField()
    sums = models.JSONField()
    # The map, Pareto and dependence of the day, as `counting` keeps them.
    pictures = models.JSONField(default=dict)
    is_look_back = models.BooleanField(default=False)
    # Whether everybody was added up from their orders, or those only whom something happened to.
    is_whole = models.BooleanField(default=True)
    # The version of the scheme, 0 before the owner chose anything.
    version = models.PositiveIntegerField(default=0)
    # Cuts are kept from run to run: the day they were taken on, and why this run has the ones it has.
    cuts_on = models.DateField(null=True)
    cuts_reason = models.CharField(max_length=10, choices=CutsReason, blank=True)
    # {"r" | "f" | "m": people with score 1 … 5}, now and on the day the cuts were taken.
    score_counts = models.JSONField(default=dict)
    score_counts_then = models.JSONField(default=dict)
    # Of a run that took fresh cuts over kept ones: the cuts before, and how many changed group by that alone.
    cuts_before = models.JSONField(null=True)
    moved_by_cuts = models.PositiveIntegerField(null=True)

    objects = ScoreRunQuerySet.as_manager()

    class Meta:
        ordering = ["-as_of", "-finished_at", "-pk"]
        indexes = [models.Index(fields=["shop", "-as_of", "-finished_at"], name="score_run_latest")]

    def __str__(self) -> str:
        return f"{self.as_of}"


class CustomerScore(ShopModel):
    """What is true of one customer as of a day, and what follows: scores, segment, stage, quadrant.

    Every customer has one row after a run. Without a paid order they are prospects: no scores, no segment.
    The facts are those of `customers.facts.facts_sql`; amounts are minor units, shares 0 to 1, NULL is
    unknown.
    """

    customer = ShopOneToOneField(Customer, on_delete=models.CASCADE, related_name="score")
    # The day of the run that last changed this row; what stands in it is true as of every later run, too.
    as_of = models.DateField()
    # By the clock of the database: a run leaves alone what was scored after it began.
    computed_at = models.DateTimeField()

    first_order_on = models.DateField(null=True)
    last_order_on = models.DateField(null=True)
    frequency = models.IntegerField()
    order_days = models.IntegerField()
    monetary_amount = models.BigIntegerField()
    profit_amount = models.BigIntegerField(null=True)
    gross_amount = models.BigIntegerField()
    discount_amount = models.BigIntegerField()
    lifetime_orders = models.IntegerField()
    lifetime_order_days = models.IntegerField()
    lifetime_amount = models.BigIntegerField()
    margin_share = models.FloatField(null=True)
    full_price_share = models.FloatField(null=True)
    # Refunds given in the window; dealings of the last year: for the shop's sake, of praise, and complaints.
    refunded_amount = models.BigIntegerField(default=0)
    engagements = models.IntegerField(default=0)
    advocacies = models.IntegerField(default=0)
    complaints = models.IntegerField(default=0)

    # The distinct days with a paid order, ascending; None for a prospect.
    days = ArrayField(models.DateField(), null=True)
    own_gap_days = models.FloatField(null=True)
    gap_spread = models.FloatField(null=True)
    # The median gap of those who mostly buy the same category (see `categories`), None where unknown.
    category_gap_days = models.FloatField(null=True)
    expected_gap_days = models.FloatField(null=True)
    expected_on = models.DateField(null=True)
    gap_source = models.CharField(max_length=16, choices=GapSource, blank=True)
    returned_on = models.DateField(null=True)

    r_score = models.SmallIntegerField(null=True)
    f_score = models.SmallIntegerField(null=True)
    m_score = models.SmallIntegerField(null=True)
    segment = models.CharField(max_length=20, choices=Segment, blank=True)
    stage = models.CharField(max_length=10, choices=Stage)
    value_score = models.FloatField(null=True)
    quadrant = models.CharField(max_length=16, choices=Quadrant, blank=True)
    # The first day on which time alone changes the stage, or ends a comeback; None for never.
    changes_on = models.DateField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["shop", "segment", "customer"], name="score_by_segment"),
            # With what audiences and the overview ask beside the stage, so that they read this alone.
            models.Index(
                fields=["shop", "stage", "customer"],
                include=(
                    "segment",
                    "last_order_on",
                    "expected_on",
                    "lifetime_orders",
                    "lifetime_amount",
                    "monetary_amount",
                ),
                name="score_by_stage_with",
            ),
            models.Index(fields=["shop", "quadrant", "customer"], name="score_by_quadrant"),
            models.Index(fields=["shop", "r_score", "f_score", "m_score", "customer"], name="score_by_cell"),
            models.Index(fields=["shop", "monetary_amount", "customer"], name="score_by_money"),
            models.Index(fields=["shop", "last_order_on", "customer"], name="score_by_last_order"),
            models.Index(fields=["shop", "expected_on", "customer"], name="score_by_expected"),
            models.Index(fields=["shop", "changes_on", "customer"], name="score_by_change"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.segment or self.stage}"

    def get_segment_display(self) -> str:
        """What this shop calls the segment."""
        return naming.segment_label(self.segment)

    @property
    def rfm_score(self) -> float | None:
        """0 to 100: the three scores by the weights of the shop; None for a prospect."""
        if self.r_score is None:
            return None
        scheme = Scheme.objects.first()
        return rules.rfm_score(
            self.r_score, self.f_score, self.m_score, (scheme.rules if scheme else rules.Rules()).rfm_weights
        )

    @property
    def cell(self) -> str:
        """The three digits, "" for a prospect."""
        return "" if self.r_score is None else f"{self.r_score}{self.f_score}{self.m_score}"

    @property
    def rhythm(self) -> lifecycle.Rhythm:
        return lifecycle.Rhythm(self.lifetime_order_days, self.own_gap_days, self.gap_spread)

    @property
    def recency_days(self) -> int | None:
        """Days since the last order as of the last run; None for a prospect.

        Not a column: it changes in every row every night. Filter by `last_order_on`, and by `expected_on` for
        who is late.
        """
        if self.last_order_on is None or self.run is None:
            return None
        return (self.seen_on - self.last_order_on).days

    @property
    def seen_on(self) -> datetime.date:
        """The day this row is true of."""
        return max(self.as_of, self.run.as_of) if self.run else self.as_of

    @property
    def year_days(self) -> int:
        """Order days of the last year: the volume that the quadrant goes by, alone or beside the units."""
        return value_volume.year_days(self.days, self.seen_on)

    @cached_property
    def run(self) -> ScoreRun | None:
        """The last run of the shop: the cuts and medians this row is measured by."""
        return ScoreRun.objects.current()

    @cached_property
    def explanation(self) -> lifecycle.Explanation | None:
        """The arithmetic of the stage; None for a prospect."""
        if self.recency_days is None:
            return None
        shop_gap = self.run.cuts["gap_days"] if self.run else None
        gaps = (shop_gap, self.expected_gap_days, self.category_gap_days)
        return lifecycle.explain(self.recency_days, self.rhythm, *gaps)

    @cached_property
    def value_parts(self) -> dict[str, int | None]:
        """The parts of the value score by name, 1 to 5, None where not known; {} before the first run."""
        if self.run is None or self.recency_days is None or "basis" not in self.run.cuts:
            return {}
        return value_volume.parts(self.value_measures, self.run.cuts)

    @property
    def value_rows(self) -> list[dict]:
        """The parts with what they rest on: `part`, `points` (1 to 5), `raw` and `weight`; points and raw are
        None where not known.
        """
        return [
            {
                "part": part,
                "points": points,
                "raw": None if points is None else self.value_measures[value_volume.PARTS[part].measure],
                "weight": self.run.cuts["basis"]["value_weights"][part],
            }
            for part, points in self.value_parts.items()
        ]

    @cached_property
    def year_units(self) -> dict:
        """What was bought on `year_days`: `units`, the quantities of all lines (None without one), in `told` of
        `orders` orders. Summed up for this one customer when asked.
        """
        since = self.seen_on - datetime.timedelta(days=value_volume.VOLUME_DAYS)
        return (
            Order.objects.paid()
            .filter(customer=self.customer_id, placed_on__gt=since, placed_on__lte=self.seen_on)
            .aggregate(
                units=Sum("lines__quantity"),
                told=Count("pk", distinct=True, filter=Q(lines__isnull=False)),
                orders=Count("pk", distinct=True),
            )
        )

    @cached_property
    def value_measures(self) -> dict[str, float | None]:
        """What the parts of the value score are measured by, None where not known."""
        return {
            "margin_share": self.margin_share,
            "full_price_share": self.full_price_share,
            "gap_spread": self.gap_spread,
            "tenure_days": (self.last_order_on - self.first_order_on).days if self.last_order_on else None,
            "engagements": self.engagements,
            "advocacies": self.advocacies,
            "service_load": value_volume.service_load(
                self.discount_amount,
                self.refunded_amount,
                self.gross_amount,
                self.complaints,
                self.frequency,
            ),
        }

    @property
    def discount_dependence(self) -> float | None:
        """0 to 1, None for fewer than two orders (value_volume.discount_dependence)."""
        return value_volume.discount_dependence(
            self.discount_amount, self.gross_amount, self.full_price_share, self.frequency
        )
