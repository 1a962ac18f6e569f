"""How much of a month's income was to be expected by now, from the shop's own earlier months.

The level is the mean income of the last three whole months; the shape is how, on average, up to twelve
whole months filled up day by day. Expected by day d is level × shape(d). It knows no season and no trend
beyond three months, and says nothing for a shop with fewer than three whole months of sales.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from persiantools.jdatetime import JalaliDate

LEVEL_MONTHS = 3
SHAPE_MONTHS = 12


@dataclass(frozen=True)
class Month:
    """A month of the reader's calendar: its first day and how many it has."""

    start: datetime.date
    days: int

    @property
    def dates(self) -> list[datetime.date]:
        return [self.start + datetime.timedelta(days=offset) for offset in range(self.days)]


@dataclass(frozen=True)
class Expectation:
    """Minor units: expected so far and for the whole month, and expected by the end of each of its days."""

    so_far_amount: int
    month_amount: int
    curve: tuple[float, ...]


def month_of(day: datetime.date, calendar: str) -> Month:
    """Return the month of the calendar ("jalali" or "gregorian") that `day` falls in."""
    if calendar == "jalali":
        jalali = JalaliDate(day)
        days = JalaliDate.days_in_month(jalali.month, jalali.year)
        return Month(JalaliDate(jalali.year, jalali.month, 1).to_gregorian(), days)
    start = day.replace(day=1)
    after = (start + datetime.timedelta(days=31)).replace(day=1)
    return Month(start, (after - start).days)


def months_before(month: Month, calendar: str, count: int = SHAPE_MONTHS) -> list[Month]:
    """Return the `count` months before `month`, oldest first."""
    found = [month]
    for _ in range(count):
        found.append(month_of(found[-1].start - datetime.timedelta(days=1), calendar))
    return found[:0:-1]


def filling(month: Month, daily: Mapping[datetime.date, int]) -> list[int]:
    """Return the income of the month up to the end of each of its days."""
    return list(accumulate(daily.get(day, 0) for day in month.dates))


def expectation(
    daily: Mapping[datetime.date, int],
    month: Month,
    earlier: Sequence[Month],
    today: datetime.date,
    day_share: float,
) -> Expectation | None:
    """Return what was to be expected of `month` by the moment when `day_share` (0–1) of `today` is over.

    `daily` is the income by day since the first of the `earlier` months; None where it is too little to say.
    """
    if not daily:
        return None
    first_sale = min(daily)
    whole = [filling(one, daily) for one in earlier if one.start >= first_sale]
    level = sum(filled[-1] for filled in whole[-LEVEL_MONTHS:]) / LEVEL_MONTHS
    shapes = [filled for filled in whole if filled[-1] > 0]
    if len(whole) < LEVEL_MONTHS or not shapes or level <= 0:
        return None
    curve = tuple(
        level * sum(filled[min(index, len(filled) - 1)] / filled[-1] for filled in shapes) / len(shapes)
        for index in range(month.days)
    )
    gone = (today - month.start).days
    before = curve[gone - 1] if gone else 0.0
    return Expectation(round(before + day_share * (curve[gone] - before)), round(curve[-1]), curve)
