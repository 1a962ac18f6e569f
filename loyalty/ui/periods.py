"""Months and quarters of the Jalali or the Gregorian calendar, each with a code that fits into an address.

A code says its calendar by its year, as `dates` reads years: 1405-08 is Aban 1405, 2026-03 is March 2026, and
1405-Q3 is the autumn of 1405. Days are Gregorian dates throughout.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

from django.utils.translation import gettext as _
from persiantools.jdatetime import JalaliDate

from .dates import format_day
from .presentation import Presentation, current
from .text import ascii_digits, persian_digits

MONTH, QUARTER = "month", "quarter"
KINDS = (MONTH, QUARTER)
# How many of a kind make a year.
_IN_A_YEAR = {MONTH: 12, QUARTER: 4}
_CODE = re.compile(r"(1[34]\d\d|19\d\d|2[01]\d\d)-(?:(0[1-9]|1[0-2])|Q([1-4]))")


@dataclass(frozen=True)
class Period:
    """One month or quarter; `number` counts from 1 within its year."""

    calendar: str
    kind: str
    year: int
    number: int

    @property
    def first_on(self) -> datetime.date:
        month = self.number if self.kind == MONTH else 3 * self.number - 2
        if self.calendar == "jalali":
            return JalaliDate(self.year, month, 1).to_gregorian()
        return datetime.date(self.year, month, 1)

    @property
    def end_on(self) -> datetime.date:
        """The first day after it."""
        return self.after(1).first_on

    @property
    def code(self) -> str:
        return f"{self.year}-{self.number:02}" if self.kind == MONTH else f"{self.year}-Q{self.number}"

    def after(self, steps: int) -> Period:
        """Return the period `steps` later; earlier where it is negative."""
        each = _IN_A_YEAR[self.kind]
        year, number = divmod(self.year * each + self.number - 1 + steps, each)
        return Period(self.calendar, self.kind, year, number + 1)

    def until(self, last: Period) -> list[Period]:
        """Return this one and those that follow, up to `last`; [] where that lies before."""
        each = _IN_A_YEAR[self.kind]
        steps = (last.year - self.year) * each + last.number - self.number
        return [self.after(step) for step in range(steps + 1)]

    def label(self, shown: Presentation) -> str:
        """Return its name for a reader: «آبان ۱۴۰۵», "March 2026", «پاییز ۱۴۰۵», "Q3 2026".

        A Jalali period has no settled English name, so an English reader gets its first and last day.
        """
        if self.calendar != shown.calendar:
            last = self.end_on - datetime.timedelta(days=1)
            style = "day" if self.first_on.year == last.year else "short"
            return f"{format_day(self.first_on, shown, style)} – {format_day(last, shown)}"
        if self.kind == MONTH:
            return format_day(self.first_on, shown, "month")
        if self.calendar == "jalali":
            season = (_("Spring"), _("Summer"), _("Autumn"), _("Winter"))[self.number - 1]
            text = f"{season} {self.year}"
        else:
            text = _("Q%(number)s %(year)s") % {"number": self.number, "year": self.year}
        return persian_digits(text) if shown.is_persian else text

    def __str__(self) -> str:
        return self.label(current())


def period_of(day: datetime.date, calendar: str, kind: str = MONTH) -> Period:
    """Return the month or quarter that `day` is in."""
    year, month = day.year, day.month
    if calendar == "jalali":
        jalali = JalaliDate.to_jalali(day)
        year, month = jalali.year, jalali.month
    return Period(calendar, kind, year, month if kind == MONTH else (month + 2) // 3)


def parse_period(code: str) -> Period:
    """Return the period of a code; raise ValueError."""
    match = _CODE.fullmatch(ascii_digits(code).strip().upper())
    if match is None:
        raise ValueError(code)
    year, month, quarter = int(match[1]), match[2], match[3]
    calendar = "jalali" if year < 1500 else "gregorian"
    return Period(calendar, MONTH if month else QUARTER, year, int(month or quarter))
