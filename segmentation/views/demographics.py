"""Who they are and where they live, for everybody or one group, each against the shop's average."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.customers.models import Customer
from loyalty.ui import charts, sheets
from loyalty.ui.charts import Cell, Chart, Series

from .. import demographics, past
from ..charts import people as people_list
from ..demographics import DIMENSIONS, Band, Profile
from .past import dated, named
from .whom import Whom, choices

LABELS = {
    "age": gettext_lazy("Age"),
    "gender": gettext_lazy("Gender"),
    "province": gettext_lazy("Province"),
    "city": gettext_lazy("City"),
    "neighbourhood": gettext_lazy("Neighbourhood"),
    "job": gettext_lazy("Job"),
    "acquired": gettext_lazy("How they found us"),
    "tenure": gettext_lazy("Time with us"),
}
# What the list of customers calls the lack of it.
MISSING = {"age": "birth", "tenure": "joined"}
# Bars a card shows; whoever wants all of a long tail takes the file.
MOST_BARS = 10


@dataclass(frozen=True)
class Bar:
    """One band in words, and the query string of its people."""

    band: Band
    label: str
    query: str


@dated()
def people(request: HttpRequest) -> HttpResponse:
    run = past.current_run()
    if run is None or not run.buyers:
        return render(request, "segmentation/empty.html")
    whom = Whom.of(request)
    found = demographics.profile(request.asked.today, whom.people)
    if (kind := request.GET.get("export")) in sheets.KINDS:
        return sheets.response(
            kind, named(request, "people-and-places"), _("People and places"), HEADS, _rows(found, whom)
        )
    cards = [
        {
            "key": name,
            "label": LABELS[name],
            "dimension": found.dimensions[name],
            "bars": _shown(bars := _bars(found, name, whom)),
            "left_out": len(bars) - len(_shown(bars)),
        }
        for name in DIMENSIONS
    ]
    context = {
        "run": run,
        "whom": whom,
        "choices": choices(),
        "profile": found,
        "cards": cards,
        "chart": _chart(found, whom),
    }
    return render(request, "segmentation/people.html", context)


HEADS = (
    gettext_lazy("About"),
    gettext_lazy("Value"),
    gettext_lazy("People"),
    gettext_lazy("Share of people"),
    gettext_lazy("Share of everybody"),
    gettext_lazy("Index of people"),
    gettext_lazy("Net spend"),
    gettext_lazy("Spend per person"),
    gettext_lazy("Index of spend"),
    gettext_lazy("Order days per person"),
)


def _rows(found: Profile, whom: Whom) -> Iterator[list]:
    for name in DIMENSIONS:
        for bar in _bars(found, name, whom):
            band = bar.band
            yield [
                str(LABELS[name]),
                bar.label,
                band.customers,
                round(band.share, 4),
                round(band.all_share, 4),
                None if band.index is None else round(band.index),
                sheets.amount(band.amount),
                None if band.amount_each is None else sheets.amount(round(band.amount_each)),
                None if band.amount_index is None else round(band.amount_index),
                None if band.days_each is None else round(band.days_each, 2),
            ]


def _bars(found: Profile, name: str, whom: Whom) -> list[Bar]:
    return [
        Bar(band, label(name, band), whom.query(**_conditions(name, band)))
        for band in found.dimensions[name].bands
    ]


def _shown(bars: list[Bar]) -> list[Bar]:
    """Return the first bars and, whatever its place, the one of those of whom nothing is known."""
    known = [bar for bar in bars if bar.band.key]
    return known[:MOST_BARS] + [bar for bar in bars if not bar.band.key]


def label(name: str, band: Band) -> str:
    """Return the words for one band of a dimension."""
    if not band.key:
        return _("Not known")
    if name in demographics.BANDED:
        return _span(name, int(band.key))
    if name == "gender":
        return str(Customer.Gender(band.key).label) if band.key in Customer.Gender else band.key
    if band.place:
        return _("%(neighbourhood)s, %(city)s") % {"neighbourhood": band.key, "city": band.place}
    return band.key


def _span(name: str, number: int) -> str:
    write = charts.formatter("number")
    low, high = demographics.BANDED[name][number]
    if name == "age":
        said = {
            (None, high): _("Up to %(high)s years"),
            (low, None): _("%(low)s years and more"),
        }.get((low, high), _("%(low)s to %(high)s years"))
        return said % {"low": low and write(low), "high": high and write(high)}
    return str(TENURES[number])


TENURES = (
    gettext_lazy("Less than three months"),
    gettext_lazy("Three months to a year"),
    gettext_lazy("One to two years"),
    gettext_lazy("Two to three years"),
    gettext_lazy("Three years and more"),
)


def _conditions(name: str, band: Band) -> dict[str, object]:
    """Return the conditions of the list of customers that mean this band."""
    if not band.key:
        return {"missing": MISSING.get(name, name)}
    if name in demographics.BANDED:
        lead = {"age": "age", "tenure": "joined"}[name]
        low, high = demographics.BANDED[name][int(band.key)]
        limits = {f"{lead}_min": low, f"{lead}_max": high}
        return {limit: value for limit, value in limits.items() if value is not None}
    if name == "neighbourhood":
        return {"neighbourhood": band.key, "city": band.place} if band.place else {"neighbourhood": band.key}
    return {name: band.key}


def _chart(found: Profile, whom: Whom) -> Chart | None:
    """Return the ages of the group beside those of everybody; None where no birthday is known."""
    bars = [bar for bar in _bars(found, "age", whom) if bar.band.key]
    if not bars:
        return None
    hrefs = [f"{people_list()}{bar.query}" for bar in bars]
    series = [Series(whom.label, [bar.band.share for bar in bars], "brand", hrefs)]
    if whom.kind:
        series.append(Series(_("Everyone in the club"), [bar.band.all_share for bar in bars], "line-2"))
    chart = charts.bar(
        "ages",
        _("Share of the people in each age"),
        [bar.label for bar in bars],
        series,
        kind="share",
        x_title=_("Age"),
    )
    share = charts.formatter("share")
    rows = [
        [Cell(bar.label, href), Cell(share(bar.band.share)), Cell(share(bar.band.all_share))]
        for bar, href in zip(bars, hrefs, strict=True)
    ]
    return replace(chart, heads=[_("Age"), whom.label, _("Everyone in the club")], rows=rows)
