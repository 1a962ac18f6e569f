"""What a run keeps of everybody is what the live pictures say, and stays so when the shop has moved on."""

from __future__ import annotations

import datetime
import random

import pytest
from django.urls import reverse

from segmentation import counting, facts, overlay, services, state, valued
from segmentation.models import CustomerScore, ScoreRun
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory, RefundFactory

DAY = datetime.timedelta(days=1)
THEN = TODAY - 40 * DAY


def sell(seed: int, people: int, last: datetime.date, span: int = 300) -> None:
    chance = random.Random(seed)
    for _person in range(people):
        customer = CustomerFactory()
        for _order in range(chance.choice((1, 1, 2, 3, 5))):
            net, discount = chance.randrange(1_000, 900_000), chance.choice((0, 0, 0, 5_000, 100_000))
            order = OrderFactory(
                customer=customer,
                on=last - chance.randrange(span) * DAY,
                net_amount=net,
                discount_amount=discount,
                gross_amount=net + discount,
                cost_amount=chance.choice((None, net // 2)),
            )
            if chance.random() < 0.1:
                RefundFactory(order=order, amount=net, on=order.placed_on)


@pytest.fixture
def run(shop) -> ScoreRun:
    CustomerFactory()
    sell(3, 60, TODAY)
    return services.score_shop(TODAY)


def test_the_sums_and_scores_are_those_of_the_rows(run):
    for kind in counting.KINDS:
        by_hand: dict[str, list[int]] = {}
        for score in CustomerScore.objects.exclude(**{kind: ""}):
            entry = by_hand.setdefault(getattr(score, kind), [0, 0])
            entry[0] += 1
            entry[1] += score.monetary_amount
        assert run.sums[kind] == by_hand
    for measure in "rfm":
        for place, people in enumerate(run.score_counts[measure], 1):
            assert people == CustomerScore.objects.filter(**{f"{measure}_score": place}).count()


def test_the_map_that_is_kept_is_the_one_that_is_shown(run):
    kept, live = counting.cells(run), facts.grid()
    assert kept.keys() == live.keys()
    for place, cell in live.items():
        assert (kept[place].customers, kept[place].amount, kept[place].segment) == (
            cell.customers,
            cell.amount,
            cell.segment,
        )
        assert kept[place].m_mean == pytest.approx(cell.m_mean, abs=1e-3)
        assert kept[place].amount_share == pytest.approx(cell.amount_share)


def test_the_dependence_that_is_kept_is_the_one_that_is_shown(run, shop):
    kept, live = counting.dependence(run), valued.dependence(shop)
    assert (kept.people, kept.anyway) == (live.people, live.anyway)
    assert kept.mean == pytest.approx(live.mean, abs=0.0025)
    by_segment = {segment: (people, mean) for segment, people, mean in live.segments}
    assert kept.segments
    for segment, count, mean in kept.segments:
        assert (count, mean) == (by_segment[segment][0], pytest.approx(by_segment[segment][1], abs=0.0025))
    assert sum(row["people"] for row in kept.tenths) == live.people
    assert sum(row["amount"] for row in kept.tenths) == sum(row["amount"] for row in live.tenths)
    assert kept.tenths[0]["least"] == pytest.approx(live.tenths[0]["least"], abs=0.0025)
    assert kept.tenths[-1]["most"] == pytest.approx(live.tenths[-1]["most"], abs=0.0025)
    numbers = [row["tenth"] for row in kept.tenths]
    assert numbers == sorted(set(numbers))
    for one, other in zip(kept.tenths, kept.tenths[1:], strict=False):
        assert one["most"] < other["least"]


def test_a_shop_without_a_sale_keeps_no_pictures(shop):
    CustomerFactory()
    run = services.score_shop(TODAY)
    assert run.pictures == {}
    assert counting.cells(run) is counting.pareto(run) is counting.dependence(run) is None


def test_the_weeks_that_are_looked_back_on_keep_theirs(shop):
    sell(5, 30, THEN)
    told = services.score_shop(THEN).pictures
    ScoreRun.objects.all().delete()
    sell(6, 20, TODAY, 30)
    services.score_shop(TODAY)
    services.look_back(TODAY)
    week = ScoreRun.objects.filter(as_of__lte=TODAY - 42 * DAY).first()
    with services.state_table(shop, week.as_of, services.rules_of_shop()):
        assert week.pictures == counting.Counted(state.ALL_STATE).pictures
    assert week.pictures["cells"] and told["cells"]


def page(client, name: str, language: str = "en", **query) -> str:
    response = client.get(reverse(f"segmentation:{name}"), query, headers={"accept-language": language})
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("language", ["fa", "en"])
def test_the_pictures_of_a_large_shops_past_are_those_that_were_drawn_then(
    shop, as_owner, language, monkeypatch
):
    monkeypatch.setattr(overlay, "AT_ONCE", 10)
    sell(7, 40, THEN)
    then = services.score_shop(THEN)
    sell(8, 40, TODAY, 30)
    services.score_shop(TODAY)
    on = (THEN + 3 * DAY).isoformat()
    said = page(as_owner, "segment_list", language, on=on)
    cells = sum(said.count(f"ba-heat-{heat}") for heat in range(1, 6))
    assert cells == len(counting.cells(then)) != len(facts.grid())
    assert "?r=" not in said
    said = page(as_owner, "quadrant_list", language, on=on)
    assert 'data-chart-id="value-volume"' in said
    assert "discount_min" not in said and "anyway=on" not in said
    assert 'data-chart-id="stages"' in page(as_owner, "stage_list", language, on=on)
    said = page(as_owner, "pareto", language, on=on)
    assert 'data-chart-id="pareto"' in said
    assert "spent_m" not in said


def test_a_large_shops_week_that_kept_no_picture_says_so(shop, as_owner, monkeypatch):
    monkeypatch.setattr(overlay, "AT_ONCE", 4)
    sell(7, 10, THEN)
    services.score_shop(THEN)
    ScoreRun.objects.update(pictures={})
    services.score_shop(TODAY)
    for name in ("segment_list", "pareto"):
        assert "No picture of that week is kept" in page(as_owner, name, on=THEN.isoformat())
        assert "No picture of that week is kept" not in page(as_owner, name)


def test_the_groups_of_a_past_day_are_a_file_too(shop, as_owner):
    sell(7, 10, THEN)
    services.score_shop(THEN)
    services.score_shop(TODAY)
    query = {"on": THEN.isoformat(), "export": "csv"}
    response = as_owner.get(reverse("segmentation:stage_list"), query, headers={"accept-language": "en"})
    rows = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert rows[0].startswith("Group,People then,")
    assert sum(int(row.split(",")[1]) for row in rows[1:]) == 10


@pytest.mark.parametrize("name", ["own_segment_list"])
def test_a_page_that_cannot_go_back_says_so(run, as_owner, name):
    assert "cannot go back to a past day" in page(as_owner, name, on=THEN.isoformat())
    assert "cannot go back to a past day" not in page(as_owner, name)
