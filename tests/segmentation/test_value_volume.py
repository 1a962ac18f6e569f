"""Value against volume: known parts only, and both axes against the shop's own middle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation import value_volume
from segmentation.value_volume import Medians

MEDIANS = Medians(margin_share=0.4, full_price_share=0.8, knows_engagement=True)


def test_the_middle_customer_stands_at_half():
    assert value_volume.against_median(0.4, 0.4) == 0.5
    assert value_volume.against_median(0.8, 0.4) == pytest.approx(2 / 3)
    assert value_volume.against_median(0, 0.4) == 0


def test_where_nobody_has_any_everybody_is_in_the_middle():
    assert value_volume.against_median(0, 0) == 0.5


def test_a_loss_counts_as_no_margin():
    assert value_volume.against_median(-0.3, 0.4) == 0


def test_unknown_cost_leaves_the_other_parts_their_full_weight():
    parts = value_volume.parts(None, 0.8, 1.0, 1, MEDIANS)
    assert parts == {"margin": None, "full_price": 0.5, "regularity": 0.5, "engagement": 0.5}
    assert value_volume.value_score(parts) == 50


def test_every_known_part_counts_by_its_weight():
    parts = value_volume.parts(0.4, 0.8, 0.0, 0, MEDIANS)
    assert value_volume.value_score(parts) == pytest.approx(40 * 0.5 + 25 * 0.5 + 20 * 1 + 15 * 0)


def test_in_a_shop_that_records_no_dealings_nobodys_engagement_is_known():
    quiet = Medians(0.4, 0.8, knows_engagement=False)
    assert value_volume.parts(0.4, 0.8, 1.0, 0, quiet)["engagement"] is None


def test_a_customer_of_whom_nothing_is_known_has_no_value_score():
    nothing = Medians(None, None, knows_engagement=False)
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


shares = st.none() | st.floats(0, 1)


@given(shares, shares, st.none() | st.floats(0, 5), st.integers(0, 50))
def test_the_value_score_stays_between_0_and_100(margin, full_price, spread, engagements):
    score = value_volume.value_score(value_volume.parts(margin, full_price, spread, engagements, MEDIANS))
    assert score is None or 0 <= score <= 100


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 9))
def test_more_margin_never_lowers_value(one, other, engagements):
    low, high = sorted((one, other))
    scores = [
        value_volume.value_score(value_volume.parts(margin, 0.5, 1.0, engagements, MEDIANS))
        for margin in (low, high)
    ]
    assert scores[0] <= scores[1] + 1e-9
