"""When people buy: counted on the shop's clock, for everybody and each group, and what is said about it."""

import datetime
from collections import Counter

import pytest

from loyalty.customers.models import Customer, Order
from segmentation import hours, services
from segmentation.hours import Times
from segmentation.models import BuyingTimes, CustomerScore
from segmentation.views.hours import week_of
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory
from tests.segmentation.histories import make_history

NOW = datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC)


def before(days: int) -> datetime.date:
    return TODAY - datetime.timedelta(days=days)


def order(on: datetime.date, hour: int, **fields) -> Order:
    fields.setdefault("customer", CustomerFactory())
    at = datetime.datetime.combine(on, datetime.time(hour, 30 if hour else 0), fields.pop("zone"))
    return OrderFactory(placed_at=at, **fields)


def test_orders_are_counted_by_the_clock_of_the_shop(shop):
    order(before(1), 22, zone=shop.zone)
    order(before(1), 0, zone=shop.zone)
    order(before(2), 9, zone=shop.zone, customer=None)
    order(before(2), 9, zone=shop.zone, status="cancelled")
    order(before(365), 9, zone=shop.zone)
    order(before(-1), 9, zone=shop.zone)
    services.score_shop(TODAY)
    hours.renew(TODAY)
    found = hours.times("", "")
    # Half past ten in the evening in Tehran is seven in London, and midnight sharp is no time at all.
    assert {place: n for place, n in found.hours.items() if n} == {(7, 22): 1}
    assert (found.orders, found.untimed_orders) == (2, 1)
    assert found.days[before(1)] == 2


def test_each_segment_and_stage_has_its_own_times_and_together_they_are_all(shop):
    make_history(3, TODAY)
    services.score_shop(TODAY)
    hours.renew(TODAY)
    for kind in ("segment", "stage"):
        rows = BuyingTimes.objects.filter(kind=kind)
        total = Counter()
        for row in rows:
            people = Customer.objects.filter(**{f"score__{kind}": row.key})
            counted = hours.times_of(people, TODAY)
            found = hours.times(kind, row.key)
            assert {k: n for k, n in found.hours.items() if n} == dict(counted.hours)
            assert {k: n for k, n in found.days.items() if n} == dict(counted.days)
            total.update(found.days)
        assert total == Counter(hours.times("", "").days)
    assert CustomerScore.objects.exclude(segment="").exists()


def week(*orders: int) -> Times:
    """Return a year whose orders all fell into its last week: on Monday, Tuesday, …"""
    monday = datetime.date(2026, 11, 16)
    return Times(
        TODAY, NOW, {}, {monday + datetime.timedelta(days=day): count for day, count in enumerate(orders)}
    )


@pytest.mark.parametrize(
    ("orders", "day"),
    [
        ((100, 100, 100, 160, 100, 100, 100), 4),
        # One in ten more is no finding, and neither is one of few.
        ((1000, 1000, 1000, 1100, 1000, 1000, 1000), None),
        ((1, 1, 1, 2, 1, 1, 1), None),
        ((0,), None),
    ],
)
def test_a_weekday_is_named_only_where_it_stands_out(orders, day):
    assert week(*orders).busiest_weekday == day


def test_the_shop_is_open_between_its_first_and_last_hour_with_orders():
    found = Times(TODAY, NOW, {(1, 9): 100, (3, 12): 80, (2, 20): 60, (5, 3): 1}, {TODAY: 241})
    assert found.open_hours == range(9, 21)
    assert found.parts() == {"morning": 100, "afternoon": 80, "evening": 60}
    assert found.parts(3) == {"morning": 0, "afternoon": 80, "evening": 0}


def test_the_week_begins_where_it_begins_in_the_shops_country(shop, other_shop):
    assert week_of(shop) == [6, 7, 1, 2, 3, 4, 5]
    other_shop.phone_region = "GB"
    assert week_of(other_shop) == [1, 2, 3, 4, 5, 6, 7]
