"""Birthdays by the calendar people keep them in: which dates of birth are due in the coming days."""

from __future__ import annotations

import datetime

from persiantools.jdatetime import JalaliDate

# The oldest customer one need think of.
OLDEST_YEARS = 120


def births_due(today: datetime.date, days: int, calendar: str) -> list[datetime.date]:
    """Return every date of birth whose birthday falls on `today` or one of the next `days` - 1 days.

    A list of dates (about 120 a day) and not arithmetic in the database: a Jalali birthday moves by a day in
    the Gregorian calendar, and a list can use an index. Who was born on a leap day has their birthday on the
    day after in common years.
    """
    due = []
    for offset in range(days):
        day = today + datetime.timedelta(days=offset)
        due += _births_on(JalaliDate(day) if calendar == "jalali" else day)
    return due


def _births_on(day: datetime.date | JalaliDate) -> list[datetime.date]:
    kinds = [(day.month, day.day)]
    leap_day = (12, 30) if isinstance(day, JalaliDate) else (2, 29)
    after = (1, 1) if isinstance(day, JalaliDate) else (3, 1)
    year_of_leap_day = day.year - 1 if isinstance(day, JalaliDate) else day.year
    if kinds[0] == after and _date(type(day), year_of_leap_day, *leap_day) is None:
        kinds.append(leap_day)
    years = range(day.year - OLDEST_YEARS, day.year + 1)
    births = [_date(type(day), year, month, number) for year in years for month, number in kinds]
    return [birth for birth in births if birth is not None]


def _date(kind: type, year: int, month: int, day: int) -> datetime.date | None:
    try:
        made = kind(year, month, day)
    except ValueError:
        return None
    return made.to_gregorian() if isinstance(made, JalaliDate) else made
