"""Who makes the sales, against the same worked out person by person."""

from __future__ import annotations

import random

import pytest
from django.db import connection

from segmentation import concentration, counting, services
from segmentation.models import CustomerScore
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory, RefundFactory


def sell(seed: int, people: int, amounts: str) -> None:
    chance = random.Random(seed)
    draw = {
        "wide": lambda: int(chance.lognormvariate(12, 2)) + 1,
        # So close to each other that everybody is of one or two steps.
        "close": lambda: 1_000_000 + chance.randrange(2_000),
        "equal": lambda: chance.choice((5_000, 5_000, 90_000)),
    }[amounts]
    for _person in range(people):
        net = draw()
        order = OrderFactory(on=TODAY, net_amount=net, cost_amount=chance.choice((None, net // 2, net // 3)))
        if chance.random() < 0.15:
            RefundFactory(order=order, amount=chance.choice((net, net // 2 + 1)), on=TODAY)
    CustomerFactory()
    services.score_shop(TODAY)


def by_hand() -> dict:
    buyers = CustomerScore.objects.exclude(last_order_on=None)
    people = sorted((max(score.monetary_amount, 0) for score in buyers), reverse=True)
    total = sum(people)
    tenths: dict[int, list[int]] = {}
    running = customers_80 = least_80 = 0
    for place, amount in enumerate(people):
        tenth = tenths.setdefault(10 * place // len(people) + 1, [0, 0, amount, amount])
        tenth[0] += 1
        tenth[1] += amount
        tenth[2] = amount
        if running < 0.8 * total:
            customers_80, least_80 = customers_80 + 1, amount
        running += amount
    return {"total": total, "tenths": tenths, "customers_80": customers_80, "least_80": least_80}


@pytest.mark.parametrize("amounts", ["wide", "close", "equal"])
@pytest.mark.parametrize("people", [1, 2, 7, 43, 120])
def test_the_tenths_are_those_of_the_people_one_by_one(shop, people, amounts):
    sell(people, people, amounts)
    found, expected = concentration.now(), by_hand()
    if not expected["total"]:
        assert found is None
        return
    assert {
        t.number: [t.customers, t.amount, t.least_amount, t.most_amount] for t in found.tenths
    } == expected["tenths"]
    assert (found.buyers, found.amount) == (people, expected["total"])
    assert (found.customers_80, found.least_amount_80) == (expected["customers_80"], expected["least_80"])
    assert found.tenths[-1].running_share == pytest.approx(1)


def test_the_profit_of_the_first_fifth_is_theirs(shop):
    sell(5, 60, "wide")
    scores = list(CustomerScore.objects.exclude(last_order_on=None).order_by("-monetary_amount"))
    first, everybody = (sum(score.profit_amount or 0 for score in some) for some in (scores[:12], scores))
    assert concentration.now().top_20_profit_share == pytest.approx(first / everybody)


def test_unknown_profit_stays_unknown(shop):
    OrderFactory(on=TODAY, net_amount=5_000, cost_amount=None)
    services.score_shop(TODAY)
    assert concentration.now().top_20_profit_share is None


def test_a_run_keeps_what_is_shown(shop):
    sell(6, 80, "wide")
    assert counting.pareto(services.score_shop(TODAY)) == concentration.now()


def test_only_a_few_people_are_read_one_by_one(shop, django_assert_num_queries):
    sell(7, 120, "wide")
    with django_assert_num_queries(2):
        concentration.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
