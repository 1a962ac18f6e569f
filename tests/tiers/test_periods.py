import datetime

import pytest

from loyalty.tiers import periods

DAY = datetime.date(2026, 11, 23)  # 2 Azar 1405


def test_a_month_is_the_shops_own_month():
    assert periods.month_key(DAY, "jalali") == "1405-09"
    assert periods.month_key(DAY, "gregorian") == "2026-11"


def test_a_jalali_quarter_is_a_season():
    assert periods.season_key(DAY, "jalali") == "1405-q3"
    assert periods.season_key(datetime.date(2026, 12, 22), "jalali") == "1405-q4"
    assert periods.season_key(DAY, "gregorian") == "2026-q4"


@pytest.mark.parametrize(
    ("calendar", "months", "last"),
    [
        ("jalali", 1, datetime.date(2026, 12, 21)),
        ("jalali", 3, datetime.date(2026, 12, 21)),
        ("gregorian", 1, datetime.date(2026, 11, 30)),
        ("gregorian", 3, datetime.date(2026, 12, 31)),
    ],
)
def test_the_last_day_belongs_to_the_same_period(calendar, months, last):
    assert periods.last_day(DAY, calendar, months) == last
    key = periods.month_key if months == 1 else periods.season_key
    assert key(last, calendar) == key(DAY, calendar)
    assert key(last + datetime.timedelta(days=1), calendar) != key(DAY, calendar)


def test_a_birthday_is_the_one_closest_to_the_day_across_the_new_year():
    born = datetime.date(1990, 1, 2)
    assert periods.birthday_near(born, datetime.date(2026, 12, 30), "gregorian") == datetime.date(2027, 1, 2)
    assert periods.birthday_near(born, datetime.date(2026, 3, 1), "gregorian") == datetime.date(2026, 1, 2)


def test_a_jalali_birthday_keeps_its_jalali_date():
    born = datetime.date(1990, 3, 21)  # 1 Farvardin 1369
    assert periods.birthday_near(born, datetime.date(2025, 3, 18), "jalali") == datetime.date(2025, 3, 21)
    # In 2028 the first of Farvardin falls on 20 March.
    assert periods.birthday_near(born, datetime.date(2028, 3, 18), "jalali") == datetime.date(2028, 3, 20)


def test_a_birthday_on_a_leap_day_is_kept_a_day_later_in_other_years():
    leap = datetime.date(1996, 2, 29)
    assert periods.birthday_near(leap, datetime.date(2026, 3, 1), "gregorian") == datetime.date(2026, 3, 1)
    esfand_30 = datetime.date(2021, 3, 20)  # 30 Esfand 1399
    assert periods.birthday_near(esfand_30, datetime.date(2027, 3, 18), "jalali") == datetime.date(
        2027, 3, 21
    )
