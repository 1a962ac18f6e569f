"""The weekly look ahead, through the database."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from loyalty import pipeline
from loyalty.customers.models import Customer, Order
from loyalty.shops.scope import current_shop, scope
from segmentation import churn, columns, forecast, holdouts, outlook, services
from segmentation.models import CustomerOutlook, CustomerScore, OutlookRun
from tests.factories import CustomerFactory, OrderFactory, RefundFactory
from tests.segmentation import lives

DAY = datetime.date(2026, 11, 23)


@pytest.fixture
def living(shop):
    lives.fill_shop(5, DAY, 300)
    services.score_shop(DAY)
    return shop


def history() -> dict:
    return columns.read(outlook.history_sql(current_shop(), DAY), outlook.HISTORY)


def events(customer_ids: list[int] | None = None) -> list[tuple]:
    rows = columns.read(outlook.events_sql(current_shop(), DAY, customer_ids), outlook.EVENTS)
    return sorted(zip(*(column.tolist() for column in rows.values()), strict=True))


def test_every_customer_with_an_order_has_an_outlook(living):
    prospect = CustomerFactory()
    run = outlook.renew(DAY)
    assert run.reason == ""
    assert run.people == 300 == CustomerOutlook.objects.count()
    assert not CustomerOutlook.objects.filter(customer=prospect).exists()
    for one in CustomerOutlook.objects.all():
        assert 0 <= one.p_back <= one.p_alive <= 1
        assert 0 <= one.orders_30 <= one.orders_90 <= one.orders_365
        assert one.profit_365_amount == pytest.approx(0.4 * one.amount_365_amount, rel=0.05)


def test_a_look_ahead_works_while_queries_are_logged(living, django_assert_max_num_queries):
    with django_assert_max_num_queries(30):
        assert outlook.renew(DAY).reason == ""


def test_what_is_kept_is_what_the_model_says(living):
    outlook.renew(DAY)
    model = churn.BuyTillYouDie(**OutlookRun.objects.current().parameters["orders"])
    for score in CustomerScore.objects.select_related("customer__outlook")[:40]:
        person = (
            [score.lifetime_order_days - 1],
            [(score.last_order_on - score.first_order_on).days / 7],
            [(DAY - score.first_order_on).days / 7],
        )
        kept = score.customer.outlook
        assert kept.p_alive == pytest.approx(model.p_alive(*person)[0])
        assert kept.orders_90 == pytest.approx(model.expected_orders(90 / 7, *person)[0])


def test_two_baskets_on_one_day_are_one_visit_and_a_refund_lowers_money_alone(shop):
    order = OrderFactory(on=DAY - datetime.timedelta(days=20), net_amount=100, cost_amount=60)
    OrderFactory(customer=order.customer, on=order.placed_on, net_amount=50, cost_amount=30)
    OrderFactory(customer=order.customer, on=DAY - datetime.timedelta(days=5), net_amount=50, cost_amount=30)
    RefundFactory(order=order, amount=20, on=DAY)
    services.score_shop(DAY)
    rows = history()
    assert {name: rows[name].tolist() for name in ("days", "last_after", "age", "amount")} == {
        "days": [2],
        "last_after": [15],
        "age": [20],
        "amount": [180],
    }
    assert rows["margin"][0] == pytest.approx(0.4)
    customer, today = order.customer_id, (DAY - outlook.EPOCH).days
    lived = [(customer, today - 20, 150, 1), (customer, today - 5, 50, 1), (customer, today, -20, 0)]
    assert events() == events([customer]) == lived
    assert events([customer + 1]) == []


def test_an_unknown_cost_is_an_unknown_profit(shop):
    lives.fill_shop(5, DAY, 300, cost_share=None)
    services.score_shop(DAY)
    run = outlook.renew(DAY)
    assert set(CustomerOutlook.objects.values_list("profit_365_amount", flat=True)) == {None}
    assert "profit_365" not in run.groups["all"][""]
    assert run.groups["all"][""]["amount_365"][0] > 0


def test_the_groups_are_those_of_the_scores(living):
    run = outlook.renew(DAY)
    for kind in ("segment", "stage", "quadrant"):
        people = {}
        for key in CustomerScore.objects.values_list(kind, flat=True):
            people[key] = people.get(key, 0) + 1
        assert {key: sums["people"] for key, sums in run.groups[kind].items()} == people
        total = sum(sums["orders_90"][0] for sums in run.groups[kind].values())
        assert total == pytest.approx(run.groups["all"][""]["orders_90"][0])


def test_the_hold_out_is_foretold_without_having_seen_it(living):
    """The same expectation comes out when what happened since is taken out of the books."""
    found = outlook.renew(DAY).calibration
    then = DAY - datetime.timedelta(days=found["ago"])
    until = then + datetime.timedelta(days=found["days"])
    since = Order.objects.filter(placed_on__gt=then, customer__orders__placed_on__lte=then)
    within = since.filter(placed_on__lte=until)
    assert found["happened"] == within.values("customer", "placed_on").distinct().count()
    spent = sum({order.pk: order.net_amount for order in within}.values())
    assert found["happened_amount"] == pytest.approx(spent)
    Order.objects.filter(placed_on__gt=then).delete()
    rows = columns.read(outlook.history_sql(current_shop(), then), outlook.HISTORY)
    alone = forecast.Forecast(forecast.people(rows))
    assert found["people"] == len(rows["days"])
    days = found["days"]
    assert found["expected"] == pytest.approx(alone.orders[days].sum(), rel=1e-6)
    amount = (alone.orders[days] * alone.means["amount"]).sum()
    assert found["expected_amount"] == pytest.approx(amount, rel=1e-6)


def test_a_large_shop_is_tested_with_every_so_manyth_customer(living, monkeypatch):
    whole = outlook.renew(DAY).calibration
    monkeypatch.setattr(holdouts, "MOST_PEOPLE", 150)
    half = outlook.renew(DAY).calibration
    assert (whole["every"], half["every"]) == (1, 2)
    assert half["people"] == pytest.approx(whole["people"] / 2, abs=15)
    assert 0 < half["happened"] < whole["happened"]


def test_a_second_look_writes_over_the_first_and_forgets_who_is_gone(living):
    outlook.renew(DAY)
    gone = CustomerOutlook.objects.first().customer
    Order.objects.filter(customer=gone).delete()
    newcomer = OrderFactory(on=DAY).customer
    later = DAY + datetime.timedelta(days=7)
    services.score_shop(later)
    outlook.renew(later)
    assert not CustomerOutlook.objects.filter(customer=gone).exists()
    assert CustomerOutlook.objects.get(customer=newcomer).p_alive == 1
    assert set(CustomerOutlook.objects.values_list("as_of", flat=True)) == {later}
    assert CustomerOutlook.objects.count() == 300


def test_another_shop_keeps_its_own_outlook(living, other_shop):
    outlook.renew(DAY)
    with scope(other_shop):
        run = outlook.renew(DAY)
        assert (run.people, run.reason) == (0, OutlookRun.Reason.TOO_FEW)
    assert CustomerOutlook.objects.count() == 300


def test_with_too_few_who_came_back_nothing_is_said_but_why(living):
    outlook.renew(DAY)
    few = CustomerScore.objects.filter(lifetime_order_days__gt=1).order_by("pk")[20:].values("customer")
    Order.objects.filter(customer__in=list(few.values_list("customer", flat=True))).delete()
    services.score_shop(DAY)
    run = outlook.renew(DAY)
    assert (run.reason, run.repeaters) == (OutlookRun.Reason.TOO_FEW, 20)
    assert CustomerOutlook.objects.count() == 0
    assert run.groups == run.calibration == {}


def test_where_no_rhythm_fits_the_run_says_so(shop):
    people = CustomerFactory.create_batch(60)
    Order.objects.bulk_create(
        OrderFactory.build(
            customer=one, on=DAY - datetime.timedelta(days=7 * week), external_id=f"{i}-{week}"
        )
        for i, one in enumerate(people)
        for week in range(20)
    )
    services.score_shop(DAY)
    assert outlook.renew(DAY).reason == OutlookRun.Reason.NO_FIT


def test_a_short_history_has_no_hold_out(shop):
    people = Customer.objects.bulk_create(CustomerFactory.build(phone=None) for _ in range(200))
    chance = np.random.default_rng(2)
    Order.objects.bulk_create(
        OrderFactory.build(
            customer=one, on=DAY - datetime.timedelta(days=int(70 * chance.random())), external_id=f"{i}-{n}"
        )
        for i, one in enumerate(people)
        for n in range(1 + chance.poisson(chance.gamma(1)))
    )
    services.score_shop(DAY)
    run = outlook.renew(DAY)
    assert (run.reason, run.calibration["reason"], run.calibration["tests"]) == ("", "short", [])


def test_the_week_looks_ahead_and_a_first_file_need_not_wait_for_one(shop):
    pipeline.night(DAY)
    assert outlook.is_missing()
    lives.fill_shop(5, DAY, 300)
    pipeline.orders_arrived(as_of=DAY)
    assert not outlook.is_missing()
    first = OutlookRun.objects.current().pk
    pipeline.orders_arrived(as_of=DAY)
    assert OutlookRun.objects.current().pk == first
    pipeline.night(DAY + datetime.timedelta(days=7))
    assert OutlookRun.objects.current().pk > first
