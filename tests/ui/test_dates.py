"""Days: two calendars and a dozen writings of each; what no calendar has is refused, not moved."""

import csv
import json
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from persiantools.jdatetime import JalaliDate

from loyalty.ui import dates
from loyalty.ui.presentation import Presentation
from loyalty.ui.text import persian_digits
from tests.shared_data import shared

FA = Presentation("fa", "jalali")
FA_GREGORIAN = Presentation("fa", "gregorian")
EN = Presentation("en", "gregorian")
DAYS = st.dates(date(1921, 3, 21), date(2119, 12, 31))


def code_of(raw, calendar="jalali", **options):
    with pytest.raises(dates.DayError) as caught:
        dates.parse_moment(raw, calendar, "Asia/Tehran", **options)
    return caught.value.code


@pytest.mark.parametrize(
    ("raw", "day"),
    [
        ("1403/02/01", date(2024, 4, 20)),
        ("۱۴۰۳/۰۲/۰۱", date(2024, 4, 20)),
        ("١٤٠٣/٠٢/٠١", date(2024, 4, 20)),
        ("1403-2-1", date(2024, 4, 20)),
        ("1403.2.1", date(2024, 4, 20)),
        ("01/02/1403", date(2024, 4, 20)),
        ("14030201", date(2024, 4, 20)),
        ("1403/02/01 06:20", date(2024, 4, 20)),
        ("06:20 1403/02/01", date(2024, 4, 20)),
        ("۵ فروردین ۱۴۰۳", date(2024, 3, 24)),
        ("۵ فروردين ماه ۱۴۰۳", date(2024, 3, 24)),
        ("یکشنبه ۲۴ آبان ۱۴۰۵", date(2026, 11, 15)),
        ("یک\u200cشنبه ۲۴ آبان ۱۴۰۵", date(2026, 11, 15)),
        ("5 Farvardin 1403", date(2024, 3, 24)),
        ("03/02/01", date(2024, 4, 20)),
        ("99/12/29", date(2021, 3, 19)),
        ("1403/12/30", date(2025, 3, 20)),
        ("2024-05-25", date(2024, 5, 25)),
        ("2024/5/25", date(2024, 5, 25)),
        ("20240525", date(2024, 5, 25)),
        ("12 Nov 2024", date(2024, 11, 12)),
        ("November 12th, 2024", date(2024, 11, 12)),
        ("۱۲ نوامبر ۲۰۲۴", date(2024, 11, 12)),
        ("45033", date(2023, 4, 17)),
        ("45033.0", date(2023, 4, 17)),
        ("'1403/02/01", date(2024, 4, 20)),
        ("\u200f1403/02/01", date(2024, 4, 20)),
        (date(2024, 5, 25), date(2024, 5, 25)),
        (datetime(2024, 5, 25, 14, 0), date(2024, 5, 25)),
        (date(1403, 2, 1), date(2024, 4, 20)),
    ],
)
def test_a_day_is_read_from_any_writing(raw, day):
    assert dates.parse_day(raw) == day


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "empty"),
        (None, "empty"),
        ("1402/12/30", "bad_day"),
        ("1403/13/01", "bad_month"),
        ("1403/00/10", "bad_month"),
        ("1403/07/31", "bad_day"),
        ("2023-02-29", "bad_day"),
        ("1600/01/01", "bad_year"),
        ("0001-01-01", "bad_year"),
        ("12 Nov 1403", "bad_year"),
        ("5 فروردین 2024", "bad_year"),
        ("1403/02", "not_a_day"),
        ("فردا", "not_a_day"),
        ("14:30", "not_a_day"),
        ("123456", "not_a_day"),
        ("99999", "not_a_day"),
        ("1403/02-01", "not_a_day"),
        ("NaN", "not_a_day"),
        ("²⁰", "not_a_day"),
        ("9" * 5000, "not_a_day"),
        ("1403/02/01 25:00", "bad_time"),
        ("1403/02/01 12:60", "bad_time"),
        ("1403/02/01 13:00 PM", "bad_time"),
        ("01/02/2024", "ambiguous"),
    ],
)
def test_what_is_no_day_says_why_and_quickly(raw, code):
    began = time.perf_counter()
    assert code_of(raw) == code
    assert time.perf_counter() - began < 0.5


def test_the_calendar_decides_only_years_of_two_digits():
    assert dates.parse_day("1403/02/01", "gregorian") == dates.parse_day("1403/02/01", "jalali")
    assert dates.parse_day("2024-05-25", "gregorian") == dates.parse_day("2024-05-25", "jalali")
    assert dates.parse_day("03/02/01", "jalali") == date(2024, 4, 20)
    assert dates.parse_day("03/02/01", "gregorian", day_first=True) == date(2001, 2, 3)


def test_day_or_month_first_is_for_the_caller_to_say():
    assert dates.parse_day("1/12/2010 8:26", day_first=True) == date(2010, 12, 1)
    assert dates.parse_day("1/12/2010 8:26", day_first=False) == date(2010, 1, 12)
    assert dates.parse_day("13/12/2010") == date(2010, 12, 13)
    assert dates.parse_day("12/13/2010") == date(2010, 12, 13)
    assert dates.parse_day("12/12/2010") == date(2010, 12, 12)
    assert code_of("12/13/2010", day_first=True) == "bad_month"


@pytest.mark.parametrize(
    ("raw", "day", "at"),
    [
        ("1403/05/20 06:20", date(2024, 8, 10), clock(6, 20)),
        ("1403/05/20", date(2024, 8, 10), None),
        ("1403/05/20 ساعت ۱۷:۳۰", date(2024, 8, 10), clock(17, 30)),
        ("۱۴۰۳/۰۵/۲۰ ۰۵:۳۰ ب.ظ", date(2024, 8, 10), clock(17, 30)),
        ("1403/05/20 12:05 AM", date(2024, 8, 10), clock(0, 5)),
        ("2024-05-25T10:00:00", date(2024, 5, 25), clock(10, 0)),
        ("2024-05-25T20:45:10.123Z", date(2024, 5, 26), clock(0, 15, 10)),
        ("2024-05-25T10:00:00+03:30", date(2024, 5, 25), clock(10, 0)),
        ("2024-05-25 10:00:00 +0000", date(2024, 5, 25), clock(13, 30)),
        ("45409.5", date(2024, 4, 27), clock(12, 0)),
        ("45409.999999", date(2024, 4, 27), clock(23, 59, 59)),
        (datetime(2024, 5, 25), date(2024, 5, 25), None),
        (datetime(2024, 5, 25, 9, 30), date(2024, 5, 25), clock(9, 30)),
        (datetime(2024, 5, 25, 22, 0, tzinfo=UTC), date(2024, 5, 26), clock(1, 30)),
    ],
)
def test_a_moment_is_on_the_shops_clock(raw, day, at):
    assert dates.parse_moment(raw, "jalali", "Asia/Tehran") == (day, at)


@given(DAYS, st.sampled_from([FA, FA_GREGORIAN, EN]), st.sampled_from(["short", "long", "numeric"]))
def test_what_we_write_is_read_back_as_the_same_day(day, presentation, style):
    assert dates.parse_day(dates.format_day(day, presentation, style), presentation.calendar) == day


@given(DAYS)
def test_all_writings_of_a_jalali_day_are_the_same_day(day):
    jalali = JalaliDate.to_jalali(day)
    year, month, number = jalali.year, jalali.month, jalali.day
    writings = [
        f"{year}/{month:02}/{number:02}",
        f"{year}-{month}-{number}",
        persian_digits(f"{year}/{month:02}/{number:02}"),
        f"{number}/{month}/{year}",
        f"{number} {dates.JALALI_MONTHS[month - 1]} {year}",
        f"{year}{month:02}{number:02}",
        day.isoformat(),
    ]
    assert {dates.parse_day(writing) for writing in writings} == {day}


@given(st.integers(1300, 1499), st.integers(0, 14), st.integers(0, 33))
def test_every_jalali_day_is_itself_or_refused(year, month, number):
    written = f"{year}/{month}/{number}"
    try:
        day = dates.parse_day(written)
    except dates.DayError as error:
        assert error.code in ("bad_month", "bad_day")
    else:
        assert dates.format_day(day, FA, "numeric") == persian_digits(f"{year}/{month:02}/{number:02}")


@given(st.text(max_size=70), st.sampled_from(["jalali", "gregorian"]))
def test_any_text_is_a_day_or_a_reason(raw, calendar):
    try:
        day, _ = dates.parse_moment(raw, calendar, "Asia/Tehran")
    except dates.DayError as error:
        assert error.code in dates.DayError.__doc__
    else:
        assert date(1900, 1, 1) - timedelta(days=1) <= day <= date(2200, 1, 2)


def test_days_are_shown_in_the_readers_calendar():
    day = date(2026, 11, 15)
    assert dates.format_day(day, FA) == "۲۴ آبان ۱۴۰۵"
    assert dates.format_day(day, FA, "long") == "یکشنبه ۲۴ آبان ۱۴۰۵"
    assert dates.format_day(day, FA, "month") == "آبان ۱۴۰۵"
    assert dates.format_day(day, FA_GREGORIAN) == "۱۵ نوامبر ۲۰۲۶"
    assert dates.format_day(day, EN) == "15 Nov 2026"
    assert dates.format_day(day, EN, "long") == "Sunday, 15 November 2026"
    assert dates.format_day(day, EN, "day") == "15 Nov"


def test_moments_are_shown_on_the_shops_clock():
    moment = datetime(2026, 11, 15, 22, 0, tzinfo=UTC)
    assert dates.format_moment(moment, FA) == "۲۵ آبان ۱۴۰۵، ۰۱:۳۰"
    assert dates.format_moment(moment, EN) == "16 Nov 2026, 01:30"


def test_an_english_screen_of_a_persian_shop_counts_in_gregorian():
    assert Presentation("en", "jalali").calendar == "gregorian"


def test_the_messy_persian_file_gives_its_true_days():
    truth = json.loads(shared("persian/truth.json").read_text(encoding="utf-8"))["rows"]
    with shared("persian/orders_utf8_bom_comma.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    codes = {"date_invalid_1402_is_not_leap": "bad_day", "date_invalid_month": "bad_month"}
    for row, expected in zip(rows, truth, strict=True):
        if expected["error"] in codes:
            assert code_of(row["تاریخ خرید"]) == codes[expected["error"]]
        elif expected["date"]:
            assert dates.parse_day(row["تاریخ خرید"]).isoformat() == expected["date"]


@given(DAYS, st.booleans(), st.sampled_from(["", " 06:20", " 23:59:59", "T00:00"]))
def test_the_quick_way_agrees_with_the_long_way(day, is_jalali, clock_text):
    jalali = JalaliDate.to_jalali(day)
    written = f"{jalali.year}/{jalali.month}/{jalali.day}" if is_jalali else day.isoformat()
    # A leading apostrophe sends the same cell the long way.
    quick, long = written + clock_text, f"'{written}{clock_text}"
    assert dates.parse_moment(quick, "jalali", "UTC") == dates.parse_moment(long, "jalali", "UTC")
