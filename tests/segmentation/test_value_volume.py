"""Value against volume: known parts only, and both axes against the shop's own middle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation import value_volume

CUTS = {
    "margin_share": [0.1, 0.2, 0.3, 0.4],
    "full_price_share": [0.2, 0.5, 0.8, 1.0],
    "gap_spread": [0.3, 0.6, 0.9, 1.2],
    "engagements": [0, 0, 0, 1],
    "knows_engagement": True,
}


def test_each_part_is_scored_by_the_fifths_of_the_shop():
    assert value_volume.parts(0.35, 0.5, 0.2, 1, CUTS) == {
        "margin": 4,
        "full_price": 2,
        "regularity": 5,
        "engagement": 4,
    }


def test_the_more_the_gaps_differ_the_lower_the_regularity():
    scores = [
        value_volume.parts(None, None, spread, 0, CUTS)["regularity"] for spread in (0.3, 0.31, 1.0, 2.0)
    ]
    assert scores == [5, 4, 2, 1]


def test_unknown_cost_leaves_the_other_parts_their_full_weight():
    parts = value_volume.parts(None, 0.8, 0.7, 0, CUTS)
    assert parts == {"margin": None, "full_price": 3, "regularity": 3, "engagement": 1}
    assert value_volume.value_score(parts) == pytest.approx((25 * 50 + 20 * 50) / 60)


def test_every_known_part_counts_by_its_weight():
    best = dict.fromkeys(value_volume.WEIGHTS, 5)
    assert value_volume.value_score(best) == 100
    for name, weight in value_volume.WEIGHTS.items():
        assert value_volume.value_score(best | {name: 1}) == 100 - weight


def test_in_a_shop_that_records_no_dealings_nobodys_engagement_is_known():
    assert value_volume.parts(0.4, 0.8, 1.0, 0, CUTS | {"knows_engagement": False})["engagement"] is None


def test_a_customer_of_whom_nothing_is_known_has_no_value_score():
    nothing = dict.fromkeys(CUTS)
    assert value_volume.value_score(value_volume.parts(None, None, None, 0, nothing)) is None


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


@given(
    st.none() | st.floats(-1, 1), st.none() | st.floats(0, 1), st.none() | st.floats(0, 5), st.integers(0, 50)
)
def test_the_value_score_stays_between_0_and_100(margin, full_price, spread, engagements):
    score = value_volume.value_score(value_volume.parts(margin, full_price, spread, engagements, CUTS))
    assert score is None or 0 <= score <= 100


@given(st.floats(-1, 1), st.floats(-1, 1), st.integers(0, 9))
def test_more_margin_never_lowers_value(one, other, engagements):
    low, high = (
        value_volume.value_score(value_volume.parts(margin, 0.5, 1.0, engagements, CUTS))
        for margin in sorted((one, other))
    )
    assert low <= high
