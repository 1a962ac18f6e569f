"""What is expected of the known customers, and how well such expectations came true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.ui import charts, money, presentation, sheets
from loyalty.ui.charts import Cell, Series

from .. import expected
from ..models import OutlookRun, ScoreRun

KINDS = {"stage": gettext_lazy("By stage"), "segment": gettext_lazy("By segment")}


def outlook(request: HttpRequest) -> HttpResponse:
    run, scored = OutlookRun.objects.current(), ScoreRun.objects.current()
    if run is None or scored is None or not scored.buyers:
        return render(request, "segmentation/empty.html")
    if run.reason:
        return render(request, "segmentation/outlook.html", {"run": run})
    kind = "segment" if request.GET.get("by") == "segment" else "stage"
    groups = expected.groups(run, kind)
    if (wanted := request.GET.get("export")) in sheets.KINDS:
        return sheets.response(wanted, f"outlook-{kind}", _("Outlook"), _heads(), _rows(groups))
    whole = expected.everybody(run)
    context = {
        "run": run,
        "kind": kind,
        "kinds": KINDS,
        "groups": groups,
        "whole": whole,
        "stake": expected.at_stake(whole.profit_365 is not None),
        "calibration": expected.calibration(run),
    }
    return render(request, "segmentation/outlook.html", context)


def calibration(request: HttpRequest) -> HttpResponse:
    run = OutlookRun.objects.current()
    if run is None:
        return render(request, "segmentation/empty.html")
    found = expected.calibration(run)
    chart = _tenths(found) if found else None
    if found and (wanted := request.GET.get("export")) in sheets.KINDS:
        return sheets.response(
            wanted, "calibration", _("Did it come true?"), _tenth_heads(), _tenth_rows(found)
        )
    context = {"run": run, "calibration": found, "chart": chart}
    return render(request, "segmentation/calibration.html", context)


def _tenths(found: expected.Calibration) -> charts.Chart:
    number, decimal, share = (charts.formatter(kind) for kind in ("number", "decimal", "share"))
    chart = charts.bar(
        "calibration",
        _("Order days of each person, expected and come, by tenths of the people"),
        [number(one.number) for one in found.tenths],
        [
            Series(_("Expected"), [round(one.expected, 3) for one in found.tenths], "brand-line"),
            Series(_("Came"), [round(one.happened, 3) for one in found.tenths], "brand"),
        ],
        kind="decimal",
        x_title=_("Tenths of the people, the first those of whom most was expected"),
        y_title=_("Order days of each"),
    )
    writers = (number, number, decimal, decimal, share, share)
    rows = [
        [Cell(write(value)) for write, value in zip(writers, row, strict=True)] for row in _tenth_rows(found)
    ]
    return replace(chart, heads=_tenth_heads(), rows=rows)


def _tenth_heads() -> list[str]:
    return [
        _("Tenth"),
        _("People"),
        _("Expected order days of each"),
        _("Order days that came"),
        _("Expected to come at all"),
        _("Came at all"),
    ]


def _tenth_rows(found: expected.Calibration) -> Iterator[list]:
    for one in found.tenths:
        shares = (one.expected, one.happened, one.expected_back_share, one.back_share)
        yield [one.number, one.people, *(round(value, 4) for value in shares)]


def _heads() -> list[str]:
    unit = money.unit_label(presentation.current())
    bounds = [_("low"), _("high")]
    heads = [_("Group"), _("People")]
    for name in (_("Orders, 30 days"), _("Orders, 90 days"), _("Orders, 12 months")):
        heads += [name, *(f"{name}, {bound}" for bound in bounds)]
    for name in (_("Net spend, 12 months (%(unit)s)"), _("Profit, 12 months (%(unit)s)")):
        name = name % {"unit": unit}
        heads += [name, *(f"{name}, {bound}" for bound in bounds)]
    return heads


def _rows(groups: list[expected.Sums]) -> Iterator[list]:
    for one in groups:
        row = [str(one.label), one.people]
        for figure in (one.orders_30, one.orders_90, one.orders_365):
            row += [round(figure.mean, 3), round(figure.low, 3), round(figure.high, 3)]
        for figure in (one.amount_365, one.profit_365):
            bounds = (figure.amount, figure.low_amount, figure.high_amount) if figure else (None,) * 3
            row += [sheets.amount(minor) for minor in bounds]
        yield row
