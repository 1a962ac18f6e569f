import datetime
from zoneinfo import ZoneInfo

import pytest

from campaigns.hours import awake_at, is_quiet

TEHRAN, LONDON = ZoneInfo("Asia/Tehran"), ZoneInfo("Europe/London")
NIGHT = (datetime.time(21), datetime.time(8))


def at(hour, minute=0, zone=TEHRAN, day=23):
    return datetime.datetime(2026, 11, day, hour, minute, tzinfo=zone)


@pytest.mark.parametrize(
    ("hour", "minute", "quiet"),
    [
        (20, 59, False),
        (21, 0, True),
        (23, 59, True),
        (0, 0, True),
        (7, 59, True),
        (8, 0, False),
        (12, 0, False),
    ],
)
def test_quiet_hours_pass_midnight_and_end_on_the_minute(hour, minute, quiet):
    assert is_quiet(at(hour, minute), TEHRAN, *NIGHT) is quiet


def test_quiet_hours_are_on_the_shops_clock_whatever_zone_the_moment_is_in():
    assert is_quiet(at(22).astimezone(datetime.UTC), TEHRAN, *NIGHT)
    assert not is_quiet(at(22).astimezone(datetime.UTC), LONDON, *NIGHT)


def test_equal_bounds_mean_never_quiet_and_a_span_within_a_day_works():
    assert not is_quiet(at(3), TEHRAN, datetime.time(9), datetime.time(9))
    assert is_quiet(at(13), TEHRAN, datetime.time(12), datetime.time(14))
    assert not is_quiet(at(14), TEHRAN, datetime.time(12), datetime.time(14))


def test_what_falls_into_the_night_waits_for_the_morning():
    assert awake_at(at(22), TEHRAN, *NIGHT) == at(8, day=24)
    assert awake_at(at(3), TEHRAN, *NIGHT) == at(8)
    assert awake_at(at(12), TEHRAN, *NIGHT) == at(12)


def test_the_morning_comes_on_time_when_the_clocks_change():
    before = datetime.datetime(2027, 3, 27, 23, tzinfo=LONDON)
    morning = awake_at(before, LONDON, *NIGHT)
    assert morning.astimezone(LONDON) == datetime.datetime(2027, 3, 28, 8, tzinfo=LONDON)
    # The night is an hour shorter: 8 hours instead of 9.
    assert morning - before == datetime.timedelta(hours=8)
