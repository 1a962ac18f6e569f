"""What is expected of the known customers, and how well such expectations came true."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.ui import charts, money, presentation, sheets
from loyalty.ui.charts import Cell, Chart, Series
from loyalty.ui.past import asked

from .. import expected
from ..models import OutlookRun, ScoreRun

KINDS = {
    "stage": gettext_lazy("By stage"),
    "segment": gettext_lazy("By segment"),
    "quadrant": gettext_lazy("By value and frequency"),
}


def outlook(request: HttpRequest) -> HttpResponse:
    then = asked(request)
    run, scored = OutlookRun.objects.current(then.day), ScoreRun.objects.current()
    if scored is None or not scored.buyers or (run is None and not then.day):
        return render(request, "segmentation/empty.html")
    if run is None or run.reason:
        return then.render("segmentation/outlook.html", {"run": run, "since": _since()})
    kind = request.GET.get("by") if request.GET.get("by") in KINDS else "stage"
    groups, whole = expected.groups(run, kind), expected.everybody(run)
    if (wanted := request.GET.get("export")) in sheets.KINDS:
        return sheets.response(wanted, f"outlook-{kind}", _("Outlook"), _heads(), _rows(groups))
    context = {"run": run, "kind": kind, "kinds": KINDS, "groups": groups, "whole": whole}
    # Whose chances were what is kept for today only.
    stake = None if then.day else expected.at_stake(whole.profit_365 is not None)
    return then.render("segmentation/outlook.html", context | {"stake": stake, **_tested(run)})


def calibration(request: HttpRequest) -> HttpResponse:
    then = asked(request)
    run = OutlookRun.objects.current(then.day)
    if run is None and not then.day:
        return render(request, "segmentation/empty.html")
    context = _tested(run) if run else {}
    if found := context.get("calibration"):
        if (wanted := request.GET.get("export")) in sheets.KINDS:
            rows = (_plain(one) for one in found.tenths)
            return sheets.response(wanted, "calibration", _("Did it come true?"), _tenth_heads(), rows)
        context |= {"charts": [_tenths(found), _spent(found)]}
    return then.render("segmentation/calibration.html", {"run": run, "since": _since(), **context})


def _since() -> datetime.date | None:
    """Return the day of the first look ahead."""
    return OutlookRun.objects.order_by("as_of").values_list("as_of", flat=True).first()


def _tested(run: OutlookRun) -> dict:
    return {"calibration": expected.calibration(run), "untested": expected.untested(run)}


def _tenths(found: expected.Calibration) -> Chart:
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
        [Cell(write(value)) for write, value in zip(writers, _plain(one), strict=False)]
        for one in found.tenths
    ]
    return replace(chart, heads=_tenth_heads()[: len(writers)], rows=rows)


def _spent(found: expected.Calibration) -> Chart:
    number, amount = charts.formatter("number"), charts.formatter("money")
    chart = charts.bar(
        "calibration-money",
        _("Net spend of each person, expected and come, by the same tenths"),
        [number(one.number) for one in found.tenths],
        [
            Series(_("Expected"), [round(one.expected_amount) for one in found.tenths], "brand-line"),
            Series(_("Came"), [round(one.happened_amount) for one in found.tenths], "brand"),
        ],
        kind="money",
        x_title=_("Tenths of the people, the first those of whom most was expected"),
        y_title=_("Net spend of each"),
    )
    rows = [
        [Cell(number(one.number)), *(Cell(amount(round(value))) for value in _money(one))]
        for one in found.tenths
    ]
    return replace(chart, heads=[_tenth_heads()[0], *_money_heads()], rows=rows)


def _tenth_heads() -> list[str]:
    return [
        _("Decile"),
        _("People"),
        _("Expected order days of each"),
        _("Order days that came"),
        _("Expected to come at all"),
        _("Came at all"),
        *_money_heads(),
    ]


def _money_heads() -> list[str]:
    unit = money.unit_label(presentation.current())
    return [
        _("Expected net spend of each (%(unit)s)") % {"unit": unit},
        _("Net spend that came (%(unit)s)") % {"unit": unit},
    ]


def _money(one: expected.Tenth) -> tuple[float, float]:
    return one.expected_amount, one.happened_amount


def _plain(one: expected.Tenth) -> list:
    """Return the row of a tenth for a file."""
    shares = (one.expected, one.happened, one.expected_back_share, one.back_share)
    amounts = (sheets.amount(round(value)) for value in _money(one))
    return [one.number, one.people, *(round(value, 4) for value in shares), *amounts]


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
