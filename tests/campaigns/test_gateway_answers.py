"""What becomes of messages, by what the gateway says or fails to say. Sending commits as it goes."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from campaigns import dispatch
from campaigns.dispatch import sending, settling
from campaigns.gateways.base import Outcome, Result, Trace
from campaigns.models import Campaign, GatewayLine, Message, SandboxMessage, SandboxSettings
from loyalty.shops.models import AuditEntry
from loyalty.shops.scope import scope
from tests.campaigns.runs import Scripted, expire_leases, launched, reload, states, wake_line


def test_a_permanent_refusal_is_final_and_a_campaign_of_nothing_else_has_failed(club):
    campaign, _people = launched(club)
    gateway = Scripted(Outcome.REJECTED)
    dispatch.drain(club, gateway=gateway)
    assert states(club) == {"rejected": 5}
    assert reload(club, campaign).state == "failed"
    with scope(club):
        assert Message.objects.first().state_reason == "why"


def test_a_busy_gateway_is_tried_again_later_and_further_apart(club):
    campaign, _people = launched(club)
    gateway = Scripted(Outcome.RETRY_LATER)
    waits = []
    for _attempt in range(3):
        wake_line(club)
        with scope(club):
            Message.objects.update(due_at=timezone.now())
        assert dispatch.dispatch_batch(club, gateway).outcomes == {"retry_later": 5}
        with scope(club):
            waits.append((Message.objects.first().due_at - timezone.now()).total_seconds())
    assert states(club) == {"queued": 5}
    assert waits[0] < waits[2]
    gateway.outcome = Outcome.ACCEPTED
    wake_line(club)
    with scope(club):
        Message.objects.update(due_at=timezone.now())
    dispatch.drain(club, gateway=gateway)
    assert states(club) == {"accepted": 5}
    assert set(gateway.taken.values()) == {1}


def try_for(club, gateway, tries):
    """Let the gateway be asked so often, without the waits between."""
    for _try in range(tries):
        wake_line(club)
        with scope(club):
            Message.objects.update(due_at=timezone.now())
        dispatch.drain(club, gateway=gateway)


def test_a_gateway_that_is_busy_for_hours_ends_no_message(club):
    launched(club, people=1)
    gateway = Scripted(Outcome.RETRY_LATER)
    # Ten tries are over in half an hour.
    try_for(club, gateway, 12)
    gateway.outcome = Outcome.ACCEPTED
    try_for(club, gateway, 1)
    assert states(club) == {"accepted": 1}
    # Ten minutes at most between two of so many tries: a day.
    assert sending.TRIES * sending.LONGEST_WAIT_SECONDS >= 24 * 3600


def test_a_message_that_is_never_taken_gives_up_and_may_be_tried_again(club, monkeypatch):
    monkeypatch.setattr(sending, "TRIES", 3)
    campaign, _people = launched(club, people=1)
    gateway = Scripted(Outcome.RETRY_LATER)
    for _round in range(2):
        try_for(club, gateway, 3)
        assert states(club) == {"queued": 1}
        try_for(club, gateway, 1)
        assert states(club) == {"rejected": 1}
        with scope(club):
            assert Message.objects.get().state_reason == "gave_up"
            assert reload(club, campaign).state == "failed"
            assert dispatch.decide(campaign, "retry", None) == 1
            assert AuditEntry.objects.filter(action="campaigns.uncertain_retry").exists()
    gateway.outcome = Outcome.ACCEPTED
    try_for(club, gateway, 1)
    assert states(club) == {"accepted": 1}
    assert set(gateway.taken.values()) == {1}


@pytest.mark.parametrize(("decision", "state"), [("resend", "unknown"), ("retry", "rejected")])
def test_nothing_of_a_stopped_campaign_is_sent_again(club, decision, state):
    campaign, _people = launched(club)
    with scope(club):
        Message.objects.update(state=state, state_reason="gave_up", due_at=None)
        dispatch.cancel(campaign, None)
        with pytest.raises(ValidationError, match="stopped"):
            dispatch.decide(campaign, decision, None)
    assert states(club) == {state: 5}


def test_a_line_in_trouble_rests_and_then_tries_again(club):
    launched(club, people=60)
    gateway = Scripted(Outcome.RETRY_LATER)
    assert dispatch.drain(club, gateway=gateway).claimed == 50
    assert dispatch.drain(club, gateway=gateway).is_empty
    with scope(club):
        line = GatewayLine.objects.get()
        assert line.troubles == 1
        assert line.rests_until > timezone.now()
        GatewayLine.objects.update(rests_until=timezone.now())
    gateway.outcome = Outcome.ACCEPTED
    assert dispatch.drain(club, gateway=gateway).claimed == 10
    with scope(club):
        assert GatewayLine.objects.get().troubles == 0


def test_an_unanswered_message_waits_for_its_lease_and_is_then_looked_up(club):
    launched(club)
    gateway = Scripted(Outcome.UNKNOWN, Trace.FOUND)
    dispatch.drain(club, gateway=gateway)
    assert states(club) == {"claimed": 5}
    wake_line(club)
    assert dispatch.drain(club, gateway=gateway).is_empty
    expire_leases(club)
    dispatch.drain(club, gateway=gateway)
    assert states(club) == {"accepted": 5}
    assert set(gateway.taken.values()) == {1}


def test_a_claim_of_a_vanished_worker_is_sent_by_another_when_the_gateway_surely_has_not_got_it(club):
    launched(club)
    with scope(club):
        claims, _skipped = sending.claim(club, 50)
    assert len(claims) == 5
    assert dispatch.drain(club).is_empty
    expire_leases(club)
    dispatch.drain(club)
    assert states(club) == {"delivered": 5}
    with scope(club):
        assert SandboxMessage.objects.count() == 5


def test_what_the_gateway_cannot_tell_is_uncertain_and_never_sent_again_by_itself(club):
    campaign, _people = launched(club)
    gateway = Scripted(Outcome.UNKNOWN, Trace.CANNOT_TELL)
    dispatch.drain(club, gateway=gateway)
    expire_leases(club)
    wake_line(club)
    dispatch.drain(club, gateway=gateway)
    assert states(club) == {"unknown": 5}
    assert dispatch.drain(club, gateway=gateway).is_empty
    assert set(gateway.taken.values()) == {1}
    # The rest is sent, so the campaign is done; the uncertain ones stay for their owner.
    assert reload(club, campaign).state == "done"


@pytest.mark.parametrize(
    ("decision", "trace", "expected"),
    [
        ("ask", Trace.FOUND, "accepted"),
        ("resend", Trace.CANNOT_TELL, "accepted"),
        ("close", Trace.FOUND, "failed"),
    ],
)
def test_the_owner_decides_about_uncertain_messages(club, decision, trace, expected):
    campaign, _people = launched(club)
    gateway = Scripted(Outcome.UNKNOWN, Trace.CANNOT_TELL)
    dispatch.drain(club, gateway=gateway)
    expire_leases(club)
    dispatch.drain(club, gateway=gateway)
    wake_line(club)
    with scope(club):
        assert dispatch.decide(campaign, decision, None) == 5
        assert AuditEntry.objects.filter(action=f"campaigns.uncertain_{decision}").exists()
    gateway.outcome, gateway.trace = Outcome.ACCEPTED, trace
    dispatch.drain(club, gateway=gateway)
    assert states(club) == {expected: 5}


def test_a_look_up_without_an_answer_is_asked_again_later(club):
    launched(club)
    gateway = Scripted(Outcome.UNKNOWN, Trace.NO_ANSWER)
    dispatch.drain(club, gateway=gateway)
    expire_leases(club)
    dispatch.drain(club, gateway=gateway)
    assert states(club) == {"claimed": 5}
    gateway.trace = Trace.FOUND
    expire_leases(club)
    dispatch.drain(club, gateway=gateway)
    assert states(club) == {"accepted": 5}


def test_answers_belong_to_references_and_not_to_places_in_a_list(club):
    launched(club, people=6)

    def shuffled_and_one_short(batch):
        answers = [(one.reference, Result(Outcome.ACCEPTED, f"G{one.reference}")) for one in batch]
        return dict(reversed(answers[:-1])) | {1: Result(Outcome.ACCEPTED, "somebody else's")}

    dispatch.drain(club, gateway=Scripted(answer=shuffled_and_one_short))
    assert states(club) == {"accepted": 5, "claimed": 1}
    with scope(club):
        for message in Message.objects.filter(state="accepted"):
            assert message.gateway_id == f"G{message.reference}"


def test_a_late_answer_counts_for_its_own_attempt_only(club):
    launched(club, people=1)
    gateway = Scripted()
    with scope(club):
        (first,), _skipped = sending.claim(club, 50)
    expire_leases(club)
    settling.settle_expired(club, gateway)
    with scope(club):
        sending.mark(club, [(first, Result(Outcome.RETRY_LATER))], gateway)
        assert Message.objects.get().state_reason == "sent_again"
        # Accepted after all: the text is out, so the row leaves the queue again.
        sending.mark(club, [(first, Result(Outcome.ACCEPTED, "late"))], gateway)
        assert Message.objects.get().state == "accepted"
        Message.objects.update(state="queued", attempts=2)
        sending.mark(club, [(first, Result(Outcome.ACCEPTED, "much too late"))], gateway)
        assert Message.objects.get().state == "queued"


def test_a_process_that_slept_through_its_lease_sends_nothing(club, monkeypatch):
    launched(club)
    gateway = Scripted()
    monkeypatch.setattr(sending, "_is_fresh", lambda claimed_at, gateway: False)
    dispatch.dispatch_batch(club, gateway)
    assert not gateway.taken
    assert states(club) == {"claimed": 5}


def test_how_long_it_slept_is_told_by_the_clock_of_the_leases(club, monkeypatch):
    # While a machine sleeps this one stands still.
    monkeypatch.setattr(sending.time, "monotonic", lambda: 1.0)
    patience = sending.LEASE_SECONDS - 2 * Scripted.answers_within
    for seconds, is_fresh in ((1, True), (patience - 5, True), (patience + 1, False), (3600, False)):
        claimed_at = timezone.now() - datetime.timedelta(seconds=seconds)
        assert sending._is_fresh(claimed_at, Scripted()) is is_fresh


# the sandbox's faults


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"fails_deliveries": True}, {"failed": 5}),
        ({"refuses": True}, {"rejected": 5}),
        ({"is_busy": True}, {"queued": 5}),
        ({"loses_answers": True}, {"claimed": 5}),
    ],
)
def test_each_fault_of_the_sandbox_ends_where_it_should(club, fault, expected):
    launched(club)
    with scope(club):
        SandboxSettings.objects.create(**fault)
    dispatch.drain(club)
    assert states(club) == expected


def test_a_phone_that_is_off_is_only_known_once_the_text_is_due_there(club):
    launched(club)
    with scope(club):
        SandboxSettings.objects.create(fails_deliveries=True)
    dispatch.dispatch_batch(club)
    for seconds, state, reason in ((60, "accepted", ""), (-1, "failed", "phone_off")):
        with scope(club):
            SandboxMessage.objects.update(arrives_at=timezone.now() + datetime.timedelta(seconds=seconds))
            Message.objects.update(due_at=timezone.now())
        dispatch.collect_reports(club)
        with scope(club):
            assert set(Message.objects.values_list("state", "state_reason")) == {(state, reason)}


def test_a_lost_answer_is_found_again_in_the_sandbox(club):
    launched(club)
    with scope(club):
        faults = SandboxSettings.objects.create(loses_answers=True, hides_records=True)
    dispatch.drain(club)
    expire_leases(club)
    dispatch.drain(club)
    assert states(club) == {"unknown": 5}
    with scope(club):
        SandboxSettings.objects.filter(pk=faults.pk).update(hides_records=False, loses_answers=False)
        dispatch.decide(Campaign.objects.get(), "ask", None)
    dispatch.drain(club)
    assert states(club) == {"delivered": 5}
    with scope(club):
        assert SandboxMessage.objects.count() == 5


def test_nothing_of_a_person_is_in_what_may_be_logged(club):
    launched(club)
    with scope(club):
        claims, _skipped = sending.claim(club, 50)
        phone = Message.objects.first().phone
    assert phone not in repr(claims)
    assert "سلام" not in repr(claims)
    assert phone not in str(claims[0].message)
