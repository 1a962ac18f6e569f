"""What a run keeps of everybody: the sums of every group, and the pictures that are drawn from all customers, so
that they can be drawn again as of its day.

Four readings of the scores and a few kilobytes. Dependence is counted in narrow steps instead of sorted, which a
million customers would take twice as long for: where a tenth begins within a step, its people are taken for equal, a
hundredth apart at most.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from functools import cached_property
from operator import itemgetter
from typing import Any, NamedTuple

from loyalty.customers.facts import FENCE, Statement

from . import concentration, facts, rfm, statements, value_volume, valued
from .models import ScoreRun

KINDS = ("segment", "stage", "quadrant")

# Of those who bought in so many days, for whom it was not the first visit.
REPEAT_DAYS = 90
_GROUPS = f"""SELECT segment, stage, quadrant, r_score, f_score, m_score, count(*), bigint_sum(monetary_amount),
       count(*) FILTER (WHERE recency_days < {REPEAT_DAYS}),
       count(*) FILTER (WHERE recency_days < {REPEAT_DAYS} AND last_order_on > first_order_on),
       {{written}}
FROM (SELECT * FROM {{scored}} AS state {FENCE}) AS state GROUP BY 1, 2, 3, 4, 5, 6"""
_WRITTEN = "count(*) FILTER (WHERE computed_at = %(started_at)s), count(*) FILTER (WHERE computed_at > %(started_at)s)"

# Steps of half a hundredth.
_DEPENDENCE = f"""SELECT segment, step, count(*), bigint_sum(monetary_amount),
       count(*) FILTER (WHERE full_price_share >= %(share)s AND frequency >= %(orders)s)
FROM (SELECT segment, (200 * {valued.DEPENDENCE})::int AS step, monetary_amount, full_price_share, frequency
      FROM {{scored}} AS score WHERE frequency >= {value_volume.FEWEST_ORDERS} AND gross_amount > 0 {FENCE}) AS steps
GROUP BY segment, step"""
STEPS = 200


class _Group(NamedTuple):
    segment: str
    stage: str
    quadrant: str
    r: int | None
    f: int | None
    m: int | None
    customers: int
    amount: int
    lately: int
    again: int
    changed: int
    newer: int


class Counted:
    """The customers of `scored`, a relation of their state, counted; nothing is read before it is asked for.

    `started_at` is when the run began that wrote `changed` of them; `newer` were scored by others since.
    """

    def __init__(self, scored: Statement, started_at: datetime.datetime | None = None):
        self.scored, self.started_at = scored, started_at

    @cached_property
    def _groups(self) -> list[_Group]:
        written = "0, 0" if self.started_at is None else _WRITTEN
        return [_Group(*row) for row in self._read(_GROUPS, written, started_at=self.started_at)]

    @property
    def changed(self) -> int:
        return sum(group.changed for group in self._groups)

    @property
    def newer(self) -> int:
        return sum(group.newer for group in self._groups)

    @property
    def sums(self) -> dict[str, dict[str, list[int]]]:
        """{"segment" | "stage" | "quadrant": {group: [customers, net spend]}}"""
        sums: dict[str, dict[str, list[int]]] = {kind: {} for kind in KINDS}
        for group in self._groups:
            for kind in KINDS:
                if key := getattr(group, kind):
                    entry = sums[kind].setdefault(key, [0, 0])
                    entry[0] += group.customers
                    entry[1] += group.amount
        return sums

    @property
    def scores(self) -> dict[str, list[int]]:
        """{"r" | "f" | "m": people with score 1 … 5}"""
        found = {measure: [0] * len(rfm.SCORES) for measure in "rfm"}
        for group in self._buying:
            for measure, counts in found.items():
                counts[getattr(group, measure) - 1] += group.customers
        return found

    @property
    def _buying(self) -> list[_Group]:
        return [group for group in self._groups if group.r is not None]

    @property
    def pictures(self) -> dict[str, Any]:
        """What is kept as `ScoreRun.pictures` and read by `cells`, `pareto` and `dependence`."""
        cells = facts.cells(
            (group.r, group.f, group.m, group.segment, group.customers, group.amount)
            for group in self._buying
        )
        repeat = [sum(group.lately for group in self._groups), sum(group.again for group in self._groups)]
        found = {
            "repeat": repeat if cells else [],
            "cells": [
                [cell.r, cell.f, cell.customers, cell.amount, round(cell.m_mean, 3), cell.segment]
                for cell in cells.values()
            ],
            "pareto": concentration.counted(self.scored),
            "dependence": _tenths_of(
                sorted(
                    self._read(_DEPENDENCE, share=valued.ANYWAY_SHARE, orders=valued.ANYWAY_ORDERS),
                    key=itemgetter(1, 0),
                )
            ),
        }
        return {name: kept for name, kept in found.items() if kept}

    def _read(self, sql: str, written: str = "", **params: Any) -> list[tuple]:
        # Behind the fences the planner knows nothing of the values and expects few groups, as there are; otherwise
        # it would expect as many as there are customers, and sort them all.
        return statements.rows(
            Statement(sql.format(scored=self.scored.sql, written=written), self.scored.params | params)
        )


def _tenths_of(steps: list[tuple]) -> dict[str, Any]:
    """Return who hangs on discounts by `_DEPENDENCE`: of each segment [people, steps], and the tenths from the
    least dependent as [number, people, least, most, amount]; equal steps stay together."""
    people = sum(step[2] for step in steps)
    if not people:
        return {}
    segments: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    at: dict[int, int] = defaultdict(int)
    for segment, step, count, *_rest in steps:
        segments[segment][0] += count
        segments[segment][1] += count * step
        at[step] += count
    cuts, place = [], 0
    for step, count in at.items():
        place += count
        # The value at each tenth of the way, as percentile_cont has it but for its interpolation.
        while len(cuts) < 9 and (len(cuts) + 1) * (people - 1) // 10 < place:
            cuts.append(step)
    tenths: dict[int, list] = {}
    for _segment, step, count, amount, _anyway in steps:
        number = 1 + sum(step > cut for cut in cuts)
        kept = tenths.setdefault(number, [number, 0, step / STEPS, step / STEPS, 0])
        kept[1] += count
        kept[3] = step / STEPS
        kept[4] += amount
    return {
        "segments": dict(segments),
        "tenths": list(tenths.values()),
        "anyway": sum(step[4] for step in steps),
    }


# What a run kept, as the screens take it; None where it kept none.


def cells(run: ScoreRun) -> dict[tuple[int, int], facts.Cell] | None:
    kept = run.pictures.get("cells")
    if not kept:
        return None
    spent = sum(amount for _r, _f, _customers, amount, *_rest in kept)
    return {
        (r, f): facts.Cell(r, f, customers, amount, amount / spent if spent > 0 else None, mean, segment)
        for r, f, customers, amount, mean, segment in kept
    }


def repeat(run: ScoreRun) -> tuple[int, int] | None:
    """Return (buyers of REPEAT_DAYS, those of them for whom it was not the first visit)."""
    kept = run.pictures.get("repeat")
    return kept and tuple(kept)


def pareto(run: ScoreRun) -> concentration.Pareto | None:
    kept = run.pictures.get("pareto") or run.pictures.get("spend")
    return concentration.Pareto.of(kept) if kept else None


def dependence(run: ScoreRun) -> valued.Dependence | None:
    kept = run.pictures.get("dependence")
    if not kept:
        return None
    segments = [
        (segment, people, steps / people / STEPS) for segment, (people, steps) in kept["segments"].items()
    ]
    people = sum(count for _segment, count, _mean in segments)
    return valued.Dependence(
        people=people,
        mean=sum(steps for _people, steps in kept["segments"].values()) / people / STEPS,
        segments=sorted(segments, key=lambda row: (-row[2], row[0])),
        hang_most=set(),
        tenths=[
            dict(zip(("tenth", "people", "least", "most", "amount"), tenth, strict=True))
            for tenth in kept["tenths"]
        ],
        anyway=kept["anyway"],
    )
