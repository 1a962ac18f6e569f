import datetime
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from campaigns import arms
from campaigns.audiences import STEPS, Audience, frozen_people, frozen_waterfall
from campaigns.models import AudienceMember, Message
from loyalty.customers.models import ConsentEvent, Customer
from tests.campaigns.conftest import make_campaign, make_people

KEY = UUID("00000000-0000-4000-8000-000000000001")


def audience(shop, query="", share=Decimal(0), at=None):
    return Audience(shop, query, KEY, share, at or timezone.now())


def write_to(customer, days_ago, state="delivered", **fields):
    """A message of another campaign, some days ago."""
    moment = timezone.now() - datetime.timedelta(days=days_ago)
    message = Message(
        campaign=make_campaign(), customer=customer, phone=customer.phone, text="…", pages=1, state=state,
        reference=Message.objects.count() + 1, due_at=moment, **fields,
    )  # fmt: skip
    if state in Message.SENT:
        message.sent_at, message.due_at = moment, None
    message.save()


def test_everyone_leaves_at_exactly_one_step(in_club):
    make_people(5)
    make_people(2, consent="out")
    make_people(3, consent=None)
    make_people(1, phone=None)
    waterfall = audience(in_club).waterfall()
    assert waterfall.total == 11
    assert waterfall.steps == {
        "no_consent": 5, "invalid_phone": 1, "frequency_cap": 0, "holdout": 0, "treatment": 5,
        "over_confirmed": 0,
    }  # fmt: skip


def test_the_names_behind_each_step_are_those_counted(in_club):
    make_people(4)
    make_people(2, consent="out")
    make_people(1, phone=None)
    judged = audience(in_club, share=Decimal("0.4"))
    counts = judged.waterfall().steps
    for step in STEPS:
        assert judged.people(step).count() == counts[step]
    assert judged.people().count() == 7
    someone = judged.people("no_consent").first()
    assert judged.step_of(someone) == "no_consent"


def test_reachable_people_are_those_of_the_customers_room(in_club):
    people = make_people(6)
    ConsentEvent.objects.create(customer=people[0], action="out", source="keyword")
    make_people(2, consent=None)
    reachable = set(Customer.objects.reachable_by_sms().values_list("pk", flat=True))
    assert set(audience(in_club).people("treatment").values_list("pk", flat=True)) == reachable


@pytest.mark.parametrize("phone", ["+982112345678", "+447700900123"])
def test_a_number_no_text_reaches_is_left_out(in_club, phone):
    make_people(1, phone=phone)
    assert audience(in_club).waterfall().steps["invalid_phone"] == 1


def test_elsewhere_a_mobile_of_any_shape_is_reached(in_club):
    in_club.phone_region = "GB"
    make_people(1, phone="+447700900123")
    assert audience(in_club).waterfall().receiving == 1


def test_one_message_a_day_and_four_a_month_are_enough(in_club):
    once, often, seldom, long_ago, refused = make_people(5)
    write_to(once, 0.9)
    for days in (2, 5, 9, 29):
        write_to(often, days)
    for days in (2, 5, 9, 31):
        write_to(seldom, days)
    write_to(long_ago, 31)
    write_to(refused, 0.5, state="rejected")
    tired = set(audience(in_club).people("frequency_cap"))
    assert tired == {once, often}


def test_a_message_that_still_waits_counts(in_club):
    (person,) = make_people(1)
    write_to(person, -0.9, state="queued")
    assert audience(in_club).waterfall().steps["frequency_cap"] == 1


def test_a_message_of_another_day_altogether_does_not_count(in_club):
    (person,) = make_people(1)
    write_to(person, -2, state="queued")
    assert audience(in_club).waterfall().receiving == 1


def test_what_is_planned_for_later_is_counted_by_the_cap_of_then(in_club):
    (person,) = make_people(1)
    write_to(person, 0.5)
    now = timezone.now()
    for days, step in ((0, "frequency_cap"), (0.2, "frequency_cap"), (2, "treatment"), (-2, "frequency_cap")):
        planned = replace(audience(in_club, at=now), begins_at=now + datetime.timedelta(days=days))
        assert planned.waterfall().steps[step] == 1


def test_the_cap_counts_to_the_moment_of_the_launch(in_club):
    (person,) = make_people(1)
    write_to(person, 10)
    at = timezone.now() - datetime.timedelta(days=9.5)
    assert audience(in_club, at=at).waterfall().steps["frequency_cap"] == 1


def test_the_draw_is_the_same_in_python_and_in_sql(in_club):
    people = make_people(400)
    share = Decimal("0.137")
    left_alone = set(audience(in_club, share=share).people("holdout").values_list("pk", flat=True))
    assert left_alone == {p.pk for p in people if arms.arm(in_club.pk, KEY, p.pk, share) == arms.HOLDOUT}
    assert left_alone


def test_the_share_is_exact_in_expectation_and_differs_by_campaign():
    one = [arms.arm(1, KEY, customer, 0.1) for customer in range(20_000)]
    assert 1_850 < one.count(arms.HOLDOUT) < 2_150
    other = [arms.arm(1, UUID(int=KEY.int + 1), customer, 0.1) for customer in range(20_000)]
    both = sum(a == b == arms.HOLDOUT for a, b in zip(one, other, strict=True))
    assert 150 < both < 260
    assert {arms.arm(1, KEY, customer, 0) for customer in range(1_000)} == {arms.TREATMENT}
    assert arms.threshold(Decimal(1)) == arms.SPACE


def test_what_is_frozen_is_what_was_shown(in_club):
    make_people(30)
    make_people(3, consent="out")
    campaign = make_campaign(holdout_share=Decimal("0.3"))
    shown = Audience.of(campaign, in_club, timezone.now()).waterfall()
    counts = Audience.of(campaign, in_club, timezone.now()).freeze_into(campaign)
    assert counts == shown.steps == frozen_waterfall(campaign).steps
    assert frozen_waterfall(campaign).total == 33
    for step in STEPS:
        assert frozen_people(campaign, step).count() == counts[step]
    assert AudienceMember.objects.filter(arm="excluded").values_list("reason", flat=True)[0] == "no_consent"


def test_a_condition_that_cannot_be_read_is_never_left_out_of_a_launch(in_club):
    make_people(3)
    campaign = make_campaign(audience="spent_min=abc")
    with pytest.raises(ValidationError):
        Audience.of(campaign, in_club, timezone.now()).freeze_into(campaign)


def test_judging_a_list_asks_once_whatever_its_length(in_club, django_assert_num_queries):
    make_people(50)
    with django_assert_num_queries(1):
        audience(in_club, share=Decimal("0.1")).waterfall()
    assert connection.vendor == "postgresql"


def test_the_smallest_visible_effect_follows_the_sample_size_formula():
    # Base 5 %, power 80 %: 1,059 people an arm show a lift to 8 %.
    assert arms.smallest_effect(1_059, 1_059) == pytest.approx(0.03, abs=0.0005)
    assert arms.smallest_effect(1_000, 9_000) < arms.smallest_effect(100, 900)
    assert arms.smallest_effect(0, 900) is None
