"""What each customer buys most often: counted one order at a time, and by the weekly statement."""

import datetime
import random
from collections import Counter, defaultdict

import pytest

from loyalty.customers.models import Order, OrderLine, Product, ProductCategory
from segmentation import taste
from segmentation.models import CustomerTaste
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory


def before(days: int) -> datetime.date:
    return TODAY - datetime.timedelta(days=days)


def make_goods() -> list[Product]:
    """Return seven products: three of one category, three of another, one of none."""
    kinds = [ProductCategory.objects.create(name=name) for name in ("coffee", "tea")]
    return [
        Product.objects.create(sku=f"P{number}", category=None if number == 6 else kinds[number % 2])
        for number in range(7)
    ]


def sell(order: Order, *products: Product | None, amount: int = 1_000) -> None:
    OrderLine.objects.bulk_create(
        OrderLine(order=order, line_no=number, product=product, unit_amount=amount, net_amount=amount)
        for number, product in enumerate(products, 1)
    )


def taste_by_hand(day: datetime.date) -> dict[int, tuple]:
    """Return {customer: (product, category, orders, share, weekday)}, added up one order at a time."""
    products, categories, totals, days = (defaultdict(Counter), defaultdict(Counter), Counter(), {})
    last: dict[tuple, datetime.date] = {}
    orders = Order.objects.filter(is_paid=True, customer__isnull=False, placed_on__lte=day)
    for order in orders.order_by("placed_on").prefetch_related("lines__product"):
        who = order.customer_id
        if order.placed_on > day - datetime.timedelta(days=taste.YEAR_DAYS):
            days.setdefault(who, set()).add(order.placed_on)
        held = {line.product for line in order.lines.all() if line.product}
        if not held or order.placed_on <= day - datetime.timedelta(days=taste.WINDOW_DAYS):
            continue
        totals[who] += 1
        for one in {product.pk for product in held}:
            products[who][one] += 1
            last[who, "product", one] = order.placed_on
        for one in {product.category_id for product in held} - {None}:
            categories[who][one] += 1
            last[who, "category", one] = order.placed_on

    def first(kind, who, counted):
        rank = sorted(counted, key=lambda one: (-counted[one], -last[who, kind, one].toordinal(), one))
        return rank[0] if rank else None

    found = {}
    for who in totals.keys() | days.keys():
        product, category = (
            first("product", who, products[who]),
            first("category", who, categories[who]),
        )
        orders = categories[who][category] if category else products[who][product] if product else 0
        share = orders / totals[who] if totals[who] else None
        on = Counter(one.isoweekday() for one in days.get(who, ()))
        usual = min(on, key=lambda one: (-on[one], one)) if on else None
        if sum(on.values()) < taste.WEEKDAY_DAYS or on[usual] < taste.WEEKDAY_SHARE * sum(on.values()):
            usual = None
        if product or usual:
            found[who] = (product, category, orders, share, usual)
    return found


def kept() -> dict[int, tuple]:
    rows = CustomerTaste.objects.values_list(
        "customer_id", "product_id", "category_id", "orders", "share", "weekday"
    )
    return {who: tuple(row) for who, *row in rows}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_weekly_statement_finds_what_counting_by_hand_finds(shop, seed):
    chance = random.Random(seed)
    goods, people = [*make_goods(), None], CustomerFactory.create_batch(12)
    for _ in range(150):
        order = OrderFactory(
            customer=chance.choice([None, *people[:-1]]),
            on=before(int(900 * chance.random() ** 2) - 3),
            status=chance.choices(Order.Status.values, [12, 1, 1, 2])[0],
        )
        sell(order, *chance.choices(goods, k=chance.randrange(4)))
    assert taste.renew(TODAY) == len(kept())
    assert kept() == taste_by_hand(TODAY)
    assert kept()


def test_a_taste_that_still_holds_is_left_alone_and_one_that_is_over_goes(shop):
    goods = make_goods()
    stays, goes = OrderFactory(on=before(10)), OrderFactory(on=before(taste.WINDOW_DAYS - 1))
    sell(stays, goods[0])
    sell(goes, goods[1])
    taste.renew(TODAY)
    tomorrow = TODAY + datetime.timedelta(days=1)
    assert taste.renew(tomorrow) == 1
    row = CustomerTaste.objects.get()
    assert (row.customer_id, row.computed_on) == (stays.customer_id, TODAY)
