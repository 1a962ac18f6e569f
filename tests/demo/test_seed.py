"""`seed_demo`: two shops with a past one can look at, made once and for development only."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from campaigns.models import AudienceMember, Campaign, Message
from loyalty.customers.models import Customer
from loyalty.demo import story
from loyalty.shops.models import StaffMember
from loyalty.shops.scope import every_shop, scope
from loyalty.tiers.models import TierMembership
from segmentation.models import CustomerScore, ScoreRun
from tests.conftest import TODAY

PEOPLE = 60


def seed(*words: str) -> str:
    out = io.StringIO()
    call_command("seed_demo", *words, stdout=out)
    return out.getvalue()


@pytest.fixture(scope="module")
def seeded(django_db_setup, django_db_blocker):
    """Loaded once for the whole file: it is committed, as it has its statistics renewed outside a transaction."""
    with django_db_blocker.unblock():
        yield json.loads(seed("--customers", str(PEOPLE), "--day", TODAY.isoformat(), "--json"))
        call_command(
            "flush", verbosity=0, interactive=False, inhibit_post_migrate=True, reset_sequences=False
        )


@pytest.fixture
def each_shop(seeded, db):
    """Return the two shops by their short names."""
    return sorted(every_shop(), key=lambda shop: shop.slug)


def test_there_are_a_persian_and_an_english_shop(seeded, each_shop):
    assert sorted(seeded["shops"]) == [shop.slug for shop in each_shop]
    assert {(shop.language, shop.calendar, shop.currency) for shop in each_shop} == {
        ("fa", "jalali", "IRR"),
        ("en", "gregorian", "GBP"),
    }
    assert all(shop.is_demo for shop in each_shop)


def test_the_three_people_of_the_readme_sign_in_and_see_both(seeded, each_shop):
    assert seeded["logins"] == ["owner@example.com", "marketer@example.com", "counter@example.com"]
    for shop in each_shop:
        with scope(shop):
            assert sorted(StaffMember.objects.values_list("user__email", "role")) == sorted(
                (email, role) for role, (email, _) in story.STAFF.items()
            )
    client = Client(headers={"accept-language": "en"})
    answer = client.post(
        reverse("account_login"), {"login": seeded["logins"][0], "password": "bashgah-demo"}, follow=True
    )
    assert answer.status_code == 200
    assert all(escape(shop.name) in answer.content.decode() for shop in each_shop)


def test_everybody_has_a_segment_and_tiers_moved_over_time(each_shop):
    for shop in each_shop:
        with scope(shop):
            assert Customer.objects.count() == CustomerScore.objects.count() == PEOPLE
            assert ScoreRun.objects.current().as_of == TODAY
            assert len(set(CustomerScore.objects.values_list("stage", flat=True))) >= 4
            moves = TierMembership.objects.filter(is_current=False, undone_at=None)
            assert len(set(moves.values_list("until_on", flat=True))) >= 3
            assert len(set(TierMembership.objects.filter(is_current=True).values_list("tier"))) >= 2


def test_past_campaigns_left_some_people_alone_and_there_is_somebody_to_win_back(each_shop):
    for shop in each_shop:
        with scope(shop):
            done = Campaign.objects.filter(state="done")
            assert len(done) >= 2
            assert all(campaign.messages.filter(state__in=Message.SENT).exists() for campaign in done)
            assert set(AudienceMember.objects.values_list("arm", flat=True)) >= {"treatment", "holdout"}
            assert CustomerScore.objects.filter(stage__in=["at_risk", "lost"]).exists()


def test_it_is_not_loaded_over_what_is_there(seeded, db):
    with pytest.raises(CommandError, match="There is a shop “.+” already; the demo is loaded once."):
        seed()
    assert "there are shops already, nothing was loaded" in seed("--if-empty")
    assert len(every_shop()) == 2


def test_a_real_server_gets_no_logins_with_a_published_password(db, settings):
    settings.DEBUG = settings.TESTING = False
    before = every_shop()
    with pytest.raises(CommandError, match="they are for development only"):
        seed("--if-empty")
    assert every_shop() == before


def test_a_day_that_is_none_is_said_in_a_sentence(db):
    with pytest.raises(CommandError, match="“bad”: This is not a day."):
        seed("--day", "bad")
