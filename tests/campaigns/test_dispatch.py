"""What leaves the house, when, and how often. The shop's scope is closed: sending commits as it goes."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from campaigns import arms, dispatch
from campaigns.audiences import frozen_waterfall
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


@pytest.mark.parametrize("hours", [0, 2])
def test_more_recipients_than_were_confirmed_are_refused(in_club, hours):
    make_people(5)
    campaign = make_campaign(scheduled_at=timezone.now() + datetime.timedelta(hours=hours))
    with pytest.raises(ValidationError, match="than you confirmed"):
        dispatch.launch(campaign, None, campaign.version, expected=4)
    assert Campaign.objects.get().state == "draft"
    assert not Message.objects.exists()
    assert not campaign.has_begun


def test_fewer_recipients_than_were_confirmed_are_written_to(in_club):
    make_people(5)
    campaign = make_campaign()
    dispatch.launch(campaign, None, campaign.version, expected=6)
    assert Message.objects.count() == 5


@pytest.mark.parametrize("hours", [0, 2])
def test_an_empty_audience_is_refused(in_club, hours):
    make_people(3, consent="out")
    campaign = make_campaign(scheduled_at=timezone.now() + datetime.timedelta(hours=hours))
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


def test_one_paused_after_its_last_message_is_done_all_the_same(club):
    campaign, _people = launched(club)
    dispatch.dispatch_batch(club)
    with scope(club):
        dispatch.pause(campaign, None)
    dispatch.drain(club)
    assert reload(club, campaign).state == "done"


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


# planned for later


def later(**more):
    return timezone.now() + datetime.timedelta(**(more or {"hours": 2}))


def come(club):
    """Let the time of every planned campaign have come."""
    with scope(club):
        Campaign.objects.update(launched_at=timezone.now() - datetime.timedelta(seconds=1))


def test_a_scheduled_campaign_begins_when_its_time_has_come(club):
    campaign, _people = launched(club, scheduled_at=later())
    assert reload(club, campaign).state == "scheduled"
    assert dispatch.drain(club).is_empty
    come(club)
    assert dispatch.drain(club).claimed == 5
    assert reload(club, campaign).state == "done"


def test_until_then_it_keeps_nobody_from_other_messages(club):
    launched(club, scheduled_at=later(days=41))
    with scope(club):
        assert not Message.objects.exists()
        today = make_campaign()
        dispatch.launch(today, None, today.version)
        assert Message.objects.filter(campaign=today).count() == 5


def test_whoever_left_the_list_meanwhile_is_not_written_to_and_the_text_is_of_that_day(club):
    with scope(club):
        there, gone = make_people(2, city="Tehran")
        campaign = make_campaign(audience="city=Tehran", text="{name}", scheduled_at=later())
        dispatch.launch(campaign, None, campaign.version)
        gone.city, there.name = "Shiraz", "نام تازه"
        gone.save()
        there.save()
    come(club)
    dispatch.drain(club)
    with scope(club):
        assert [(one.customer_id, one.text) for one in Message.objects.all()] == [
            (there.pk, "نام تازه\nلغو۱۱")
        ]


def test_it_never_goes_to_more_people_than_were_confirmed(club):
    campaign, _people = launched(club, scheduled_at=later())
    with scope(club):
        make_people(4)
    come(club)
    assert dispatch.drain(club).claimed == 5
    with scope(club):
        assert frozen_waterfall(campaign).steps | {"holdout": 0} == {
            "treatment": 5, "over_confirmed": 4, "holdout": 0,
            "no_consent": 0, "invalid_phone": 0, "frequency_cap": 0,
        }  # fmt: skip
        places = {one.customer_id: one.arm for one in campaign.members.all()}
    # Those drawn last stay out, whoever they are.
    drawn = sorted(places, key=lambda pk: arms.draw(club.pk, campaign.key, pk))
    assert {places[pk] for pk in drawn[:5]} == {"treatment"}
    assert {places[pk] for pk in drawn[5:]} == {"excluded"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"audience": "city=Nowhere"}, "nobody"), ({"audience": "spent_min=abc"}, "unreadable")],
)
def test_one_that_cannot_begin_has_failed_and_says_why(club, change, reason):
    campaign, _people = launched(club, scheduled_at=later())
    with scope(club):
        Campaign.objects.update(**change)
    come(club)
    assert dispatch.drain(club).is_empty
    campaign = reload(club, campaign)
    assert (campaign.state, campaign.state_reason) == ("failed", reason)
    with scope(club):
        assert not campaign.has_begun


def test_a_schedule_that_was_slept_through_waits_for_a_person(club):
    campaign, _people = launched(club, scheduled_at=timezone.now() + datetime.timedelta(hours=2))
    with scope(club):
        Campaign.objects.update(launched_at=timezone.now() - datetime.timedelta(hours=7))
    assert dispatch.drain(club).is_empty
    assert (reload(club, campaign).state, reload(club, campaign).state_reason) == ("paused", "missed")
    with scope(club):
        dispatch.resume(campaign, None)
    assert dispatch.drain(club).claimed == 5
    campaign = reload(club, campaign)
    assert campaign.state == "done"
    # The days of the result begin when the messages leave, not when they should have.
    assert campaign.launched_at > timezone.now() - datetime.timedelta(minutes=5)


def test_one_paused_before_its_time_waits_for_it_again(club):
    campaign, _people = launched(club, scheduled_at=later())
    with scope(club):
        dispatch.pause(campaign, None)
    dispatch.drain(club)
    with scope(club):
        assert dispatch.resume(campaign, None).state == "scheduled"
    assert dispatch.drain(club).is_empty
