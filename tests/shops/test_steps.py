"""Nobody at the till waits for the whole shop: a night and what follows an import are committed step by step."""

from __future__ import annotations

import datetime
import threading
import time
import uuid
from collections.abc import Callable

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from loyalty import pipeline, tasks
from loyalty.counter import services as counter
from loyalty.customers.models import Customer, Order, StaleFacts
from loyalty.ingest import engine, runs
from loyalty.points import backlog
from loyalty.points import services as points
from loyalty.shops import nights
from loyalty.shops.locks import Held
from loyalty.shops.models import NightRun
from loyalty.shops.scope import scope
from loyalty.tiers.models import TierMembership
from segmentation import services
from segmentation.models import CustomerScore, ScoreHistory, ScoreRun
from segmentation.tasks import score_shop
from tests import factories
from tests.factories import OrderFactory
from tests.ingest.bring import receive

pytestmark = pytest.mark.django_db(transaction=True)

DAY = datetime.timedelta(days=1)
# What a clerk takes for "at once", the machine of the tests being a slow one.
AT_ONCE = 3


class Club:
    """A shop scored yesterday: for one of its customers today is another day, for the other it is not."""

    def __init__(self):
        self.shop = factories.make_shop()
        with scope(self.shop):
            self.today = self.shop.today()
            # One and a half times the usual gap of a shop that has none: late from today on.
            self.moved = OrderFactory(on=self.today - 68 * DAY).customer
            self.unmoved = OrderFactory(on=self.today - 20 * DAY).customer
            # The first who comes twice would be news to the whole shop.
            again = OrderFactory(on=self.today - 30 * DAY).customer
            OrderFactory(customer=again, on=self.today - 10 * DAY)
            self.clerk = factories.make_staff(self.shop, "counter")
            points.set_rule(1_000, self.today - 100 * DAY)
            pipeline.night(self.today - DAY)
            # Of a file: the night will give its points, and a higher tier for them.
            self.brought = OrderFactory(customer=self.moved, on=self.today - 90 * DAY, net_amount=10**9)

    def buys(self, customer: Customer) -> float:
        """Record a purchase at the till, and return the seconds it took."""
        began_at = time.monotonic()
        with scope(self.shop):
            counter.record(self.clerk, customer, 1_000_000, uuid.uuid4(), timezone.now())
        return time.monotonic() - began_at


@pytest.fixture
def club():
    return Club()


@pytest.fixture(autouse=True)
def sent(monkeypatch) -> list:
    """What is left to a worker."""
    asked = []
    monkeypatch.setattr(pipeline.current_app, "send_task", lambda name, args: asked.append((name, args)))
    return asked


def pausing(monkeypatch, owner, name: str) -> tuple[threading.Event, threading.Event]:
    """Have `owner.name` do its work and then wait, still within its step, for the second event."""
    real, started, go_on = getattr(owner, name), threading.Event(), threading.Event()

    def slow(*args, **kwargs):
        found = real(*args, **kwargs)
        started.set()
        go_on.wait(10)
        return found

    monkeypatch.setattr(owner, name, slow)
    return started, go_on


def cutting(real: Callable) -> Callable:
    """Return `real` on a connection that is lost just before, as if the worker had been killed."""

    def cut(*args, **kwargs):
        connection.connection.close()
        return real(*args, **kwargs)

    return cut


def beside(work: Callable) -> threading.Thread:
    def run():
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)

STEPS = [
    (pipeline.segmentation, "score_shop"),
    (pipeline.segmentation, "look_back"),
    (pipeline.tiers, "review_shop"),
    (pipeline.results, "renew_verdicts"),
    (pipeline, "week"),
]


@pytest.mark.parametrize(("room", "name"), STEPS, ids=[name for _room, name in STEPS])
def test_an_order_at_the_till_waits_for_no_step_of_a_night(club, sent, monkeypatch, room, name):
    monkeypatch.setattr(pipeline.weeks, "is_due", lambda day: True)
    started, go_on = pausing(monkeypatch, room, name)
    night = beside(lambda: nights.once(club.shop, club.today, pipeline.night))
    assert started.wait(30)
    try:
        took = [club.buys(customer) for customer in (club.moved, club.unmoved)]
        if sent and name == "score_shop":
            # Asked for before the run is over, it comes back later.
            with pytest.raises(Held):
                tasks.renew(*sent[0][1])
    finally:
        go_on.set()
        night.join()
    assert max(took) < AT_ONCE
    with scope(club.shop):
        assert NightRun.objects.get(day=club.today).finished_at
    # Whom the step held is renewed afterwards, and nobody else.
    held = {"score_shop": [club.moved], "review_shop": [club.moved, club.unmoved]}.get(name, [])
    assert [args for _task, args in sent] == [
        (club.shop.pk, customer.pk, str(club.today)) for customer in held
    ]
    for task, args in sent:
        assert task == tasks.renew.name
        tasks.renew(*args)
    with scope(club.shop):
        for customer in (club.moved, club.unmoved):
            assert CustomerScore.objects.get(customer=customer).last_order_on == club.today
            assert TierMembership.objects.get(customer=customer, is_current=True)
            assert points.balance(customer) >= 1_000
        assert points.balance(club.moved) > 100_000
        assert points.unbalanced() == []


FILE = b"""order number,date,amount,name,phone
F-1,2026-11-20,250000,Sara,09990001001
F-2,2026-11-21,150000,Nima,09990001002
"""


@pytest.mark.parametrize("name", ["score_shop", "review_shop", "renew_verdicts"])
def test_an_order_at_the_till_waits_for_nothing_that_follows_an_import(club, monkeypatch, name):
    room = next(room for room, step in STEPS if step == name)
    with scope(club.shop):
        run = receive(FILE)
        runs.start(run)
    started, go_on = pausing(monkeypatch, room, name)
    worker = beside(lambda: engine.carry_out(club.shop, run.pk))
    assert started.wait(30)
    try:
        took = [club.buys(customer) for customer in (club.moved, club.unmoved)]
    finally:
        go_on.set()
        worker.join()
    assert max(took) < AT_ONCE
    with scope(club.shop):
        run.refresh_from_db()
        assert (run.state, run.added, run.report["renewed"]["scored"]) == ("done", 2, 5)


def test_without_a_broker_a_held_customer_is_left_to_the_next_run(club, monkeypatch):
    def refuse(*args):
        raise BrokerError("nobody there")

    monkeypatch.setattr(pipeline.current_app, "send_task", refuse)
    started, go_on = pausing(monkeypatch, pipeline.segmentation, "score_shop")
    night = beside(lambda: nights.once(club.shop, club.today, pipeline.night))
    assert started.wait(30)
    try:
        club.buys(club.moved)
    finally:
        go_on.set()
        night.join()
    with scope(club.shop):
        assert CustomerScore.objects.get(customer=club.moved).frequency == 2
        pipeline.night(club.today)
        assert CustomerScore.objects.get(customer=club.moved).frequency == 3


def test_an_order_at_the_till_does_not_wait_for_the_weeks_that_follow_a_change_of_rules(club, monkeypatch):
    started, go_on = pausing(monkeypatch, pipeline.segmentation, "look_back")
    worker = beside(lambda: score_shop(club.shop.pk, str(club.today)))
    assert started.wait(30)
    try:
        with scope(club.shop):
            assert ScoreRun.objects.current().as_of == club.today
        assert max(club.buys(customer) for customer in (club.moved, club.unmoved)) < AT_ONCE
    finally:
        go_on.set()
        worker.join()


def test_a_scoring_that_fails_takes_the_order_with_it(club, monkeypatch):
    """What is not to be waited for may come later; what is wrong must not be passed over."""

    def broken(*args):
        raise ZeroDivisionError

    monkeypatch.setattr(pipeline.tiers, "review_customer", broken)
    with pytest.raises(ZeroDivisionError):
        club.buys(club.moved)
    with scope(club.shop):
        assert not Order.objects.filter(source="counter").exists()
        assert not CustomerScore.objects.filter(last_order_on=club.today).exists()


def told(shop) -> tuple:
    """Return everything that a scoring writes or takes away."""
    with scope(shop):
        return tuple(
            list(model.objects.order_by("pk").values())
            for model in (CustomerScore, ScoreRun, ScoreHistory, StaleFacts, TierMembership)
        )


def test_a_run_that_is_cut_off_leaves_what_was_and_the_next_attempt_carries_on(club, monkeypatch):
    before = told(club.shop)
    assert before[3]
    monkeypatch.setattr(services, "_keep_run", cutting(services._keep_run))
    with pytest.raises((InterfaceError, OperationalError)):
        nights.once(club.shop, club.today, pipeline.night)
    assert told(club.shop) == before
    monkeypatch.undo()
    monkeypatch.setattr(pipeline.tiers, "review_shop", cutting(pipeline.tiers.review_shop))
    with pytest.raises((InterfaceError, OperationalError)):
        nights.once(club.shop, club.today, pipeline.night)
    scored = told(club.shop)
    # The step before stands complete, and nothing of this one.
    assert scored[1][-1]["as_of"] == club.today
    assert scored[4] == before[4]
    monkeypatch.undo()
    assert nights.once(club.shop, club.today, pipeline.night)
    with scope(club.shop):
        assert NightRun.objects.get(day=club.today).attempts == 3
        assert points.balance(club.moved) > 100_000


def test_nobody_waits_for_all_the_points_of_a_file(club, monkeypatch):
    with scope(club.shop):
        others = [OrderFactory(on=club.today - DAY) for _ in range(2)]
    monkeypatch.setattr(backlog, "NEW", 1)
    entered, tills, waited = [], [], []

    def enter(batch, real=backlog.enter):
        if entered:
            # Between two batches nothing is held, not even by the one that has just been entered.
            tills.append(beside(lambda: club.buys(club.unmoved)))
            tills[-1].join(AT_ONCE)
            waited.append(tills[-1].is_alive())
        entered.append(batch)
        real(batch)

    monkeypatch.setattr(backlog, "enter", enter)
    nights.once(club.shop, club.today, pipeline.night)
    [till.join() for till in tills]
    assert (len(entered), waited) == (3, [False, False])
    with scope(club.shop):
        assert all(points.balance(order.customer) for order in (*others, club.brought))


def test_a_batch_and_a_till_do_not_wait_for_each_other(club, monkeypatch):
    """Each takes the customers' accounts first and the shop's last: crosswise one of them would be killed."""
    with scope(club.shop):
        OrderFactory(customer=club.unmoved, on=club.today - 2 * DAY)
        batches = backlog.batches()
    started, go_on = pausing(monkeypatch, backlog, "_hold")

    def enter():
        with scope(club.shop):
            [backlog.enter(batch) for batch in batches]

    night = beside(enter)
    assert started.wait(30)
    till = beside(lambda: club.buys(club.unmoved))
    wait_until_somebody_waits()
    go_on.set()
    night.join()
    till.join()
    with scope(club.shop):
        assert points.balance(club.unmoved) > 1_000
        assert points.unbalanced() == []


def wait_until_somebody_waits() -> None:
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute(WAITING)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("Nobody waits.")
