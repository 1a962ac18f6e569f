"""The income of each day, kept for the days that are over."""

from __future__ import annotations

import datetime

import pytest

from loyalty.customers import sales, services
from loyalty.customers.models import Order, SalesDay
from loyalty.shops.scope import scope
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory, RefundFactory

DAY = datetime.timedelta(days=1)


@pytest.fixture
def sold(shop):
    OrderFactory(on=TODAY - 9 * DAY, net_amount=100)
    OrderFactory(on=TODAY - 9 * DAY, net_amount=20, customer=None)
    OrderFactory(on=TODAY - 5 * DAY, net_amount=70)
    OrderFactory(on=TODAY - 5 * DAY, net_amount=1_000, status="cancelled")
    OrderFactory(on=TODAY, net_amount=3)


def income() -> dict[int, int]:
    found = sales.daily_income(TODAY - 20 * DAY, TODAY)
    return {(TODAY - day).days: amount for day, amount in found.items()}


def test_what_is_kept_is_what_was_sold_and_today_is_not_kept(sold):
    before = income()
    assert before == {9: 120, 5: 70, 0: 3}
    assert sales.keep(TODAY) == 9
    assert income() == before
    # A day on which nothing was sold is kept, too, or it would be added up each time.
    assert SalesDay.objects.get(day=TODAY - 7 * DAY).amount == 0
    assert not SalesDay.objects.filter(day=TODAY).exists()
    assert sales.keep(TODAY) == 0


@pytest.mark.parametrize("what", ["added", "changed", "moved", "refunded", "gone"])
def test_whatever_happens_to_a_kept_day_is_seen_at_once(sold, what):
    sales.keep(TODAY)
    order = Order.objects.get(net_amount=70)
    expected = {9: 120, 5: 70, 0: 3}
    if what == "added":
        OrderFactory(on=TODAY - 5 * DAY, net_amount=5)
        expected[5] = 75
    elif what == "changed":
        Order.objects.filter(pk=order.pk).update(status=Order.Status.CANCELLED)
        del expected[5]
    elif what == "moved":
        Order.objects.filter(pk=order.pk).update(placed_on=TODAY - 6 * DAY)
        expected[6] = expected.pop(5)
    elif what == "refunded":
        RefundFactory(order=order, customer=order.customer, refunded_on=TODAY - 4 * DAY, amount=30)
        expected[4] = -30
    else:
        Order.objects.filter(pk=order.pk).delete()
        del expected[5]
    assert income() == expected
    sales.keep(TODAY)
    assert income() == expected


def test_an_order_of_today_takes_no_kept_day_away(sold, shop):
    sales.keep(TODAY)
    kept = SalesDay.objects.count()
    noon = datetime.datetime.combine(TODAY, datetime.time(12), shop.zone)
    services.record_order(CustomerFactory(), placed_at=noon, gross_amount=500)
    assert SalesDay.objects.count() == kept
    assert income()[0] == 503


def test_another_shop_keeps_days_of_its_own(sold, other_shop):
    sales.keep(TODAY)
    with scope(other_shop):
        OrderFactory(on=TODAY - 2 * DAY, net_amount=8)
        assert sales.keep(TODAY) == 2
        assert income() == {2: 8}
    assert income() == {9: 120, 5: 70, 0: 3}
