import itertools

import pytest
from django.db import connection

from loyalty.tiers import rules
from loyalty.tiers.rules import Gap, Step

STEPS = (Step(1, 0), Step(2, 300), Step(3, 1000, 2), Step(4, 3000, 5))


@pytest.mark.parametrize(
    ("value", "orders", "rank"),
    [
        (-50, 0, 1),
        (0, 1, 1),
        (299, 9, 1),
        (300, 1, 2),
        (999, 9, 2),
        (1000, 1, 2),
        (1000, 2, 3),
        (2999, 9, 3),
        (3000, 5, 4),
        (3000, 4, 3),
        (9000, 1, 2),
    ],
)
def test_the_highest_step_whose_conditions_both_hold_is_reached(value, orders, rank):
    assert rules.reached(value, orders, STEPS) == rank


def test_sql_and_python_agree_on_every_cell_of_the_space(db):
    ladders = [STEPS, STEPS[:1], STEPS[:2], (Step(1, 0), Step(2, 1), Step(3, 2), Step(4, 3))]
    # Every value on, just below and just above each threshold, with any number of orders.
    for steps in ladders:
        values = sorted({step.threshold + near for step in steps for near in (-1, 0, 1)})
        cells = list(itertools.product(values, range(8)))
        with connection.cursor() as cursor:
            cursor.execute(
                f"""SELECT {rules.reached_sql("value", "orders", steps)}
                    FROM unnest(%s::bigint[], %s::bigint[]) WITH ORDINALITY AS cell (value, orders, place)
                    ORDER BY place""",
                [[value for value, _ in cells], [orders for _, orders in cells]],
            )
            by_sql = [rank for (rank,) in cursor.fetchall()]
        assert by_sql == [rules.reached(value, orders, steps) for value, orders in cells]


def test_every_value_has_exactly_one_step_and_more_never_means_lower():
    for orders in range(7):
        ranks = [rules.reached(value, orders, STEPS) for value in range(-10, 3100)]
        assert set(ranks) <= {1, 2, 3, 4}
        assert ranks == sorted(ranks)


def test_the_gap_names_what_is_missing_and_how_far_one_has_come():
    assert rules.gap(650, 3, STEPS, 2) == Gap(3, 350, 0, 0.5)
    assert rules.gap(2000, 4, STEPS, 3) == Gap(4, 1000, 1, 0.5)
    assert rules.gap(5000, 1, STEPS, 2) == Gap(3, 0, 1, 0.5)
    assert rules.gap(-20, 0, STEPS, 1) == Gap(2, 320, 0, 0.0)


def test_there_is_no_gap_above_the_top():
    assert rules.gap(9999, 99, STEPS, 4) is None


def test_a_gap_closed_is_the_next_step_reached():
    for value, orders in itertools.product(range(0, 3001, 50), range(6)):
        rank = rules.reached(value, orders, STEPS)
        missing = rules.gap(value, orders, STEPS, rank)
        if missing:
            assert rules.reached(value + missing.value, orders + missing.orders, STEPS) >= missing.rank


def test_a_ladder_must_climb_and_its_way_in_is_free():
    assert rules.problems(STEPS) == []
    assert rules.problems((Step(1, 0), Step(2, 300), Step(3, 300))) == [(3, "not_higher")]
    assert rules.problems((Step(1, 0), Step(2, 0))) == [(2, "not_higher")]
    assert rules.problems((Step(1, 0), Step(2, 300, 4), Step(3, 900, 2))) == [(3, "fewer_orders")]
    assert rules.problems((Step(1, 5), Step(2, 300))) == [(1, "not_free")]


def test_what_is_worth_less_than_a_tier_below_is_named():
    assert rules.falling([(1, 0), (2, 0.05), (3, 0.03), (4, 0.05)]) == [3]
    assert rules.falling([(1, 0), (2, 0.05), (3, 0.05), (4, 0.1)]) == []


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, 1),
        (0.2, 1),
        (7, 7),
        (34, 30),
        (3_412_000, 3_000_000),
        (3_600_000, 4_000_000),
        (999, 1000),
        (112, 120),
    ],
)
def test_a_nice_number_is_one_people_say(value, said):
    assert rules.nice(value) == said


def test_the_next_nice_number_is_always_above():
    for value in [*range(2000), 999_999, 1_000_000, 8_100_000, 10**12]:
        assert rules.next_nice(value) > value


@pytest.mark.parametrize(
    ("value", "step"), [(0, 1), (1, 1), (4, 2), (6_000_000, 5_000_000), (999, 500), (1000, 1000)]
)
def test_a_slider_moves_in_round_steps(value, step):
    assert rules.round_step(value) == step


def test_proposed_thresholds_climb_even_where_everybody_spends_the_same():
    assert rules.climbing([500, 500, 500]) == [500, 600, 800]
    assert rules.climbing([0, 0, 0]) == [1, 2, 3]
