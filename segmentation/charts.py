"""The pictures of the segments: data in, figures of `ui.charts` out."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import zip_longest

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty.ui import charts, dates, money, presentation
from loyalty.ui.charts import Cell, Chart, Points, Series

from .concentration import Pareto, Tenth
from .facts import Group, Point, Week
from .models import Quadrant, Stage
from .rfm import quantile

# Bars are stacked from the newest to those longest away; who never bought would only make them shorter.
STACKED = (Stage.NEW, Stage.ACTIVE, Stage.LOYAL, Stage.RETURNED, Stage.AT_RISK, Stage.INACTIVE, Stage.LOST)
TOKENS = {Stage.AT_RISK: "risk"}
QUADRANT_TOKENS = {
    Quadrant.VALUED_FREQUENT: "brand",
    Quadrant.VALUED_RARE: "vip",
    Quadrant.VOLUME: "risk",
    Quadrant.OCCASIONAL: "lost",
}
# Beyond this share of the points lie the few who would squeeze all others into a corner.
DRAWN_SHARE = 0.99


def people(**conditions: object) -> str:
    """Return the address of the list of customers under `conditions`."""
    return f"{reverse('customers:customer_list')}?{urlencode(conditions, doseq=True)}"


def _as_of(on: datetime.date | None) -> dict[str, str]:
    return {"on": on.isoformat()} if on else {}


def stages(weeks: Sequence[Week], on: datetime.date | None = None) -> Chart:
    """Return the people of each stage, week by week; the last week opens their lists, those of the day `on`."""
    shown = presentation.current()
    labels = [dates.format_day(week.until_on, shown, "day") for week in weeks]
    series = [
        Series(
            stage.label,
            [week.customers.get(stage, 0) for week in weeks],
            TOKENS.get(stage, stage.value),
            [""] * (len(weeks) - 1) + [people(stage=stage.value, **_as_of(on))],
        )
        for stage in STACKED
    ]
    return charts.stacked(
        "stages", _("People in each stage, week by week"), labels, series, x_title=_("Week to")
    )


def value_volume(
    points: Sequence[Point],
    medians: Mapping[str, float | None],
    groups: Mapping[str, Group],
    on: datetime.date | None = None,
) -> Chart:
    """Return value against the order days of a year, of today or of the day `on`; the table counts everybody, not
    only those drawn.
    """
    days = sorted(point.year_days for point in points)
    furthest = quantile(days, DRAWN_SHARE) if days else 0
    drawn = [
        Points(
            quadrant.label,
            [min(point.year_days, furthest) for point in points if point.quadrant == quadrant],
            [point.value_score for point in points if point.quadrant == quadrant],
            QUADRANT_TOKENS[quadrant],
            [_point_label(point) for point in points if point.quadrant == quadrant],
            [
                reverse("customers:customer_detail", args=[point.customer_id])
                for point in points
                if point.quadrant == quadrant
            ],
        )
        for quadrant in Quadrant
    ]
    chart = charts.scatter(
        "value-volume",
        _("Value of each customer against how often they come"),
        drawn,
        x_title=_("Order days, 12 months"),
        y_title=_("Value score, 0 to 100"),
        # Between two whole numbers: whoever stands on the median is not above it.
        # Where the units count, too, no line through the days divides anybody.
        x_cut=None
        if medians.get("year_days") is None or medians.get("units_mean") is not None
        else math.floor(medians["year_days"]) + 0.5,
        y_cut=medians["value_score"],
    )
    number, share = charts.formatter("number"), charts.formatter("share")
    rows = [
        [
            Cell(str(quadrant.label), people(quadrant=quadrant.value, **_as_of(on))),
            Cell(number(group.customers)),
            Cell(share(group.share)),
            Cell(share(group.amount_share)),
        ]
        for quadrant in Quadrant
        if (group := groups.get(quadrant, Group(quadrant)))
    ]
    return replace(chart, heads=["", _("People"), _("Share of people"), _("Share of sales")], rows=rows)


def _point_label(point: Point) -> str:
    number = charts.formatter("number")
    said = ngettext(
        "%(name)s: %(days)s order day in 12 months, value %(value)s",
        "%(name)s: %(days)s order days in 12 months, value %(value)s",
        point.year_days,
    )
    return said % {
        "name": point.name or "–",
        "days": number(point.year_days),
        "value": number(point.value_score),
    }


def pareto(found: Pareto, on: datetime.date | None = None, *, opens: bool = True) -> Chart:
    """Return the share of sales of each tenth of the buyers and the running total; a bar opens its people, of the
    day `on`, unless nobody knows who they were.
    """
    share = charts.formatter("share")
    hrefs = [tenth_people(tenth, on) for tenth in found.tenths] if opens else []
    chart = charts.pareto(
        "pareto",
        _("Share of sales of each tenth of the customers, from those who spend most"),
        [share(tenth.number / 10) for tenth in found.tenths],
        [tenth.share for tenth in found.tenths],
        names=(_("Share of each tenth"), _("Running total")),
        hrefs=hrefs,
        x_title=_("Customers, those who spend most first"),
    )
    number, amount = charts.formatter("number"), charts.formatter("money")
    rows = [
        [
            Cell(share(tenth.number / 10), href),
            Cell(number(tenth.customers)),
            Cell(amount(tenth.amount)),
            Cell(share(tenth.share)),
            Cell(share(tenth.running_share)),
        ]
        for tenth, href in zip_longest(found.tenths, hrefs, fillvalue="")
    ]
    heads = [_("Up to"), _("People"), _("Net spend"), _("Share of sales"), _("Running total")]
    return replace(chart, heads=heads, rows=rows)


def tenth_people(tenth: Tenth, on: datetime.date | None = None) -> str:
    """Return the address of those who spent between the least and the most of a tenth."""
    limits = {"spent_max": as_typed(tenth.most_amount), **_as_of(on)}
    if tenth.least_amount > 0:
        limits["spent_min"] = as_typed(tenth.least_amount)
    return people(**limits)


def spent_at_least(minor: int) -> str:
    """Return the query string, with its question mark, of those who spent `minor` or more."""
    return f"?{urlencode({'spent_min': as_typed(minor)})}"


def as_typed(minor: int) -> str:
    """Return an amount as a person would type it into a filter, in the unit the shop shows."""
    value = Decimal(minor) / money.unit_of(presentation.current()).factor
    return f"{value.normalize():f}"
