"""What leaves the house, when, and how often. The shop's scope is closed: sending commits as it goes."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from campaigns import dispatch
from campaigns.models import Campaign, GatewayLine, Message, SandboxMessage
from loyalty.customers.services import withdraw_consent
from loyalty.shops.models import AuditEntry, Shop
from loyalty.shops.scope import scope, setting
from tests.campaigns.conftest import make_campaign, make_people
from tests.campaigns.runs import launched, reload, states

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
