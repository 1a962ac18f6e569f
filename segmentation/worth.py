"""Does the segmentation earn anything? What last month's groups foretold of this month, against one plain line.

Honest out of sample: how likely a group is to buy, and what it brings, is read from the month before last
month's end; what is tested is the month after. The plain line is the days since the last order, in fifths.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

from django.db import connection

from loyalty.shops.scope import current_shop_id

from . import ranking
from .models import ScoreRun
from .moves import Kind

MONTH = datetime.timedelta(days=30)
BASELINE = "recency"
FIFTHS = (0.2, 0.4, 0.6, 0.8)
# Under so many buyers or others in a month, chance decides.
ENOUGH = 30
# Less than this in the area is no gain that anybody would feel, however sure it is; a Gini coefficient is twice
# the area.
FELT, FELT_PROFIT = 0.005, 0.01


@dataclass(frozen=True)
class Cell:
    """People who were in the same group of every scheme on one day, and what they did in the month after.

    `groups` goes by scheme; amounts are minor units, profit only of orders whose cost is known (`costed` of
    the people who bought), `squares` the sum of each one's profit squared.
    """

    groups: dict[str, str]
    people: int
    buyers: int
    amount: int
    profit: int
    costed: int
    squares: float

    @property
    def tally(self) -> ranking.Tally:
        return ranking.Tally(self.people, self.buyers)

    @property
    def lot(self) -> ranking.Lot:
        return ranking.Lot(self.people, self.profit, self.squares)


@dataclass(frozen=True)
class Row:
    """One group as it was a month ago, and what came since."""

    key: str
    people: int
    buyers: int
    profit_each: float | None
    expected_share: float | None

    @property
    def share(self) -> float:
        return self.buyers / self.people


@dataclass(frozen=True)
class Scheme:
    """How well one way of grouping foretold the month: who bought (`auc`) and where the profit lay (`gini`),
    and both against the plain line, None where it cannot be told.
    """

    name: str
    rows: list[Row]
    auc: float | None
    gini: float | None
    compared: ranking.Difference | None
    profit_compared: ranking.Difference | None

    @property
    def apart(self) -> float | None:
        """How far from the plain line, whichever is better."""
        return None if self.compared is None else abs(self.compared.value)

    @property
    def verdict(self) -> str:
        """better | alike | worse than the plain line at foretelling who buys, or unknown."""
        return _verdict(self.compared, FELT)

    @property
    def profit_verdict(self) -> str:
        """The same at foretelling where the profit lies."""
        return _verdict(self.profit_compared, FELT_PROFIT)


def _verdict(found: ranking.Difference | None, felt: float) -> str:
    if found is None:
        return "unknown"
    if abs(found.value) < max(felt, ranking.SURE * found.error):
        return "alike"
    return "better" if found.value > 0 else "worse"


@dataclass(frozen=True)
class Stability:
    """Of those in a group a month ago: who stayed, who moved having bought or brought back, who moved because
    time passed.
    """

    name: str
    people: int
    stayed: int
    by_doing: int
    by_time: int

    @property
    def stayed_share(self) -> float:
        return self.stayed / self.people

    @property
    def by_doing_share(self) -> float:
        return self.by_doing / self.people

    @property
    def by_time_share(self) -> float:
        return self.by_time / self.people


class Worth:
    """The trial as of a day: groups a month before it, and what these people did in between."""

    def __init__(self, as_of: datetime.date, kinds: Sequence[Kind]):
        self.as_of, self.kinds = as_of, list(kinds)
        self.tested_on, self.fitted_on = as_of - MONTH, as_of - 2 * MONTH

    @cached_property
    def fitted(self) -> list[Cell]:
        return cells(self.kinds, self.fitted_on, self.tested_on)

    @cached_property
    def tested(self) -> list[Cell]:
        return cells(self.kinds, self.tested_on, self.as_of)

    @property
    def is_enough(self) -> bool:
        """Whether enough people did and did not buy, in both months, for an answer."""
        return all(
            min(sum(cell.buyers for cell in month), sum(cell.people - cell.buyers for cell in month))
            >= ENOUGH
            for month in (self.fitted, self.tested)
        )

    @property
    def knows_profit(self) -> bool:
        return any(cell.costed for cell in self.tested) and any(cell.costed for cell in self.fitted)

    @property
    def is_enough_profit(self) -> bool:
        """Whether the profit of enough people is known, in both months, for an answer."""
        return self.is_enough and all(
            sum(cell.costed for cell in month) >= ENOUGH for month in (self.fitted, self.tested)
        )

    @cached_property
    def schemes(self) -> list[Scheme]:
        names = [*(kind.name for kind in self.kinds), BASELINE]
        plain = self._chances(BASELINE)
        return [self._scheme(name, plain) for name in names if self._is_known(name)]

    def _is_known(self, name: str) -> bool:
        return any(cell.groups[name] for cell in self.tested) and any(
            cell.groups[name] for cell in self.fitted
        )

    def _scheme(self, name: str, plain: dict[str, float]) -> Scheme:
        chances = self._chances(name)
        scored = [(chances.get(cell.groups[name], 0.0), cell.tally) for cell in self.tested]
        compared = None
        if name != BASELINE:
            compared = ranking.difference(
                (chances.get(cell.groups[name], 0.0), plain.get(cell.groups[BASELINE], 0.0), cell.tally)
                for cell in self.tested
            )
        return Scheme(
            name,
            self._rows(name, chances),
            ranking.auc(scored) if self.is_enough else None,
            self._gini(name) if self.is_enough else None,
            compared if self.is_enough else None,
            self._profit_compared(name) if name != BASELINE and self.is_enough_profit else None,
        )

    def _chances(self, name: str) -> dict[str, float]:
        """Share of each group that bought in the month before the one tested."""
        return {
            key: hits / people for key, (people, hits, _profit, _costed) in _sums(self.fitted, name).items()
        }

    def _each(self, name: str) -> dict[str, float]:
        """Profit per head of each group in the month before the one tested."""
        return {
            key: profit / people for key, (people, _hits, profit, _costed) in _sums(self.fitted, name).items()
        }

    def _gini(self, name: str) -> float | None:
        if not self.knows_profit:
            return None
        each = self._each(name)
        return ranking.gini(
            (each.get(cell.groups[name], 0.0), cell.people, cell.profit) for cell in self.tested
        )

    def _profit_compared(self, name: str) -> ranking.Difference | None:
        each, plain = self._each(name), self._each(BASELINE)
        return ranking.gini_difference(
            (each.get(cell.groups[name], 0.0), plain.get(cell.groups[BASELINE], 0.0), cell.lot)
            for cell in self.tested
        )

    def _rows(self, name: str, chances: dict[str, float]) -> list[Row]:
        return [
            Row(key, people, hits, profit / people if self.knows_profit else None, chances.get(key))
            for key, (people, hits, profit, _costed) in _sums(self.tested, name).items()
            if key
        ]

    @property
    def overlaps(self) -> list[tuple[str, str, float]]:
        """Every two schemes with Cramér's V of last month's groups."""
        found = []
        for one, other in combinations([kind.name for kind in self.kinds], 2):
            pairs: dict[tuple[str, str], int] = defaultdict(int)
            for cell in self.tested:
                if cell.groups[one] and cell.groups[other]:
                    pairs[cell.groups[one], cell.groups[other]] += cell.people
            if (value := ranking.overlap(pairs)) is not None:
                found.append((one, other, value))
        return found

    @cached_property
    def stability(self) -> list[Stability]:
        return [found for kind in self.kinds if (found := stability(kind, self.tested_on, self.as_of)).people]


def _sums(month: list[Cell], name: str) -> dict[str, list[int]]:
    """Return {group: [people, buyers, profit, costed]}."""
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for cell in month:
        for place, value in enumerate((cell.people, cell.buyers, cell.profit, cell.costed)):
            found[cell.groups[name]][place] += value
    return dict(found)


_DID = """
SELECT customer_id, count(*) AS orders, sum(net_amount) AS amount,
       sum(net_amount - cost_amount) AS profit, count(cost_amount) AS costed
FROM customers_order
WHERE shop_id = %(shop_id)s AND is_paid AND customer_id IS NOT NULL
      AND placed_on > %(first)s AND placed_on <= %(last)s GROUP BY customer_id"""


def cells(kinds: Sequence[Kind], first: datetime.date, last: datetime.date) -> list[Cell]:
    """Return everybody who had bought by `first`, by their groups on it, with what they did up to `last`."""
    joins = "".join(
        f" LEFT JOIN ({kind.pairs}) AS {kind.name}_held ON {kind.name}_held.customer_id = bought.customer_id"
        for kind in kinds
    )
    columns = "".join(f"coalesce({kind.name}_held.before, ''), " for kind in kinds)
    places = ", ".join(str(place) for place in range(1, len(kinds) + 2))
    sql = f"""
WITH bought AS MATERIALIZED (
    SELECT customer_id, %(first)s::date - max(placed_on) AS days FROM customers_order
    WHERE shop_id = %(shop_id)s AND is_paid AND customer_id IS NOT NULL AND placed_on <= %(first)s
    GROUP BY customer_id),
cuts AS (SELECT percentile_cont(%(shares)s::float8[]) WITHIN GROUP (ORDER BY days) AS days FROM bought),
did AS ({_DID})
SELECT {columns}(SELECT count(*) FROM unnest(cuts.days) AS cut WHERE cut < bought.days) + 1,
       count(*), count(did.orders), coalesce(sum(did.amount), 0)::bigint,
       coalesce(sum(did.profit), 0)::bigint, count(*) FILTER (WHERE did.costed > 0),
       coalesce(sum(did.profit::float8 ^ 2), 0)
FROM bought CROSS JOIN cuts LEFT JOIN did ON did.customer_id = bought.customer_id{joins}
GROUP BY {places}"""
    names = [*(kind.name for kind in kinds), BASELINE]
    rows = _rows(sql, {"first": first, "last": last, "shares": list(FIFTHS)})
    width = len(names)
    return [Cell(dict(zip(names, map(str, row[:width]), strict=True)), *row[width:]) for row in rows]


def stability(kind: Kind, first: datetime.date, last: datetime.date) -> Stability:
    """Return who stayed in their group from one day to the other, and why the others did not."""
    sql = f"""
SELECT count(*), count(*) FILTER (WHERE pair.before = pair.after),
       count(*) FILTER (WHERE pair.before <> pair.after AND did.customer_id IS NOT NULL)
FROM ({kind.pairs}) AS pair
LEFT JOIN (SELECT customer_id FROM customers_order
           WHERE shop_id = %(shop_id)s AND customer_id IS NOT NULL
                 AND placed_on > %(first)s AND placed_on <= %(last)s
           UNION SELECT customer_id FROM customers_refund
           WHERE shop_id = %(shop_id)s AND customer_id IS NOT NULL
                 AND refunded_on > %(first)s AND refunded_on <= %(last)s) AS did
    ON did.customer_id = pair.customer_id
WHERE pair.before <> ''"""
    ((people, stayed, by_doing),) = _rows(sql, {"first": first, "last": last})
    return Stability(kind.name, people, stayed, by_doing, people - stayed - by_doing)


@dataclass(frozen=True)
class Drift:
    """How far the people have spread otherwise than in an earlier run: the stability index of a kind."""

    name: str
    since: datetime.date
    index: float

    @property
    def reading(self) -> str:
        """steady | some | much"""
        if self.index < ranking.STEADY:
            return "steady"
        return "some" if self.index < ranking.DRIFTED else "much"


def drifts(run: ScoreRun) -> list[Drift]:
    """Return the drift of segments, stages and quadrants since the run about a month before `run`."""
    runs = ScoreRun.objects.filter(as_of__lte=run.as_of - MONTH, as_of__gt=run.as_of - 2 * MONTH)
    before = runs.order_by("-as_of", "-pk").first()
    if before is None:
        return []
    counted = {name: (_counts(before.sums[name]), _counts(run.sums[name])) for name in run.sums}
    indices = {name: ranking.stability_index(*both) for name, both in counted.items()}
    return [Drift(name, before.as_of, index) for name, index in indices.items() if index is not None]


def _counts(sums: dict[str, list[int]]) -> dict[str, int]:
    return {group: customers for group, (customers, _amount) in sums.items()}


def _rows(sql: str, params: dict) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"shop_id": current_shop_id(), **params})
        return cursor.fetchall()
