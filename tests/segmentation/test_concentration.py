"""Who makes the sales, against the same worked out person by person."""

from __future__ import annotations

import random

import pytest

from segmentation import concentration, counting, services, statements
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


def test_only_the_steps_in_which_something_ends_are_opened(shop, monkeypatch):
    sell(7, 120, "wide")
    asked = []
    rows = statements.rows
    monkeypatch.setattr(statements, "rows", lambda statement: asked.append(statement) or rows(statement))
    concentration.now()
    assert len(asked) == 2
    # Nine ends of tenths, and that of the 80 %.
    assert len(asked[1].params["steps"]) <= 10


def test_somebody_who_buys_between_the_two_readings_breaks_nothing(shop, monkeypatch):
    sell(8, 43, "close")
    rows = statements.rows

    def meanwhile(statement):
        if "steps" in statement.params:
            CustomerScore.objects.filter(last_order_on=None).update(
                last_order_on=TODAY, monetary_amount=1_000_500
            )
        return rows(statement)

    monkeypatch.setattr(statements, "rows", meanwhile)
    found = concentration.now()
    assert sum(tenth.customers for tenth in found.tenths) == found.buyers == 44
    assert found.tenths[-1].running_share == pytest.approx(1)


def test_what_was_kept_without_bounds_is_read_still(shop):
    kept = {
        "tenths": [[1, 2, 30], [2, 3, 10]],
        "top_20_profit_share": None,
        "customers_80": 2,
        "least_amount_80": 9,
    }
    assert [tenth.share for tenth in concentration.Pareto.of(kept).tenths] == [0.75, 0.25]
