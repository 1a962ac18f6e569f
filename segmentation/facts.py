"""What the stored scores add up to: one statement a picture, never a loop over customers."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Avg, Count, DateField, DurationField, F, Sum, Value

from . import past, value_volume
from .models import CustomerScore, ScoreRun

# Points of a scatter chart: more would hide each other, and a phone has to draw them.
MOST_POINTS = 1_000


@dataclass(frozen=True)
class Group:
    """The customers of one segment, stage or quadrant; `share` is of people, `amount_share` of net spend."""

    key: str
    customers: int = 0
    amount: int = 0
    share: float = 0
    amount_share: float | None = None
    recency_days: float | None = None
    profit_amount: int | None = None


@dataclass(frozen=True)
class Cell:
    """One cell of recency against frequency; `segment` is the one most of its customers are in."""

    r: int
    f: int
    customers: int = 0
    amount: int = 0
    amount_share: float | None = None
    m_mean: float | None = None
    segment: str = ""


@dataclass(frozen=True)
class Point:
    customer_id: int
    name: str
    quadrant: str
    year_days: int
    value_score: float


def groups(field: str, as_of: datetime.date) -> dict[str, Group]:
    """Return the groups of `field` (segment, stage or quadrant) that have customers, by key."""
    since = Avg(Value(as_of, DateField()) - F("last_order_on"), output_field=DurationField())
    found = list(
        CustomerScore.objects.exclude(**{field: ""})
        .values(key=F(field))
        .annotate(
            customers=Count("pk"),
            amount=Sum("monetary_amount"),
            since=since,
            profit_amount=Sum("profit_amount"),
        )
        .order_by()
    )
    people, spent = sum(row["customers"] for row in found), sum(row["amount"] for row in found)
    step = past.one_in()
    return {
        row["key"]: Group(
            key=row["key"],
            customers=row["customers"] * step,
            amount=int(row["amount"]) * step,
            recency_days=None if row["since"] is None else row["since"] / datetime.timedelta(days=1),
            profit_amount=None if row["profit_amount"] is None else row["profit_amount"] * step,
            share=row["customers"] / people,
            amount_share=float(row["amount"] / spent) if spent > 0 else None,
        )
        for row in found
    }


def grid() -> dict[tuple[int, int], Cell]:
    """Return the cells of recency against frequency that have customers."""
    scored = CustomerScore.objects.filter(r_score__isnull=False).order_by()
    kinds = scored.values_list("r_score", "f_score", "m_score", "segment")
    return cells(kinds.annotate(Count("pk"), Sum("monetary_amount")))


def cells(rows: Iterable[tuple[int, int, int, str, int, int]]) -> dict[tuple[int, int], Cell]:
    """Return the cells of groups of customers: their three scores, segment, how many they are, net spend."""
    by_cell = defaultdict(list)
    for r, f, *row in rows:
        by_cell[r, f].append(row)
    spent = sum(amount for groups in by_cell.values() for *_group, amount in groups)
    return {cell: _cell(*cell, groups, spent) for cell, groups in by_cell.items()}


def _cell(r: int, f: int, groups: list[list], spent: int) -> Cell:
    customers, amount = (sum(group[place] for group in groups) for place in (2, 3))
    by_segment = defaultdict(int)
    for _m, segment, people, _amount in groups:
        by_segment[segment] += people
    return Cell(
        r=r,
        f=f,
        customers=customers,
        amount=int(amount),
        amount_share=float(amount / spent) if spent > 0 else None,
        m_mean=sum(m * people for m, _segment, people, _amount in groups) / customers,
        segment=max(by_segment, key=lambda segment: (by_segment[segment], segment)),
    )


def points(buyers: int, as_of: datetime.date, most: int = MOST_POINTS) -> list[Point]:
    """Return about `most` customers with a known value, always the same ones for the same shop."""
    # Every n-th key: deterministic, and without sorting a million rows by chance. Of a part of a shop's past every
    # so many are there at all.
    step = past.one_in()
    every = max(1, -(-buyers // (most * step))) * step
    found = CustomerScore.objects.annotate(turn=F("customer_id") % every)
    rows = found.filter(value_score__isnull=False, turn=0).order_by("customer")
    return [
        Point(customer, name, quadrant, value_volume.year_days(days, as_of), value)
        for customer, name, quadrant, days, value in rows.values_list(
            "customer_id", "customer__name", "quadrant", "days", "value_score"
        )
    ]


@dataclass(frozen=True)
class Week:
    """The people of each group in the week that ends with `until_on`."""

    until_on: datetime.date
    customers: dict[str, int]


def trend(kind: str, run: ScoreRun, weeks: int) -> list[Week]:
    """Return the last `weeks` weeks up to `run`, oldest first; a week without a run is left out."""
    latest = {0: run}
    earlier = ScoreRun.objects.filter(
        as_of__gt=run.as_of - datetime.timedelta(weeks=weeks),
        as_of__lte=run.as_of - datetime.timedelta(weeks=1),
    )
    # Oldest first, so that of the runs of one week the last one stays.
    for other in earlier.order_by("as_of", "pk"):
        latest[(run.as_of - other.as_of).days // 7] = other
    return [
        Week(
            run.as_of - datetime.timedelta(weeks=ago),
            {group: customers for group, (customers, _) in found.sums[kind].items()},
        )
        for ago, found in sorted(latest.items(), reverse=True)
    ]
