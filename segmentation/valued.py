"""What stands beside value and volume: what is not known of how many, who hangs on discounts, who could become
valued, and who changed sides month by month.
"""

from __future__ import annotations

import datetime
import math
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Min
from persiantools.jdatetime import JalaliDate

from loyalty.customers.facts import SPEAKS_WELL, Statement
from loyalty.shops.models import Shop

from . import spans, statements, value_volume
from .models import CustomerScore, ScoreHistory, ScoreRun

# The margin of the last half year against that of the half year before.
HALF_YEAR_DAYS = 182
# By so many points of share a margin has risen, and not merely wavered.
RISEN_SHARE = 0.02
# Dealings so recent show interest now.
RECENT_DAYS = 90
# Bought without a discount at least so often, and no tenth of the list price given away.
ANYWAY_SHARE, ANYWAY_ORDERS = 0.8, 3
SHOWN = 8
_TENTHS = ", ".join(str(number / 10) for number in range(1, 10))
MONTHS = 6

DEPENDENCE = value_volume.discount_dependence_sql(
    "score.discount_amount", "score.gross_amount", "score.full_price_share", "score.frequency"
)


def unknown(run: ScoreRun) -> list[tuple[str, int]]:
    """Return [(part, of how many buyers it is not known)], of the parts that are unknown of anybody."""
    buyers = CustomerScore.objects.exclude(last_order_on=None)
    known = buyers.aggregate(
        margin=Count("margin_share"), full_price=Count("full_price_share"), regularity=Count("gap_spread")
    )
    nobodys = value_volume.unknown_parts(run.cuts) if "basis" in run.cuts else []
    counts = {part: run.buyers - known.get(part, run.buyers) for part in value_volume.PARTS}
    counts |= dict.fromkeys(nobodys, run.buyers)
    return [(part, people) for part, people in counts.items() if people > 0]


@dataclass(frozen=True)
class Dependence:
    """Discount dependence (0 to 1): of everybody, by segment, and the tenths from the least dependent.

    `hang_most` are the quadrants in which it is above everybody's.
    """

    people: int
    mean: float | None
    segments: list[tuple[str, int, float]]
    hang_most: set[str]
    tenths: list[dict[str, Any]]
    anyway: int


def dependence(shop: Shop) -> Dependence:
    """Return who hangs on discounts, of customers with two orders or more."""
    params = {"shop_id": shop.pk, "share": ANYWAY_SHARE, "orders": ANYWAY_ORDERS}
    known = f"""SELECT score.segment, score.quadrant, {DEPENDENCE} AS dependence, score.monetary_amount,
       score.full_price_share >= %(share)s AND score.frequency >= %(orders)s AS buys_anyway
FROM segmentation_customerscore AS score
WHERE score.shop_id = %(shop_id)s AND score.frequency >= {value_volume.FEWEST_ORDERS}
  AND score.gross_amount > 0"""
    *groups, (_nothing, _segment, _quadrant, people, mean, anyway) = statements.rows(
        Statement(
            f"""SELECT GROUPING(segment, quadrant) AS told, segment, quadrant, count(*), avg(dependence),
       count(*) FILTER (WHERE buys_anyway)
FROM ({known}) AS known GROUP BY GROUPING SETS (segment, quadrant, ()) ORDER BY told, 5 DESC, segment""",
            params,
        )
    )
    # Equal values stay together, so a tenth may be missing: those who never had a discount are one group.
    tenths = statements.rows(
        Statement(
            f"""WITH known AS MATERIALIZED ({known}), cuts AS (
    SELECT percentile_cont(ARRAY[{_TENTHS}]) WITHIN GROUP (ORDER BY dependence) AS cuts FROM known)
SELECT (SELECT 1 + count(*) FROM unnest(cuts) AS cut WHERE known.dependence > cut) AS tenth,
       count(*), min(dependence), max(dependence), sum(monetary_amount)::bigint
FROM known, cuts GROUP BY tenth ORDER BY tenth""",
            params,
        )
    )
    return Dependence(
        people=people,
        mean=mean,
        segments=[(segment, count, share) for _told, segment, _none, count, share, _any in groups if segment],
        hang_most={
            quadrant for _told, _none, quadrant, _count, share, _any in groups if quadrant and share > mean
        },
        tenths=[
            {
                "tenth": tenth,
                "people": count,
                "least": least,
                "most": most,
                "amount": amount,
                # In hundredths of a percent, outwards: nobody of the tenth is left out of its list.
                "from": f"{math.floor(least * 10_000) / 100:.2f}",
                "to": f"{math.ceil(most * 10_000) / 100:.2f}",
            }
            for tenth, count, least, most, amount in tenths
        ],
        anyway=anyway,
    )


@dataclass(frozen=True)
class Promise:
    """Somebody who comes often and could become valued, and why: their margins then and now, and dealings."""

    customer_id: int
    name: str
    value_score: float | None
    before: float | None
    now: float | None
    dealings: int

    @property
    def is_rising(self) -> bool:
        return None not in (self.before, self.now) and self.now - self.before >= RISEN_SHARE


def promising_sql(shop: Shop, as_of: datetime.date) -> Statement:
    """Return who comes often, is not valued yet, and whose margin has risen or who dealt with the shop lately:
    `customer_id, margin_before, margin_now, dealings`.

    Looks at the orders of the quadrant only: the others' margins are nobody's question here.
    """
    sql = f"""
SELECT score.customer_id, margins.before AS margin_before, margins.now AS margin_now,
       coalesce(dealt.dealings, 0) AS dealings
FROM segmentation_customerscore AS score
LEFT JOIN LATERAL (
    SELECT sum(net_amount - cost_amount) FILTER (WHERE placed_on <= %(middle)s)::float8
               / nullif(sum(net_amount) FILTER (WHERE placed_on <= %(middle)s), 0) AS before,
           sum(net_amount - cost_amount) FILTER (WHERE placed_on > %(middle)s)::float8
               / nullif(sum(net_amount) FILTER (WHERE placed_on > %(middle)s), 0) AS now
    FROM customers_order AS sale
    WHERE sale.shop_id = %(shop_id)s AND sale.customer_id = score.customer_id AND sale.is_paid
      AND sale.placed_on > %(start)s AND sale.placed_on <= %(promising_on)s AND sale.cost_amount IS NOT NULL
) AS margins ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS dealings FROM customers_interaction AS dealing
    WHERE dealing.shop_id = %(shop_id)s AND dealing.customer_id = score.customer_id
      AND dealing.kind <> 'complaint' AND dealing.kind <> 'note' AND {SPEAKS_WELL}
      AND dealing.occurred_at > %(recently)s
) AS dealt ON score.engagements + score.advocacies > 0
WHERE score.shop_id = %(shop_id)s AND score.quadrant = 'volume'
  AND (margins.now - margins.before >= {RISEN_SHARE} OR dealt.dealings > 0)"""
    recently = datetime.datetime.combine(
        as_of - datetime.timedelta(days=RECENT_DAYS), datetime.time.min, shop.zone
    )
    params = {
        "shop_id": shop.pk,
        "promising_on": as_of,
        "middle": as_of - datetime.timedelta(days=HALF_YEAR_DAYS),
        "start": as_of - datetime.timedelta(days=2 * HALF_YEAR_DAYS),
        "recently": recently,
    }
    return Statement(sql, params)


def by_place(sql: str, params: dict[str, Any]) -> tuple[str, list[Any]]:
    """Return `sql` with its named parameters as plain ones, and these in the order they stand in."""
    names = re.findall(r"%\((\w+)\)s", sql)
    return re.sub(r"%\(\w+\)s", "%s", sql), [params[name] for name in names]


def promising(shop: Shop, as_of: datetime.date) -> tuple[int, list[Promise]]:
    """Return how many could become valued, and the nearest of them to the middle value first."""
    found = promising_sql(shop, as_of)
    sql = f"""SELECT found.customer_id, customer.name, score.value_score, margin_before, margin_now, dealings,
       count(*) OVER ()
FROM ({found.sql}) AS found
JOIN segmentation_customerscore AS score
  ON score.shop_id = %(shop_id)s AND score.customer_id = found.customer_id
JOIN customers_customer AS customer ON customer.shop_id = %(shop_id)s AND customer.id = found.customer_id
ORDER BY score.value_score DESC NULLS LAST, found.customer_id LIMIT {SHOWN}"""
    rows = statements.rows(Statement(sql, found.params))
    return (rows[0][-1] if rows else 0), [Promise(*row[:-1]) for row in rows]


def months(today: datetime.date, calendar: str, count: int = MONTHS) -> list[datetime.date]:
    """Return the first days of the last `count` whole months and of the present one, oldest first."""
    if calendar == "jalali":
        now = JalaliDate(today)
        place = 12 * now.year + now.month - 1
        return [
            JalaliDate((place - ago) // 12, (place - ago) % 12 + 1, 1).to_gregorian()
            for ago in range(count, -1, -1)
        ]
    place = 12 * today.year + today.month - 1
    return [datetime.date((place - ago) // 12, (place - ago) % 12 + 1, 1) for ago in range(count, -1, -1)]


# What changed: (was in one of, is in one of).
_VALUED, _OFTEN = ("valued_frequent", "valued_rare"), ("valued_frequent", "volume")
_UNVALUED, _SELDOM = ("volume", "occasional"), ("valued_rare", "occasional")
CHANGES = {
    "became": (_UNVALUED, _VALUED),
    "ceased": (_VALUED, _UNVALUED),
    "oftener": (_SELDOM, _OFTEN),
    "rarer": (_OFTEN, _SELDOM),
}


@dataclass(frozen=True)
class Month:
    """Who changed sides from the day before `from_on` to `until_on`; `moves` is {(from, to): people}, None
    where the month began before anything was remembered.
    """

    from_on: datetime.date
    until_on: datetime.date
    moves: dict[tuple[str, str], int] | None

    @property
    def figures(self) -> dict[str, tuple[int | None, str]]:
        """{one of CHANGES: (people, the list of customers that opens them)}"""
        return {name: (self._people(*sides), self._query(*sides)) for name, sides in CHANGES.items()}

    def _people(self, were: tuple[str, ...], are: tuple[str, ...]) -> int | None:
        if self.moves is None:
            return None
        return sum(people for (was, now), people in self.moves.items() if was in were and now in are)

    def _query(self, were: tuple[str, ...], are: tuple[str, ...]) -> str:
        eve = self.from_on - datetime.timedelta(days=1)
        said = [f"quadrant:{','.join(groups)}@{day}" for groups, day in ((were, eve), (are, self.until_on))]
        return urlencode({"was": said}, doseq=True, safe=":,@")


def migration(shop: Shop, today: datetime.date, calendar: str) -> list[Month]:
    """Return for each of the last months of `calendar` and this one who moved between the quadrants, newest
    first: from the day before its first to its last (or today). Only who was in one at both ends counts.
    """
    ends = [day - datetime.timedelta(days=1) for day in months(today, calendar)] + [today]
    marks = ", ".join(f"(%(day_{number})s::date, {number})" for number in range(len(ends)))
    held = spans.held_sql("history.changes", "marks.day")
    word = spans.word_sql("quadrant", "held")
    sql = f"""
WITH placed AS (
    SELECT customer_id, number, {word} AS quadrant
    FROM (SELECT history.customer_id, marks.number, {held} AS held
          FROM segmentation_scorehistory AS history, (VALUES {marks}) AS marks(day, number)
          WHERE history.shop_id = %(shop_id)s AND cardinality(history.changes) > 1) AS past
)
SELECT after.number, before.quadrant, after.quadrant, count(*)
FROM placed AS before JOIN placed AS after
  ON after.customer_id = before.customer_id AND after.number = before.number + 1
WHERE before.quadrant <> after.quadrant AND before.quadrant <> '' AND after.quadrant <> ''
GROUP BY 1, 2, 3"""
    params = {"shop_id": shop.pk} | {f"day_{number}": day for number, day in enumerate(ends)}
    moves: dict[int, dict[tuple[str, str], int]] = {}
    for number, before, after, people in statements.rows(Statement(sql, params)):
        moves.setdefault(number, {})[before, after] = people
    since = _remembered_since()
    return [
        Month(
            ends[number - 1] + datetime.timedelta(days=1),
            ends[number],
            moves.get(number, {}) if since and since <= ends[number - 1] else None,
        )
        for number in range(len(ends) - 1, 0, -1)
    ]


def _remembered_since() -> datetime.date | None:
    first = ScoreHistory.objects.aggregate(first=Min("changes__0"))["first"]
    return None if first is None else spans.spans([first])[0].from_on
