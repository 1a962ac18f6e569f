"""The boards as files: each table of a page under its own name, from what the page itself shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from loyalty.ui import money, presentation, sheets
from loyalty.ui.dates import format_day

from ..models import Stage, segment_label

Context = dict[str, Any]
Table = tuple[list[str], Iterator[list]]


def answer(request: HttpRequest, name: str, title: str, context: Context) -> HttpResponse:
    """Return the page `name`, or the table of it that `?table=` names as a file: the first one without it."""
    kind = request.GET.get("export")
    if kind not in sheets.KINDS:
        return render(request, f"segmentation/{name}.html", context)
    tables = TABLES[name]
    asked = request.GET.get("table", "")
    table = asked if asked in tables else next(iter(tables))
    return sheets.response(kind, table, title, *tables[table](context))


def money_head(words: str) -> str:
    """Return the head of a column of amounts: a spreadsheet holds bare numbers, so it names their unit."""
    unit = money.unit_label(presentation.current())
    return _("%(what)s (%(unit)s)") % {"what": words, "unit": unit}


def rounded(number: float | None, places: int = 4) -> float | None:
    return None if number is None else round(number, places)


def _groups(rows: str) -> Callable[[Context], Table]:
    def table(context: Context) -> Table:
        heads = [
            _("Group"),
            _("People"),
            _("Share of people"),
            money_head(_("Net spend")),
            _("Share of sales"),
            money_head(_("Profit")),
            _("Days since the last order"),
        ]
        return heads, (
            [
                str(row["label"]),
                (group := row["group"]).customers,
                rounded(group.share),
                sheets.amount(group.amount),
                rounded(group.amount_share),
                sheets.amount(group.profit_amount),
                rounded(group.recency_days, 1),
            ]
            for row in context[rows]
        )

    return table


def _map(context: Context) -> Table:
    heads = [
        _("Recency score"),
        _("Frequency score"),
        _("Days since the last order"),
        _("Orders"),
        _("Segment"),
        _("People"),
        money_head(_("Net spend")),
        _("Share of sales"),
        _("Money score"),
    ]
    return heads, (
        [
            place["r"],
            place["f"],
            _range(place["days"]),
            _range(place["orders"]),
            cell and segment_label(cell.segment),
            cell.customers if cell else 0,
            sheets.amount(cell.amount if cell else 0),
            cell and rounded(cell.amount_share),
            cell and rounded(cell.m_mean, 2),
        ]
        for row in context["grid"]["rows"]
        for place in row["cells"]
        for cell in [place["cell"]]
    )


def _range(limits: tuple[int, int | None] | None) -> str:
    if limits is None:
        return ""
    low, high = limits
    return f"{low}+" if high is None else str(low) if low == high else f"{low}–{high}"


def _weeks(context: Context) -> Table:
    heads = [_("Week to"), *(str(stage.label) for stage in Stage)]
    return heads, (
        [week.until_on.isoformat(), *(week.customers.get(stage, 0) for stage in Stage)]
        for week in context["weeks"]
    )


def _months(context: Context) -> Table:
    heads = [
        _("Month"),
        _("Became valued"),
        _("No longer valued"),
        _("Come more often"),
        _("Come less often"),
    ]
    shown = presentation.current()
    return heads, (
        [format_day(month.from_on, shown, "month"), *(people for people, _query in month.figures.values())]
        for month in context["months"]
    )


def _dependence(context: Context) -> Table:
    heads = [_("Segment"), _("People"), _("Dependence")]
    return heads, (
        [segment_label(segment), people, rounded(mean)]
        for segment, people, mean in context["dependence"].segments
    )


def _tenths(context: Context) -> Table:
    heads = [
        _("Decile"),
        _("People"),
        money_head(_("Net spend")),
        _("Share of sales"),
        _("Share with those before"),
        money_head(_("Least of one person")),
        money_head(_("Most of one person")),
    ]
    return heads, (
        [
            tenth.number,
            tenth.customers,
            sheets.amount(tenth.amount),
            rounded(tenth.share),
            rounded(tenth.running_share),
            sheets.amount(tenth.least_amount),
            sheets.amount(tenth.most_amount),
        ]
        for tenth in context["pareto"].tenths
    )


# Page → its tables; the file bears the table's name.
TABLES: dict[str, dict[str, Callable[[Context], Table]]] = {
    "segment_list": {"segments": _groups("segments"), "map": _map},
    "stage_list": {"stages": _groups("stages"), "weeks": _weeks},
    "quadrant_list": {"quadrants": _groups("quadrants"), "months": _months, "dependence": _dependence},
    "pareto": {"pareto": _tenths},
}
