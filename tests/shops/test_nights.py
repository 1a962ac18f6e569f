"""Nights: once for each day of each shop, whatever clocks, beats and workers do."""

from __future__ import annotations

import datetime
import threading
from concurrent.futures import ThreadPoolExecutor
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction

from loyalty import tasks
from loyalty.customers.models import Customer
from loyalty.shops import nights
from loyalty.shops.models import NightRun
from loyalty.shops.scope import by_steps, current_shop, scope, step
from tests import factories

DAY = datetime.date(2026, 11, 23)


def tehran(hour: int, minute: int = 0, day: datetime.date = DAY) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(hour, minute), ZoneInfo("Asia/Tehran"))


def work_of(log: list):
    def work(day: datetime.date) -> dict:
        log.append((current_shop().slug, day))
        return {"scored": 3}

    return work


def test_a_night_is_due_from_three_in_the_morning_on_the_shops_clock(shop):
    assert nights.day_due(shop, tehran(2, 59)) is None
    assert nights.day_due(shop, tehran(3)) == DAY
    assert nights.day_due(shop, tehran(23, 59)) == DAY


def test_two_shops_have_their_own_days(shop, other_shop):
    other_shop.time_zone = "America/New_York"
    moment = tehran(4)
    assert nights.day_due(shop, moment) == DAY
    # It is half past seven in the evening of the day before.
    assert nights.day_due(other_shop, moment) == DAY - datetime.timedelta(days=1)


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Europe/Berlin", datetime.date(2026, 3, 29)), ("Europe/Berlin", datetime.date(2026, 10, 25))],
)
def test_the_night_in_which_the_clock_changes_is_one_night(shop, zone, day):
    shop.time_zone, log = zone, []
    start = datetime.datetime.combine(day, datetime.time(0), ZoneInfo(zone)).astimezone(datetime.UTC)
    for minutes in range(0, 25 * 60, 10):
        due = nights.day_due(shop, start + datetime.timedelta(minutes=minutes))
        if due == day:
            nights.once(shop, due, work_of(log))
    assert log == [(shop.slug, day)]


def test_a_night_is_done_once_however_often_one_looks(shop):
    log = []
    assert nights.once(shop, DAY, work_of(log)) == {"scored": 3}
    assert nights.once(shop, DAY, work_of(log)) is None
    assert log == [(shop.slug, DAY)]
    assert nights.day_due(shop, tehran(5)) is None
    run = NightRun.objects.get()
    assert (run.result, run.attempts, run.finished_at is not None) == ({"scored": 3}, 1, True)


def test_a_clock_that_jumps_ahead_and_back_skips_no_day_and_repeats_none(shop):
    log = []
    for days in (0, 3, 0, 1, 3, 2):
        day = DAY + datetime.timedelta(days=days)
        if due := nights.day_due(shop, tehran(4, day=day)):
            nights.once(shop, due, work_of(log))
    assert [(day - DAY).days for _, day in log] == [0, 3, 1, 2]


def test_a_night_that_fails_is_tried_three_times_and_leaves_a_trace(shop):
    def fail(day):
        factories.CustomerFactory()
        raise ZeroDivisionError

    for _ in range(nights.ATTEMPTS):
        assert nights.day_due(shop, tehran(4)) == DAY
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            nights.once(shop, DAY, fail)
        # What the savepoint of this test undid is committed in real life.
        NightRun.objects.update_or_create(day=DAY, defaults={"attempts": _ + 1})
    assert nights.day_due(shop, tehran(4)) is None
    assert nights.once(shop, DAY, work_of([])) is None
    assert NightRun.objects.get().finished_at is None
    assert nights.again(shop, DAY, work_of([])) == {"scored": 3}


@pytest.mark.django_db(transaction=True)
def test_a_failed_attempt_is_counted_though_its_work_is_undone():
    shop = factories.make_shop()

    def fail(day):
        with step():
            factories.CustomerFactory(name="Kept")
        with step():
            factories.CustomerFactory(name="Undone")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        nights.once(shop, DAY, fail)
    with scope(shop):
        run = NightRun.objects.get()
        assert (run.attempts, run.finished_at) == (1, None)
        # What a step has done stays; the next attempt does it again.
        assert [customer.name for customer in Customer.objects.all()] == ["Kept"]
    assert nights.once(shop, DAY, work_of([])) == {"scored": 3}


@pytest.mark.django_db(transaction=True)
def test_who_is_at_a_night_is_seen_within_its_steps_and_between_them():
    shop, log = factories.make_shop(), []

    def work(day):
        with step():
            assert beside(lambda: nights.once(shop, DAY, work_of(log))) is None
        assert beside(lambda: nights.once(shop, DAY, work_of(log))) is None
        return {"scored": 3}

    assert nights.once(shop, DAY, work) == {"scored": 3}
    assert log == []


@pytest.mark.django_db(transaction=True)
def test_who_has_not_been_seen_for_a_while_is_overtaken_and_stops(monkeypatch):
    shop, log = factories.make_shop(), []
    monkeypatch.setattr(nights, "BETWEEN_STEPS", datetime.timedelta(0))

    def work(day):
        with step():
            # A long step is no reason: its row is locked.
            assert beside(lambda: nights.once(shop, DAY, work_of(log))) is None
        assert beside(lambda: nights.once(shop, DAY, work_of(log))) == {"scored": 3}
        with step():
            log.append("too late")

    assert nights.once(shop, DAY, work) is None
    assert log == [(shop.slug, DAY)]


def beside(work):
    """Do `work` on a connection of its own, and return what it returned."""

    def run():
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def test_a_step_is_a_part_of_the_transaction_that_is_open(shop):
    with step():
        factories.CustomerFactory()
    with pytest.raises(ZeroDivisionError), by_steps(shop):
        with step():
            factories.CustomerFactory()
        with step():
            factories.CustomerFactory()
            raise ZeroDivisionError
    assert Customer.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_work_by_steps_sees_nothing_outside_of_them():
    shop = factories.make_shop()
    with by_steps(shop):
        with step():
            factories.CustomerFactory()
        assert not Customer.objects.exists()
        with step():
            assert Customer.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_one_moment_do_one_night():
    shop, log, started, go_on = factories.make_shop(), [], threading.Event(), threading.Event()

    def slow(day):
        started.set()
        assert go_on.wait(20)
        return work_of(log)(day)

    def first():
        nights.once(shop, DAY, slow)
        connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    assert started.wait(20)
    # The other beat does not wait for the first one either.
    assert nights.once(shop, DAY, work_of(log)) is None
    go_on.set()
    thread.join()
    assert log == [(shop.slug, DAY)]
    with scope(shop):
        assert NightRun.objects.get().attempts == 1


def test_the_look_asks_for_the_night_of_every_shop_that_is_due(
    shop, other_shop, monkeypatch, django_capture_on_commit_callbacks
):
    asked = []
    monkeypatch.setattr(tasks.night, "delay", lambda *ids: asked.append(ids))
    monkeypatch.setattr(tasks.timezone, "now", lambda: tehran(4))
    with scope(other_shop):
        NightRun.objects.create(day=DAY, finished_at=tehran(3), attempts=1)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.nightly_look()
    assert asked == [(shop.pk, "2026-11-23")]


def test_the_night_of_a_shop_goes_through_the_pipeline(shop, monkeypatch):
    seen = []
    monkeypatch.setattr(
        tasks.pipeline, "night", lambda day: seen.append((current_shop(), day)) or {"scored": 0}
    )
    tasks.night(shop.pk, "2026-11-23")
    assert seen == [(shop, DAY)]
