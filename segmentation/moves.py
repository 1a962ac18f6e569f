"""What changed between two days: who was in which group, where they are then, and the weeks between.

Everything is one pass over what is remembered. A kind of group is named by two statements, so that tiers,
which stand above this room, are counted by the same ones.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import connection

from loyalty.shops.scope import current_shop_id

from . import spans
from .models import Quadrant, Segment, Stage

# Those who were in no group yet: not known by then, or without an order or a tier.
NONE = ""
MOST_POINTS = 27


@dataclass(frozen=True)
class Kind:
    """One way of grouping whose past is kept.

    `pairs` is SQL for (customer_id, before, after) with the parameters shop_id, first and last; `counts` for
    (day, value, customers) with shop_id and days, which ascend; `series` says the same and is quicker for
    many days. A value is text, "" for no group. `choices` are (value, word) in the order in which they are
    shown.
    """

    name: str
    pairs: str
    counts: str
    choices: Sequence[tuple[str, Any]]
    series: str = ""


# The people of each code on the first of the days, and how many more there are by the next ones: a customer
# is looked up twice and their changes between once, however many days there are.
_SERIES = f"""
WITH marks AS (
    SELECT array_agg((day - DATE '{spans.FIRST_DAY}') << {spans.CODE_BITS} | {spans.CODE} ORDER BY day) AS days
    FROM unnest(%(days)s::date[]) AS day),
placed AS (
    SELECT changes, width_bucket(days[1], changes) AS first, width_bucket(days[cardinality(days)], changes) AS last
    FROM segmentation_scorehistory, marks WHERE shop_id = %(shop_id)s),
turned AS (
    SELECT changes[first] AS before, NULL::int AS change FROM placed WHERE first > 0
    UNION ALL
    SELECT turn.before, turn.change FROM placed
    CROSS JOIN LATERAL unnest(changes[first + 1:last], array_prepend(
        CASE WHEN first > 0 THEN changes[first] END, changes[first + 1:last])) AS turn(change, before)
    WHERE first < last AND turn.change IS NOT NULL),
counted AS (
    SELECT CASE WHEN change IS NULL THEN 1 ELSE width_bucket(change, days) + 1 END AS step,
           before & {spans.CODE} AS before, change & {spans.CODE} AS after, count(*) AS customers
    FROM turned, marks GROUP BY 1, 2, 3),
deltas AS (
    SELECT step, before AS code, customers FROM counted WHERE after IS NULL
    UNION ALL SELECT step, after, customers FROM counted WHERE after IS NOT NULL
    UNION ALL SELECT step, before, -customers FROM counted WHERE after IS NOT NULL AND before IS NOT NULL)"""


def _kind(name: str, choices) -> Kind:
    def held(day: str) -> str:
        return f"coalesce({spans.word_sql(name, spans.held_sql('changes', day))}, '')"

    history = "segmentation_scorehistory"
    return Kind(
        name,
        f"SELECT customer_id, {held('%(first)s::date')} AS before, {held('%(last)s::date')} AS after"
        f" FROM {history} WHERE shop_id = %(shop_id)s",
        # MATERIALIZED: the word of a change is looked up for its groups and not for every customer.
        f"""WITH held AS MATERIALIZED (
    SELECT day, {spans.held_sql("changes", "day")} & {spans.CODE} AS code, count(*) AS customers
    FROM {history} CROSS JOIN unnest(%(days)s::date[]) AS day WHERE shop_id = %(shop_id)s GROUP BY 1, 2)
SELECT day, {spans.word_sql(name, "code")} AS value, sum(customers)::bigint AS customers
FROM held WHERE code IS NOT NULL GROUP BY 1, 2""",
        choices,
        f"""{_SERIES}
SELECT day, {spans.word_sql(name, "code")}, sum(customers)::bigint
FROM unnest(%(days)s::date[]) WITH ORDINALITY AS day(day, number) JOIN deltas ON step <= number
GROUP BY 1, 2 HAVING sum(customers) <> 0""",
    )


KINDS = {
    name: _kind(name, choices.choices)
    for name, choices in (("segment", Segment), ("stage", Stage), ("quadrant", Quadrant))
}


@dataclass(frozen=True)
class Flow:
    """The people who were in `before` on the first day and are in `after` on the last."""

    before: str
    after: str
    customers: int
    amount: int

    @property
    def moved(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True)
class Turn:
    """One group between the two days: `entered` were elsewhere or nowhere before, `left` are so after."""

    key: str
    label: Any
    before: int
    entered: int
    left: int
    after: int

    @property
    def change(self) -> int:
        return self.after - self.before


@dataclass(frozen=True)
class Migration:
    """Where everybody of a kind went between two days. Whoever is in no group on either is left out."""

    kind: Kind
    first: datetime.date
    last: datetime.date
    flows: tuple[Flow, ...]

    @cached_property
    def by_pair(self) -> dict[tuple[str, str], Flow]:
        return {(flow.before, flow.after): flow for flow in self.flows}

    def flow(self, before: str, after: str) -> Flow:
        return self.by_pair.get((before, after)) or Flow(before, after, 0, 0)

    @cached_property
    def before(self) -> dict[str, int]:
        """People of each group on the first day."""
        return self._sum("before")

    @cached_property
    def after(self) -> dict[str, int]:
        """People of each group on the last day."""
        return self._sum("after")

    def _sum(self, side: str) -> dict[str, int]:
        found: dict[str, int] = defaultdict(int)
        for flow in self.flows:
            found[getattr(flow, side)] += flow.customers
        return dict(found)

    @property
    def known(self) -> int:
        """People who were in a group on both days."""
        return sum(flow.customers for flow in self.flows if flow.before and flow.after)

    @property
    def moved(self) -> int:
        """Those of `known` who are in another group on the last day."""
        return sum(flow.customers for flow in self.flows if flow.before and flow.after and flow.moved)

    @property
    def new(self) -> int:
        return self.before.get(NONE, 0)

    @property
    def largest(self) -> Flow | None:
        """The most people who went from one group to another."""
        moved = [flow for flow in self.flows if flow.before and flow.after and flow.moved]
        return max(moved, key=lambda flow: (flow.customers, flow.before, flow.after), default=None)

    @cached_property
    def turns(self) -> list[Turn]:
        """Every group with who entered and who left it."""
        return [self._turn(key, label) for key, label in self.kind.choices]

    def _turn(self, key: str, label: Any) -> Turn:
        stayed = self.flow(key, key).customers
        before, after = self.before.get(key, 0), self.after.get(key, 0)
        return Turn(key, label, before, after - stayed, before - stayed, after)


def migration(kind: Kind, first: datetime.date, last: datetime.date) -> Migration:
    """Return who went from where to where; the money is what these people have spent as scored today."""
    sql = f"""
SELECT pair.before, pair.after, count(*), coalesce(sum(score.monetary_amount), 0)::bigint
FROM ({kind.pairs}) AS pair
LEFT JOIN segmentation_customerscore AS score
    ON score.shop_id = %(shop_id)s AND score.customer_id = pair.customer_id
WHERE pair.before <> '' OR pair.after <> '' GROUP BY 1, 2"""
    rows = _rows(sql, {"first": first, "last": last})
    return Migration(kind, first, last, tuple(Flow(*row) for row in rows))


def counts(kind: Kind, days: Sequence[datetime.date]) -> dict[datetime.date, dict[str, int]]:
    """Return the people of each group on each of `days`; a group without anybody is left out."""
    days = sorted(set(days))
    found: dict[datetime.date, dict[str, int]] = {day: {} for day in days}
    sql = kind.series if kind.series and len(days) > 1 else kind.counts
    for day, value, customers in _rows(sql, {"days": days}):
        if value:
            found[day][value] = customers
    return found


def weeks(first: datetime.date, last: datetime.date) -> list[datetime.date]:
    """Return days from about `first` to `last`, whole weeks apart: each week, or fewer over a long time."""
    apart = 7 * max(1, -(-((last - first).days // 7) // (MOST_POINTS - 1)))
    steps = (last - first).days // apart
    return [last - datetime.timedelta(days=apart * step) for step in range(steps, -1, -1)]


def _rows(sql: str, params: dict) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"shop_id": current_shop_id(), **params})
        return cursor.fetchall()
