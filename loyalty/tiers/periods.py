"""How often a benefit may be given: the month, season or birthday a day belongs to, in the shop's own
calendar.
"""

from __future__ import annotations

import datetime

from persiantools.jdatetime import JalaliDate

JALALI = "jalali"
# A birthday is kept on the day, a week before and a week after: people seldom come on the day itself.
BIRTHDAY_DAYS = 7


def month_of(day: datetime.date, calendar: str) -> tuple[int, int]:
    """Return (year, month) of `day` in "jalali" or "gregorian"."""
    if calendar == JALALI:
        jalali = JalaliDate.to_jalali(day)
        return jalali.year, jalali.month
    return day.year, day.month


def month_key(day: datetime.date, calendar: str) -> str:
    year, month = month_of(day, calendar)
    return f"{year}-{month:02}"


def season_key(day: datetime.date, calendar: str) -> str:
    """Return e.g. "1405-q3"; Jalali quarters are the four seasons."""
    year, month = month_of(day, calendar)
    return f"{year}-q{(month + 2) // 3}"


def last_day(day: datetime.date, calendar: str, months: int) -> datetime.date:
    """Return the last day of the month (`months` 1) or of the season (3) that `day` is in."""
    year, month = month_of(day, calendar)
    month = month - (month - 1) % months + months
    year, month = (year + 1, month - 12) if month > 12 else (year, month)
    first = _day(year, month, 1, calendar)
    return first - datetime.timedelta(days=1)


def birthday_near(birth_on: datetime.date, day: datetime.date, calendar: str) -> datetime.date:
    """Return the birthday closest to `day`. In a year without that day (29 February, 30 Esfand) it is the
    day before.

    A Jalali birthday is celebrated by the Jalali calendar: its Gregorian date wanders by a day.
    """
    if calendar == JALALI:
        born = JalaliDate.to_jalali(birth_on)
        year, month, number = JalaliDate.to_jalali(day).year, born.month, born.day
    else:
        year, month, number = day.year, birth_on.month, birth_on.day
    near = [_birthday(around, month, number, calendar) for around in (year - 1, year, year + 1)]
    return min(near, key=lambda birthday: abs(birthday - day))


def _birthday(year: int, month: int, number: int, calendar: str) -> datetime.date:
    try:
        return _day(year, month, number, calendar)
    except ValueError:
        return _day(year, month, number - 1, calendar) + datetime.timedelta(days=1)


def _day(year: int, month: int, number: int, calendar: str) -> datetime.date:
    if calendar == JALALI:
        return JalaliDate(year, month, number).to_gregorian()
    return datetime.date(year, month, number)
