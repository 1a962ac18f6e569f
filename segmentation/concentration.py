"""Who makes the sales: the tenths of the buyers from those who spend most, and the people of the first 80 %.

A million amounts are not sorted for it. They are counted in steps of a hundredth, which several processes share;
only the few steps in which a tenth or the 80 % ends are opened, and there equal amounts are one. So every figure is
exact, but for the profit of people with equal amounts on both sides of an end, which is divided by their number.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from loyalty.customers.facts import FENCE, Statement
from loyalty.shops.scope import current_shop_id

from . import statements

# Whoever gave back more than they bought adds nothing; to let them subtract would bend the curve downwards.
_STEP = "CASE WHEN monetary_amount > 0 THEN (100 * ln(monetary_amount::float8))::int END"
_SUMS = """count(*), bigint_sum(greatest(monetary_amount, 0)), bigint_sum(profit_amount),
       min(greatest(monetary_amount, 0)), max(greatest(monetary_amount, 0))"""
_STEPS = f"""SELECT step, {_SUMS}
FROM (SELECT {_STEP} AS step, monetary_amount, profit_amount
      FROM {{scored}} AS state WHERE last_order_on IS NOT NULL {FENCE}) AS steps GROUP BY step"""
_OPENED = f"""SELECT {_STEP} AS step, {_SUMS}
FROM {{scored}} AS state
WHERE last_order_on IS NOT NULL AND {_STEP} = ANY(%(steps)s) AND ({{ranges}}) GROUP BY monetary_amount"""

TENTHS = range(1, 11)
MOST_SHARE = 0.8


@dataclass(frozen=True)
class Tenth:
    """A tenth of the buyers, from those who spend most; `running_share` includes the tenths before it."""

    number: int
    customers: int
    amount: int
    share: float
    running_share: float
    least_amount: int
    most_amount: int


@dataclass(frozen=True)
class Pareto:
    """Who makes the sales: `…_20` is of the first fifth of the buyers, `…_80` of the first 80 % of sales."""

    buyers: int
    amount: int
    tenths: list[Tenth]
    top_20_customers: int
    top_20_share: float
    top_20_profit_share: float | None
    least_amount_20: int
    customers_80: int
    least_amount_80: int

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Pareto:
        """Return what `counted` found, as it may have been kept as JSON."""
        total, running, tenths = sum(tenth[2] for tenth in kept["tenths"]), 0, []
        for number, people, amount, *bounds in kept["tenths"]:
            # What was kept in the beginning had no bounds.
            least, most = bounds or (0, 0)
            running += amount
            tenths.append(Tenth(number, people, amount, amount / total, running / total, least, most))
        top = [tenth for tenth in tenths if tenth.number <= 2]
        return cls(
            buyers=sum(tenth.customers for tenth in tenths),
            amount=total,
            tenths=tenths,
            top_20_customers=sum(tenth.customers for tenth in top),
            top_20_share=sum(tenth.amount for tenth in top) / total,
            top_20_profit_share=kept["top_20_profit_share"],
            least_amount_20=top[-1].least_amount,
            customers_80=kept["customers_80"],
            least_amount_80=kept["least_amount_80"],
        )


class _Block(NamedTuple):
    """People next to each other in the order of what they spent; `profit` is None where none is known."""

    step: int | None
    people: int
    amount: int
    profit: int | None
    least: int
    most: int


def now() -> Pareto | None:
    """Return who makes the sales of the scored window, or None where nobody has spent anything."""
    everybody = "(SELECT * FROM segmentation_customerscore WHERE shop_id = %(shop_id)s)"
    found = counted(Statement(everybody, {"shop_id": current_shop_id()}))
    return Pareto.of(found) if found else None


def counted(scored: Statement) -> dict[str, Any]:
    """Return the Pareto of `scored`, a relation of the state of customers, as plain values; {} where nobody has
    spent anything.
    """
    steps = _descending(statements.rows(Statement(_STEPS.format(scored=scored.sql), scored.params)))
    buyers, total = sum(step.people for step in steps), sum(step.amount for step in steps)
    if not total:
        return {}
    opened = [step.step for step in _cut(steps, _ends(buyers), total) if step.least < step.most]
    blocks = [step for step in steps if step.step not in opened]
    if opened:
        ranges = " OR ".join(
            f"monetary_amount BETWEEN {least} AND {most}" for least, most in map(_bounds, opened)
        )
        sql = _OPENED.format(scored=scored.sql, ranges=ranges)
        found = statements.rows(Statement(sql, scored.params | {"steps": opened}))
        blocks = _descending([*blocks, *found])
        # Read a moment later, the opened ones may have somebody more or fewer.
        buyers, total = sum(block.people for block in blocks), sum(block.amount for block in blocks)
    return _summed(blocks, buyers, total) if total else {}


def _descending(rows: Iterable[tuple]) -> list[_Block]:
    return sorted((_Block(*row) for row in rows), key=lambda block: block.most, reverse=True)


def _ends(buyers: int) -> list[int]:
    """Return the last place of each tenth."""
    return [-(-buyers * tenth // 10) for tenth in TENTHS]


def _bounds(step: int) -> tuple[int, int]:
    """Return amounts that hold those of `step`, wide enough for every rounding, to be looked up in an index."""
    return math.floor(math.exp((step - 1) / 100)), math.ceil(math.exp((step + 1) / 100))


def _cut(steps: list[_Block], ends: list[int], total: int) -> Iterator[_Block]:
    """Yield the steps in which a tenth or the 80 % ends before their last one."""
    place = running = 0
    for step in steps:
        holds_an_end = any(place < end < place + step.people for end in ends)
        if holds_an_end or running < MOST_SHARE * total <= running + step.amount:
            yield step
        place, running = place + step.people, running + step.amount


def _summed(blocks: list[_Block], buyers: int, total: int) -> dict[str, Any]:
    ends = _ends(buyers)
    tenths: dict[int, list[int]] = {}
    place = running = most_80 = least_80 = 0
    profit_20, profit = 0.0, sum(block.profit or 0 for block in blocks)
    for block in blocks:
        if running < MOST_SHARE * total:
            # Of equal amounts only as many as are needed.
            missing = MOST_SHARE * total - running
            is_one = block.least == block.most
            most_80 += min(block.people, math.ceil(missing / block.most)) if is_one else block.people
            least_80 = block.least
        profit_20 += (block.profit or 0) * max(0, min(block.people, ends[1] - place)) / block.people
        left = block.people
        while left:
            number = bisect_right(ends, place) + 1
            some = min(left, ends[number - 1] - place)
            tenth = tenths.setdefault(number, [number, 0, 0, block.least, block.most])
            tenth[1] += some
            tenth[2] += block.amount * some // block.people
            tenth[3] = block.least
            place, left = place + some, left - some
        running += block.amount
    return {
        "tenths": list(tenths.values()),
        "top_20_profit_share": profit_20 / profit if profit > 0 and _knows_top(blocks, ends[1]) else None,
        "customers_80": most_80,
        "least_amount_80": least_80,
    }


def _knows_top(blocks: list[_Block], end: int) -> bool:
    """Say whether the profit of anybody in the first fifth is known."""
    place = 0
    for block in blocks:
        if place >= end:
            break
        if block.profit is not None:
            return True
        place += block.people
    return False
