"""The tiers as of a past day, by the memberships that held on it."""

import datetime
import re

import pytest
from django.urls import reverse

from loyalty.tiers.models import Programme, Tier, TierMembership
from tests.factories import CustomerFactory

HOME = reverse("tiers:programme")
DAY = datetime.timedelta(days=1)


@pytest.fixture
def moved(programme: Programme, shop):
    """Three in the lowest tier sixty days ago; one of them rose ten days ago, and one was never there at all."""
    today = shop.today()
    low, high = Tier.objects.filter(programme=programme).order_by("rank")[:2]

    def member(customer, tier, ago, until=None, **fields):
        until_on = None if until is None else today - until * DAY
        TierMembership.objects.create(
            customer=customer,
            tier=tier,
            from_on=today - ago * DAY,
            until_on=until_on,
            is_current=until is None and not fields,
            reason="up",
            **fields,
        )

    risen, *others = CustomerFactory.create_batch(4)
    member(risen, low, 60, 10)
    member(risen, high, 10)
    for customer in others[:2]:
        member(customer, low, 60)
    member(others[2], high, 60, undone_at=shop.created_at)
    return today, low, high


def page(client, on: datetime.date | str, status: int = 200) -> str:
    response = client.get(HOME, {"on": on}, headers={"accept-language": "en"})
    assert response.status_code == status
    return re.sub(r"\s+", " ", response.content.decode())


def test_each_tier_has_that_days_people_and_opens_them(moved, as_owner):
    today, low, high = moved
    then = today - 30 * DAY
    said = page(as_owner, then)
    for tier, people, now in ((low, 3, 2), (high, 0, 1)):
        assert f'href="/customers/?tier={tier.pk}&amp;on={then}">{people}</a>' in said
        assert f'href="/customers/?tier={tier.pk}">{now}</a>' in said


def test_the_day_of_a_move_is_the_first_in_the_new_tier(moved, as_owner):
    today, low, high = moved
    assert f'tier={high.pk}&amp;on={today - 10 * DAY}">1</a>' in page(as_owner, today - 10 * DAY)
    assert f'tier={high.pk}&amp;on={today - 11 * DAY}">0</a>' in page(as_owner, today - 11 * DAY)


def test_before_the_first_member_nothing_is_kept(moved, as_owner):
    today, _low, _high = moved
    said = page(as_owner, today - 61 * DAY)
    assert "Nothing is kept of a day that early" in said
    assert "Memory begins on" in said


def test_today_is_the_editor_which_leads_to_the_past(moved, as_owner):
    today, _low, _high = moved
    for on in (today, today + DAY, ""):
        assert 'id="tier-form"' in page(as_owner, on)
    assert f"?on={today - 30 * DAY}" in page(as_owner, "")
    assert "This is not a day" in page(as_owner, "tomorrow-ish", status=422)
