"""Lists by when people bought and what they like: on the shop's clock and calendar, day by day."""

import datetime

import pytest
from django.utils import translation

from loyalty.customers.filters import CustomerFilter
from loyalty.customers.models import OrderLine, Product, ProductCategory
from segmentation.models import CustomerTaste, Weekday
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory


def before(days: int) -> datetime.date:
    return TODAY - datetime.timedelta(days=days)


def found(query: str) -> set:
    people = CustomerFilter(query, today=TODAY)
    assert people.problems == []
    return set(people.qs)


def bought(shop, on: datetime.date, at: datetime.time, **fields):
    placed_at = datetime.datetime.combine(on, at, shop.zone)
    return OrderFactory(customer=CustomerFactory(), placed_at=placed_at, **fields).customer


def test_an_hour_of_the_week_is_one_of_the_shops_clock(shop):
    saturday, time = before(2), datetime.time
    assert saturday.isoweekday() == Weekday.SATURDAY
    first = bought(shop, saturday, time(18))
    last = bought(shop, saturday, time(18, 59, 59))
    bought(shop, saturday, time(19))
    bought(shop, saturday, time(17, 59))
    bought(shop, before(1), time(18, 30))
    bought(shop, saturday - datetime.timedelta(weeks=53), time(18, 30))
    bought(shop, saturday, time(18, 30), status="cancelled")
    assert found("bought_at=6-18") == {first, last}
    assert len(found("bought_at=6-18&bought_at=7-18")) == 3


def test_an_order_without_a_time_of_day_is_in_no_hour(shop):
    bought(shop, before(2), datetime.time())
    late = bought(shop, before(2), datetime.time(0, 0, 1))
    assert found("bought_at=6-0") == {late}


def test_a_day_of_the_month_is_one_of_the_shops_calendar(shop):
    # The first of Azar 1405 is the 22nd of November 2026.
    shop.calendar = "jalali"
    first = bought(shop, datetime.date(2026, 11, 22), datetime.time(12))
    bought(shop, datetime.date(2026, 11, 1), datetime.time(12))
    assert found("month_day=1") == {first}
    shop.calendar = "gregorian"
    assert found("month_day=22") == {first}


def test_a_span_holds_both_of_its_days(shop):
    inside = {bought(shop, before(days), datetime.time(12)) for days in (5, 10)}
    for days in (4, 11):
        bought(shop, before(days), datetime.time(12))
    assert found(f"bought_between={before(10)}..{before(5)}") == inside
    assert (
        found(f"bought_between={before(10)}..{before(10)}&bought_between={before(5)}..{before(5)}") == inside
    )


@pytest.mark.parametrize(
    "query",
    ["bought_at=8-1", "bought_at=1-24", "bought_at=noon", "month_day=32", "bought_between=2026-01-01"]
    + ["bought_between=2026-01-02..2026-01-01", "favourite_product=1", "favourite_category=x"],
)
def test_what_cannot_be_read_is_said_and_left_out(shop, query):
    assert len(CustomerFilter(query, today=TODAY).problems) == 1


def test_bought_at_a_discount_is_asked_of_the_line_and_not_of_the_order(shop):
    goods = [
        Product.objects.create(sku=sku, category=ProductCategory.objects.create(name=sku)) for sku in "ab"
    ]
    order = OrderFactory(customer=CustomerFactory(), on=before(3))
    for number, product in enumerate(goods):
        OrderLine.objects.create(
            order=order, line_no=number, product=product, unit_amount=9, net_amount=9, discount_amount=number
        )
    assert found(f"discounted_product={goods[0].pk}") == set()
    assert found(f"discounted_product={goods[1].pk}") == {order.customer}
    assert found(f"discounted_category={goods[1].category_id}") == {order.customer}


def test_a_favourite_is_not_just_something_bought(shop):
    goods = Product.objects.create(sku="a", category=ProductCategory.objects.create(name="a"))
    fond, other = CustomerFactory.create_batch(2)
    for customer in (fond, other):
        order = OrderFactory(customer=customer, on=before(3))
        OrderLine.objects.create(order=order, line_no=1, product=goods, unit_amount=9, net_amount=9)
    CustomerTaste.objects.create(customer=fond, product=goods, category=goods.category, computed_on=TODAY)
    assert found(f"product={goods.pk}") == {fond, other}
    assert (
        found(f"favourite_product={goods.pk}") == found(f"favourite_category={goods.category_id}") == {fond}
    )


def test_each_is_said_in_words(shop):
    query = f"bought_at=6-18&month_day=5&bought_between={before(10)}..{before(5)}"
    with translation.override("en"):
        said = CustomerFilter(query, today=TODAY).describe()
    for words in ("on: Saturday, 18–19", "on day 5 of a month", "Bought between: "):
        assert words in said
