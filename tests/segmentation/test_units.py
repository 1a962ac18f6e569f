"""Volume by order days and, where the owner wants it, by the units bought."""

import datetime
import random
from dataclasses import replace
from itertools import product
from statistics import mean

import pytest
from django.db import connection
from django.urls import reverse

from loyalty.customers.facts import Statement
from loyalty.customers.models import Customer, Order, OrderLine
from segmentation import cutting, drafting, services, state, statements, taste, value_volume
from segmentation.models import CustomerScore, CutsReason, Scheme, SchemeVersion, ScoreHistory
from segmentation.rules import Rules
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory
from tests.segmentation.test_nights import as_a_whole_run_would_say, as_kept

DAY = datetime.timedelta(days=1)
YEAR = 365 * DAY


@pytest.mark.parametrize("weight", [1, 40, 100])
def test_the_statement_says_what_the_rule_says(db, weight):
    asked = list(product([0, 1, 7], [None, 0.0, 2.5, 80.0], [0.0, 1.5, 4.0], [None, 0.0, 3.0, -2.0]))
    rows = ", ".join(["(%s::int, %s::float8, %s::float8, %s::float8)"] * len(asked))
    sql = value_volume.volume_sql("days", "units", "days_mean", "units_mean", weight)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {sql} FROM (VALUES {rows}) AS asked(days, units, days_mean, units_mean)",
            [value for row in asked for value in row],
        )
        found = [row[0] for row in cursor.fetchall()]
    assert found == pytest.approx([value_volume.volume(*row, weight) for row in asked])


def test_without_units_the_volume_is_the_days_and_nothing_is_joined():
    assert value_volume.volume_sql("days", "units", "a", "b", 0) == "days"
    relation = state.kept_sql()
    sql = state.state_sql(relation, TODAY, {}, Rules()).sql
    assert "customertaste" not in sql
    assert "customertaste" in state.state_sql(relation, TODAY, {}, Rules(units_weight=1)).sql


def sell(seed: int, day: datetime.date, people: list[Customer]) -> None:
    """Some come often and take little, some come seldom and take much."""
    chance = random.Random(seed)
    for person in people:
        takes = chance.choice([1, 3, 40])
        for _ in range(chance.randrange(1, 9)):
            buy(person, day - chance.randrange(500) * DAY, takes * chance.randrange(1, 5))


def buy(person: Customer, day: datetime.date, units: float) -> Order:
    order = OrderFactory(customer=person, on=day, net_amount=500_000)
    if units % 7:
        OrderLine.objects.create(order=order, line_no=1, unit_amount=1, quantity=units, net_amount=500_000)
    return order


@pytest.fixture
def people(shop):
    made = CustomerFactory.create_batch(40)
    sell(3, TODAY - 10 * DAY, made)
    return made


def weigh(units_weight: int) -> None:
    rules = replace(services.rules_of_shop(), units_weight=units_weight, refresh=cutting.BY_HAND)
    Scheme.objects.update_or_create(defaults={"chosen": rules.to_json(), "number": units_weight + 1})


def by_hand(day: datetime.date, weight: int) -> dict[int, str]:
    days, units = {}, {}
    for person in Customer.objects.prefetch_related("orders__lines"):
        year = [order for order in person.orders.all() if day - YEAR < order.placed_on <= day]
        days[person.pk] = len({order.placed_on for order in year})
        lines = [float(line.quantity) for order in year for line in order.lines.all()]
        units[person.pk] = sum(lines) if lines else None
    means = mean(days.values()), mean(found for found in units.values() if found is not None)
    volume = {key: value_volume.volume(days[key], units[key], *means, weight) for key in days}
    ordered = sorted(volume.values())
    middle = (ordered[len(ordered) // 2] + ordered[(len(ordered) - 1) // 2]) / 2
    run = CustomerScore.objects.first().run
    return {
        score.customer_id: value_volume.quadrant(
            score.value_score, volume[score.customer_id], run.cuts["value_score"], middle
        )
        for score in CustomerScore.objects.all()
    }


def quadrants() -> dict[int, str]:
    return dict(CustomerScore.objects.values_list("customer", "quadrant"))


@pytest.mark.parametrize("weight", [30, 100])
def test_who_comes_often_is_decided_by_days_and_units(people, weight):
    taste.renew(TODAY)
    services.score_shop(TODAY)
    alone = quadrants()
    weigh(weight)
    services.score_shop(TODAY)
    assert quadrants() == by_hand(TODAY, weight) != alone
    weigh(0)
    services.score_shop(TODAY)
    assert quadrants() == alone


def test_a_night_and_an_order_say_what_a_whole_run_would_say(people):
    taste.renew(TODAY - 5 * DAY)
    weigh(50)
    cuts = services.score_shop(TODAY - 5 * DAY).cuts
    people = Customer.objects.filter(score__quadrant__in=("occasional", "valued_rare"))[:5]
    for ago in (4, 3, 2, 1, 0):
        day = TODAY - ago * DAY
        buy(people[ago], day, 90)
        services.score_customer(people[ago].pk, day)
        if ago == 2:
            # From the week's count on whoever took much stands elsewhere without having come.
            before = quadrants()
            taste.renew(day)
        run = services.score_shop(day)
        assert run.cuts_reason == "kept"
        told = as_kept()
        assert told == as_a_whole_run_would_say(day, cuts)[0]
        if ago == 2:
            assert quadrants() != before
    services.score_customer(people[0].pk, TODAY)
    assert as_kept() == told


@pytest.mark.parametrize(("weight", "chosen"), [(0, 100), (30, 100), (80, 0)])
def test_until_a_run_knows_the_middle_an_order_goes_by_what_the_run_before_went_by(people, weight, chosen):
    taste.renew(TODAY)
    weigh(weight)
    services.score_shop(TODAY)
    before = quadrants()
    weigh(chosen)
    for person in people:
        assert services.score_customer(person.pk, TODAY)
    assert quadrants() == before
    services.score_shop(TODAY)
    assert quadrants() != before


def test_units_that_come_to_be_known_decide_from_the_next_night_on(people):
    weigh(100)
    services.score_shop(TODAY - DAY)
    alone = quadrants()
    taste.renew(TODAY)
    assert services.score_shop(TODAY).cuts_reason == CutsReason.RULES
    assert quadrants() == by_hand(TODAY, 100) != alone
    assert services.score_shop(TODAY).cuts_reason == CutsReason.KEPT


def test_a_preview_adds_the_units_up_where_nobody_has_yet(people, shop):
    services.score_shop(TODAY)
    draft = drafting.keep(replace(services.rules_of_shop(), units_weight=100))
    assert drafting.preview(draft, TODAY)["moves"]["quadrant"]


def test_a_past_day_goes_by_the_units_of_its_own_year(people):
    """What was bought since lifts nobody among those who came often then."""
    then = TODAY - 28 * DAY
    for person in people[:15]:
        buy(person, TODAY - 3 * DAY, 900)
    Order.objects.filter(placed_on__range=(then + DAY, TODAY - 4 * DAY)).delete()
    taste.renew(TODAY)
    weigh(100)
    services.score_shop(TODAY)
    services.look_back(TODAY)
    told = dict(ScoreHistory.objects.on(then).values_list("customer", "quadrant"))
    Order.objects.filter(placed_on__gt=then).delete()
    taste.renew(then)
    services.score_shop(then)
    assert told == {customer: group for customer, group in quadrants().items() if group}


def test_the_owner_sets_the_weight_with_a_preview_and_goes_back(people, as_owner, shop):
    taste.renew(shop.today())
    services.score_shop(shop.today())
    before = quadrants()
    address = reverse("segmentation:scheme_value")
    weights = {part: str(weight) for part, weight in value_volume.WEIGHTS.items()}
    refused = as_owner.post(address, {**weights, "units_weight": "101"})
    assert refused.status_code == 422
    as_owner.post(address, {**weights, "units_weight": "80"})
    draft = SchemeVersion.objects.draft()
    moves = drafting.preview(draft, shop.today())["moves"]["quadrant"]
    as_owner.post(reverse("segmentation:scheme_apply"))
    after = quadrants()
    assert sum(move[2] for move in moves) == sum(before[key] != after[key] for key in before) > 0
    page = as_owner.get(reverse("segmentation:scheme_versions"), headers={"accept-language": "en"})
    assert "Units bought decide 80 percent of who comes often." in page.content.decode()
    page = as_owner.get(
        reverse("segmentation:quadrant_list"), headers={"accept-language": "en"}
    ).content.decode()
    assert "decided to 80 percent by the units bought" in page
    buyer = next(score for score in CustomerScore.objects.all() if score.year_units["units"])
    page = as_owner.get(
        reverse("customers:customer_detail", args=[buyer.customer_id]), headers={"accept-language": "en"}
    )
    assert "Units decide 80 percent of who comes often" in page.content.decode()
    as_owner.post(reverse("segmentation:scheme_undo"))
    as_owner.post(reverse("segmentation:scheme_apply"))
    assert quadrants() == before


def test_the_units_of_everybody_are_those_of_their_lines(people):
    taste.renew(TODAY)
    kept = statements.rows(Statement("SELECT customer_id, units FROM segmentation_customertaste"))
    by_lines: dict[int, float] = {}
    for line in OrderLine.objects.select_related("order"):
        if TODAY - YEAR < line.order.placed_on <= TODAY:
            key = line.order.customer_id
            by_lines[key] = by_lines.get(key, 0) + float(line.quantity)
    assert {customer: units for customer, units in kept if units is not None} == pytest.approx(by_lines)
