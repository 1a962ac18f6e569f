"""Stages: tables a person can check by hand, and the whole space of the rules."""

import datetime
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation import lifecycle
from segmentation.lifecycle import Rhythm

DAY = datetime.date(2026, 11, 23)


def days_before(*ago: int) -> list[datetime.date]:
    return sorted(DAY - datetime.timedelta(days=days) for days in ago)


def stage_of(*ago: int, shop_gap: float | None = 30) -> str:
    """The stage of a customer whose order days lie so many days back."""
    days = days_before(*ago)
    own = lifecycle.rhythm(days)
    gap = lifecycle.expected_gap(own, shop_gap)
    came_back = lifecycle.returned_on(days, DAY, gap) is not None
    return lifecycle.stage((DAY - days[-1]).days if days else None, own, gap, came_back)


@pytest.mark.parametrize(
    ("ago", "stage"),
    [
        ((), "prospect"),
        ((0,), "new"),
        ((45,), "new"),  # 1.5 × 30
        ((46,), "at_risk"),
        ((75,), "at_risk"),  # 2.5 × 30
        ((76,), "inactive"),
        ((120,), "inactive"),  # 4 × 30
        ((121,), "lost"),
        ((10, 40), "active"),
        ((10, 40, 70), "active"),  # regular, but a fourth day makes it loyal
        ((10, 40, 70, 100), "loyal"),
        ((50, 80, 110, 140), "at_risk"),
        ((10, 11, 12, 13, 70, 71), "active"),  # six days, but in two bursts: far from steady
        ((0, 300), "returned"),
        ((60, 360), "returned"),  # gap expected: (300 + 90) ÷ 4 = 97.5 days
        ((98, 398), "active"),
    ],
)
def test_the_stage_follows_the_customers_own_rhythm(ago, stage):
    assert stage_of(*ago) == stage


def test_the_same_lateness_means_more_for_a_weekly_customer():
    weekly = [60 + 7 * week for week in range(20)]
    yearly = [60 + 300 * year for year in range(4)]
    assert stage_of(*weekly) == "lost"
    assert stage_of(*yearly) == "loyal"


def test_orders_after_a_comeback_do_not_end_it_within_one_gap():
    # Gaps 200, 5, 5: the usual gap is (3 × 5 + 3 × 30) ÷ 6 = 17.5 days, and 200 is far more than 2.5 of them.
    assert stage_of(0, 5, 10, 210) == "returned"
    assert lifecycle.returned_on(days_before(0, 5, 10, 210), DAY, 17.5) == DAY - datetime.timedelta(days=10)
    assert stage_of(9, 14, 19, 219) != "returned"


def test_a_gap_just_short_of_inactive_is_no_comeback():
    days = days_before(0, 75)
    assert lifecycle.returned_on(days, DAY, 30) is None
    assert lifecycle.returned_on(days_before(0, 76), DAY, 30) == DAY


def test_the_expected_gap_blends_own_and_shop_gaps():
    assert lifecycle.expected_gap(Rhythm(1, None, None), 30) == 30
    assert lifecycle.expected_gap(Rhythm(2, 10, None), 30) == (10 + 3 * 30) / 4
    assert lifecycle.expected_gap(Rhythm(4, 10, 0.1), 30) == (3 * 10 + 3 * 30) / 6


def test_before_the_shop_has_enough_gaps_45_days_stand_in():
    assert lifecycle.shop_gap([10] * 29) is None
    assert lifecycle.shop_gap([10] * 30) == 10
    assert lifecycle.expected_gap(Rhythm(1, None, None), None) == 45
    assert lifecycle.expected_gap(Rhythm(2, 9, None), None) == (9 + 135) / 4


def test_the_expected_gap_is_kept_between_a_week_and_400_days():
    assert lifecycle.expected_gap(Rhythm(50, 1, 0.0), 1) == 7
    assert lifecycle.expected_gap(Rhythm(9, 900, 0.0), 700) == 400


@pytest.mark.parametrize(
    ("days", "shop_gap", "source"),
    [(1, 30, "shop"), (2, 30, "own_and_shop"), (1, None, "default"), (5, None, "own_and_default")],
)
def test_the_source_of_the_gap_is_named(days, shop_gap, source):
    assert lifecycle.gap_source(Rhythm(days, 10 if days > 1 else None, None), shop_gap) == source


def test_the_spread_is_standard_deviation_over_mean():
    assert lifecycle.rhythm(days_before(0, 10, 20, 30)).gap_spread == 0
    assert lifecycle.rhythm(days_before(0, 10, 40)).gap_spread == pytest.approx(
        0.5
    )  # 10 and 30: mean 20, sd 10
    assert lifecycle.rhythm(days_before(0, 10)).gap_spread is None


def test_the_rules_are_total_and_exclusive():
    spread = (None, 0.0, 1.0, 1.1)
    since = (None, 0, 29, 30, 44, 45, 46, 74, 75, 76, 119, 120, 121, 10_000)
    seen = set()
    for days, wide, late, came_back in itertools.product(range(6), spread, since, (False, True)):
        if (days == 0) != (late is None):
            continue
        fitting = [
            rule.stage for rule in lifecycle.RULES if rule.fits(late, Rhythm(days, 30, wide), 30, came_back)
        ]
        assert fitting, "some rule always fits"
        assert lifecycle.stage(late, Rhythm(days, 30, wide), 30, came_back) == fitting[0]
        seen.add(fitting[0])
    assert seen == set(lifecycle.STAGES)


@given(st.sets(st.integers(0, 2000), max_size=12), st.sampled_from([None, 7, 30.5, 400]))
def test_any_history_has_a_stage(ago, shop_gap):
    assert stage_of(*ago, shop_gap=shop_gap) in lifecycle.STAGES


def test_the_explanation_gives_the_arithmetic():
    found = lifecycle.explain(43, Rhythm(6, 36, 0.2), 34)
    assert found.expected_gap_days == (5 * 36 + 3 * 34) / 8 == 35.25
    assert found.days_late == 8
    assert (found.active_until, found.at_risk_until, found.inactive_until) == (52, 88, 141)
    assert found.gap_source == "own_and_shop"


@pytest.mark.parametrize(
    ("own", "shop_gap", "blended", "bound"),
    [
        (Rhythm(25, 2, 0.2), 3, (24 * 2 + 3 * 3) / 27, 7),
        (Rhythm(5, 500, 0.2), 300, (4 * 500 + 3 * 300) / 7, 400),
        (Rhythm(6, 36, 0.2), 34, 35.25, None),
    ],
)
def test_the_explanation_names_the_bound_that_counts_instead_of_the_sum(own, shop_gap, blended, bound):
    found = lifecycle.explain(43, own, shop_gap)
    assert found.blended_gap_days == blended
    assert found.bound == bound
    assert found.expected_gap_days == (bound or blended)
    assert max(0, found.days_since - found.usual_days) == found.days_late


def test_a_customer_who_is_not_due_yet_is_not_late():
    found = lifecycle.explain(5, Rhythm(1, None, None), None)
    assert (found.days_late, found.due_in_days, found.everybodys_gap_days) == (0, 40, 45)
