"""Weeks: with the first night that finds the last one a week old, whatever nights are missed."""

from __future__ import annotations

import datetime

import pytest

from loyalty import pipeline
from loyalty.shops import weeks
from loyalty.shops.models import WeekRun

DAY = datetime.date(2026, 11, 23)


def later(days: int) -> datetime.date:
    return DAY + datetime.timedelta(days=days)


def test_a_shop_without_a_week_is_due(shop):
    assert weeks.is_due(DAY)


@pytest.mark.parametrize(
    ("days", "is_due"), [(0, False), (1, False), (6, False), (7, True), (40, True), (-3, False)]
)
def test_a_week_is_due_when_the_last_is_seven_days_old_and_never_before_it(shop, days, is_due):
    weeks.run(DAY, lambda day: {})
    assert weeks.is_due(later(days)) is is_due


def test_missed_nights_put_the_week_off_and_do_not_skip_it(shop, monkeypatch):
    done = []
    monkeypatch.setattr(pipeline, "week", lambda day: done.append(day) or {})
    for days in (0, 1, 3, 6, 9, 10, 15, 16):
        pipeline.night(later(days))
    assert done == [later(0), later(9), later(16)]


def test_a_week_that_fails_is_due_again(shop):
    def work(day):
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        weeks.run(DAY, work)
    assert weeks.is_due(DAY)


def test_a_week_done_again_keeps_one_row_with_the_newer_result(shop):
    weeks.run(DAY, lambda day: {"people": 1})
    weeks.run(DAY, lambda day: {"people": 2})
    assert [run.result for run in WeekRun.objects.all()] == [{"people": 2}]
