"""The invented past is the same each time, and looks like a shop's."""

import datetime
import json
from pathlib import Path

import pytest

from loyalty.customers.models import ConsentEvent, Customer, Interaction, Order, OrderLine, Refund
from loyalty.demo import load
from loyalty.demo.process import Invention
from segmentation import services as segmentation
from segmentation import value_volume

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
LAST_DAY = datetime.date(2026, 11, 22)


def small(name: str, customers: int = 150) -> dict:
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8")) | {"customers": customers}


@pytest.mark.parametrize("name", ["demo_fa", "demo_en"])
def test_the_same_seed_and_day_give_the_same_past(name):
    one, two = (Invention(small(name), LAST_DAY).past() for _ in range(2))
    assert [(s.person, s.placed_on, s.minute, s.net, s.cost) for s in one.sales] == [
        (s.person, s.placed_on, s.minute, s.net, s.cost) for s in two.sales
    ]
    assert [p.name for p in one.people] == [p.name for p in two.people]
    assert one.dealings == two.dealings


@pytest.mark.parametrize("name", ["demo_fa", "demo_en"])
def test_nobody_shares_a_full_name(name):
    fixture = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    people = [
        Invention.person(Invention(fixture, LAST_DAY), n).name for n in range(1, fixture["customers"] + 1, 1)
    ]
    assert len(set(people)) == len(people)


def test_no_sale_lies_outside_the_span_and_money_adds_up():
    invention = Invention(small("demo_fa"), LAST_DAY)
    for sale in invention.past().sales:
        assert invention.first_day <= sale.placed_on <= LAST_DAY
        assert sale.net == sale.gross - sale.discount > 0
        assert 0 <= sale.refund_amount <= sale.net


@pytest.mark.parametrize("name", ["demo_fa", "demo_en"])
def test_about_a_fifth_of_the_people_deal_with_the_shop_beyond_buying(name):
    past = Invention(small(name, 1000), LAST_DAY).past()
    assert 0.15 <= len({one.person for one in past.dealings}) / len(past.people) <= 0.25
    bought = {sale.person: sale.placed_on for sale in reversed(past.sales)}
    kinds = {"visit", "reply", "survey", "review", "referral", "complaint"}
    assert {one.kind for one in past.dealings} == kinds
    for one in past.dealings:
        assert bought[one.person] <= one.happened_on <= LAST_DAY
        assert ("rating" in one.details) == (one.kind == "review")
    # Whoever brings a friend likes the shop, and complains less than the others.
    friends = {one.person for one in past.dealings if one.kind == "referral"}
    theirs, others = (
        [one.kind for one in past.dealings if (one.person in friends) is are and one.kind != "referral"]
        for are in (True, False)
    )
    assert theirs.count("complaint") / len(theirs) < others.count("complaint") / len(others)


def test_the_invented_past_makes_every_part_of_value_known(shop):
    load.past(shop, small("demo_fa", 300), Invention(small("demo_fa", 300), LAST_DAY).past())
    assert value_volume.unknown_parts(segmentation.score_shop(LAST_DAY).cuts) == []


def test_the_past_is_written_whole(shop):
    fixture = small("demo_fa")
    past = Invention(fixture, LAST_DAY).past()
    load.past(shop, fixture, past)
    assert Customer.objects.count() == 150
    assert Order.objects.count() == len(past.sales)
    assert OrderLine.objects.count() == sum(len(sale.lines) for sale in past.sales)
    assert Refund.objects.count() == sum(1 for sale in past.sales if sale.refund_on)
    told = Interaction.objects.values_list("customer__external_id", "kind", "details")
    assert sorted(map(str, told)) == sorted(
        str((str(one.person), one.kind, one.details)) for one in past.dealings
    )
    assert ConsentEvent.objects.count() == sum(1 for person in past.people if person.consent)
    assert sum(Order.objects.values_list("net_amount", flat=True)) == sum(sale.net for sale in past.sales)
    assert set(Order.objects.filter(customer=None).values_list("status", flat=True)) <= {
        "completed",
        "refunded",
        "cancelled",
    }
    # 0999 00…: a range that belongs to no operator, so that nobody real is ever shown.
    assert not Customer.objects.filter(phone__isnull=False).exclude(phone__startswith="+9899900").exists()
