import random

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Sum

from loyalty.customers.models import Order
from loyalty.customers.services import cancel_refund, refund_order
from loyalty.points import backlog, services
from loyalty.points.models import Account, Journal, Posting
from loyalty.shops.models import AuditEntry
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory, RefundFactory


@pytest.fixture
def rule(shop):
    """One point for every thousand."""
    return services.set_rule(1_000, TODAY)


def catch_up() -> int:
    """Enter what the whole shop lacks, and return how many journals it took."""
    before = Journal.objects.count()
    for batch in backlog.batches():
        backlog.enter(batch)
    return Journal.objects.count() - before


def books_are_right() -> bool:
    sums = Posting.objects.values("journal").annotate(total=Sum("amount")).values_list("total", flat=True)
    return services.unbalanced() == [] and set(sums) <= {0}


def test_points_are_off_until_the_owner_sets_a_rate(shop):
    assert services.earn(OrderFactory(on=TODAY)) is None
    assert backlog.batches() == []


def test_an_order_earns_whole_points_once(rule):
    order = OrderFactory(net_amount=12_999, on=TODAY)
    journal = services.earn(order)
    assert services.balance(order.customer) == 12
    assert services.earn(order) == journal
    assert services.balance(order.customer) == 12
    assert books_are_right()


@pytest.mark.parametrize(
    "fields", [{"net_amount": 999}, {"status": "cancelled"}, {"status": "processing"}, {"customer": None}]
)
def test_what_is_too_small_unpaid_or_a_guests_earns_nothing(rule, fields):
    order = OrderFactory(on=TODAY, **fields)
    order.refresh_from_db()
    assert services.earn(order) is None


def test_the_past_is_not_paid_out_when_points_are_switched_on(rule):
    order = OrderFactory(on=TODAY.replace(day=1))
    assert services.earn(order) is None
    assert catch_up() == 0


def test_a_refund_takes_back_by_the_rate_of_its_order_and_parts_add_up(rule):
    order = OrderFactory(net_amount=10_000, on=TODAY)
    services.earn(order)
    services.set_rule(10, TODAY)
    for amount, left in ((3_333, 7), (3_333, 4), (3_334, 0)):
        refund = refund_order(order, amount=amount, refunded_at=order.placed_at)
        services.reverse_for_refund(refund)
        assert services.balance(order.customer) == left
        assert services.reverse_for_refund(refund) is None
    assert books_are_right()


def test_a_refund_taken_out_again_gives_its_points_back(rule):
    order = OrderFactory(net_amount=10_000, on=TODAY, source="counter")
    services.earn(order)
    refund = refund_order(order, amount=5_000, refunded_at=order.placed_at)
    services.settle(order)
    assert services.balance(order.customer) == 5
    cancel_refund(refund)
    services.settle(order)
    assert services.balance(order.customer) == 10


def test_points_already_used_are_owed_and_paid_first(rule):
    order = OrderFactory(net_amount=10_000, on=TODAY)
    customer = order.customer
    services.earn(order)
    services.redeem(customer, 8, "one")
    Order.objects.filter(pk=order.pk).update(status=Order.Status.CANCELLED)
    services.settle(order)
    assert (services.balance(customer), services.owed(customer)) == (0, 8)
    services.earn(OrderFactory(customer=customer, net_amount=9_000, on=TODAY))
    assert (services.balance(customer), services.owed(customer)) == (1, 0)
    assert books_are_right()


def test_more_than_the_balance_cannot_be_used(rule):
    order = OrderFactory(net_amount=10_000, on=TODAY)
    services.earn(order)
    with pytest.raises(ValidationError, match="not enough points"):
        services.redeem(order.customer, 11, "one")
    assert services.balance(order.customer) == 10
    assert not Journal.objects.filter(kind="redeem").exists()


def test_the_same_redemption_again_is_the_same_journal(rule):
    order = OrderFactory(net_amount=10_000, on=TODAY)
    services.earn(order)
    first = services.redeem(order.customer, 6, "one")
    assert services.redeem(order.customer, 6, "one") == first
    assert services.balance(order.customer) == 4


def test_the_same_key_for_another_redemption_is_refused(rule):
    order = OrderFactory(net_amount=10_000, on=TODAY)
    services.earn(order)
    services.redeem(order.customer, 6, "one")
    with pytest.raises(ValidationError, match="with other numbers"):
        services.redeem(order.customer, 3, "one")


def test_catching_up_finds_what_is_new_and_what_has_changed(rule):
    order = OrderFactory(net_amount=10_000, on=TODAY)
    other = OrderFactory(net_amount=4_000, on=TODAY)
    assert catch_up() == 2
    RefundFactory(order=order, amount=2_500, on=TODAY)
    Order.objects.filter(pk=other.pk).update(net_amount=7_000)
    assert services.catch_up([order.customer_id]) == 1
    assert catch_up() == 1
    assert (services.balance(order.customer), services.balance(other.customer)) == (8, 7)
    assert catch_up() == 0


def test_a_batch_enters_what_each_order_would_have_brought_by_itself(rule, monkeypatch):
    monkeypatch.setattr(backlog, "NEW", 3)
    first = OrderFactory(net_amount=9_000, on=TODAY)
    services.earn(first)
    services.redeem(first.customer, 9, "all")
    refund_order(first, amount=5_000, refunded_at=first.placed_at)
    services.catch_up([first.customer_id])
    assert services.owed(first.customer) == 5
    # Two pay back what is owed; the third brings something again. Others have no account yet.
    orders = [OrderFactory(customer=first.customer, net_amount=3_000, on=TODAY) for _ in range(3)]
    orders += [OrderFactory(net_amount=2_500, on=TODAY) for _ in range(2)]
    entered = Journal.objects.order_by("pk").count()

    def books() -> list:
        return [
            (
                journal.idem_key, bytes(journal.fingerprint), journal.order_ref, journal.occurred_at,
                journal.rule_snapshot, list(journal.postings.values_list("seq", "account__kind", "amount")),
            )
            for journal in Journal.objects.order_by("pk")[entered:]
        ]  # fmt: skip

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        for order in orders:
            services.earn(order)
        one_by_one = books()
        raise ZeroDivisionError
    assert [len(batch.order_ids) for batch in backlog.batches()] == [3, 2]
    assert catch_up() == 5
    assert books() == one_by_one
    assert (services.owed(first.customer), services.balance(first.customer)) == (0, 4)
    assert books_are_right()


def test_what_was_entered_meanwhile_is_not_entered_by_its_batch(rule):
    orders = [OrderFactory(net_amount=2_000, on=TODAY) for _ in range(2)]
    [batch] = backlog.batches()
    services.earn(orders[0])
    backlog.enter(batch)
    backlog.enter(batch)
    assert Journal.objects.count() == 2
    assert books_are_right()


@pytest.mark.parametrize("seed", range(15))
def test_after_any_history_the_points_are_what_the_orders_say(rule, seed):
    dice = random.Random(seed)
    customer = CustomerFactory()
    orders = [
        OrderFactory(customer=customer, net_amount=dice.randint(1, 50_000), on=TODAY, source="counter")
        for _ in range(4)
    ]
    for _ in range(20):
        order = Order.objects.get(pk=dice.choice(orders).pk)
        left = order.net_amount - sum(refund.amount for refund in order.refunds.all())
        deed = dice.choice(["refund", "cancel", "restore", "edit", "take out"])
        if deed == "refund" and left > 1:
            RefundFactory(order=order, amount=dice.randint(1, left), on=TODAY)
        elif deed in ("cancel", "restore"):
            status = Order.Status.CANCELLED if deed == "cancel" else Order.Status.COMPLETED
            Order.objects.filter(pk=order.pk).update(status=status)
        elif deed == "edit":
            Order.objects.filter(pk=order.pk).update(net_amount=dice.randint(1, 50_000))
        elif order.refunds.exists():
            order.refunds.first().delete()
        services.catch_up([customer.pk]) if dice.random() < 0.5 else catch_up()
    due = 0
    for journal in Journal.objects.filter(kind="earn"):
        order = Order.objects.get(external_id=journal.order_ref)
        given = sum(refund.amount for refund in order.refunds.all())
        due += services.points_due(order.net_amount, given, order.is_paid, 1_000)
    assert services.balance(customer) - services.owed(customer) == due
    assert catch_up() == 0
    assert books_are_right()


def test_switching_the_rate_is_in_the_audit_list(rule):
    assert AuditEntry.objects.get().details == {"amount_per_point": 1_000}


def test_another_shops_points_are_not_seen(rule, other_shop):
    from loyalty.shops.scope import scope

    services.earn(OrderFactory(on=TODAY))
    with scope(other_shop):
        assert not Account.objects.exists()
        assert not services.rule().is_on
