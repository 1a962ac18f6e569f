"""The usual gap of a customer rests on those who mostly buy the same goods, where there are enough of them."""

from __future__ import annotations

import datetime

import pytest

from loyalty.customers.models import ProductCategory
from segmentation import categories, lifecycle, services
from segmentation.lifecycle import Rhythm
from segmentation.models import CustomerScore, CustomerTaste
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory

DAY = datetime.timedelta(days=1)


@pytest.mark.parametrize(
    ("own", "shop_gap", "category_gap", "expected", "source"),
    [
        (Rhythm(1, None, None), 30, 10, 10, "category"),
        (Rhythm(4, 20, 0.1), 30, 10, (3 * 20 + 3 * 10) / 6, "own_and_category"),
        (Rhythm(4, 20, 0.1), 30, None, (3 * 20 + 3 * 30) / 6, "own_and_shop"),
        (Rhythm(1, None, None), None, 10, 10, "category"),
        (Rhythm(1, None, None), None, None, 45, "default"),
    ],
)
def test_the_category_stands_before_the_shop(own, shop_gap, category_gap, expected, source):
    assert lifecycle.expected_gap(own, shop_gap, category_gap) == expected
    assert lifecycle.gap_source(own, shop_gap, category_gap) == source


def buyers(category: ProductCategory, gap: int, people: int, visits: int) -> None:
    for _ in range(people):
        customer = CustomerFactory()
        for number in range(visits):
            OrderFactory(customer=customer, on=TODAY - (3 + number * gap) * DAY)
        CustomerTaste.objects.create(customer=customer, category=category, orders=visits, computed_on=TODAY)


@pytest.fixture
def shelves(shop):
    coffee, machines, tea = (
        ProductCategory.objects.create(name=name) for name in ("coffee", "machines", "tea")
    )
    buyers(coffee, 10, people=8, visits=5)
    buyers(machines, 100, people=10, visits=4)
    buyers(tea, 50, people=2, visits=3)
    return coffee, machines, tea


def once(category: ProductCategory | None, ago: int):
    customer = CustomerFactory()
    OrderFactory(customer=customer, on=TODAY - ago * DAY)
    if category:
        CustomerTaste.objects.create(customer=customer, category=category, orders=1, computed_on=TODAY)
    return customer


def test_a_category_has_a_gap_from_thirty_repeat_gaps_on(shelves):
    services.score_shop(TODAY)
    coffee, machines, _tea = shelves
    assert categories.gaps() == {coffee.pk: 10, machines.pk: 100}


def test_the_next_night_expects_each_by_their_own_shelf(shelves):
    coffee, machines, tea = shelves
    new = {name: once(shelf, 20) for name, shelf in zip("cmt", shelves, strict=True)} | {"-": once(None, 20)}
    services.score_shop(TODAY - DAY)
    assert set(CustomerScore.objects.values_list("gap_source", flat=True)) == {"shop", "own_and_shop"}
    assert categories.renew(TODAY) == 2
    run = services.score_shop(TODAY)
    assert not run.is_whole
    found = {name: CustomerScore.objects.get(customer=customer) for name, customer in new.items()}
    shop_gap = run.cuts["gap_days"]
    assert {name: (one.expected_gap_days, one.gap_source) for name, one in found.items()} == {
        "c": (10, "category"),
        "m": (100, "category"),
        "t": (shop_gap, "shop"),
        "-": (shop_gap, "shop"),
    }
    # Twenty days after coffee is late, after a coffee machine it is not.
    assert (found["c"].stage, found["m"].stage) == ("at_risk", "new")
    explained = found["c"].explanation
    assert (explained.everybodys_gap_days, explained.gap_source, explained.days_late) == (10, "category", 10)

    kept = list(
        CustomerScore.objects.order_by("customer").values_list("customer", "stage", "expected_gap_days")
    )
    services.score_shop(TODAY, is_whole=True)
    whole = CustomerScore.objects.order_by("customer").values_list("customer", "stage", "expected_gap_days")
    assert list(whole) == kept
    # One order scores by the same shelf.
    OrderFactory(customer=new["m"], on=TODAY)
    assert services.score_customer(new["m"].pk, TODAY)
    found["m"].refresh_from_db()
    assert (found["m"].expected_gap_days, found["m"].gap_source) == ((20 + 3 * 100) / 4, "own_and_category")


def test_renewing_again_touches_nobody(shelves):
    services.score_shop(TODAY)
    categories.renew(TODAY)
    before = dict(CustomerScore.objects.values_list("pk", "category_gap_days"))
    services.score_shop(TODAY)
    categories.renew(TODAY)
    assert dict(CustomerScore.objects.values_list("pk", "category_gap_days")) == before
    assert services.score_shop(TODAY).changed == 0


def test_a_taste_that_is_gone_takes_the_gap_with_it(shelves):
    services.score_shop(TODAY)
    categories.renew(TODAY)
    assert CustomerScore.objects.exclude(category_gap_days=None).count() == 18
    CustomerTaste.objects.all().delete()
    assert categories.renew(TODAY) == 0
    assert not CustomerScore.objects.exclude(category_gap_days=None).exists()
