"""The invented past is the same each time, and looks like a shop's."""

import datetime
import json
from pathlib import Path

import pytest

from loyalty.customers.models import ConsentEvent, Customer, Order, OrderLine, Refund
from loyalty.demo import load
from loyalty.demo.process import Invention

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


def test_the_past_is_written_whole(shop):
    fixture = small("demo_fa")
    past = Invention(fixture, LAST_DAY).past()
    load.past(shop, fixture, past)
    assert Customer.objects.count() == 150
    assert Order.objects.count() == len(past.sales)
    assert OrderLine.objects.count() == sum(len(sale.lines) for sale in past.sales)
    assert Refund.objects.count() == sum(1 for sale in past.sales if sale.refund_on)
    assert ConsentEvent.objects.count() == sum(1 for person in past.people if person.consent)
    assert sum(Order.objects.values_list("net_amount", flat=True)) == sum(sale.net for sale in past.sales)
    assert set(Order.objects.filter(customer=None).values_list("status", flat=True)) <= {
        "completed",
        "refunded",
        "cancelled",
    }
    # 0999 00…: a range that belongs to no operator, so that nobody real is ever shown.
    assert not Customer.objects.filter(phone__isnull=False).exclude(phone__startswith="+9899900").exists()
