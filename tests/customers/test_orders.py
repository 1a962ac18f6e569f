"""Purchases and returns recorded by hand."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from loyalty.customers import services
from loyalty.customers.models import Order, Product, ProductCategory, Refund
from loyalty.customers.services.orders import shares
from loyalty.shops.models import AuditEntry
from loyalty.ui.money import MAX_MINOR
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory

NOON = datetime.datetime.combine(TODAY, datetime.time(12), datetime.UTC)


@pytest.fixture
def customer(shop):
    return CustomerFactory()


def record(customer, **fields):
    return services.record_order(customer, **{"placed_at": NOON, "gross_amount": 1_000_000, **fields})


def test_a_purchase_is_paid_and_net_of_its_discount(customer):
    order = record(customer, discount_amount=150_000, branch="مرکزی", channel="counter")
    order.refresh_from_db()
    assert (order.net_amount, order.is_paid, order.source) == (850_000, True, "manual")
    assert AuditEntry.objects.filter(action="customers.order_recorded").count() == 1


def test_no_order_takes_money_away(shop):
    OrderFactory(net_amount=0)
    with pytest.raises(IntegrityError, match="an_order_takes_no_money_away"):
        OrderFactory(net_amount=-1)


def test_the_day_of_a_purchase_is_the_shops_day(customer):
    order = record(customer, placed_at=datetime.datetime(2026, 11, 22, 21, 0, tzinfo=datetime.UTC))
    assert order.placed_on == TODAY


@pytest.mark.parametrize(
    "fields",
    [
        {"gross_amount": 0},
        {"gross_amount": -5},
        {"gross_amount": MAX_MINOR + 1},
        {"discount_amount": 1_000_001},
        {"discount_amount": -1},
        {"cost_amount": -1},
    ],
)
def test_an_amount_that_cannot_be_is_refused_in_words(customer, fields):
    with pytest.raises(ValidationError) as refusal:
        record(customer, **fields)
    assert refusal.value.messages[0].endswith(".")
    assert not Order.objects.exists()


def test_sending_the_same_form_twice_records_one_purchase(customer):
    number = services.new_number()
    assert record(customer, number=number).pk == record(customer, number=number).pk
    assert Order.objects.count() == 1


def test_a_number_already_used_for_something_else_is_refused(customer):
    record(customer, number="77")
    with pytest.raises(ValidationError, match="already recorded"):
        record(customer, number="77", gross_amount=5)
    with pytest.raises(ValidationError, match="already recorded"):
        record(CustomerFactory(), number="77")


def test_a_guests_purchase_has_no_customer(shop):
    assert record(None).customer is None


def lines_of(*prices, **product):
    goods = [Product.objects.create(sku=f"P{n}", **product) for n, _price in enumerate(prices)]
    return [services.Line(one, Decimal(2), price) for one, price in zip(goods, prices, strict=True)]


def test_the_discount_is_spread_over_the_lines_to_the_last_rial(customer):
    lines = lines_of(100, 101, 99)
    order = record(customer, lines=lines, gross_amount=600, discount_amount=100)
    written = list(order.lines.all())
    assert sum(line.net_amount for line in written) == order.net_amount == 500
    assert all(line.net_amount + line.discount_amount == 2 * line.unit_amount for line in written)


def test_the_lines_must_add_up_to_the_amount(customer):
    with pytest.raises(ValidationError, match="add up"):
        record(customer, lines=lines_of(100), gross_amount=300)


@pytest.mark.parametrize("quantity", [Decimal(0), Decimal(-1)])
def test_a_line_has_a_quantity_above_zero(customer, quantity):
    with pytest.raises(ValidationError, match="quantity"):
        record(customer, lines=[services.Line(None, quantity, 100)], gross_amount=100)


def test_the_cost_comes_from_the_products_where_all_of_them_know_theirs(customer):
    order = record(customer, lines=lines_of(100, 200, cost_amount=30), gross_amount=600)
    assert order.cost_amount == 120


def test_one_unknown_cost_makes_the_whole_cost_unknown(customer):
    lines = [*lines_of(100, cost_amount=30), services.Line(None, Decimal(1), 50)]
    assert record(customer, lines=lines, gross_amount=250).cost_amount is None


def test_a_categorys_margin_stands_in_for_an_unknown_cost(customer):
    category = ProductCategory.objects.create(name="coffee", margin_share=Decimal("0.4"))
    order = record(customer, lines=lines_of(100, category=category), gross_amount=200, discount_amount=20)
    assert order.cost_amount == 108


def test_shares_always_add_up():
    assert shares(100, [1, 1, 1]) == [33, 33, 34]
    assert shares(0, [5, 5]) == [0, 0]
    assert shares(7, []) == []
    assert shares(7, [0, 0]) == [0, 0]
    assert sum(shares(999_999_999_999, [3, 7, 11, 13])) == 999_999_999_999


def give_back(order, amount, **fields):
    return services.refund_order(order, amount=amount, **{"refunded_at": NOON, **fields})


def test_never_more_is_given_back_than_was_paid(customer):
    order = record(customer)
    give_back(order, 600_000)
    with pytest.raises(ValidationError, match="At most"):
        give_back(order, 400_001)
    give_back(order, 400_000)
    with pytest.raises(ValidationError, match="Nothing is left"):
        give_back(order, 1)


def test_an_order_given_back_whole_is_returned_and_still_was_a_visit(customer):
    order = record(customer)
    give_back(order, 1_000_000)
    order.refresh_from_db()
    assert (order.status, order.is_paid) == ("refunded", True)


def test_parts_given_back_return_exactly_the_whole_cost(customer):
    order = record(customer, gross_amount=1_000, cost_amount=333)
    costs = [give_back(order, amount).cost_amount for amount in (1, 332, 333, 334)]
    assert sum(costs) == 333


def test_an_unknown_cost_stays_unknown_when_given_back(customer):
    assert give_back(record(customer), 10).cost_amount is None


@pytest.mark.parametrize("status", ["processing", "cancelled"])
def test_what_was_never_paid_cannot_be_given_back(customer, status):
    with pytest.raises(ValidationError, match="Nothing is left"):
        give_back(OrderFactory(customer=customer, status=status), 1)


@pytest.mark.parametrize("amount", [0, -1])
def test_giving_back_nothing_is_refused(customer, amount):
    with pytest.raises(ValidationError, match="how much"):
        give_back(record(customer), amount)


def test_goods_do_not_come_back_before_they_were_bought(customer):
    order = record(customer)
    with pytest.raises(ValidationError, match="before they were bought"):
        give_back(order, 1, refunded_at=NOON - datetime.timedelta(days=2))


def test_sending_a_return_twice_gives_back_once(customer):
    order, number = record(customer), services.new_number()
    assert give_back(order, 5, number=number).pk == give_back(order, 5, number=number).pk
    assert Refund.objects.count() == 1


def test_a_return_recorded_by_mistake_is_taken_out(customer):
    order = record(customer)
    refund = give_back(order, 1_000_000)
    services.cancel_refund(refund)
    order.refresh_from_db()
    assert order.status == "completed"
    assert services.refundable_amount(order) == 1_000_000


def test_a_purchase_recorded_by_mistake_no_longer_counts_and_can_come_back(customer):
    order = record(customer)
    assert services.cancel_order(order).status == "cancelled"
    order.refresh_from_db()
    assert not order.is_paid
    assert services.restore_order(order).status == "completed"


def test_a_purchase_with_a_return_is_not_cancelled(customer):
    order = record(customer)
    give_back(order, 10)
    with pytest.raises(ValidationError, match="given back"):
        services.cancel_order(order)


def test_what_a_file_brought_is_corrected_in_the_file(customer):
    order = OrderFactory(customer=customer, source="import")
    refund = Refund.objects.create(
        customer=customer,
        order=order,
        source="import",
        external_id="1",
        amount=5,
        refunded_at=NOON,
        refunded_on=TODAY,
    )
    for change in (lambda: services.cancel_order(order), lambda: services.cancel_refund(refund)):
        with pytest.raises(ValidationError, match="came from a file"):
            change()
