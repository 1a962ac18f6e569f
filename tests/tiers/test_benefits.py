import datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from loyalty.customers.models import Interaction
from loyalty.shops.models import AuditEntry
from loyalty.tiers import benefits, services
from loyalty.tiers.models import Benefit, BenefitGrant, Tier
from tests.conftest import TODAY

from .conftest import buyer

BORN_TODAY = datetime.date(1990, 11, 23)  # 2 Azar 1369


@pytest.fixture
def vip(programme):
    customer = buyer(10_000, 10_000, 10_000, birth_on=BORN_TODAY)
    services.review_shop(TODAY)
    return customer


def states(customer, day=TODAY) -> dict[str, str]:
    return {
        f"{offer.benefit.kind}/{offer.benefit.period}": offer.state
        for offer in benefits.offers(customer, day)
    }


def season_gift() -> Benefit:
    return Benefit.objects.get(tier__rank=4, period="season")


def test_what_can_be_handed_over_comes_first_and_the_discount_last(vip):
    assert list(states(vip).items()) == [
        ("gift/season", "ready"),
        ("gift/birthday", "ready"),
        ("priority_line/always", "standing"),
        ("discount/always", "automatic"),
    ]


def test_without_a_tier_there_is_nothing_to_give(programme):
    assert benefits.offers(buyer(500), TODAY) == []


@pytest.mark.parametrize(("days", "is_there"), [(-8, False), (-7, True), (0, True), (7, True), (8, False)])
def test_a_birthday_gift_is_there_a_week_around_the_birthday(vip, days, is_there):
    assert ("gift/birthday" in states(vip, TODAY + datetime.timedelta(days=days))) is is_there


def test_an_unknown_birthday_has_no_gift(vip):
    vip.birth_on = None
    assert "gift/birthday" not in states(vip)


def test_a_double_click_gives_once(vip, clerk):
    first = benefits.give(vip, season_gift().pk, TODAY, clerk.user)
    assert benefits.give(vip, season_gift().pk, TODAY, clerk.user) == first
    assert BenefitGrant.objects.count() == 1
    assert states(vip)["gift/season"] == "given"


def test_the_database_refuses_a_second_grant_of_the_same_season(vip):
    benefits.give(vip, season_gift().pk, TODAY, None)
    with pytest.raises(IntegrityError, match="a_benefit_is_given_once_a_period"), transaction.atomic():
        BenefitGrant.objects.create(customer=vip, benefit=season_gift(), period_key="1405-q3", given_on=TODAY)


def test_the_next_season_it_is_there_again(vip):
    benefits.give(vip, season_gift().pk, TODAY, None)
    assert states(vip, datetime.date(2026, 12, 21))["gift/season"] == "given"
    assert states(vip, datetime.date(2026, 12, 22))["gift/season"] == "ready"


def test_taken_back_it_can_be_given_again(vip):
    grant = benefits.give(vip, season_gift().pk, TODAY, None)
    benefits.take_back(grant, TODAY)
    assert states(vip)["gift/season"] == "ready"
    assert not Interaction.objects.exists()
    assert benefits.give(vip, season_gift().pk, TODAY, None) != grant


def test_only_what_was_given_today_can_be_taken_back(vip):
    grant = benefits.give(vip, season_gift().pk, TODAY, None)
    with pytest.raises(ValidationError):
        benefits.take_back(grant, TODAY + datetime.timedelta(days=1))


def test_what_is_given_once_disappears_the_day_after(vip):
    Benefit.objects.filter(pk=season_gift().pk).update(period="once")
    benefits.give(vip, Benefit.objects.get(tier__rank=4, period="once").pk, TODAY, None)
    assert states(vip)["gift/once"] == "given"
    assert "gift/once" not in states(vip, TODAY + datetime.timedelta(days=1))


def test_another_tiers_benefit_is_not_given(vip):
    with pytest.raises(ValidationError, match="cannot be given"):
        benefits.give(vip, Benefit.objects.get(tier__rank=3, period="birthday").pk, TODAY, None)


def test_a_discount_is_not_handed_over(vip):
    with pytest.raises(ValidationError):
        benefits.give(vip, Benefit.objects.get(tier__rank=4, kind="discount").pk, TODAY, None)


def test_giving_is_written_down_as_a_dealing_and_in_the_audit_list(vip, clerk):
    benefits.give(vip, season_gift().pk, TODAY, clerk.user)
    assert Interaction.objects.get().kind == "redemption"
    assert AuditEntry.objects.latest("pk").action == "tiers.benefit_given"


def test_the_discount_is_rounded_down_to_a_whole_toman(vip):
    share = benefits.discount_share(vip)
    assert share == Decimal("0.1")
    assert benefits.discount_on(1_234_560, share) == 123_450
    assert benefits.discount_on(99, share) == 0


def test_a_tier_without_a_discount_takes_nothing_off(programme):
    customer = buyer(500)
    services.review_shop(TODAY)
    assert Tier.objects.get(memberships__customer=customer).rank == 1
    assert benefits.discount_share(customer) == 0
