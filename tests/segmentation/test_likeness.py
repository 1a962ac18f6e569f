"""Groups by likeness: planted kinds are found again, whatever the order; what cannot be told apart is not."""

import numpy as np
import pytest

from segmentation import likeness

# recency, order days, spend, margin, gap, discount share, basket
KINDS = (
    (10, 40, 80_000_000, 0.35, 9, 0.02, 2_000_000),
    (25, 30, 9_000_000, 0.12, 14, 0.45, 300_000),
    (320, 3, 6_000_000, 0.30, 110, 0.05, 2_000_000),
)


def planted(each: int = 60, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    rows = [np.array(kind) * chance.lognormal(0, 0.12, (each, len(kind))) for kind in KINDS]
    return np.vstack(rows), np.repeat(range(len(KINDS)), each)


def test_three_planted_groups_are_found_and_suggested():
    rows, truth = planted()
    found = likeness.group(rows)
    assert found.suggested == 3
    assert likeness.adjusted_rand(truth, found.labels) == 1
    assert [group.rows for group in found.groups] == [60, 60, 60]
    assert found.silhouette > 0.6
    assert found.stability == pytest.approx(1)


def test_each_group_is_told_by_what_sets_it_apart():
    best, discounted, away = likeness.group(planted()[0]).groups
    assert ("monetary_amount", "high") in best.traits
    assert {("discount_share", "high"), ("basket_amount", "low")} <= set(discounted.traits)
    assert {("recency_days", "high"), ("order_days", "low")} <= set(away.traits)
    assert away.medians["gap_days"] == pytest.approx(110, rel=0.1)


@pytest.mark.parametrize("k", [None, 2, 4, 8])
def test_the_order_of_the_rows_does_not_matter(k):
    rows, _truth = planted(each=40, seed=3)
    shuffled = np.random.default_rng(9).permutation(len(rows))
    one, other = likeness.group(rows, k), likeness.group(rows[shuffled], k)
    assert list(one.labels[shuffled]) == list(other.labels)
    assert one.groups == other.groups
    assert (one.silhouette, one.stability) == (other.silhouette, other.stability)


def test_a_constant_column_takes_no_part():
    rows, truth = planted()
    rows[:, 3] = 0.25
    found = likeness.group(rows, 3)
    assert "margin_share" not in found.used
    assert likeness.adjusted_rand(truth, found.labels) == 1
    assert all("margin_share" not in dict(group.traits) for group in found.groups)


def test_an_unknown_value_pulls_nobody_anywhere():
    rows, truth = planted()
    rows[::3, 3] = np.nan
    rows[:, 4] = np.nan
    found = likeness.group(rows, 3)
    assert likeness.adjusted_rand(truth, found.labels) == 1
    assert found.groups[0].medians["gap_days"] is None


@pytest.mark.parametrize("people", [0, 1, 5, 19])
def test_too_few_people_are_no_groups(people):
    with pytest.raises(likeness.TooFew):
        likeness.group(planted()[0][:people], 3)


def test_fewer_kinds_than_groups_asked_for_is_said():
    rows = np.repeat([KINDS[0], KINDS[2]], 20, axis=0)
    with pytest.raises(likeness.TooFew):
        likeness.group(rows, 3)
    assert [group.rows for group in likeness.group(rows).groups] == [20, 20]
    with pytest.raises(likeness.TooFew):
        likeness.group(np.repeat([KINDS[0]], 40, axis=0))


def test_what_is_no_group_holds_badly():
    chance = np.random.default_rng(5)
    cloud = np.exp(chance.normal(0, 1, (600, len(KINDS[0]))))
    assert likeness.group(cloud, 5).stability < 0.6
    assert likeness.group(cloud).silhouette < 0.35


def test_agreement_beyond_chance_is_that_of_the_published_example():
    # Hubert and Arabie, Table 2 by way of scikit-learn's documentation.
    assert likeness.adjusted_rand([0, 0, 1, 1], [0, 0, 1, 1]) == 1
    assert likeness.adjusted_rand([0, 0, 1, 2], [0, 0, 1, 1]) == pytest.approx(0.571428, abs=1e-5)
    assert likeness.adjusted_rand([0, 0, 0, 0], [0, 1, 2, 3]) == 0


def test_a_silhouette_checked_by_hand():
    points, labels = np.array([[0.0], [1.0], [10.0], [12.0]]), np.array([0, 0, 1, 1])
    # a = 1 and b = 11, 10; a = 2 and b = 9.5, 11.5
    by_hand = np.mean([10 / 11, 9 / 10, 7.5 / 9.5, 9.5 / 11.5])
    assert likeness.silhouette(points, labels) == pytest.approx(by_hand)


def test_a_small_difference_is_no_trait():
    assert likeness.traits([0.1, -0.39, 0, 0, 0, 0, 0]) == ()
    assert likeness.traits([0.5, -0.9, 0.7, 0.8, 0, 0, 0]) == (
        ("order_days", "low"),
        ("margin_share", "high"),
        ("monetary_amount", "high"),
    )
