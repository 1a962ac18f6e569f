"""Runs of one shop keep out of each other's way; orders never wait for a run."""

import psycopg
import pytest
from django.db import OperationalError, connection, connections
from django.utils import timezone

from segmentation import cutting, services, value_volume
from segmentation.models import CustomerScore, ScoreRun
from segmentation.rules import Rules
from tests.conftest import TODAY
from tests.factories import OrderFactory

CUTS = (
    dict.fromkeys(cutting.MEASURES, [1.0, 2.0, 3.0, 4.0])
    | dict.fromkeys((*value_volume.MEASURES, "gap_days", "value_score"))
    | dict.fromkeys(value_volume.FLAGS, False)
    | {"year_days": 1.0, "basis": Rules().basis, "taken_from": 1}
)


@pytest.fixture
def other_session(shop):
    """Another session on the same database, in a transaction of its own."""
    settings = connections["default"].get_connection_params()
    keys = ("host", "port", "dbname", "user", "password")
    with psycopg.connect(**{key: settings[key] for key in keys if settings.get(key)}) as session:
        yield session


def may_lock(session, shop, kind: str = "") -> bool:
    sql = f"SELECT pg_try_advisory_xact_lock{kind}(%s, %s)"
    return session.execute(sql, [services.LOCK, shop.pk]).fetchone()[0]


def test_a_second_run_of_the_shop_waits_for_the_first(shop, other_session):
    assert may_lock(other_session, shop)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '100ms'")
    with pytest.raises(OperationalError, match="lock timeout"):
        services.score_shop(TODAY)


def test_a_run_holds_its_shop_until_it_is_committed(shop, other_session):
    services.score_shop(TODAY)
    assert not may_lock(other_session, shop)


def test_runs_of_two_shops_do_not_wait_for_each_other(shop, other_shop, other_session):
    services.score_shop(TODAY)
    assert may_lock(other_session, other_shop)


def test_one_customer_is_scored_while_a_run_of_another_session_is_under_way(shop, other_session):
    run_of_yesterday(shop)
    order = OrderFactory(on=TODAY)
    sums = ("frequency", "order_days", "monetary_amount", "gross_amount", "discount_amount")
    zero = dict.fromkeys((*sums, "lifetime_orders", "lifetime_order_days", "lifetime_amount"), 0)
    CustomerScore.objects.create(
        customer=order.customer, as_of=TODAY, computed_at=timezone.now(), stage="prospect", **zero
    )
    assert may_lock(other_session, shop)
    assert services.score_customer(order.customer_id, TODAY)
    assert CustomerScore.objects.get().frequency == 1


def test_a_newcomer_whom_a_run_may_be_writing_is_left_to_it(shop, other_session):
    run_of_yesterday(shop)
    assert may_lock(other_session, shop)
    order = OrderFactory(on=TODAY)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '100ms'")
    assert not services.score_customer(order.customer_id, TODAY)
    assert not CustomerScore.objects.filter(customer=order.customer).exists()


def run_of_yesterday(shop) -> None:
    """Leave a run to score by: the first order of a shop scores the shop, which takes the lock for itself."""
    ScoreRun.objects.create(
        as_of=TODAY,
        started_at=timezone.now(),
        finished_at=timezone.now(),
        customers=1,
        buyers=1,
        cuts=CUTS,
        sums={},
    )


def test_a_run_waits_for_orders_that_are_being_recorded(shop, other_session):
    assert may_lock(other_session, shop, "_shared")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '100ms'")
    with pytest.raises(OperationalError, match="lock timeout"):
        services.score_shop(TODAY)
