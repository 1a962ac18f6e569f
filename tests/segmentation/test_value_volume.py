"""Value against volume: known parts only, and both axes against the shop's own middle."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation import value_volume

DAY = datetime.date(2026, 11, 23)
CUTS = {
    "margin_share": [0.1, 0.2, 0.3, 0.4],
    "full_price_share": [0.2, 0.5, 0.8, 1.0],
    "gap_spread": [0.3, 0.6, 0.9, 1.2],
    "tenure_days": [0, 30, 180, 400],
    "engagements": [0, 0, 0, 1],
    "advocacies": [0, 0, 0, 0],
    "service_load": [0.0, 0.05, 0.1, 0.2],
    "knows_engagement": True,
    "knows_advocacy": True,
}
NOTHING = dict.fromkeys(value_volume.MEASURES) | {"engagements": 0, "advocacies": 0}


def parts(cuts: dict = CUTS, **measures) -> dict:
    return value_volume.parts(NOTHING | measures, cuts)


def test_each_part_is_scored_by_the_fifths_of_the_shop():
    found = parts(
        margin_share=0.35,
        full_price_share=0.5,
        gap_spread=0.2,
        tenure_days=200,
        engagements=1,
        advocacies=1,
        service_load=0.3,
    )
    assert found == {
        "margin": 4,
        "full_price": 2,
        "regularity": 5,
        "tenure": 4,
        "engagement": 4,
        "advocacy": 5,
        "service": 1,
    }


def test_the_more_the_gaps_differ_the_lower_the_regularity():
    assert [parts(gap_spread=spread)["regularity"] for spread in (0.3, 0.31, 1.0, 2.0)] == [5, 4, 2, 1]


def test_unknown_cost_leaves_the_other_parts_their_full_weight():
    found = parts(full_price_share=0.8, gap_spread=0.7)
    assert found["margin"] is None
    known = {"full_price": 20, "regularity": 15, "engagement": 10, "advocacy": 5}
    scores = {"full_price": 3, "regularity": 3, "engagement": 1, "advocacy": 1}
    expected = sum(weight * 25 * (scores[name] - 1) for name, weight in known.items()) / sum(known.values())
    assert value_volume.value_score(found) == pytest.approx(expected)


def test_the_weights_are_a_whole():
    assert sum(value_volume.WEIGHTS.values()) == 100
    assert list(value_volume.WEIGHTS) == list(value_volume.PARTS)


def test_every_known_part_counts_by_its_weight():
    best = dict.fromkeys(value_volume.WEIGHTS, 5)
    assert value_volume.value_score(best) == 100
    for name, weight in value_volume.WEIGHTS.items():
        assert value_volume.value_score(best | {name: 1}) == 100 - weight


@pytest.mark.parametrize(
    ("flag", "part"), [("knows_engagement", "engagement"), ("knows_advocacy", "advocacy")]
)
def test_in_a_shop_that_records_no_dealings_nobodys_are_known(flag, part):
    assert parts(CUTS | {flag: False})[part] is None


def test_a_customer_of_whom_nothing_is_known_has_no_value_score():
    assert value_volume.value_score(parts(dict.fromkeys(CUTS))) is None


def test_serving_takes_discounts_refunds_and_complaints():
    assert value_volume.service_load(100, 50, 1_000, 0, 4) == 0.15
    assert value_volume.service_load(100, 50, 1_000, 2, 4) == 0.15 + 0.125
    assert value_volume.service_load(0, 0, 0, 3, 0) is None


def test_discount_dependence_weighs_the_money_four_times_the_orders():
    assert value_volume.discount_dependence(0, 1_000, 1.0, 5) == 0
    assert value_volume.discount_dependence(200, 1_000, 0.5, 4) == pytest.approx(0.8 * 0.2 + 0.2 * 0.5)
    # One order shows no habit.
    assert value_volume.discount_dependence(200, 1_000, 0.0, 1) is None


@pytest.mark.parametrize(
    ("value", "days", "quadrant"),
    [
        (60, 5, "valued_frequent"),
        (60, 2, "valued_rare"),
        (50, 5, "volume"),
        (50, 2, "occasional"),
        (None, 5, "volume"),
        (None, 2, "occasional"),
    ],
)
def test_more_than_the_median_counts_as_high(value, days, quadrant):
    assert value_volume.quadrant(value, days, 50, 2) == quadrant


def test_volume_counts_the_days_of_the_year_up_to_today():
    days = [DAY - datetime.timedelta(days=ago) for ago in (900, 365, 364, 10, 0)]
    assert value_volume.year_days(days, DAY) == 3
    assert value_volume.year_days(days[:2], DAY) == value_volume.year_days(None, DAY) == 0


@given(
    st.none() | st.floats(-1, 1), st.none() | st.floats(0, 1), st.none() | st.floats(0, 5), st.integers(0, 50)
)
def test_the_value_score_stays_between_0_and_100(margin, full_price, spread, engagements):
    found = parts(
        margin_share=margin, full_price_share=full_price, gap_spread=spread, engagements=engagements
    )
    score = value_volume.value_score(found)
    assert score is None or 0 <= score <= 100


@given(st.floats(-1, 1), st.floats(-1, 1), st.integers(0, 9))
def test_more_margin_never_lowers_value(one, other, engagements):
    low, high = (
        value_volume.value_score(parts(margin_share=margin, engagements=engagements))
        for margin in sorted((one, other))
    )
    assert low <= high
