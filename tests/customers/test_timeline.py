"""A person's line through time: what they were, from when until when."""

import datetime

import pytest
from django.urls import reverse

from loyalty.customers.views import timeline
from loyalty.tiers.models import Programme, Tier, TierMembership
from segmentation import services as segmentation
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory
from tests.segmentation.pasts import remember

DAY = datetime.timedelta(days=1)


@pytest.fixture
def person(shop):
    customer = CustomerFactory()
    OrderFactory(customer=customer, on=TODAY - 99 * DAY)
    segmentation.score_shop(TODAY)
    remember(
        customer,
        (TODAY - 99 * DAY, {"stage": "new", "segment": "promising"}),
        (TODAY - 49 * DAY, {"stage": "new", "segment": "loyal"}),
        (TODAY - 19 * DAY, {"stage": "at_risk", "segment": "loyal"}),
    )
    return customer


def told(customer, kind: str) -> list[tuple]:
    found = {line.kind: line for line in timeline.lines(customer, TODAY)}
    return [(one.key, one.from_on, one.until_on, one.days) for one in found[kind].stretches]


def test_a_stretch_goes_on_while_its_own_kind_does(person):
    assert told(person, "stage") == [
        ("new", TODAY - 99 * DAY, TODAY - 19 * DAY, 80),
        ("at_risk", TODAY - 19 * DAY, None, 20),
    ]
    assert [key for key, *_rest in told(person, "segment")] == ["promising", "loyal"]


def test_a_kind_without_any_group_is_left_out(person):
    assert {line.kind for line in timeline.lines(person, TODAY)} == {"stage", "segment"}
    assert timeline.lines(CustomerFactory(), TODAY) == []


def test_tiers_have_a_line_of_their_own_without_what_was_undone(person, shop):
    programme = Programme.objects.create(started_on=TODAY)
    low, high = (Tier.objects.create(programme=programme, rank=rank, name=str(rank)) for rank in (1, 2))
    for tier, ago, until in ((low, 90, 30), (low, 30, 9)):
        TierMembership.objects.create(
            customer=person,
            tier=tier,
            from_on=TODAY - ago * DAY,
            until_on=TODAY - until * DAY,
            is_current=False,
            reason="first",
        )
    TierMembership.objects.create(customer=person, tier=high, from_on=TODAY - 9 * DAY, reason="up")
    TierMembership.objects.create(
        customer=person, tier=high, from_on=TODAY, is_current=False, reason="up", undone_at=shop.created_at
    )
    assert told(person, "tier") == [
        (str(low.pk), TODAY - 90 * DAY, TODAY - 9 * DAY, 81),
        (str(high.pk), TODAY - 9 * DAY, None, 10),
    ]


def test_all_kinds_are_drawn_on_one_scale(person):
    remember(
        person,
        (TODAY - 99 * DAY, {"stage": "new"}),
        (TODAY - 49 * DAY, {"stage": "active", "segment": "loyal"}),
    )
    drawn = {line.kind: line.drawn for line in timeline.lines(person, TODAY)}
    assert drawn["stage"] == [("new", 50), ("active", 50)]
    assert drawn["segment"] == [("", 50), ("brand", 50)]


def test_only_the_last_two_years_are_drawn(person):
    remember(person, (TODAY - 900 * DAY, {"stage": "new"}), (TODAY - 800 * DAY, {"stage": "lost"}))
    line = timeline.lines(person, TODAY)[0]
    assert line.drawn == [("lost", 100)]
    assert [one.key for one in line.stretches] == ["new", "lost"]


@pytest.mark.parametrize("language", ["fa", "en"])
@pytest.mark.parametrize("name", ["customer_detail", "customer_history"])
def test_the_line_stands_on_their_page(shop, person, as_owner, name, language):
    # A page draws up to its own day, which is the clock's.
    today = shop.today()
    remember(person, (today - 99 * DAY, {"stage": "new"}), (today - 19 * DAY, {"stage": "at_risk"}))
    address = reverse(f"customers:{name}", args=[person.pk])
    said = as_owner.get(address, headers={"accept-language": language}).content.decode()
    assert 'class="ba-c-risk ba-p20"' in said
