"""Two clerks at the same moment: the row's lock decides, not luck."""

from __future__ import annotations

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from loyalty.customers import services
from loyalty.customers.models import Order, Refund
from loyalty.shops.scope import scope
from tests import factories
from tests.conftest import TODAY


def at_once(shop, work, times: int = 4) -> list[str]:
    """Run `work` in several threads that start together; return what was refused, "" for what went through."""
    start, outcomes = threading.Barrier(times), []

    def run() -> None:
        start.wait()
        try:
            with scope(shop):
                work()
            outcomes.append("")
        except ValidationError as refusal:
            outcomes.append(refusal.messages[0])
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


@pytest.mark.django_db(transaction=True)
def test_clerks_together_never_give_back_more_than_was_paid():
    shop = factories.make_shop()
    with scope(shop):
        order = factories.OrderFactory(on=TODAY, net_amount=1_000)
    moment = order.placed_at
    outcomes = at_once(shop, lambda: services.refund_order(order, amount=700, refunded_at=moment))
    assert outcomes.count("") == 1
    with scope(shop):
        assert [refund.amount for refund in Refund.objects.all()] == [700]


@pytest.mark.django_db(transaction=True)
def test_a_form_sent_several_times_at_once_records_one_purchase():
    shop = factories.make_shop()
    with scope(shop):
        customer = factories.CustomerFactory()
        moment = factories.OrderFactory.build(on=TODAY, customer=customer).placed_at
    number = services.new_number()
    outcomes = at_once(
        shop, lambda: services.record_order(customer, placed_at=moment, gross_amount=500, number=number)
    )
    assert outcomes == [""] * 4
    with scope(shop):
        assert Order.objects.count() == 1
