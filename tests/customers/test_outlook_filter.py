"""Lists of people by what is expected of them."""

from __future__ import annotations

import datetime

import pytest
from django.utils import translation

from loyalty.customers.filters import CustomerFilter
from loyalty.ui import presentation
from segmentation import services as segmentation
from segmentation.models import CustomerOutlook
from tests.conftest import TODAY
from tests.customers.test_filters import names
from tests.factories import CustomerFactory, OrderFactory

DAY = datetime.timedelta(days=1)


@pytest.fixture
def people(shop):
    """One who comes every ten days, one whose gaps vary, one who came once, and one who never bought."""
    past = {"weekly": (2, 12, 22, 33, 42), "now and then": (5, 8, 60, 200, 210), "once": (3,), "never": ()}
    chances = {"weekly": (0.9, 0.95, 8, 900), "now and then": (0.3, 0.4, 2, None), "once": (0.2, 1, 0.4, 50)}
    for name, ages in past.items():
        customer = CustomerFactory(name=name)
        for age in ages:
            OrderFactory(customer=customer, on=TODAY - age * DAY)
        if ages:
            back, alive, orders, profit = chances[name]
            CustomerOutlook.objects.create(
                customer=customer,
                as_of=TODAY,
                p_alive=alive,
                p_back=back,
                orders_30=orders / 12,
                orders_90=orders / 4,
                orders_365=orders,
                amount_365_amount=1_000,
                profit_365_amount=profit,
            )
    segmentation.score_shop(TODAY)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("back_max=30", {"now and then", "once"}),
        ("back_min=30", {"weekly", "now and then"}),
        ("with_us_max=50", {"now and then"}),
        ("with_us_min=96", {"once"}),
        ("expected_orders_min=2", {"weekly", "now and then"}),
        ("expected_orders_max=2", {"now and then", "once"}),
        # An unknown profit is neither much nor little; amounts are typed in toman.
        ("expected_profit_min=10", {"weekly"}),
        ("expected_profit_max=10", {"once"}),
        ("one_time=1", {"once"}),
        ("periodic=1", {"weekly"}),
        ("periodic=1&due=7", set()),
        ("periodic=1&due=40", {"weekly"}),
        ("back_max=30&one_time=1", {"once"}),
    ],
)
def test_a_condition_takes_in_whom_it_says(people, query, found):
    assert names(query) == found


def test_a_chance_beyond_a_hundred_is_refused(shop):
    people = CustomerFilter("back_max=130", today=TODAY)
    assert len(people.problems) == 1
    assert people.active == []


def test_chances_and_money_are_said_in_the_readers_way(shop):
    query = "back_max=30&expected_profit_min=1000"
    with translation.override("en"), presentation.use(shop.presentation("en")):
        said = CustomerFilter(query, today=TODAY).describe()
    assert "Chance of coming back at most 30%" in said
    assert "Expected profit of 12 months at least 1,000" in said
