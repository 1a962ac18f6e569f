"""What was said of a customer on any day is remembered, and nothing else is."""

import datetime
import itertools
import random

import pytest
from django.db import connection

from loyalty.customers.models import Customer, Order
from loyalty.shops.scope import scope
from segmentation import lifecycle, rfm, services, spans, value_volume
from segmentation.models import CustomerScore, Quadrant, ScoreHistory, ScoreRun, ScoreSpan, Segment, Stage
from tests.conftest import TODAY
from tests.factories import OrderFactory
from tests.segmentation.histories import make_history

DAY = datetime.timedelta(days=1)
GROUPS = ("segment", "stage", "quadrant")


def said_now() -> dict[int, tuple]:
    return {row[0]: row[1:] for row in CustomerScore.objects.values_list("customer_id", *GROUPS)}


def remembered(day: datetime.date) -> dict[int, tuple]:
    return {row[0]: row[1:] for row in ScoreSpan.objects.on(day).values_list("customer_id", *GROUPS)}


def test_every_word_has_its_place_and_every_change_reads_back():
    assert set(spans.SEGMENTS) == {"", *rfm.SEGMENTS, *Segment.values}
    assert set(spans.STAGES) == {*lifecycle.STAGES, *Stage.values}
    assert set(spans.QUADRANTS) == {"", *value_volume.QUADRANTS, *Quadrant.values}
    for number, words in enumerate(itertools.product(spans.SEGMENTS, spans.STAGES, spans.QUADRANTS)):
        day = datetime.date(1990, 1, 1) + 40 * number * DAY
        assert spans.spans([spans.change(day, *words)]) == [spans.Span(day, None, *words)]


def test_the_sql_reads_and_writes_the_same_numbers(db):
    days = [datetime.date(1999, 12, 30), datetime.date(2000, 1, 1), TODAY]
    words = list(itertools.product(spans.SEGMENTS, spans.STAGES, spans.QUADRANTS))
    rows = [(day, *each) for day in days for each in words]
    change = spans.change_sql("day", "segment", "stage", "quadrant")
    read = ", ".join([spans.day_sql("change"), *(spans.word_sql(kind, "change") for kind in spans.PLACES)])
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT change, {read} FROM (
                    SELECT {change} AS change FROM unnest(%s::date[], %s::text[], %s::text[], %s::text[])
                        AS row(day, segment, stage, quadrant)) AS made""",
            [list(column) for column in zip(*rows, strict=True)],
        )
        assert cursor.fetchall() == [(spans.change(*row), *row) for row in rows]


@pytest.mark.parametrize("seed", range(3))
def test_any_day_reads_as_it_was_said_on_that_day(shop, seed):
    chance = random.Random(seed)
    make_history(seed, TODAY)
    said, day = {}, TODAY - 300 * DAY
    while day < TODAY:
        services.score_shop(day)
        if chance.random() < 0.5:
            # An order in the middle of the day, which the counter records.
            customer = chance.choice(Customer.objects.all())
            OrderFactory(customer=customer, on=day, net_amount=chance.randrange(1, 9_000_000))
            services.score_customer(customer.pk, day)
        said[day] = said_now()
        day += chance.randrange(1, 25) * DAY
    days = sorted(said)
    for day, following in zip(days, [*days[1:], TODAY], strict=True):
        assert remembered(day) == remembered(following - DAY) == said[day]
    assert remembered(days[0] - DAY) == {}


@pytest.mark.parametrize("seed", range(2))
def test_spans_follow_each_other_without_gap_or_overlap_and_one_is_open(shop, seed):
    make_history(seed, TODAY)
    for ago in range(200, -1, -10):
        services.score_shop(TODAY - ago * DAY)
    whole = list(ScoreSpan.objects.order_by("customer_id", "from_on"))
    assert len(whole) > 2 * Customer.objects.count()
    for _customer, mine in itertools.groupby(whole, key=lambda span: span.customer_id):
        mine = list(mine)
        assert [span.until_on for span in mine] == [*(span.from_on for span in mine[1:]), None]
        words = [(span.segment, span.stage, span.quadrant) for span in mine]
        assert all(before != after for before, after in itertools.pairwise(words))
    one = ScoreHistory.objects.order_by("-changes__len").first()
    as_rows = ScoreSpan.objects.filter(customer=one.customer_id).order_by("from_on")
    assert one.spans == [spans.Span(*row) for row in as_rows.values_list("from_on", "until_on", *GROUPS)]


def test_a_day_counts_its_groups_as_the_run_did(shop):
    make_history(3, TODAY)
    run = services.score_shop(TODAY - 30 * DAY)
    services.score_shop(TODAY)
    for kind in ("segment", "stage", "quadrant"):
        rows = ScoreSpan.objects.on(run.as_of).values_list(kind, flat=True)
        counted = {group: list(rows).count(group) for group in rows if group}
        assert counted == {group: people for group, (people, _amount) in run.sums[kind].items()}


def test_who_changes_twice_in_a_day_is_what_they_are_at_its_end(shop):
    order = OrderFactory(on=TODAY - 100 * DAY)
    services.score_shop(TODAY - DAY)
    services.score_shop(TODAY)
    before = list(ScoreSpan.objects.values("from_on", "until_on", *GROUPS))
    second = OrderFactory(customer=order.customer, on=TODAY)
    services.score_customer(order.customer_id, TODAY)
    assert ScoreSpan.objects.count() == len(before) + 1
    assert remembered(TODAY) == said_now()
    # Recorded by mistake and taken out again: nothing has changed on this day.
    Order.objects.filter(pk=second.pk).update(status="cancelled")
    services.score_customer(order.customer_id, TODAY)
    assert list(ScoreSpan.objects.values("from_on", "until_on", *GROUPS)) == before


def test_scoring_an_earlier_day_leaves_what_was_told_since(shop):
    make_history(5, TODAY)
    services.score_shop(TODAY - 20 * DAY)
    services.score_shop(TODAY)
    told = list(ScoreSpan.objects.order_by("pk").values())
    services.score_shop(TODAY - 10 * DAY)
    assert list(ScoreSpan.objects.order_by("pk").values()) == told
    # The next run knows that the scores it finds are not what was told last.
    services.score_shop(TODAY + DAY)
    assert remembered(TODAY + DAY) == said_now()


def test_an_order_entered_for_an_earlier_day_leaves_what_was_told_since(shop):
    order = OrderFactory(on=TODAY - 200 * DAY)
    services.score_shop(TODAY)
    OrderFactory(customer=order.customer, on=TODAY - 50 * DAY)
    services.score_customer(order.customer_id, TODAY - 50 * DAY)
    assert ScoreSpan.objects.count() == 1


def test_looking_back_tells_the_past_year_and_keeps_what_was_said_since_the_first_run(shop):
    make_history(6, TODAY, orders=400)
    first = TODAY - 40 * DAY
    services.score_shop(first)
    services.score_shop(TODAY)
    said = {day: remembered(day) for day in (first, first + 20 * DAY, TODAY)}
    assert services.look_back(TODAY) > 40
    assert {day: remembered(day) for day in said} == said
    # Each week before the first run is as a run on that day would have said.
    for run in ScoreRun.objects.filter(is_look_back=True, as_of__lt=first):
        rows = list(ScoreSpan.objects.on(run.as_of).values_list("stage", flat=True))
        expected = {stage: people for stage, (people, _amount) in run.sums["stage"].items()}
        expected.pop("prospect", None)
        assert {stage: rows.count(stage) for stage in rows} == expected
    told = list(ScoreSpan.objects.order_by("pk").values())
    services.look_back(TODAY, refresh=True)
    assert list(ScoreSpan.objects.order_by("pk").values()) == told


def test_looking_back_again_tells_of_old_orders_that_have_come_in_since(shop):
    make_history(2, TODAY)
    services.score_shop(TODAY)
    services.look_back(TODAY)
    newcomer = OrderFactory(on=TODAY - 200 * DAY).customer
    services.look_back(TODAY, refresh=True)
    assert newcomer.pk in remembered(TODAY - 190 * DAY)
    services.score_shop(TODAY)
    assert remembered(TODAY)[newcomer.pk] == said_now()[newcomer.pk]
    assert all(remembered(TODAY)[customer] == said for customer, said in said_now().items())


def test_another_shop_has_its_own_history(shop, other_shop):
    OrderFactory(on=TODAY)
    services.score_shop(TODAY)
    with scope(other_shop):
        assert not ScoreSpan.objects.exists()
        assert not ScoreSpan.objects.on(TODAY).exists()
