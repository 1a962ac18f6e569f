"""Who the people of a group are and where they live, against everybody of the shop: one statement."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import QuerySet

from loyalty.shops.scope import current_shop_id

from . import past

# Whole years, the last one included; None is open. As the list of customers counts them.
AGE_BANDS = ((None, 17), (18, 24), (25, 34), (35, 44), (45, 54), (55, 64), (65, None))
# Days since somebody joined.
TENURE_BANDS = ((None, 89), (90, 364), (365, 729), (730, 1094), (1095, None))
DIMENSIONS = ("age", "gender", "province", "city", "neighbourhood", "job", "acquired", "tenure")
BANDED = {"age": AGE_BANDS, "tenure": TENURE_BANDS}


@dataclass(frozen=True)
class Band:
    """One value of one dimension: the people of the group in it, and the same of everybody.

    `key` is the value itself, the number of a band, or "" where nothing is known; `place` is the city of a
    neighbourhood. `share` is of the group's people, `all_share` of everybody. An index is 100 where the band
    is as the shop is on average; None where there is nothing to compare.
    """

    key: str
    customers: int
    all_customers: int
    amount: int
    order_days: int
    share: float
    all_share: float
    index: float | None
    amount_each: float | None
    amount_index: float | None
    days_each: float | None
    place: str = ""


@dataclass(frozen=True)
class Dimension:
    """Everything known of one thing, most people first or in the order of the bands; unknown comes last."""

    key: str
    bands: list[Band] = field(default_factory=list)

    @property
    def known_share(self) -> float:
        """The share of the group's people of whom it is known."""
        return sum(band.share for band in self.bands if band.key)


@dataclass(frozen=True)
class Profile:
    """A group of people: how many, what they spent and on how many days, and each dimension."""

    customers: int
    all_customers: int
    amount: int
    all_amount: int
    dimensions: dict[str, Dimension]


_SQL = """
WITH person AS (
    SELECT {age} AS age, customer.gender, customer.province, customer.city, customer.neighbourhood,
           customer.job, customer.acquired_by AS acquired, {tenure} AS tenure,
           coalesce(score.monetary_amount, 0) AS amount, coalesce(score.order_days, 0) AS order_days,
           {chosen} AS is_chosen
    FROM customers_customer AS customer
    LEFT JOIN segmentation_customerscore AS score
           ON score.shop_id = customer.shop_id AND score.customer_id = customer.id
    WHERE customer.shop_id = %s
)
SELECT {names}, {value}, CASE WHEN grouping(neighbourhood) = 0 AND neighbourhood <> '' THEN city END AS place,
       count(*) FILTER (WHERE is_chosen), count(*),
       coalesce(sum(amount) FILTER (WHERE is_chosen), 0)::bigint, coalesce(sum(amount), 0)::bigint,
       coalesce(sum(order_days) FILTER (WHERE is_chosen), 0)::bigint
FROM person
GROUP BY GROUPING SETS ({sets}, ())"""


def profile(today: datetime.date, chosen: QuerySet | None = None) -> Profile:
    """Return the profile of the customers of `chosen` (everybody where None) against everybody.

    Money and order days are those of the scored window; ages and years with the shop are as of `today`.
    """
    age, age_days = _banded("customer.birth_on", [_born(high, today) for _low, high in AGE_BANDS[:-1]])
    joined = "coalesce(customer.joined_on, score.first_order_on)"
    tenure, tenure_days = _banded(
        joined, [today - datetime.timedelta(days=high + 1) for _low, high in TENURE_BANDS[:-1]]
    )
    group, group_params = "true", ()
    if chosen is not None:
        inside, group_params = chosen.in_sql()
        group = f"customer.id IN ({inside})"
    single = [name for name in DIMENSIONS if name != "neighbourhood"]
    # A neighbourhood belongs to its city: two cities may both have an old town.
    sets = ", ".join([*(f"({name})" for name in single), "(city, neighbourhood)"])
    named = "CASE WHEN grouping(neighbourhood) = 0 THEN 'neighbourhood' " + " ".join(
        f"WHEN grouping({name}) = 0 THEN '{name}'" for name in single
    )
    value = "CASE WHEN grouping(neighbourhood) = 0 THEN neighbourhood " + " ".join(
        f"WHEN grouping({name}) = 0 THEN {name}" for name in single
    )
    sql = _SQL.format(
        age=age, tenure=tenure, chosen=group, names=f"{named} END", value=f"{value} END", sets=sets
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*age_days, *tenure_days, *group_params, current_shop_id()])
        rows = cursor.fetchall()
    if (step := past.one_in()) > 1:
        rows = [(*row[:3], *(figure * step for figure in row[3:])) for row in rows]
    return _profile(rows)


def _banded(column: str, days: list[datetime.date]) -> tuple[str, list[datetime.date]]:
    """Return a CASE that numbers the bands from the youngest ("0", "1", …), and its parameters."""
    steps = " ".join(f"WHEN {column} > %s THEN '{number}'" for number in range(len(days)))
    return f"CASE WHEN {column} IS NULL THEN '' {steps} ELSE '{len(days)}' END", days


def _born(years: int, today: datetime.date) -> datetime.date:
    """Return the last day on which somebody was born who is older than `years` today."""
    older = today.year - years - 1
    try:
        return today.replace(year=older)
    except ValueError:
        return today.replace(year=older, day=28)


def _profile(rows: Iterable[tuple]) -> Profile:
    found: dict[str | None, list[tuple]] = {name: [] for name in (None, *DIMENSIONS)}
    for name, *rest in rows:
        if name != "neighbourhood" or rest[0]:
            found[name].append(tuple(rest))
    _value, _place, customers, all_customers, amount, all_amount, _days = found[None][0]
    # Whoever has no neighbourhood is counted once, not once for every city.
    found["neighbourhood"] += _without_neighbourhood(rows)
    each = all_amount / all_customers if all_customers else 0
    return Profile(
        customers,
        all_customers,
        amount,
        all_amount,
        {
            name: Dimension(
                name, _in_order(name, [_band(row, customers, all_customers, each) for row in found[name]])
            )
            for name in DIMENSIONS
        },
    )


def _without_neighbourhood(rows: Iterable[tuple]) -> list[tuple]:
    unknown = [rest for name, *rest in rows if name == "neighbourhood" and not rest[0]]
    if not unknown:
        return []
    return [("", None, *(sum(column) for column in zip(*(row[2:] for row in unknown), strict=True)))]


def _band(row: tuple, customers: int, all_customers: int, each: float) -> Band:
    key, place, inside, everybody, amount, _all_amount, days = row
    share = inside / customers if customers else 0
    all_share = everybody / all_customers if all_customers else 0
    return Band(
        key=key,
        place=place or "",
        customers=inside,
        all_customers=everybody,
        amount=amount,
        order_days=days,
        share=share,
        all_share=all_share,
        index=100 * share / all_share if all_share and customers else None,
        amount_each=amount / inside if inside else None,
        amount_index=100 * amount / inside / each if inside and each > 0 else None,
        days_each=days / inside if inside else None,
    )


def _in_order(name: str, bands: list[Band]) -> list[Band]:
    if name in BANDED:
        return sorted(bands, key=lambda band: (not band.key, band.key))
    return sorted(
        bands, key=lambda band: (not band.key, -band.customers, -band.all_customers, band.key, band.place)
    )
