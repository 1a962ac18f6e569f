"""What the screens lay out: every group with its numbers, words and trend, and the map of the cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import TextChoices

from loyalty.ui.charts import spark

from . import facts, rfm
from .models import ScoreRun, Segment, Stage, segment_label
from .plays import Play

# Weeks back that an arrow compares with.
ARROW_WEEKS = 4
# Weeks of the small line.
LINE_WEEKS = 12
# Shares of the fullest cell from which a cell is one step warmer.
HEAT_STEPS = (0.1, 0.2, 0.35, 0.6)


def rows(
    kind: str,
    choices: type[TextChoices],
    words: Mapping[str, Play],
    groups: Mapping[str, facts.Group],
    run: ScoreRun,
) -> list[dict[str, Any]]:
    """Return one row for every choice, empty ones too: key, label, group, words, arrow ("" where unknown),
    and line, the people of the last weeks as points of a small drawing ("" of a single week).
    """
    arrows, weeks = _arrows(kind, run), facts.trend(kind, run, LINE_WEEKS)
    return [
        {
            "key": choice.value,
            "label": segment_label(choice.value) if kind == "segment" else choice.label,
            "group": groups.get(choice.value, facts.Group(choice.value)),
            "words": words[choice],
            "arrow": arrows.get(choice.value, ""),
            "line": _line([week.customers.get(choice.value, 0) for week in weeks]),
        }
        for choice in choices
    ]


def _arrows(kind: str, run: ScoreRun) -> dict[str, str]:
    """Return {group: rising | falling | steady} against about four weeks ago; {} where nothing is known of
    then.
    """
    weeks = facts.trend(kind, run, ARROW_WEEKS + 1)[:-1]
    if not weeks:
        return {}
    before = weeks[0].customers
    now = {group: customers for group, (customers, _) in run.sums[kind].items()}
    return {group: _direction(before.get(group, 0), now.get(group, 0)) for group in before | now}


def _line(people: list[int]) -> str:
    """Return the people week by week as points of `ui.charts.spark`; "" where there is no line to draw."""
    return spark(people).line if len(people) > 1 and any(people) else ""


def _direction(before: int, now: int) -> str:
    # One person more or less, or one in twenty, is no direction.
    if abs(now - before) <= max(1, before / 20):
        return "steady"
    return "rising" if now > before else "falling"


def change(weeks: list[facts.Week]) -> dict[str, int] | None:
    """Return how many more people are loyal and away than at the first of `weeks`; None of a single week."""
    if len(weeks) < 2:
        return None
    first, last = weeks[0].customers, weeks[-1].customers
    named = (("loyal", Stage.LOYAL), ("away", Stage.LOST))
    return {name: last.get(stage, 0) - first.get(stage, 0) for name, stage in named}


def urgent(segments: list[dict]) -> dict | None:
    """Return the row of those who drift away and take most money with them."""
    drifting = [row for row in segments if row["key"] in (Segment.AT_RISK, Segment.CANNOT_LOSE)]
    found = max(drifting, key=lambda row: row["group"].amount)
    return found if found["group"].customers else None


def grid(cells: Mapping[tuple[int, int], facts.Cell], run: ScoreRun, figure: str) -> dict[str, list]:
    """Return the map: `columns` from the most recent, `rows` from the most orders, each cell with its heat
    0–5.

    Ranges are whole days and orders, None where no value can score so. The warmth is the share of sales, or
    with `figure` "score" the mean money score.
    """
    days, orders = _ranges(run)
    fullest = max((cell.amount_share or 0 for cell in cells.values()), default=0)

    def placed(r: int, f: int) -> dict[str, Any]:
        cell = cells.get((r, f))
        place = {"r": r, "f": f, "cell": cell, "days": days[5 - r], "orders": orders[f - 1], "heat": 0}
        if cell:
            place |= {"heat": _heat(cell, fullest, figure), "segment": segment_label(cell.segment)}
        return place

    best_first = list(reversed(rfm.SCORES))
    return {
        "columns": [{"r": r, "range": days[5 - r]} for r in best_first],
        "rows": [
            {"f": f, "range": orders[f - 1], "cells": [placed(r, f) for r in best_first]} for f in best_first
        ],
    }


def _ranges(run: ScoreRun) -> tuple[list, list]:
    """Return the ranges of days and of orders; within a window a customer may have no order at all."""
    fewest = 1 if run.window_days is None else 0
    return rfm.ranges(run.cuts["recency_days"]), rfm.ranges(run.cuts["frequency"], fewest)


def steps(run: ScoreRun) -> list[dict[str, Any]]:
    """Return for scores 5 to 1 the days and orders that score so, and the amount above which money does."""
    days, orders = _ranges(run)
    amounts = [None, *run.cuts["monetary_amount"]]
    return [
        {"score": score, "days": days[5 - score], "orders": orders[score - 1], "amount": amounts[score - 1]}
        for score in reversed(rfm.SCORES)
    ]


def _heat(cell: facts.Cell, fullest: float, figure: str) -> int:
    if figure == "score":
        return round(cell.m_mean)
    weight = (cell.amount_share or 0) / fullest if fullest > 0 else 0
    return 1 + sum(weight >= step for step in HEAT_STEPS)
