"""What the database itself refuses, whatever the code above it does."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from loyalty.points import services
from loyalty.points.models import Account, Journal, Posting
from loyalty.shops.scope import scope
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory, make_shop


@pytest.fixture
def journal(shop):
    services.set_rule(1_000, TODAY)
    return services.earn(OrderFactory(net_amount=10_000, on=TODAY))


def refused(sql: str) -> str:
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        connection.cursor().execute(sql)
    return str(error.value)


@pytest.mark.parametrize("table", ["points_journal", "points_posting"])
@pytest.mark.parametrize("sql", ["UPDATE {} SET shop_id = shop_id", "DELETE FROM {}"])
def test_the_web_role_cannot_change_what_was_entered(journal, table, sql):
    assert "permission denied" in refused(sql.format(table))


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize("table", ["points_journal", "points_posting"])
def test_the_owner_of_the_tables_cannot_change_it_either(table):
    made = make_shop()
    with scope(made):
        services.set_rule(1_000, TODAY)
        services.earn(OrderFactory(net_amount=10_000, on=TODAY))
    owner = connections["owner"].cursor()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(using="owner"):
        owner.execute("SELECT set_config('app.shop_id', %s, true)", [str(made.pk)])
        owner.execute(f"DELETE FROM {table}")


def test_a_balance_is_not_written_by_hand(journal):
    assert "by postings only" in refused("UPDATE points_account SET balance = balance + 1000")


def test_an_account_begins_at_zero(shop):
    with pytest.raises(DatabaseError, match="by postings only"), transaction.atomic():
        Account.objects.create(customer=CustomerFactory(), kind="points", balance=5)


def test_a_journal_that_does_not_sum_to_zero_is_refused(journal):
    wallet = Account.objects.get(kind="points")
    with pytest.raises(IntegrityError, match="does not sum to zero"), transaction.atomic():
        Posting.objects.create(journal=journal, seq=9, account=wallet, amount=5)
        connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.django_db(transaction=True)
def test_it_is_refused_at_the_commit_too_where_no_shop_is_in_scope_any_more():
    made = make_shop()
    with scope(made):
        services.set_rule(1_000, TODAY)
        journal = services.earn(OrderFactory(net_amount=10_000, on=TODAY))
    with pytest.raises(IntegrityError, match="does not sum to zero"), scope(made):
        wallet = Account.objects.get(kind="points")
        Posting.objects.create(journal=journal, seq=9, account=wallet, amount=5)
    with scope(made):
        assert Account.objects.get(kind="points").balance == 10


@pytest.mark.django_db(transaction=True)
def test_parallel_redemptions_never_overdraw():
    made = make_shop()
    with scope(made):
        services.set_rule(1_000, TODAY)
        customer = (
            services.earn(OrderFactory(net_amount=100_000, on=TODAY))
            .postings.get(amount=100)
            .account.customer
        )
    outcomes: list[str] = []

    def use(number: int) -> None:
        try:
            for turn in range(5):
                try:
                    with scope(made):
                        # Not through the service alone: the floor must hold without its lock as well.
                        if number % 2:
                            services.redeem(customer, 7, f"{number}-{turn}")
                        else:
                            _unlocked(customer, 7, f"{number}-{turn}")
                    outcomes.append("used")
                except (ValidationError, IntegrityError):
                    outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=use, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 30
    assert outcomes.count("used") == 14
    with scope(made):
        assert services.balance(customer) == 2
        assert services.unbalanced() == []


def _unlocked(customer, points: int, key: str) -> None:
    """Redeem without asking or locking anything first."""
    journal = Journal.objects.create(
        idem_key=f"raw:{key}", fingerprint=b"", kind="redeem", occurred_at="2026-11-23T12:00Z"
    )
    wallet = Account.objects.get(customer=customer, kind="points")
    redeemed = services.account(None, "redeemed")
    Posting.objects.create(journal=journal, seq=1, account=wallet, amount=-points)
    Posting.objects.create(journal=journal, seq=2, account=redeemed, amount=points)
