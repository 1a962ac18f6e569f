"""A past day laid over the present: everything that is asked is of that day, and nothing of it stays."""

import datetime
import math

import pytest
from django.db import InternalError, connection, transaction
from django.db.models import Q

from loyalty.customers.models import Customer, Interaction, Order, Refund
from loyalty.shops.scope import scope
from segmentation import overlay, services, state
from segmentation.models import CustomerScore, CustomerTaste, ScoreRun
from segmentation.past import current_run, laid, one_in
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory
from tests.segmentation.histories import make_history

DAY = datetime.timedelta(days=1)
THEN = TODAY - 40 * DAY


def scores() -> list[dict]:
    return list(CustomerScore.objects.order_by("customer").values(*state.COLUMNS))


@pytest.fixture
def told(shop) -> list[dict]:
    """A shop that was scored on THEN and has lived on since; what was said on THEN."""
    make_history(5, THEN)
    services.score_shop(THEN)
    said = scores()
    make_history(6, TODAY)
    CustomerFactory.create_batch(3)
    for person in Customer.objects.filter(score__isnull=False)[:10]:
        OrderFactory(customer=person, on=TODAY - 3 * DAY, net_amount=9_000_000)
    services.score_shop(TODAY)
    assert scores() != said
    return said


def test_the_scores_are_those_that_were_told(told):
    with overlay.as_of(THEN):
        assert scores() == told
    assert scores() != told


def test_everything_dated_ends_with_the_day_and_customers_are_those_known_by_then(told):
    known = {row["customer_id"] for row in told}
    OrderFactory(customer=None, on=THEN)
    mine = Q(customer__in=known) | Q(customer=None)
    orders = set(Order.objects.filter(mine, placed_on__lte=THEN).values_list("pk", flat=True))
    refunds = set(Refund.objects.filter(mine, refunded_on__lte=THEN).values_list("pk", flat=True))
    now = datetime.datetime.combine(THEN, datetime.time(23, 59), datetime.UTC)
    person = Customer.objects.first()
    for moment in (now - DAY, now + DAY):
        Interaction.objects.create(customer=person, kind=Interaction.Kind.VISIT, occurred_at=moment)
    with overlay.as_of(THEN) as past:
        assert set(Customer.objects.values_list("pk", flat=True)) == known
        assert set(Order.objects.values_list("pk", flat=True)) == orders
        assert set(Refund.objects.values_list("pk", flat=True)) == refunds
        assert Interaction.objects.filter(occurred_at__gt=now).count() == 0
        assert (past.run.as_of, past.run.customers) == (THEN, len(known))
        assert past.run.buyers == sum(row["last_order_on"] is not None for row in told)
        assert current_run() is past.run
    assert Customer.objects.count() > len(known)
    assert Order.objects.count() > len(orders)
    assert laid() is None


def test_groups_are_as_they_were_told_though_the_facts_came_later(told):
    buyer = next(row for row in told if row["last_order_on"])
    person = Customer.objects.get(pk=buyer["customer_id"])
    for ago in range(1, 30):
        OrderFactory(customer=person, on=THEN - ago * DAY, net_amount=50_000_000)
    with overlay.as_of(THEN):
        score = CustomerScore.objects.get(customer=person)
        assert (score.segment, score.stage, score.quadrant) == (
            buyer["segment"],
            buyer["stage"],
            buyer["quadrant"],
        )
        assert score.frequency == buyer["frequency"] + 29


def test_nothing_can_be_written_in_it_and_everything_can_after_it(told):
    with pytest.raises(InternalError, match="read-only"), overlay.as_of(THEN), transaction.atomic():
        OrderFactory(customer=Customer.objects.first())
    OrderFactory(customer=Customer.objects.first())
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()")
        assert cursor.fetchone() == (0,)


def test_another_shops_rows_stay_hidden(told, other_shop):
    with scope(other_shop):
        theirs = OrderFactory(on=THEN - DAY).customer
    with overlay.as_of(THEN):
        assert not Customer.objects.filter(pk=theirs.pk).exists()
        assert not Order.objects.filter(customer=theirs.pk).exists()


def test_tastes_are_of_the_day_where_they_are_asked_for(told):
    before = CustomerTaste.objects.count()
    with overlay.as_of(THEN, tastes=True):
        found = dict(CustomerTaste.objects.filter(weekday__isnull=False).values_list("customer", "weekday"))
        days = {row["customer_id"]: row["days"] for row in told}
        assert found
        for customer, weekday in found.items():
            year = [day.isoweekday() for day in days[customer] if day > THEN - 365 * DAY]
            assert year.count(weekday) >= 0.4 * len(year)
    assert CustomerTaste.objects.count() == before


def test_of_a_large_shop_every_nth_is_worked_out(told, monkeypatch):
    monkeypatch.setattr(overlay, "AT_ONCE", len(told) // 3)
    step = math.ceil(ScoreRun.objects.current().customers / (len(told) // 3))
    assert step > 3, "as large as the shop is now, by which the work goes"
    with overlay.as_of(THEN) as past:
        assert past.one_in == one_in() == step
        mine = [row for row in told if row["customer_id"] % step == 0]
        assert scores() == mine
        assert set(Order.objects.values_list("customer", flat=True)) <= {row["customer_id"] for row in mine}
        assert past.run.customers == step * len(mine)


def test_without_a_run_by_then_there_is_none(told):
    assert overlay.run_up_to(THEN).as_of == THEN
    assert overlay.run_up_to(THEN - DAY) is None
    assert ScoreRun.objects.count() == 2
