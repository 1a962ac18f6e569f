"""When they buy: hours of the week, days of the month and months, for everybody or one group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.core.cache import caches
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from loyalty.customers.models import Customer
from loyalty.shops.models import Shop
from loyalty.ui import charts, sheets
from loyalty.ui.charts import Chart, Series
from loyalty.ui.dates import format_day
from loyalty.ui.periods import Period, period_of
from loyalty.ui.presentation import current
from loyalty.ui.templatetags.ui import num

from .. import past
from ..boards import HEAT_STEPS
from ..charts import people as people_list
from ..hours import Times, times, times_of
from ..models import Weekday
from .past import dated, named
from .whom import Whom, choices

SHORT = {
    1: pgettext_lazy("weekday, short", "Mon"),
    2: pgettext_lazy("weekday, short", "Tue"),
    3: pgettext_lazy("weekday, short", "Wed"),
    4: pgettext_lazy("weekday, short", "Thu"),
    5: pgettext_lazy("weekday, short", "Fri"),
    6: pgettext_lazy("weekday, short", "Sat"),
    7: pgettext_lazy("weekday, short", "Sun"),
}
PART_WORDS = {
    "morning": gettext_lazy("in the morning"),
    "afternoon": gettext_lazy("in the afternoon"),
    "evening": gettext_lazy("in the evening"),
}
KEPT_KINDS = ("", "segment", "stage")
KEPT_SECONDS = 600


@dated(tastes=True)
def rhythm(request: HttpRequest) -> HttpResponse:
    whom = Whom.of(request)
    found = times_for(request.shop, whom)
    if found is None:
        return render(request, "segmentation/empty.html")
    week = week_of(request.shop)
    months = _months(found, request.shop.calendar)
    if (kind := request.GET.get("export")) in sheets.KINDS:
        name = named(request, "when-they-buy")
        return sheets.response(kind, name, _("When they buy"), HEADS, _rows(found, week, months))
    context = {
        "whom": whom,
        "choices": choices(),
        "times": found,
        "finding": finding(found),
        "week": [(day, SHORT[day], Weekday(day).label) for day in week],
        "hours": _grid(found, week, whom),
        "weekdays": weekdays(found, whom, week, usually(whom), past.one_in() == 1),
        "days": _days_chart(found, request.shop.calendar, whom),
        "months": _months_chart(months, whom),
    }
    return render(request, "segmentation/rhythm.html", context)


def week_of(shop: Shop) -> list[int]:
    """Return the ISO weekdays as the shop's week has them: from Saturday in Iran, from Monday elsewhere."""
    first = Weekday.SATURDAY if shop.phone_region == "IR" or shop.language == "fa" else Weekday.MONDAY
    return [(first - 1 + step) % 7 + 1 for step in range(7)]


def times_for(shop: Shop, whom: Whom) -> Times | None:
    """Return the times as kept, or count them for a group or a past day that none are kept of; None before the
    first night."""
    if whom.on:
        return times_of(Customer.objects.all() if whom.people is None else whom.people, whom.on)
    everybody = times("", "")
    if everybody is None:
        return None
    if whom.kind in KEPT_KINDS:
        nothing = Times(everybody.as_of, everybody.computed_at, {}, {})
        return times(whom.kind, whom.key) or nothing
    key = f"times:{shop.pk}:{whom.value}:{everybody.computed_at.isoformat()}"
    found = caches["figures"].get(key)
    if found is None:
        found = times_of(whom.people, everybody.as_of)
        caches["figures"].set(key, found, KEPT_SECONDS)
    return found


def weekdays(found: Times, whom: Whom, week: list[int], usual: Counter, opens: bool) -> list[dict[str, Any]]:
    """Return a row each day of `week`: its orders, and the people of whom it is the usual one, whom it `opens`."""
    return [
        {
            "label": Weekday(day).label,
            "orders": found.weekdays[day],
            "share": found.weekdays[day] / found.orders if found.orders else 0,
            "people": usual[day],
            "query": whom.query(weekday=day) if opens else "",
        }
        for day in week
    ]


def usually(whom: Whom) -> Counter:
    """Return how many people usually come on each weekday."""
    rows = whom.filter.qs.filter(taste__weekday__isnull=False).order_by()
    counted = rows.values("taste__weekday").annotate(n=Count("pk")).values_list("taste__weekday", "n")
    return Counter({weekday: people * past.one_in() for weekday, people in counted})


def finding(found: Times) -> dict[str, Any]:
    """Return what the sentence on top says: the weekday and part of the day that stand out, and the day before."""
    weekday = found.busiest_weekday
    parts = found.parts(weekday)
    part = max(parts, key=parts.get) if found.knows_hours else ""
    said: dict[str, Any] = {"part": PART_WORDS.get(part, ""), "share": None}
    if found.orders:
        orders = parts[part] if part else found.weekdays.get(weekday, 0)
        said["share"] = orders / found.orders
    if weekday:
        said |= {
            "number": weekday,
            "day": Weekday(weekday).label,
            "before": Weekday((weekday - 2) % 7 + 1).label,
        }
    return said


def _grid(found: Times, week: list[int], whom: Whom) -> list[dict[str, Any]]:
    """Return one row an open hour, each with the cells of the week and their warmth, 0 to 5."""
    if not found.knows_hours:
        return []
    most = max(found.hours.values(), default=0)
    total = sum(found.hours.values())

    def cell(day: int, hour: int) -> dict[str, Any]:
        orders = found.hours.get((day, hour), 0)
        heat = 1 + sum(orders >= share * most for share in HEAT_STEPS) if orders else 0
        query = whom.query(bought_at=f"{day}-{hour}") if orders else ""
        share, label = orders / total, Weekday(day).label
        return {"orders": orders, "heat": heat, "share": share, "day": label, "query": query}

    return [{"hour": hour, "cells": [cell(day, hour) for day in week]} for hour in found.open_hours]


def _days_chart(found: Times, calendar: str, whom: Whom) -> Chart:
    """Return the orders of a usual first, second, … day of a month: not every month has a thirty-first."""
    orders, times_seen = Counter(), Counter()
    for day, count in found.days.items():
        month = period_of(day, calendar)
        number = (day - month.first_on).days + 1
        orders[number] += count
        times_seen[number] += 1
    numbers = sorted(times_seen)
    series = Series(
        _("Orders on such a day"),
        [round(orders[n] / times_seen[n], 2) for n in numbers],
        hrefs=[f"{people_list()}{whom.query(month_day=n)}" for n in numbers],
    )
    title = _("Day of the Jalali month") if calendar == "jalali" else _("Day of the month")
    return charts.bar(
        "days",
        _("Orders by day of the month"),
        [num(n) for n in numbers],
        series,
        x_title=title,
        is_short=True,
    )


def _months(found: Times, calendar: str) -> list[tuple[Period, float, int]]:
    """Return each month with its orders a day and how many there were; the first and the last are cut off."""
    orders, days = Counter(), Counter()
    for day, count in found.days.items():
        month = period_of(day, calendar)
        orders[month] += count
        days[month] += 1
    return [
        (month, orders[month] / days[month], orders[month])
        for month in sorted(days, key=lambda m: m.first_on)
    ]


def _months_chart(months: list[tuple[Period, float, int]], whom: Whom) -> Chart:
    series = Series(
        _("Orders a day"),
        [round(a_day, 2) for _month, a_day, _orders in months],
        hrefs=[f"{people_list()}{whom.query(bought_in=month.code)}" for month, *_rest in months],
    )
    # A Jalali month is a span of two to an English reader, too long for an axis: its first day will do.
    shown = current()
    labels = [
        month.label(shown) if month.calendar == shown.calendar else format_day(month.first_on, shown)
        for month, *_rest in months
    ]
    return charts.bar(
        "months", _("Orders a day, month by month"), labels, series, x_title=_("Month"), is_short=True
    )


HEADS = (gettext_lazy("What"), gettext_lazy("Day or month"), gettext_lazy("Hour"), gettext_lazy("Orders"))


def _rows(found: Times, week: list[int], months: list[tuple[Period, float, int]]) -> Iterator[list]:
    for day in week:
        yield [_("Weekday"), Weekday(day).label, None, found.weekdays[day]]
    for day in week:
        for hour in found.open_hours if found.knows_hours else ():
            yield [_("Weekday and hour"), Weekday(day).label, hour, found.hours.get((day, hour), 0)]
    for month, _a_day, orders in months:
        yield [_("Month"), str(month), None, orders]
    for day, orders in found.days.items():
        yield [_("Day"), day.isoformat(), None, orders]
