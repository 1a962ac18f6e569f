"""The boards as of a past day: the people of every group by then, counted from what is remembered, and the
pictures that a run of that week kept."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from loyalty.ui import sheets
from loyalty.ui.past import Asked, asked

from .. import (
    boards,
    charts,
    concentration,
    counting,
    facts,
    history,
    moves,
    overlay,
    plays,
    regulars,
    services,
    valued,
)
from ..models import Quadrant, ScoreRun, Segment, Stage
from . import files

BOARDS = {
    "segment": (Segment, plays.SEGMENTS, "segments"),
    "stage": (Stage, plays.STAGES, "stages"),
    "quadrant": (Quadrant, plays.QUADRANTS, "quadrants"),
}
# The money and the pictures of a large shop's day are those of the last run up to so many days before it.
NEAR = datetime.timedelta(days=7)

View = Callable[..., HttpResponse]


def dated(*, lays: bool = True, **laid: bool) -> Callable[[View], View]:
    """Let a report be asked as of a past day: what it reads is of that day (`laid` as `overlay.as_of` takes it), and
    `request.asked` says which one. Where not `lays`, the report looks back by itself.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            day = _asked(request).day
            if request.asked.is_now:
                return view(request, *args, **kwargs)
            if day is None or not overlay.reaches(day):
                context = {"since": history.kept_since()}
                return request.asked.render("segmentation/report_then.html", context)
            with overlay.as_of(day, **laid) if lays else nullcontext() as request.past:
                return view(request, *args, **kwargs)

        return answer

    return decorate


def _asked(request: HttpRequest) -> Asked:
    """Set which day the page is of, and what the addresses end with that its links lead to."""
    request.asked, request.past = asked(request), None
    day = request.asked.day
    request.then, request.then_only = (f"&on={day}", f"?on={day}") if day else ("", "")
    return request.asked


def board(request: HttpRequest, kind: str, run: ScoreRun) -> HttpResponse | None:
    """Return the board of `kind` as of the day asked for; None where none, today or a later one is."""
    found = _asked(request)
    if found.is_now:
        return None
    # The points are drawn of a part of the shop on any day; whoever is counted must be everybody.
    is_laid = found.day and (
        overlay.is_whole_on(found.day) or kind == "quadrant" and overlay.reaches(found.day)
    )
    with overlay.as_of(found.day) if is_laid else nullcontext() as request.past:
        return _board(request, kind, run)


def _board(request: HttpRequest, kind: str, run: ScoreRun) -> HttpResponse:
    found = request.asked
    context = {"run": run, "tab": BOARDS[kind][2], "kind": kind}
    if found.day is not None:
        then = _run_of_the_day(request.past, kind) or run_of(found.day)
        rows = _rows(kind, found.day, run, then)
        context |= {"rows": rows, "knows": any(row["then"].customers for row in rows), "then": then}
        context |= _pictures(kind, then) if then else {}
        context |= _opened(request, kind, {row["key"]: row["then"] for row in rows}) if request.past else {}
        if (wanted := request.GET.get("export")) in sheets.KINDS:
            return sheets.response(wanted, f"{kind}-{found.day}", str(kind), *_file(rows, then))
    return found.render("segmentation/board_then.html", context)


def _run_of_the_day(past: overlay.Past | None, kind: str) -> ScoreRun | None:
    """Return the run of the day that is laid over the present with everybody, and the money of its groups."""
    if past is None or past.one_in > 1:
        return None
    groups = facts.groups(kind, past.day)
    past.run.sums = past.run.sums | {kind: {key: [one.customers, one.amount] for key, one in groups.items()}}
    return past.run


def _pictures(kind: str, then: ScoreRun) -> dict[str, Any]:
    """Return what is drawn beside the groups of `kind`; nothing where the run is older than its pictures."""
    if kind == "stage":
        weeks = facts.trend("stage", then, services.TREND_WEEKS)
        return {"chart": charts.stages(weeks, then.as_of)}
    if kind == "quadrant":
        return {"dependence": counting.dependence(then)}
    cells = counting.cells(then)
    return {"figure": "sales", "grid": boards.grid(cells, then, "sales")} if cells else {}


def _opened(request: HttpRequest, kind: str, groups: dict[str, facts.Group]) -> dict[str, Any]:
    """Return what is drawn from the day itself, whose people can be opened; of a large shop the points only."""
    past, found = request.past, {}
    if kind == "quadrant":
        points = facts.points(past.run.buyers, past.day)
        points_chart = charts.value_volume(points, past.run.cuts, groups, past.day)
        found = {"points": points_chart, "drawn": len(points), "day_run": past.run}
    if past.one_in > 1:
        return found
    found |= {"opens": True}
    if kind == "quadrant":
        promising, first = valued.promising(request.shop, past.day)
        return found | {
            "promising": promising,
            "first": first,
            "dependence": valued.dependence(request.shop),
        }
    if kind == "stage":
        return found | {"regulars": regulars.regulars(past.day)}
    return found | {"figure": "sales", "grid": boards.grid(facts.grid(), past.run, "sales")}


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
    found = _asked(request)
    if found.is_now:
        return None
    if found.day and overlay.is_whole_on(found.day):
        with overlay.as_of(found.day) as request.past:
            pareto = concentration.now()
            chart = charts.pareto(pareto, found.day) if pareto else None
            context = {"run": request.past.run, "pareto": pareto, "chart": chart, "opens": True}
            return found.render("segmentation/pareto_then.html", context)
    then = run_of(found.day) if found.day else None
    kept = counting.pareto(then) if then else None
    context = {"run": then, "pareto": kept, "chart": charts.pareto(kept, opens=False) if kept else None}
    return found.render("segmentation/pareto_then.html", context)


def named(request: HttpRequest, name: str) -> str:
    """Return the name of a file, with the past day that it is of."""
    return f"{name}-{request.asked.day}" if request.asked.day else name


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
