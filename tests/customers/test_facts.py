"""Facts of customers as of a day: the edges of the window, who is counted, and what a refund takes back."""

import datetime

import pytest
from django.db import connection

from loyalty.customers import facts
from loyalty.customers.models import Interaction
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory, RefundFactory


def before(days: int) -> datetime.date:
    return TODAY - datetime.timedelta(days=days)


def rows(statement: facts.Statement) -> dict[int, dict]:
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.params)
        names = [column.name for column in cursor.description]
        return {row[0]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}


def test_the_window_holds_its_first_day_and_its_last(shop):
    customer = CustomerFactory()
    for day in (before(7), before(6), TODAY, before(-1)):
        OrderFactory(customer=customer, on=day, net_amount=100)
    found = rows(facts.facts_sql(shop, TODAY, window_days=7))[customer.pk]
    assert (found["frequency"], found["monetary_amount"]) == (2, 200)
    assert (found["lifetime_orders"], found["lifetime_amount"]) == (3, 300)
    assert found["days"] == [before(7), before(6), TODAY]


def test_a_refund_in_the_window_counts_although_its_order_does_not(shop):
    order = OrderFactory(on=before(100), net_amount=500)
    RefundFactory(order=order, on=before(1), amount=200)
    found = rows(facts.facts_sql(shop, TODAY, window_days=30))[order.customer_id]
    assert (found["frequency"], found["monetary_amount"], found["lifetime_amount"]) == (0, -200, 300)


def test_who_has_only_refunds_or_is_a_guest_has_no_facts(shop):
    RefundFactory(on=TODAY)
    OrderFactory(customer=None, on=TODAY)
    OrderFactory(on=TODAY, status="processing")
    assert rows(facts.facts_sql(shop, TODAY)) == {}


def test_facts_of_some_are_the_same_as_of_all(shop):
    orders = [OrderFactory(on=before(days), net_amount=days) for days in (1, 2, 3)]
    RefundFactory(order=orders[0], on=TODAY, amount=1)
    everybody = rows(facts.facts_sql(shop, TODAY))
    some = [orders[0].customer_id, orders[2].customer_id]
    assert rows(facts.facts_sql(shop, TODAY, customer_ids=some)) == {key: everybody[key] for key in some}


def test_a_refund_takes_back_its_own_cost_or_its_orders_in_proportion_or_stays_out(shop):
    own = OrderFactory(on=TODAY, net_amount=100, cost_amount=60)
    RefundFactory(order=own, on=TODAY, amount=50, cost_amount=10)
    share = OrderFactory(on=TODAY, net_amount=100, cost_amount=60)
    RefundFactory(order=share, on=TODAY, amount=50)
    loose = OrderFactory(on=TODAY, net_amount=100, cost_amount=60)
    RefundFactory(customer=loose.customer, on=TODAY, amount=50)
    found = rows(facts.facts_sql(shop, TODAY))
    profits = [found[order.customer_id]["profit_amount"] for order in (own, share, loose)]
    assert profits == [40 - 40, 40 - 20, 40]
    assert {found[order.customer_id]["monetary_amount"] for order in (own, share, loose)} == {50}


def test_dealings_praise_and_complaints_are_counted_apart_and_notes_of_the_staff_not_at_all(shop):
    customer = CustomerFactory()
    noon = datetime.datetime.combine(TODAY, datetime.time(12), shop.zone)
    for kind in Interaction.Kind:
        Interaction.objects.create(customer=customer, kind=kind, occurred_at=noon)
    Interaction.objects.create(customer=customer, kind="visit", occurred_at=noon + datetime.timedelta(days=1))
    found = rows(facts.engagement_sql(shop, TODAY, 365))[customer.pk]
    assert (found["engagements"], found["advocacies"], found["complaints"]) == (4, 2, 1)


@pytest.mark.parametrize(
    ("details", "speaks_well"),
    [
        ({}, 1),
        ({"rating": 5}, 1),
        ({"rating": 4}, 1),
        ({"rating": 3}, 0),
        ({"rating": 1}, 0),
        ({"rating": "5"}, 0),
    ],
)
def test_a_review_of_few_stars_speaks_for_nobody(shop, details, speaks_well):
    customer = CustomerFactory()
    noon = datetime.datetime.combine(TODAY, datetime.time(12), shop.zone)
    Interaction.objects.create(customer=customer, kind="review", occurred_at=noon, details=details)
    assert rows(facts.engagement_sql(shop, TODAY, 365))[customer.pk]["advocacies"] == speaks_well


def test_an_engagement_belongs_to_the_shops_own_day(shop):
    customer = CustomerFactory()
    # Half past midnight in Tehran is still the day before in UTC.
    early = datetime.datetime.combine(TODAY, datetime.time(0, 30), shop.zone)
    Interaction.objects.create(customer=customer, kind="visit", occurred_at=early)
    assert rows(facts.engagement_sql(shop, before(1), 365)) == {}
    assert rows(facts.engagement_sql(shop, TODAY, 1))[customer.pk]["engagements"] == 1
