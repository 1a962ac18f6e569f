"""Lifecycle stage by the customer's own rhythm: how late they are compared with what is usual for them.

Counted in order days, not orders: two baskets on one day are one visit. A gap is the number of days between
two order days in a row. What is usual for a customer blends their own gaps with everybody's, the more the
fewer they have; the stage is the first rule that fits an ordered list whose last rule always fits, so there
is exactly one.

The multiples of the gap (1, 1.5, 2.5, 4), the weight and the bounds are starting values, to be tested on
history.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .rfm import quantile, quantile_of_counts

# Everybody's median gap weighs as much as this many gaps of one's own.
SHOP_WEIGHT = 3
# A rhythm under a week or over a year and a month is noise for a shop that writes to people.
SHORTEST_GAP, LONGEST_GAP = 7, 400
# With fewer repeat gaps than this in the whole shop their median says little; 45 days stands in for it.
ENOUGH_GAPS = 30
DEFAULT_GAP = 45
# Standard deviation over mean of the gaps. Buying at random moments gives 1; a loyal customer is no less
# regular.
STEADY_SPREAD = 1
# Whoever came on so many days, with gaps that differ by no more than this from each other, comes at intervals.
PERIODIC_DAYS, PERIODIC_SPREAD = 4, 0.5
# A customer who had been inactive, so longer away than this many gaps, has come back when they buy again.
AWAY_AFTER = 2.5


@dataclass(frozen=True)
class Rhythm:
    """The order days of one customer, summed up. `own_gap_days` is None before the second order day,
    `gap_spread` (standard deviation over mean of the gaps) before the third."""

    order_days: int
    own_gap_days: float | None
    gap_spread: float | None

    @property
    def gaps(self) -> int:
        return max(0, self.order_days - 1)


@dataclass(frozen=True)
class Rule:
    """One line of the list; what is not given does not matter."""

    stage: str
    within_gaps: float | None = None
    most_days: int | None = None
    least_days: int | None = None
    is_steady: bool = False
    has_come_back: bool = False

    def fits(self, days_since: int | None, rhythm: Rhythm, gap: float, came_back: bool) -> bool:
        return (
            (self.most_days is None or rhythm.order_days <= self.most_days)
            and (self.least_days is None or rhythm.order_days >= self.least_days)
            and (
                self.within_gaps is None or (days_since is not None and days_since <= self.within_gaps * gap)
            )
            and (not self.is_steady or (rhythm.gap_spread is not None and rhythm.gap_spread <= STEADY_SPREAD))
            and (not self.has_come_back or came_back)
        )

    def sql(self, days_since: str, order_days: str, gap: str, spread: str, came_back: str) -> str:
        """Return this rule as a condition over SQL expressions ("TRUE" for the rule that always fits)."""
        conditions = [
            f"{order_days} <= {self.most_days}" if self.most_days is not None else "",
            f"{order_days} >= {self.least_days}" if self.least_days is not None else "",
            f"{days_since} <= {self.within_gaps} * {gap}" if self.within_gaps is not None else "",
            f"{spread} <= {STEADY_SPREAD}" if self.is_steady else "",
            came_back if self.has_come_back else "",
        ]
        return " AND ".join(filter(None, conditions)) or "TRUE"


RULES = (
    Rule("prospect", most_days=0),
    Rule("returned", has_come_back=True),
    Rule("new", most_days=1, within_gaps=1.5),
    Rule("loyal", least_days=4, within_gaps=1.5, is_steady=True),
    Rule("active", within_gaps=1.5),
    Rule("at_risk", within_gaps=2.5),
    Rule("inactive", within_gaps=4.0),
    Rule("lost"),
)
STAGES = tuple(rule.stage for rule in RULES)


def gaps_of(days: Sequence[datetime.date]) -> list[int]:
    """Return the gaps between `days`, which are distinct and ascending."""
    return [(after - before).days for before, after in pairwise(days)]


def rhythm(days: Sequence[datetime.date]) -> Rhythm:
    """Sum up the distinct, ascending order days of one customer."""
    gaps = gaps_of(days)
    return Rhythm(len(days), median(gaps), _spread(gaps) if len(gaps) > 1 else None)


def median(values: Iterable[float]) -> float | None:
    """Return the median as percentile_cont(0.5) gives it; None of nothing."""
    ordered = sorted(values)
    return quantile(ordered, 0.5) if ordered else None


def _spread(gaps: Sequence[int]) -> float:
    total, squares = sum(gaps), sum(gap * gap for gap in gaps)
    return math.sqrt(len(gaps) * squares - total * total) / total


def shop_gap(gaps: Iterable[int]) -> float | None:
    """Return the median of all repeat gaps of a shop, or None while there are too few of them to say."""
    known = list(gaps)
    return median(known) if len(known) >= ENOUGH_GAPS else None


def pooled_gap(counts: Sequence[tuple[int, int]]) -> float | None:
    """Return `shop_gap` of gaps that are counted: ascending (gap, how often)."""
    enough = sum(count for _gap, count in counts) >= ENOUGH_GAPS
    return quantile_of_counts(counts, 0.5) if enough else None


def expected_gap(own: Rhythm, shop_gap_days: float | None, category_gap_days: float | None = None) -> float:
    """Return the days after which this customer usually buys again.

    (m × own median gap + 3 × everybody's median gap) ÷ (m + 3) for m own gaps, kept within [7, 400] days.
    Everybody are those who mostly buy the same category; where that has too few gaps, the shop; where the shop
    has, 45 days.
    """
    everybodys = _everybodys(shop_gap_days, category_gap_days)
    return float(min(LONGEST_GAP, max(SHORTEST_GAP, _blended(own.gaps, own.own_gap_days, everybodys))))


def _everybodys(shop_gap_days: float | None, category_gap_days: float | None) -> float:
    return next((gap for gap in (category_gap_days, shop_gap_days) if gap is not None), DEFAULT_GAP)


def _blended(gaps: int, own_gap_days: float | None, everybodys: float) -> float:
    return (gaps * (own_gap_days or 0) + SHOP_WEIGHT * everybodys) / (gaps + SHOP_WEIGHT)


def expected_on(last_order_on: datetime.date, gap: float) -> datetime.date:
    """Return the day the next order is usual; the customer is late from the day after."""
    return last_order_on + datetime.timedelta(days=whole_days(gap))


def whole_days(gap: float) -> int:
    """Return a gap in whole days, halves up (Python's round() would send them to the even day)."""
    return math.floor(gap + 0.5)


def gap_source(own: Rhythm, shop_gap_days: float | None, category_gap_days: float | None = None) -> str:
    """Return what the expected gap rests on: category, shop or default, with `own_and_` before it."""
    base = "default" if shop_gap_days is None else "shop"
    base = base if category_gap_days is None else "category"
    return f"own_and_{base}" if own.gaps else base


def returned_on(days: Sequence[datetime.date], as_of: datetime.date, gap: float) -> datetime.date | None:
    """Return the day on which the customer came back, if that is at most one expected gap ago.

    Coming back is an order day after a gap of more than 2.5 expected gaps, that is after having been
    inactive or away. Orders that follow do not end it: within one gap of the comeback the customer is still
    "returned".
    """
    back = [
        after
        for before, after in pairwise(days)
        if (after - before).days > AWAY_AFTER * gap and (as_of - after).days <= gap
    ]
    return back[-1] if back else None


def stage(days_since: int | None, own: Rhythm, gap: float, came_back: bool) -> str:
    """Return the stage: the first of RULES that fits. `days_since` the last order is None without orders."""
    return next(rule.stage for rule in RULES if rule.fits(days_since, own, gap, came_back))


def changes_on(
    stage: str, last_order_on: datetime.date | None, gap: float, returned_on: datetime.date | None
) -> datetime.date | None:
    """Return the first day on which the stage is another one if nothing happens until then; None for never."""
    if returned_on is not None:
        return returned_on + datetime.timedelta(days=math.floor(gap) + 1)
    within = next(rule.within_gaps for rule in RULES if rule.stage == stage)
    if last_order_on is None or within is None:
        return None
    return last_order_on + datetime.timedelta(days=math.floor(within * gap) + 1)


@dataclass(frozen=True)
class Explanation:
    """The arithmetic behind a stage, for the person's page. Days, except `gaps` and `shop_weight`."""

    days_since: int
    expected_gap_days: float
    days_late: int
    due_in_days: int
    gaps: int
    own_gap_days: float | None
    everybodys_gap_days: float
    shop_weight: int
    gap_source: str
    active_until: int
    at_risk_until: int
    inactive_until: int

    @property
    def usual_days(self) -> int:
        """What the days since the last order are compared with."""
        return whole_days(self.expected_gap_days)

    @property
    def blended_gap_days(self) -> float:
        """Own gaps and everybody's, weighed: what the formula gives before its bounds."""
        return _blended(self.gaps, self.own_gap_days, self.everybodys_gap_days)

    @property
    def bound(self) -> int | None:
        """The bound that the blended gap lies beyond, so that it counts instead."""
        blended = self.blended_gap_days
        if SHORTEST_GAP <= blended <= LONGEST_GAP:
            return None
        return SHORTEST_GAP if blended < SHORTEST_GAP else LONGEST_GAP


def explain(
    days_since: int,
    own: Rhythm,
    shop_gap_days: float | None,
    expected_gap_days: float | None = None,
    category_gap_days: float | None = None,
) -> Explanation:
    """Return the numbers that lead to the stage of a customer with orders.

    `days_late` compares with the expected gap rounded to whole days ("8 days late compared with usual"),
    and `…_until` is the last day since the order on which the stage still holds. Give `expected_gap_days`
    where it is stored, so that the page explains the stored stage and not today's shop median.
    """
    gap = expected_gap_days
    if gap is None:
        gap = expected_gap(own, shop_gap_days, category_gap_days)
    usual = whole_days(gap)
    return Explanation(
        days_since=days_since,
        expected_gap_days=gap,
        days_late=max(0, days_since - usual),
        due_in_days=max(0, usual - days_since),
        gaps=own.gaps,
        own_gap_days=own.own_gap_days,
        everybodys_gap_days=_everybodys(shop_gap_days, category_gap_days),
        shop_weight=SHOP_WEIGHT,
        gap_source=gap_source(own, shop_gap_days, category_gap_days),
        active_until=math.floor(1.5 * gap),
        at_risk_until=math.floor(2.5 * gap),
        inactive_until=math.floor(4 * gap),
    )


# The same in SQL. `days` is a date[] of distinct, ascending order days; the rest are expressions.


def rhythm_sql(days: str) -> str:
    """Return a one-row subquery (own_gap_days, gap_spread) over the array `days`.

    Two unnests side by side in the select list walk in step, and twice as fast as unnest(a, b) in FROM.
    """
    return f"""SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) AS own_gap_days,
       CASE WHEN count(*) > 1
            THEN sqrt((count(*) * sum(gap * gap) - sum(gap) * sum(gap))::float8) / sum(gap)::float8 END
           AS gap_spread
FROM (SELECT unnest({days}[2:]) - unnest({days}[:cardinality({days}) - 1]) AS gap) AS gaps"""


def expected_gap_sql(order_days: str, own_gap: str, shop_gap: str, category_gap: str) -> str:
    """Return SQL for `expected_gap`; a NULL gap of the shop or category means too few gaps to say."""
    gaps = f"greatest({order_days} - 1, 0)"
    everybodys = f"coalesce({category_gap}, {shop_gap}, {DEFAULT_GAP})::float8"
    blended = f"({gaps} * coalesce({own_gap}, 0) + {SHOP_WEIGHT} * {everybodys}) / ({gaps} + {SHOP_WEIGHT})"
    return f"least({LONGEST_GAP}::float8, greatest({SHORTEST_GAP}::float8, {blended}))"


def expected_on_sql(last_order_on: str, gap: str) -> str:
    """Return SQL for `expected_on`."""
    return f"{last_order_on} + floor({gap} + 0.5::float8)::int"


def gap_source_sql(order_days: str, shop_gap: str, category_gap: str) -> str:
    """Return SQL for `gap_source`."""
    return (
        f"CASE WHEN {order_days} > 1 THEN 'own_and_' ELSE '' END"
        f" || CASE WHEN {category_gap} IS NOT NULL THEN 'category'"
        f" WHEN {shop_gap} IS NULL THEN 'default' ELSE 'shop' END"
    )


def returned_on_sql(days: str, as_of: str, gap: str) -> str:
    """Return SQL for `returned_on`. The days are gone through only for those who bought within their gap, and
    only where the days of that gap, with the one before, lie far enough apart.
    """
    last = f"cardinality({days})"
    # The last day before the gap began, from which the first way back into it is counted.
    first = f"greatest(width_bucket({as_of} - floor({gap})::int - 1, {days}), 1)"
    far = f"{AWAY_AFTER} * {gap}"
    return f"""CASE WHEN {last} > 1 AND {as_of} - {days}[{last}] <= {gap} AND {days}[{last}] - {days}[{first}] > {far}
THEN last_after_gap({days}, {first}, {far}) END"""


def changes_on_sql(last_order_on: str, gap: str, stage: str, returned_on: str) -> str:
    """Return SQL for `changes_on`."""
    whens = " ".join(
        f"WHEN '{rule.stage}' THEN {last_order_on} + floor({rule.within_gaps} * {gap})::int + 1"
        for rule in RULES
        if rule.within_gaps is not None
    )
    back_until = f"{returned_on} + floor({gap})::int + 1"
    return f"CASE WHEN {returned_on} IS NOT NULL THEN {back_until} ELSE CASE {stage} {whens} END END"


def stage_sql(days_since: str, order_days: str, gap: str, spread: str, returned_on: str) -> str:
    """Return SQL for `stage`: a CASE of RULES in their order."""
    came_back = f"{returned_on} IS NOT NULL"
    whens = "\n".join(
        f"  WHEN {rule.sql(days_since, order_days, gap, spread, came_back)} THEN '{rule.stage}'"
        for rule in RULES
    )
    return f"CASE\n{whens}\nEND"
