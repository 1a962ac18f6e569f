"""What leaves the house, when, and how often. The shop's scope is closed: sending commits as it goes."""

import datetime
from collections import Counter

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from campaigns import dispatch
from campaigns.dispatch import sending, settling
from campaigns.gateways.base import Outcome, Result, Sighting, Trace
from campaigns.models import Campaign, GatewayLine, Message, SandboxMessage, SandboxSettings
from loyalty.customers.services import withdraw_consent
from loyalty.shops.models import AuditEntry, Shop
from loyalty.shops.scope import scope, setting
from tests.campaigns.conftest import make_campaign, make_people


def launched(club, people=5, **fields):
    with scope(club):
        made = make_people(people)
        campaign = make_campaign(**fields)
        return dispatch.launch(campaign, None, campaign.version), made


def states(club):
    with scope(club):
        return Counter(Message.objects.values_list("state", flat=True))


def reload(club, campaign):
    with scope(club):
        return Campaign.objects.get(pk=campaign.pk)


class Scripted:
    """A gateway that answers as told; `taken` is what reached it, by reference."""

    max_batch, answers_within, reports_after = 50, 10.0, 3600.0

    def __init__(self, outcome=Outcome.ACCEPTED, trace=Trace.ABSENT, answer=None):
        self.outcome, self.trace, self.answer = outcome, trace, answer
        self.taken = Counter()

    def send(self, batch):
        if self.outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN):
            self.taken.update(one.reference for one in batch)
        if self.answer is not None:
            return self.answer(batch)
        return {one.reference: Result(self.outcome, "G", 5, "why") for one in batch}

    def look_up(self, references):
        return {reference: Sighting(self.trace, "G", 5) for reference in references}


def expire_leases(club):
    with scope(club):
        Message.objects.filter(state="claimed").update(lease_until=timezone.now() - datetime.timedelta(1))


def wake_line(club):
    with scope(club):
        GatewayLine.objects.update(rests_until=None)


# launching


def test_a_launch_writes_one_message_for_each_recipient(club):
    campaign, people = launched(club, text="{name} سلام")
    assert states(club) == {"queued": 5}
    with scope(club):
        first = Message.objects.get(customer=people[0])
        assert first.text == f"{people[0].name} سلام\nلغو۱۱"
        assert (first.pages, first.phone) == (1, people[0].phone)
        assert len(set(Message.objects.values_list("reference", flat=True))) == 5
        assert AuditEntry.objects.get(action="campaigns.launched").details["recipients"] == 5


def test_pressing_send_again_returns_the_same_run(club):
    campaign, _people = launched(club)
    with scope(club):
        again = dispatch.launch(campaign, None, campaign.version)
        assert again.pk == campaign.pk
        assert AuditEntry.objects.filter(action="campaigns.launched").count() == 1
    assert states(club) == {"queued": 5}


def test_a_text_changed_since_it_was_read_is_not_sent(in_club):
    make_people(1)
    campaign = make_campaign(version=3)
    with pytest.raises(ValidationError, match="changed"):
        dispatch.launch(campaign, None, 2)
    assert Message.objects.count() == 0


@pytest.mark.parametrize("text", ["{nobody} hello", "a { brace"])
def test_an_unreadable_text_is_not_sent(in_club, text):
    make_people(1)
    campaign = make_campaign(text=text)
    with pytest.raises(ValidationError):
        dispatch.launch(campaign, None, campaign.version)
    assert Campaign.objects.get().state == "draft"


def test_an_empty_audience_is_refused(in_club):
    make_people(3, consent="out")
    campaign = make_campaign()
    with pytest.raises(ValidationError, match="Nobody"):
        dispatch.launch(campaign, None, campaign.version)
    assert Campaign.objects.get().state == "draft"


def test_two_campaigns_one_after_the_other_do_not_write_twice_a_day(club):
    launched(club)
    with scope(club):
        second = make_campaign()
        with pytest.raises(ValidationError, match="Nobody"):
            dispatch.launch(second, None, second.version)


def test_the_price_of_a_page_is_frozen(club):
    campaign, _people = launched(club)
    assert reload(club, campaign).page_price_amount == club.sms_page_price_amount


# sending


def test_everything_due_is_sent_once_and_reported(club):
    campaign, people = launched(club, people=120)
    done = dispatch.drain(club)
    assert (done.claimed, done.outcomes) == (120, {"accepted": 120})
    assert states(club) == {"delivered": 120}
    with scope(club):
        arrived = SandboxMessage.objects.values_list("phone", flat=True)
        assert sorted(arrived) == sorted(one.phone for one in people)
        message = Message.objects.first()
        assert message.price_amount == message.pages * club.sms_page_price_amount
        assert message.sent_at
        assert message.gateway_id
    assert reload(club, campaign).state == "done"


def test_sending_never_runs_inside_a_transaction(club):
    launched(club)
    with scope(club), pytest.raises(RuntimeError, match="durable"):
        dispatch.dispatch_batch(club)


def test_whoever_opts_out_after_the_launch_is_not_written_to(club):
    _campaign, people = launched(club)
    with scope(club):
        withdraw_consent(people[2], source="counter")
    done = dispatch.drain(club)
    assert (done.claimed, done.skipped) == (4, 1)
    with scope(club):
        assert Message.objects.get(customer=people[2]).state_reason == "opted_out"
        assert not SandboxMessage.objects.filter(phone=people[2].phone).exists()


def test_messages_wait_for_the_morning_on_the_shops_own_clock(club):
    campaign, _people = launched(club)
    here = timezone.now().astimezone(club.zone)
    around = {
        "quiet_from": (here - datetime.timedelta(hours=1)).time(),
        "quiet_until": (here + datetime.timedelta(hours=1)).time(),
    }
    with scope(club):
        Shop.objects.filter(pk=club.pk).update(**around)
    with setting("app.every_shop", "on"):
        shop = Shop.objects.get(pk=club.pk)
    assert dispatch.drain(shop).is_empty
    assert states(club) == {"queued": 5}
    assert reload(club, campaign).state == "sending"
    with scope(club):
        Campaign.objects.update(respects_quiet_hours=False)
    assert dispatch.drain(shop).claimed == 5


def test_pausing_holds_what_waits_and_resuming_sends_it(club):
    campaign, _people = launched(club)
    with scope(club):
        dispatch.pause(campaign, None)
    assert dispatch.drain(club).is_empty
    with scope(club):
        dispatch.resume(campaign, None)
    assert dispatch.drain(club).claimed == 5


def test_cancelling_takes_what_waits_out_of_the_queue(club):
    campaign, _people = launched(club)
    with scope(club):
        dispatch.cancel(campaign, None)
        with pytest.raises(ValidationError):
            dispatch.resume(campaign, None)
    assert dispatch.drain(club).is_empty
    assert states(club) == {"skipped": 5}


def test_a_switched_off_line_sends_nothing(club):
    launched(club)
    with scope(club):
        GatewayLine.objects.update(is_open=False)
    assert dispatch.drain(club).is_empty
    assert states(club) == {"queued": 5}


def test_a_scheduled_campaign_starts_when_its_time_has_come(club):
    later = timezone.now() + datetime.timedelta(hours=2)
    campaign, _people = launched(club, scheduled_at=later)
    assert reload(club, campaign).state == "scheduled"
    assert dispatch.drain(club).is_empty
    with scope(club):
        before = timezone.now() - datetime.timedelta(seconds=1)
        Campaign.objects.update(launched_at=before)
        Message.objects.update(due_at=before)
    assert dispatch.drain(club).claimed == 5


def test_a_schedule_that_was_slept_through_waits_for_a_person(club):
    campaign, _people = launched(club, scheduled_at=timezone.now() + datetime.timedelta(hours=2))
    with scope(club):
        Campaign.objects.update(launched_at=timezone.now() - datetime.timedelta(hours=7))
    assert dispatch.drain(club).is_empty
    assert (reload(club, campaign).state, reload(club, campaign).state_reason) == ("paused", "missed")


# what gateways answer


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


def test_a_message_that_is_never_taken_is_given_up_at_last(club):
    launched(club, people=1)
    with scope(club):
        Message.objects.update(attempts=sending.MAX_ATTEMPTS)
    dispatch.drain(club, gateway=Scripted(Outcome.RETRY_LATER))
    with scope(club):
        assert Message.objects.get().state_reason == "gave_up"


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
