"""Customers divided into stretches come out as they do together, and several processes can share the work."""

import datetime

import pytest
from django.db import connection, transaction

from loyalty.customers import facts
from loyalty.customers.models import Customer
from segmentation import services, state, writes
from segmentation.models import CustomerScore, ScoreRun
from segmentation.rules import Rules
from tests.conftest import TODAY
from tests.segmentation.histories import make_history

DAY = datetime.timedelta(days=1)


@pytest.fixture
def divided(monkeypatch):
    monkeypatch.setattr(facts, "WORTH_DIVIDING", 1)
    monkeypatch.setattr(facts, "SAMPLED_PERCENT", 100)


@pytest.fixture
def shares_work(shop):
    # Only the sharing out is in question: that everybody comes out the same is held on every version, above and in
    # test_services. Up to 16 the planner keeps a subquery with an InitPlan, as every policy is, in one process.
    if connection.pg_version < 170_000:
        pytest.skip("before PostgreSQL 17 what has a policy of its own stays with one process")


def scored() -> list[dict]:
    return list(CustomerScore.objects.order_by("customer").values(*state.COLUMNS))


def plan(statement: facts.Statement) -> list[str]:
    """Return what the planner would do, if a second process cost nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0")
        cursor.execute(f"EXPLAIN {statement.sql}", statement.params)
        return [line for (line,) in cursor.fetchall()]


def test_few_customers_stay_together(shop):
    CustomerScore.objects.all().delete()
    assert facts.stretches(shop) == [""]


def test_stretches_hold_everybody_once(shop, divided):
    make_history(1, TODAY)
    held = []
    with connection.cursor() as cursor:
        for stretch in facts.stretches(shop):
            everybody = "(SELECT id AS customer_id FROM customers_customer) AS everybody"
            cursor.execute(f"SELECT customer_id FROM {everybody} WHERE true {stretch}")
            held += [key for (key,) in cursor.fetchall()]
    assert len(facts.stretches(shop)) == facts.STRETCHES
    assert sorted(held) == sorted(Customer.objects.values_list("pk", flat=True))


def test_everybody_comes_out_the_same(shop, monkeypatch):
    make_history(2, TODAY)

    def runs() -> tuple[list[dict], list[dict]]:
        with transaction.atomic():
            services.score_shop(TODAY - 30 * DAY)
            first = scored()
            services.score_shop(TODAY, is_whole=True)
            found = first, scored()
            transaction.set_rollback(True)
        return found

    together = runs()
    monkeypatch.setattr(facts, "WORTH_DIVIDING", 1)
    monkeypatch.setattr(facts, "SAMPLED_PERCENT", 100)
    assert len(facts.stretches(shop)) > 1
    assert runs() == together


def test_each_process_takes_whole_stretches(shop, divided, shares_work):
    make_history(3, TODAY)
    services.score_shop(TODAY)
    keys = {"started_at": datetime.datetime.now(datetime.UTC)}
    who = state.whom_we_know()
    found = writes.changed_facts_sql(shop, TODAY, None, who, "", facts.stretches(shop))
    with facts.in_index_order():
        lines = plan(facts.Statement(found.sql, found.params | keys))
    assert any("Parallel Append" in line for line in lines)


def test_nothing_but_gathering_is_left_to_one_process(shop, shares_work):
    make_history(4, TODAY)
    services.score_shop(TODAY)
    run = ScoreRun.objects.current()
    keys = {"shop_id": shop.pk, "started_at": datetime.datetime.now(datetime.UTC)}
    found = writes.changed_state_sql("", TODAY, run.cuts, Rules())
    with connection.cursor() as cursor:
        # As for a large table.
        cursor.execute("SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL enable_indexscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    assert plan(facts.Statement(found.sql, found.params | keys))[0].startswith("Gather")
