"""What the overview says: income against expectation, who is where, and what is worth doing next.

Every figure is one set-based statement, and each finding leads to the list of the people it is about. What looks
back over a year rests on what the nights have kept.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from django.core.cache import caches
from django.db.models import Count, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from campaigns.models import Campaign, Message
from loyalty import findings
from loyalty.customers import sales
from loyalty.customers.filters.near import one_purchase_away
from loyalty.customers.models import Customer
from loyalty.expectation import Expectation, Month, expectation, filling, month_of, months_before
from loyalty.findings import Finding
from loyalty.shops.models import Shop
from loyalty.tiers.models import Tier, TierMembership
from loyalty.ui import presentation
from loyalty.ui.charts import Spark, spark
from segmentation import counting, expected
from segmentation.models import CustomerScore, OutlookRun, ScoreRun, Segment, Stage

KEPT_SECONDS = 600
ACTIVE = (Stage.NEW, Stage.ACTIVE, Stage.LOYAL, Stage.RETURNED)
SHOWN = (*ACTIVE, Stage.AT_RISK, Stage.INACTIVE, Stage.LOST)
A_DAY, A_WEEK, FOUR_WEEKS = (datetime.timedelta(days=days) for days in (1, 7, 28))
TREND_WEEKS = 12
REPEAT_STEP_DAYS, REPEAT_POINTS = 30, 12
# The share of a month's expected income below which nothing is compared.
EARLY = 0.1
# Whom the next purchase would lift is worked out from everybody's facts: quick up to here, not for a million.
NEAR_BUYERS = 50_000
MOVES = CAMPAIGNS = 4


@dataclass(frozen=True)
class Income:
    """Income of the month so far (minor units, net of refunds of these days) against what was expected."""

    amount: int
    expected: Expectation | None
    spark: Spark

    @property
    def ahead_share(self) -> float | None:
        """How far ahead (above 0) or behind; None where nothing was to be expected."""
        if self.expected is None or self.is_early:
            return None
        return self.amount / self.expected.so_far_amount - 1

    @property
    def is_early(self) -> bool:
        """Whether so little of the month is over that one good or bad day would decide the comparison."""
        return self.expected is not None and self.expected.so_far_amount < EARLY * self.expected.month_amount

    @property
    def behind_share(self) -> float:
        return -(self.ahead_share or 0)


@dataclass(frozen=True)
class Repeat:
    """Of those who bought in 90 days, the share for whom it was not the first visit; and 90 days before."""

    buyers: int
    returning: int
    change_share: float | None
    spark: Spark | None

    @property
    def change_points(self) -> float | None:
        """The change in percentage points."""
        return None if self.change_share is None else 100 * self.change_share

    @property
    def share(self) -> float | None:
        return self.returning / self.buyers if self.buyers else None


@dataclass(frozen=True)
class Group:
    """The customers of one stage: how many, their share, the change in four weeks, their spend."""

    stage: str
    count: int
    share: float
    change: int | None
    amount: int


@dataclass(frozen=True)
class Move:
    """A customer who changed tier, and the tier they came from."""

    membership: TierMembership
    before: Tier | None


class Overview:
    """The shop in scope at the moment `now`. Everything is asked when it is first used."""

    def __init__(self, shop: Shop, now: datetime.datetime):
        self.shop, self.now = shop, now.astimezone(shop.zone)
        self.today = self.now.date()
        # The shop's own months in every language: two readers must not be told two incomes.
        self.calendar = shop.calendar

    # ---------- What the scoring says ----------

    @cached_property
    def runs(self) -> list[ScoreRun]:
        """The runs of the last twelve weeks, oldest first; looks back count as well."""
        since = self.today - TREND_WEEKS * A_WEEK
        found = ScoreRun.objects.filter(as_of__gte=since, as_of__lte=self.today)
        return list(found.only("as_of", "sums", "buyers", "is_look_back").order_by("as_of", "pk"))

    def _run_before(self, day: datetime.date) -> ScoreRun | None:
        """Return the last run up to a day, if it is not more than a week older."""
        found = [run for run in self.runs if day - A_WEEK < run.as_of <= day]
        return found[-1] if found else None

    @cached_property
    def _near(self) -> int:
        """How many are one purchase away from a tier; looked for in shops where that is quick, and then kept."""
        current = [run for run in self.runs if not run.is_look_back]
        if not current or current[-1].buyers > NEAR_BUYERS:
            return 0
        key = f"near:{self.shop.pk}:{current[-1].pk}:{self.today}"
        return caches["figures"].get_or_set(key, lambda: len(one_purchase_away(self.today)), KEPT_SECONDS)

    @cached_property
    def _groups(self) -> dict[tuple[str, str], tuple[int, int]]:
        """(stage, segment) → customers and their spend."""
        rows = CustomerScore.objects.values_list("stage", "segment")
        rows = rows.annotate(count=Count("*"), amount=Sum("monetary_amount"))
        return {(stage, segment): (count, int(amount)) for stage, segment, count, amount in rows}

    @cached_property
    def has_customers(self) -> bool:
        return bool(self._groups) or Customer.objects.exists()

    @cached_property
    def customers(self) -> int:
        return sum(count for count, _amount in self._groups.values())

    @cached_property
    def stages(self) -> list[Group]:
        """The stages of people who have bought, in the order of a life; an empty “returned” is left out."""
        then = self._run_before(self.today - FOUR_WEEKS)
        found = []
        for stage in SHOWN:
            count, amount = self._of(stage)
            if stage == Stage.RETURNED and not count:
                continue
            before = then and then.sums["stage"].get(stage, [0, 0])[0]
            change = None if before is None else count - before
            found.append(Group(stage, count, count / (self.customers or 1), change, amount))
        return found

    def _of(self, *stages: str) -> tuple[int, int]:
        chosen = [both for (stage, _segment), both in self._groups.items() if stage in stages]
        return sum(count for count, _ in chosen), sum(amount for _, amount in chosen)

    def _weeks(self, measure: Callable[[ScoreRun], int]) -> list[int]:
        runs = [self._run_before(self.today - week * A_WEEK) for week in range(TREND_WEEKS - 1, 0, -1)]
        return [measure(run) for run in runs if run]

    def _group(self, stages: tuple[str, ...], index: int) -> dict:
        """Return the present sum of the stages, its change in four weeks and its weekly line."""

        def measure(run: ScoreRun) -> int:
            return sum(run.sums["stage"].get(stage, [0, 0])[index] for stage in stages)

        present = self._of(*stages)[index]
        then = self._run_before(self.today - FOUR_WEEKS)
        weeks = [*self._weeks(measure), present]
        return {
            "present": present,
            "change": present - measure(then) if then else None,
            "spark": spark(weeks) if len(weeks) > 2 else None,
        }

    @cached_property
    def active(self) -> dict:
        return self._group(ACTIVE, 0)

    @cached_property
    def at_risk(self) -> dict:
        return {**self._group((Stage.AT_RISK,), 1), "people": self._of(Stage.AT_RISK)[0]}

    # ---------- What was sold ----------

    @cached_property
    def month(self) -> Month:
        return month_of(self.today, self.calendar)

    @property
    def names_month(self) -> bool:
        """Whether the reader's calendar has the month; one of another is told by its first day."""
        return presentation.current().calendar == self.calendar

    @property
    def days_of_month(self) -> int:
        """Days of the month gone by: whoever bought in as many days bought this month."""
        return (self.today - self.month.start).days

    @cached_property
    def income(self) -> Income:
        earlier = months_before(self.month, self.calendar)
        daily = sales.daily_income(earlier[0].start, self.today)
        midnight = datetime.datetime.combine(self.today, datetime.time(), self.shop.zone)
        expected = expectation(daily, self.month, earlier, self.today, (self.now - midnight) / A_DAY)
        so_far = filling(self.month, daily)[: (self.today - self.month.start).days + 1]
        return Income(so_far[-1], expected, spark(so_far, expected.curve if expected else ()))

    @cached_property
    def repeat(self) -> Repeat:
        points = repeat_buyers(self.today)
        shares = [point[1] / point[0] if point and point[0] else None for point in points]
        before = counting.REPEAT_DAYS // REPEAT_STEP_DAYS
        known = [share for share in reversed(shares) if share is not None]
        change = shares[0] - shares[before] if None not in (shares[0], shares[before]) else None
        return Repeat(*(points[0] or (0, 0)), change, spark(known) if len(known) > 2 else None)

    @cached_property
    def ahead(self) -> expected.Sums | None:
        """What the known customers are expected to bring; None where nothing can be said."""
        run = OutlookRun.objects.current()
        return expected.everybody(run) if run and not run.reason else None

    # ---------- What to do next ----------

    @cached_property
    def findings(self) -> list[Finding]:
        found = [
            *findings.waiting_imports(self.now),
            *findings.late(self.shop, self.today),
            *self._missed(),
            *self._nearly(),
            *findings.birthdays(self.today),
        ]
        return [finding for finding in found if finding.count]

    def _missed(self) -> Iterator[Finding]:
        """Good customers who have gone quiet."""
        chosen = [both for (_, segment), both in self._groups.items() if segment == Segment.CANNOT_LOSE]
        people, amount = sum(count for count, _ in chosen), sum(amount for _, amount in chosen)
        yield Finding("missed", people, f"segment={Segment.CANNOT_LOSE}", amount)

    def _nearly(self) -> Iterator[Finding]:
        yield Finding("near", self._near, "near=1")

    # ---------- What came of things ----------

    @cached_property
    def moved(self) -> dict[str, int]:
        """How many moved up and down this month."""
        rows = self._moves.filter(from_on__gte=self.month.start).values_list("reason")
        return {"up": 0, "down": 0} | dict(rows.annotate(count=Count("pk")).order_by())

    @property
    def _moves(self):
        reasons = (TierMembership.Reason.UP, TierMembership.Reason.DOWN)
        return TierMembership.objects.filter(reason__in=reasons, undone_at=None, from_on__lte=self.today)

    @cached_property
    def moves(self) -> list[Move]:
        """The last moves of this month, with the tier left behind."""
        rows = self._moves.filter(from_on__gte=self.month.start).select_related("tier", "customer")
        rows = list(rows.order_by("-from_on", "-pk")[:MOVES])
        left = TierMembership.objects.filter(
            customer__in=[row.customer_id for row in rows], until_on__gte=self.month.start, undone_at=None
        ).select_related("tier")
        before = {(row.customer_id, row.until_on): row.tier for row in left}
        return [Move(row, before.get((row.customer_id, row.from_on))) for row in rows]

    @property
    def moves_are_todays(self) -> bool:
        return bool(self.moves) and all(move.membership.from_on == self.today for move in self.moves)

    @cached_property
    def campaigns(self) -> list[Campaign]:
        """The last campaigns that went out, with how many messages left and the days to the result."""
        sent = Message.objects.exclude(sent_at=None).filter(campaign=OuterRef("pk"))
        sent = sent.order_by().values("campaign")
        recipients = Coalesce(Subquery(sent.annotate(count=Count("pk")).values("count")), 0)
        went_out = Campaign.objects.exclude(launched_at=None).exclude(state=Campaign.State.SCHEDULED)
        out = went_out.order_by("-launched_at", "-pk")
        found = list(out.annotate(recipients=recipients)[:CAMPAIGNS])
        for campaign in found:
            # Of one that was stopped no result is waited for.
            is_waited_for = campaign.state not in (Campaign.State.CANCELLED, Campaign.State.FAILED)
            campaign.days_to_result = max(0, (campaign.window_ends_at - self.now).days) * is_waited_for
        return found


def repeat_buyers(today: datetime.date) -> list[tuple[int, int] | None]:
    """Return what `counting.repeat` says as of today and of every 30 days back, None where no run of the week
    before such a day has kept it."""
    since = today - datetime.timedelta(days=REPEAT_POINTS * REPEAT_STEP_DAYS)
    runs = list(ScoreRun.objects.filter(as_of__gte=since, as_of__lte=today).only("as_of", "pictures"))
    runs.sort(key=lambda run: (run.as_of, run.pk))
    found = []
    for step in range(REPEAT_POINTS):
        day = today - datetime.timedelta(days=step * REPEAT_STEP_DAYS)
        near = [run for run in runs if day - A_WEEK < run.as_of <= day]
        found.append(counting.repeat(near[-1]) if near else None)
    return found
