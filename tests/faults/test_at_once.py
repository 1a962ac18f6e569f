"""Many at the same moment: fifty presses of one button, two senders, a pause in the middle."""

import contextlib
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection

from campaigns import dispatch
from campaigns.dispatch import sending
from campaigns.gateways.base import Outcome, Result, Sighting, Trace
from campaigns.models import Campaign, Message
from loyalty.customers.services import withdraw_consent
from loyalty.shops.models import AuditEntry
from loyalty.shops.scope import scope
from tests import factories
from tests.campaigns.conftest import NEVER_QUIET, make_campaign, make_people

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def shop():
    return factories.make_shop(**NEVER_QUIET)


def at_once(times, work):
    """Run `work` in so many threads that begin together; return what each returned or raised."""
    start = threading.Barrier(times)

    def one(number):
        start.wait()
        try:
            return work(number)
        except ValidationError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(one, range(times)))


class Slow:
    """A gateway that takes its time and counts what reaches it."""

    max_batch, answers_within, reports_after = 50, 10.0, 3600.0

    def __init__(self, seconds=0.02):
        self.seconds, self.taken, self.lock = seconds, Counter(), threading.Lock()

    def send(self, batch):
        time.sleep(self.seconds)
        with self.lock:
            self.taken.update(one.reference for one in batch)
        return {one.reference: Result(Outcome.ACCEPTED, "G", 1) for one in batch}

    def look_up(self, references):
        return {reference: Sighting(Trace.ABSENT) for reference in references}


def launched(shop, people):
    with scope(shop):
        made = make_people(people)
        campaign = make_campaign()
        return dispatch.launch(campaign, None, campaign.version), made


def test_fifty_presses_of_send_are_one_run(shop):
    with scope(shop):
        make_people(20)
        campaign = make_campaign()

    def press(_number):
        with scope(shop):
            return dispatch.launch(campaign, None, campaign.version).state

    assert set(at_once(50, press)) == {"sending"}
    with scope(shop):
        assert Message.objects.count() == 20
        assert AuditEntry.objects.filter(action="campaigns.launched").count() == 1


def test_two_campaigns_launched_at_once_do_not_both_write_to_a_person(shop):
    with scope(shop):
        make_people(30)
        campaigns = [make_campaign(), make_campaign()]

    def press(number):
        with scope(shop):
            return dispatch.launch(campaigns[number], None, campaigns[number].version)

    results = at_once(2, press)
    # The second finds everybody written to, and is refused.
    assert sum(isinstance(result, ValidationError) for result in results) == 1
    with scope(shop):
        assert Message.objects.count() == 30


def test_many_senders_at_once_send_each_message_once(shop, monkeypatch):
    launched(shop, 400)
    # The lane would let only one of them in; here claiming alone must hold.
    monkeypatch.setattr(sending, "_lane", lambda function, shop: True)
    gateway = Slow(0.005)
    at_once(4, lambda number: dispatch.drain(shop, gateway=gateway))
    assert len(gateway.taken) == 400
    assert set(gateway.taken.values()) == {1}
    with scope(shop):
        assert Campaign.objects.get().state == "done"


def test_without_claiming_the_same_senders_send_twice(shop, monkeypatch):
    launched(shop, 400)
    monkeypatch.setattr(sending, "_lane", lambda function, shop: True)

    def claim_without_claiming(_shop, limit):
        waiting = Message.objects.filter(state="queued").order_by("pk")[:limit]
        messages = [sending.Outbound(m.reference, m.phone, m.text, m.pages) for m in waiting]
        return [sending.Claim(message, 0) for message in messages], 0

    def drain(_number):
        # Marking the same rows as others do, they also run into one another.
        with contextlib.suppress(OperationalError):
            dispatch.drain(shop, gateway=gateway)

    monkeypatch.setattr(sending, "claim", claim_without_claiming)
    gateway = Slow(0.005)
    at_once(4, drain)
    assert max(gateway.taken.values()) > 1


def test_one_lane_a_shop(shop):
    launched(shop, 100)
    gateway = Slow(0.05)
    results = at_once(3, lambda number: dispatch.drain(shop, gateway=gateway))
    assert sum(result is None for result in results) == 2


def test_after_a_pause_at_most_the_batch_in_hand_still_leaves(shop):
    campaign, _people = launched(shop, 1_000)
    gateway = Slow(0.05)
    sender = threading.Thread(target=lambda: (dispatch.drain(shop, gateway=gateway), connection.close()))
    sender.start()
    while len(gateway.taken) < 100:
        time.sleep(0.005)
    with scope(shop):
        dispatch.pause(campaign, None)
    before = len(gateway.taken)
    sender.join()
    assert len(gateway.taken) - before <= sending.BATCH
    with scope(shop):
        assert Message.objects.filter(state="queued").count() == 1_000 - len(gateway.taken)


def test_an_opt_out_in_the_middle_holds_from_the_next_batch_on(shop):
    _campaign, people = launched(shop, 1_000)
    gateway = Slow(0.05)
    sender = threading.Thread(target=lambda: (dispatch.drain(shop, gateway=gateway), connection.close()))
    sender.start()
    while len(gateway.taken) < 50:
        time.sleep(0.005)
    with scope(shop):
        leaving = people[-1]
        withdraw_consent(leaving, source="counter")
    sender.join()
    with scope(shop):
        message = Message.objects.get(customer=leaving)
        assert (message.state, message.state_reason) == ("skipped", "opted_out")
    assert message.reference not in gateway.taken
