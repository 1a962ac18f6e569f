"""The boards as of a past day: the people of every group by then, counted from what is remembered, and the
pictures that a run of that week kept."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from loyalty.ui import sheets
from loyalty.ui.past import asked

from .. import boards, charts, counting, facts, moves, plays, services
from ..models import Quadrant, ScoreRun, Segment, Stage
from . import files

BOARDS = {
    "segment": (Segment, plays.SEGMENTS, "segments"),
    "stage": (Stage, plays.STAGES, "stages"),
    "quadrant": (Quadrant, plays.QUADRANTS, "quadrants"),
}
# The money and the pictures of a day are those of the last run up to so many days before it.
NEAR = datetime.timedelta(days=7)


def board(request: HttpRequest, kind: str, run: ScoreRun) -> HttpResponse | None:
    """Return the board of `kind` as of the day asked for; None where none, today or a later one is."""
    found = asked(request)
    if found.is_now:
        return None
    context = {"run": run, "tab": BOARDS[kind][2], "kind": kind}
    if found.day is not None:
        then = run_of(found.day)
        rows = _rows(kind, found.day, run, then)
        context |= {"rows": rows, "knows": any(row["then"].customers for row in rows), "then": then}
        context |= _pictures(kind, then) if then else {}
        if (wanted := request.GET.get("export")) in sheets.KINDS:
            return sheets.response(wanted, f"{kind}-{found.day}", str(kind), *_file(rows, then))
    return found.render("segmentation/board_then.html", context)


def _pictures(kind: str, then: ScoreRun) -> dict[str, Any]:
    """Return what is drawn beside the groups of `kind`; nothing where the run is older than its pictures."""
    if kind == "stage":
        weeks = facts.trend("stage", then, services.TREND_WEEKS)
        return {"chart": charts.stages(weeks, then.as_of)}
    if kind == "quadrant":
        return {"dependence": counting.dependence(then)}
    cells = counting.cells(then)
    return {"figure": "sales", "grid": boards.grid(cells, then, "sales")} if cells else {}


def _file(rows: list[dict[str, Any]], then: ScoreRun | None) -> tuple[list[str], Iterator[list]]:
    heads = [
        _("Group"),
        _("People then"),
        files.money_head(_("Net spend then")),
        _("People today"),
        _("Change"),
    ]
    return heads, (
        [
            str(row["label"]),
            (group := row["then"]).customers,
            sheets.amount(group.amount) if then else None,
            row["now"],
            row["change"],
        ]
        for row in rows
    )


def pareto(request: HttpRequest) -> HttpResponse | None:
    """Return who made the sales as of the day asked for; None where none, today or a later one is."""
    found = asked(request)
    if found.is_now:
        return None
    then = run_of(found.day) if found.day else None
    kept = counting.pareto(then) if then else None
    context = {"run": then, "pareto": kept, "chart": charts.pareto(kept, is_past=True) if kept else None}
    return found.render("segmentation/pareto_then.html", context)


def run_of(day: datetime.date) -> ScoreRun | None:
    """Return the last run of the week up to `day`, from which money and pictures are; None without one."""
    runs = ScoreRun.objects.filter(as_of__lte=day, as_of__gt=day - NEAR)
    return runs.order_by("-as_of", "-pk").first()


def _rows(kind: str, day: datetime.date, run: ScoreRun, then: ScoreRun | None) -> list[dict[str, Any]]:
    choices, words, _tab = BOARDS[kind]
    counted = moves.counts(moves.KINDS[kind], [day])[day]
    sums = then.sums[kind] if then else {}
    people, spent = sum(counted.values()), sum(amount for _count, amount in sums.values())
    groups = {}
    for key, customers in counted.items():
        amount = sums.get(key, [0, 0])[1]
        share = amount / spent if spent > 0 else None
        groups[key] = facts.Group(key, customers, amount, customers / people, share)
    now = {key: customers for key, (customers, _amount) in run.sums[kind].items()}
    return [
        row
        | {
            "then": row["group"],
            "now": now.get(row["key"], 0),
            "change": now.get(row["key"], 0) - row["group"].customers,
        }
        for row in boards.rows(kind, choices, words, groups, run)
    ]
