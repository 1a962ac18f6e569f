"""A night adds up only whom something happened to, and comes out as if everybody had been added up."""

import datetime
import random

import pytest
from django.db import transaction

from loyalty.customers.models import Customer, Interaction, Order, Refund, StaleFacts
from loyalty.shops.scope import current_shop
from segmentation import services, state
from segmentation.models import CustomerScore, Scheme, ScoreRun, ScoreSpan
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory, RefundFactory
from tests.segmentation.histories import make_history

DAY = datetime.timedelta(days=1)


def as_kept() -> list[dict]:
    return list(CustomerScore.objects.order_by("customer").values(*state.COLUMNS))


def as_a_whole_run_would_say(day: datetime.date, cuts: dict) -> tuple[list[dict], ScoreRun]:
    """Score everybody anew, look, and take it back."""
    with transaction.atomic():
        CustomerScore.objects.all().delete()
        ScoreRun.objects.all().delete()
        run = services.score_shop(day, cuts=cuts)
        found = as_kept()
        transaction.set_rollback(True)
    return found, run


def something_happens(chance: random.Random, day: datetime.date, number: str) -> None:
    """One of the things that change facts: by hand, by file, of today or of long ago."""
    people = list(Customer.objects.order_by("pk"))
    orders = list(Order.objects.order_by("pk"))
    buyer, order = chance.choice(people), chance.choice(orders)
    ago = int(500 * chance.random() ** 3)
    match chance.randrange(9):
        case 0 | 1 | 2:
            amount = chance.randrange(1, 5_000_000)
            OrderFactory(customer=buyer, external_id=number, on=day - ago * DAY, net_amount=amount)
        case 3:
            # Known today, of a day to come.
            OrderFactory(customer=buyer, external_id=number, on=day + chance.randrange(9) * DAY)
        case 4:
            order.status = chance.choice(Order.Status.values)
            order.save(update_fields=["status"])
        case 5:
            Order.objects.filter(pk=order.pk).update(customer=buyer, net_amount=chance.randrange(9_000_000))
        case 6:
            RefundFactory(order=order, external_id=number, on=day - (ago - 3) * DAY, amount=1_000)
        case 7:
            Refund.objects.filter(order=order).delete()
        case 8:
            moment = datetime.datetime.combine(day - (ago - 2) * DAY, datetime.time(9), current_shop().zone)
            kind = chance.choice(Interaction.Kind.values)
            Interaction.objects.create(customer=buyer, kind=kind, occurred_at=moment)
            CustomerFactory()


@pytest.mark.parametrize("window_days", [None, 30, 365])
@pytest.mark.parametrize("seed", range(2))
def test_a_night_says_what_a_whole_run_would_say(shop, seed, window_days, monkeypatch):
    # Nothing but the marks may heal what a night leaves out.
    monkeypatch.setattr("segmentation.affected.WHOLE_EVERY_DAYS", 10_000)
    chance = random.Random(seed)
    make_history(seed, TODAY)
    if window_days:
        Scheme.objects.create(window_days=window_days)
    day = TODAY - 60 * DAY
    cuts = services.score_shop(day).cuts
    nights = 0
    while day < TODAY:
        day += chance.choice([0, 1, 1, 1, 2, 9]) * DAY
        for number in range(chance.randrange(4)):
            something_happens(chance, day, f"{day}-{nights}-{number}")
        if chance.random() < 0.3:
            services.score_customer(chance.choice(Customer.objects.all()).pk, day)
        run = services.score_shop(day, cuts=cuts)
        nights += 1
        expected, whole = as_a_whole_run_would_say(day, cuts)
        assert as_kept() == expected
        assert not run.is_whole
        assert (run.customers, run.buyers, run.sums, run.score_counts) == (
            whole.customers,
            whole.buyers,
            whole.sums,
            whole.score_counts,
        )
    assert services.score_shop(day, cuts=cuts, is_whole=True).changed == 0
    assert nights > 10


def test_a_night_adds_up_only_whom_something_happened_to(shop, django_assert_num_queries):
    make_history(1, TODAY)
    services.score_shop(TODAY)
    assert not StaleFacts.objects.exists()
    order = OrderFactory(on=TODAY, customer=CustomerScore.objects.filter(stage="lost").first().customer)
    assert list(StaleFacts.objects.values_list("customer", flat=True)) == [order.customer_id]
    # Somebody else's row is wrong, which only adding up everybody would find.
    other = CustomerScore.objects.exclude(customer=order.customer_id).exclude(stage="prospect").first()
    CustomerScore.objects.filter(pk=other.pk).update(lifetime_amount=-1)
    run = services.score_shop(TODAY)
    assert (run.is_whole, run.changed) == (False, 1)
    assert not StaleFacts.objects.exists()
    other.refresh_from_db()
    assert other.lifetime_amount == -1
    assert services.score_shop(TODAY, is_whole=True).changed == 1
    other.refresh_from_db()
    assert other.lifetime_amount >= 0


def test_whoever_a_visit_falls_out_of_the_year_of_is_scored_that_night(shop):
    faded, faithful = CustomerFactory.create_batch(2)
    for number, (customer, ago) in enumerate(
        [(faded, 365), (faded, 364), (faded, 363), (faithful, 30), (faithful, 3), (CustomerFactory(), 3)]
    ):
        OrderFactory(customer=customer, external_id=str(number), on=TODAY - ago * DAY)
    cuts = services.score_shop(TODAY - DAY).cuts | {"year_days": 2.0}
    often = CustomerScore.objects.filter(quadrant__in=["valued_frequent", "volume"])
    services.score_shop(TODAY - DAY, cuts=cuts)
    assert list(often.values_list("customer", flat=True)) == [faded.pk]
    run = services.score_shop(TODAY, cuts=cuts)
    assert not run.is_whole
    assert not often.exists()


def test_everybody_is_added_up_anew_once_a_week(shop):
    make_history(1, TODAY)
    wholes = [services.score_shop(TODAY + ago * DAY).is_whole for ago in range(15)]
    assert wholes == [ago % 7 == 0 for ago in range(15)]


def test_fresh_cuts_are_taken_from_what_is_kept(shop):
    make_history(4, TODAY)
    services.score_shop(TODAY - 40 * DAY)
    for number in range(20):
        OrderFactory(external_id=f"new-{number}", on=TODAY - number * DAY)
    run = services.score_shop(TODAY - 34 * DAY, wish="by_hand")
    assert not run.is_whole
    day = run.as_of
    with transaction.atomic():
        CustomerScore.objects.all().delete()
        ScoreRun.objects.all().delete()
        assert services.score_shop(day).cuts == run.cuts
        expected = as_kept()
        transaction.set_rollback(True)
    assert as_kept() == expected


def test_history_of_nights_is_what_was_said(shop, monkeypatch):
    make_history(2, TODAY)
    said = {}
    for ago in range(30, -1, -3):
        day = TODAY - ago * DAY
        services.score_shop(day)
        said[day] = dict(CustomerScore.objects.values_list("customer_id", "stage"))
    for day, stages in said.items():
        assert dict(ScoreSpan.objects.on(day).values_list("customer_id", "stage")) == stages
