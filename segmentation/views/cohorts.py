"""Cohorts: how many of those who first came in one period come again in each later one, and what they bring."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from loyalty.ui import money, presentation, sheets
from loyalty.ui.periods import KINDS, MONTH
from loyalty.ui.templatetags.ui import num

from ..charts import people
from ..cohorts import Cell, Matrix, matrix, matrix_then
from ..models import CohortRun
from .past import dated, named

FIGURES = {
    "rate": gettext_lazy("Who comes again"),
    "people": gettext_lazy("People"),
    "money": gettext_lazy("Money"),
    "each": gettext_lazy("Money per head"),
}
BY = {"month": gettext_lazy("Month by month"), "quarter": gettext_lazy("Quarter by quarter")}
KEPT_SECONDS = 600
# So many of the latest cohorts stand on the screen; the files hold all of them.
SHOWN = {"month": 13, "quarter": 9}
# After how many periods the key figures look: a month, a quarter, half a year and a year.
LATER = {"month": (1, 3, 6, 12), "quarter": (1, 2, 4, 8)}


@dated(lays=False)
def cohorts(request: HttpRequest) -> HttpResponse:
    kind = _chosen(request, "by", KINDS, MONTH)
    figure = _chosen(request, "figure", FIGURES, "rate")
    day = request.asked.day
    found = _then(request, kind, day) if day else matrix(kind)
    if found is None:
        return render(request, "segmentation/empty.html")
    if (wanted := request.GET.get("export")) in sheets.KINDS:
        return sheets.response(
            wanted, named(request, f"cohorts-{kind}"), _("Cohorts"), _heads(), _rows(found)
        )
    shown = found.cohorts if request.GET.get("all") else found.cohorts[-SHOWN[kind] :]
    steps = found.steps[: max((len(cohort.cells) for cohort in shown), default=0)]
    over = [
        _value(cell, figure)
        for cohort in shown
        for cell in cohort.cells[1:]
        if cell.buyers and not cell.is_open
    ]
    coldest, warmest = min(over, default=0), max(over, default=0)
    context = {
        "run": found.run,
        "kind": kind,
        "figure": figure,
        "figures": FIGURES,
        "kinds": BY,
        "steps": [(step, _step_words(step, kind)) for step in steps],
        "rows": [
            (
                cohort,
                [_place(cell, step, figure, coldest, warmest, day) for step, cell in enumerate(cohort.cells)],
            )
            for cohort in reversed(shown)
        ],
        "means": found.means[: len(steps)],
        "later": [
            (_step_words(step, kind), found.means[step])
            for step in LATER[kind]
            if step < len(found.means) and found.means[step] is not None
        ],
        "hidden": len(found.cohorts) - len(shown),
        "unit": money.unit_label(presentation.current()),
    }
    return render(request, "segmentation/cohorts.html", context)


def _then(request: HttpRequest, kind: str, day: datetime.date) -> Matrix | None:
    """Return the cohorts as of a past day, kept a while: of a large shop they take seconds."""
    run = CohortRun.objects.first()
    if run is None:
        return None
    key = f"cohorts:{request.shop.pk}:{request.shop.calendar}:{kind}:{day}:{run.computed_at.isoformat()}"
    return caches["figures"].get_or_set(key, lambda: matrix_then(kind, day), KEPT_SECONDS)


def _chosen(request: HttpRequest, name: str, offered, default: str) -> str:
    asked = request.GET.get(name, "")
    return asked if asked in offered else default


def _value(cell: Cell, figure: str) -> float:
    return {
        "rate": cell.rate,
        "people": cell.buyers,
        "money": cell.amount,
        "each": cell.each_amount,
    }[figure]


def _place(
    cell: Cell, step: int, figure: str, coldest: float, warmest: float, day: datetime.date | None
) -> dict[str, Any]:
    """Return a cell with its warmth, 1 to 5, between the coldest and the warmest period that is over.

    The first period holds everybody of the cohort and has none: every other one would look cold beside it.
    """
    value = _value(cell, figure)
    heat = 0
    if step and value > 0:
        heat = 5 if value >= warmest else 1 + max(0, int(5 * (value - coldest) / (warmest - coldest)))
    then = {"on": day.isoformat()} if day else {}
    href = people(cohort=cell.cohort.code, bought_in=cell.period.code, **then) if cell.buyers else ""
    return {"cell": cell, "heat": heat, "href": href}


def _step_words(step: int, kind: str) -> str:
    if kind == MONTH:
        words = ngettext("%(count)s month later", "%(count)s months later", step)
    else:
        words = ngettext("%(count)s quarter later", "%(count)s quarters later", step)
    return words % {"count": num(step)}


def _heads() -> list[str]:
    unit = money.unit_label(presentation.current())
    return [
        _("First purchase in"),
        _("People"),
        _("Period"),
        _("Periods later"),
        _("People who bought"),
        _("Share"),
        _("Orders"),
        _("Net spend (%(unit)s)") % {"unit": unit},
        _("Per head (%(unit)s)") % {"unit": unit},
        _("Still running"),
    ]


def _rows(found: Matrix) -> Iterator[list]:
    for cohort in found.cohorts:
        for step, cell in enumerate(cohort.cells):
            yield [
                str(cohort.period),
                cohort.size,
                str(cell.period),
                step,
                cell.buyers,
                round(cell.rate, 6),
                cell.orders,
                sheets.amount(cell.amount),
                sheets.amount(cell.each_amount),
                _("yes") if cell.is_open else "",
            ]
