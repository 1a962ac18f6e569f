"""Cohorts: the kept table is what counting one order at a time gives, and what others published."""

import csv
import datetime
import json
import random
from collections import defaultdict

import pytest

from loyalty.customers.models import Customer, Order, Refund
from loyalty.shops.scope import scope
from loyalty.ui.periods import KINDS, Period, period_of
from segmentation import cohorts, services
from segmentation.models import CohortPeriod, CohortRun
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory, RefundFactory
from tests.segmentation.histories import make_history
from tests.segmentation.test_online_retail import invoices, open_shop
from tests.shared_data import shared


def before(days: int) -> datetime.date:
    return TODAY - datetime.timedelta(days=days)


def counted_by_hand(day: datetime.date, calendar: str, kind: str) -> dict[tuple, tuple]:
    """Return {(cohort, period): (buyers, orders, amount)}, added up one customer at a time."""
    found = defaultdict(lambda: [0, 0, 0])

    def period(on: datetime.date) -> datetime.date:
        return period_of(on, calendar, kind).first_on

    for customer in Customer.objects.prefetch_related("orders", "refunds"):
        bought = sorted(
            (o for o in customer.orders.all() if o.is_paid and o.placed_on <= day), key=lambda o: o.placed_on
        )
        if not bought:
            continue
        cohort = period(bought[0].placed_on)
        for on in {period(order.placed_on) for order in bought}:
            found[cohort, on][0] += 1
        for order in bought:
            found[cohort, period(order.placed_on)][1] += 1
            found[cohort, period(order.placed_on)][2] += order.net_amount
        for refund in customer.refunds.all():
            if refund.refunded_on <= day:
                found[cohort, max(cohort, period(refund.refunded_on))][2] -= refund.amount
    return {place: tuple(figures) for place, figures in found.items()}


def kept(kind: str) -> dict[tuple, tuple]:
    rows = CohortPeriod.objects.filter(kind=kind)
    return {(row.cohort_on, row.period_on): (row.buyers, row.orders, row.amount) for row in rows}


@pytest.mark.parametrize("calendar", ["jalali", "gregorian"])
@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_kept_is_what_the_orders_add_up_to(shop, seed, calendar):
    shop.calendar = calendar
    make_history(seed, TODAY)
    cohorts.renew(TODAY)
    for kind in KINDS:
        assert kept(kind) == counted_by_hand(TODAY, calendar, kind)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_night_counts_what_was_added_however_far_back_it_is_dated(shop, seed):
    make_history(seed, before(20))
    cohorts.renew(before(20))
    chance = random.Random(seed)
    people = [*Customer.objects.all(), *CustomerFactory.create_batch(5)]
    for days in (60, 14, 9, 3, 3):
        order = OrderFactory(customer=chance.choice(people), on=before(days + chance.randrange(6)))
        RefundFactory(order=order, on=before(chance.randrange(3)), amount=chance.randrange(1, 900_000))
        services.score_shop(before(days % 4))
        cohorts.refresh(before(days % 4))
    services.score_shop(TODAY)
    cohorts.refresh(TODAY)
    for kind in KINDS:
        assert kept(kind) == counted_by_hand(TODAY, shop.calendar, kind)


def test_a_night_reads_only_the_open_periods(shop):
    old = OrderFactory(on=before(400))
    OrderFactory(on=before(5))
    services.score_shop(TODAY)
    cohorts.renew(TODAY)
    Order.objects.filter(pk=old.pk).update(net_amount=5)
    cohorts.refresh(TODAY)
    assert CohortPeriod.objects.filter(amount=5).count() == 0
    # An order from long ago is more than a night should look for: everything is counted.
    OrderFactory(on=before(700))
    services.score_shop(TODAY)
    cohorts.refresh(TODAY)
    assert CohortPeriod.objects.filter(amount=5).count() == 2


def test_a_refund_from_before_the_first_order_lowers_the_period_of_that_order(shop):
    """The night may not lose it: its own period is not open any more."""
    person = CustomerFactory()
    OrderFactory(on=before(300))
    RefundFactory(customer=person, order=None, on=before(200), amount=30)
    services.score_shop(before(1))
    cohorts.renew(before(1))
    OrderFactory(customer=person, on=TODAY, net_amount=100)
    services.score_shop(TODAY)
    cohorts.refresh(TODAY)
    by_night = kept("month")
    cohorts.renew(TODAY)
    assert by_night == kept("month")
    assert (1, 1, 70) in by_night.values()


def test_without_orders_nothing_is_kept(shop):
    CustomerFactory()
    assert cohorts.renew(TODAY) == 0
    assert CohortRun.objects.get().as_of == TODAY
    assert cohorts.matrix("month") is None


def test_the_matrix_fills_empty_periods_and_marks_the_running_one(shop):
    shop.calendar = "gregorian"
    first = OrderFactory(on=datetime.date(2026, 9, 10), net_amount=100)
    OrderFactory(customer=first.customer, on=datetime.date(2026, 11, 3), net_amount=60)
    OrderFactory(on=datetime.date(2026, 9, 30), net_amount=40)
    RefundFactory(order=first, on=datetime.date(2026, 10, 2), amount=30)
    cohorts.renew(TODAY)
    (cohort,) = cohorts.matrix("month").cohorts
    assert (cohort.period, cohort.size) == (Period("gregorian", "month", 2026, 9), 2)
    assert [(c.buyers, c.amount, c.rate, c.each_amount, c.is_open) for c in cohort.cells] == [
        (2, 140, 1.0, 70, False),
        (0, -30, 0.0, -15, False),
        (1, 60, 0.5, 30, True),
    ]
    # The mean leaves the running month out: it is not over.
    assert cohorts.matrix("month").means == [1.0, 0.0, None]


def test_on_its_last_day_a_period_is_over(shop):
    shop.calendar = "gregorian"
    OrderFactory(on=datetime.date(2026, 11, 10))
    cohorts.renew(datetime.date(2026, 11, 30))
    assert not cohorts.matrix("month").cohorts[0].cells[0].is_open


def test_the_cohorts_of_online_retail_are_those_published(db):
    with shared("online_retail/sute_cohort.csv").open() as file:
        published = {(row["cohort_month"][:7], int(row["cohort_index"])): row for row in csv.DictReader(file)}
    reference = json.loads(shared("online_retail/reference_answers.json").read_text())["cohort_monthly"]
    with scope(open_shop(invoices(with_free_lines=True))):
        cohorts.renew(datetime.date(2011, 12, 9))
        found = {
            (cohort.period.code, step): cell
            for cohort in cohorts.matrix("month").cohorts
            for step, cell in enumerate(cohort.cells)
        }
    assert len(published) == 91
    assert found.keys() == published.keys()
    for place, row in published.items():
        assert (found[place].buyers, found[place].size) == (int(row["active_users"]), int(row["base_users"]))
        assert found[place].rate == pytest.approx(float(row["retention_rate"]))
    for (code, step), cell in found.items():
        assert cell.buyers == reference["active"][code][str(step)]


def test_a_shop_counts_its_own_orders_only(shop, other_shop):
    OrderFactory(on=TODAY)
    with scope(other_shop):
        OrderFactory.create_batch(3, on=TODAY)
        Refund.objects.all().delete()
        cohorts.renew(TODAY)
    cohorts.renew(TODAY)
    assert [row.buyers for row in CohortPeriod.objects.all()] == [1, 1]
