"""Months and quarters: where they begin and end in both calendars, and what they are called."""

import datetime

import pytest

from loyalty.ui.periods import Period, parse_period, period_of
from loyalty.ui.presentation import Presentation

JALALI, GREGORIAN = "jalali", "gregorian"


@pytest.mark.parametrize(
    ("code", "first_on", "end_on"),
    [
        ("2026-03", "2026-03-01", "2026-04-01"),
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2026-Q4", "2026-10-01", "2027-01-01"),
        ("1405-08", "2026-10-23", "2026-11-22"),
        # 1403 is a leap year: its Esfand has thirty days.
        ("1403-12", "2025-02-19", "2025-03-21"),
        ("1405-Q1", "2026-03-21", "2026-06-22"),
    ],
)
def test_a_code_says_its_days(code, first_on, end_on):
    period = parse_period(code)
    assert (period.first_on.isoformat(), period.end_on.isoformat(), period.code) == (first_on, end_on, code)


@pytest.mark.parametrize("code", ["", "2026", "2026-13", "2026-Q5", "1405-00", "0000-01", "2026-03-01"])
def test_what_is_no_period_is_refused(code):
    with pytest.raises(ValueError):
        parse_period(code)


@pytest.mark.parametrize("calendar", [JALALI, GREGORIAN])
@pytest.mark.parametrize("kind", ["month", "quarter"])
def test_every_day_is_in_one_period_and_they_follow_each_other(calendar, kind):
    day = datetime.date(2024, 1, 1)
    for _ in range(800):
        period = period_of(day, calendar, kind)
        assert period.first_on <= day < period.end_on
        assert parse_period(period.code) == period
        day += datetime.timedelta(days=1)


def test_periods_are_counted_over_the_turn_of_a_year():
    first, last = Period(JALALI, "month", 1404, 11), Period(JALALI, "month", 1405, 2)
    assert [period.code for period in first.until(last)] == ["1404-11", "1404-12", "1405-01", "1405-02"]
    assert last.until(first) == []
    assert last.after(-3) == first


@pytest.mark.parametrize(
    ("code", "language", "calendar", "name"),
    [
        ("1405-08", "fa", JALALI, "آبان ۱۴۰۵"),
        ("2026-03", "fa", GREGORIAN, "مارس ۲۰۲۶"),
        ("2026-03", "en", GREGORIAN, "March 2026"),
        ("2026-Q3", "en", GREGORIAN, "Q3 2026"),
        ("1405-08", "en", GREGORIAN, "23 Oct – 21 Nov 2026"),
    ],
)
def test_a_period_is_called_as_its_reader_would(code, language, calendar, name):
    assert parse_period(code).label(Presentation(language, calendar)) == name
