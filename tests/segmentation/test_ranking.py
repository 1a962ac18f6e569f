"""Figures one can check by hand: drift, ranks, unevenness, overlap."""

import itertools
import math
import random
import statistics

import pytest

from segmentation.ranking import Lot, Tally, auc, difference, gini, gini_difference, overlap, stability_index


def test_the_same_distribution_has_not_drifted():
    assert stability_index({"a": 10, "b": 30}, {"a": 1, "b": 3}) == pytest.approx(0)


def test_drift_is_the_sum_over_the_groups():
    # Half and half became one quarter and three: .25·ln(.5/.25)… each way.
    by_hand = (0.25 - 0.5) * math.log(0.25 / 0.5) + (0.75 - 0.5) * math.log(0.75 / 0.5)
    assert stability_index({"a": 50, "b": 50}, {"a": 25, "b": 75}) == pytest.approx(by_hand)
    assert stability_index({"a": 25, "b": 75}, {"a": 50, "b": 50}) == pytest.approx(by_hand)


def test_a_group_that_appears_is_drift_and_no_error():
    assert stability_index({"a": 100}, {"a": 90, "b": 10}) > 0.1
    assert stability_index({}, {"a": 1}) is None


@pytest.mark.parametrize(
    ("groups", "area"),
    [
        # Everybody who bought stands above everybody who did not.
        ([(2, Tally(3, 3)), (1, Tally(5, 0))], 1),
        ([(1, Tally(3, 3)), (2, Tally(5, 0))], 0),
        # One group only: nothing is told.
        ([(1, Tally(8, 3))], 0.5),
        # 2 buyers above (1 of 2 there did not buy), 1 buyer below: pairs 2×(2 + ½·1)… of 3 × 3.
        ([(2, Tally(3, 2)), (1, Tally(3, 1))], (2 * (2 + 0.5) + 1 * (0 + 1)) / 9),
        ([(1, Tally(4, 4))], None),
        ([], None),
    ],
)
def test_the_area_counts_pairs_and_half_of_the_ties(groups, area):
    found = auc(groups)
    assert found is None if area is None else found == pytest.approx(area)


def random_cells(seed: int) -> list[tuple[float, float, Tally]]:
    chance = random.Random(seed)
    cells = []
    for first, second in itertools.product(range(4), range(3)):
        people = chance.randrange(0, 9)
        cells.append((first, second, Tally(people, chance.randint(0, people))))
    return cells


def persons(cells) -> list[tuple[float, float, bool]]:
    return [(a, b, number < t.hits) for a, b, t in cells for number in range(t.people)]


@pytest.mark.parametrize("seed", range(6))
def test_grouped_ranks_are_the_ranks_of_every_pair(seed):
    cells = random_cells(seed)
    everybody = persons(cells)
    for place in (0, 1):
        wins = [
            1.0 if one[place] > other[place] else 0.5 if one[place] == other[place] else 0.0
            for one in everybody
            if one[2]
            for other in everybody
            if not other[2]
        ]
        assert auc((cell[place], cell[2]) for cell in cells) == pytest.approx(statistics.mean(wins))


@pytest.mark.parametrize("seed", range(6))
def test_the_error_of_the_difference_is_delongs_person_by_person(seed):
    cells = random_cells(seed)
    everybody = persons(cells)
    hits, misses = [p for p in everybody if p[2]], [p for p in everybody if not p[2]]

    def win(a, b, place):
        return 1.0 if a[place] > b[place] else 0.5 if a[place] == b[place] else 0.0

    v10 = [statistics.mean(win(h, m, 0) - win(h, m, 1) for m in misses) for h in hits]
    v01 = [statistics.mean(win(h, m, 0) - win(h, m, 1) for h in hits) for m in misses]
    error = math.sqrt(statistics.variance(v10) / len(hits) + statistics.variance(v01) / len(misses))
    found = difference(cells)
    assert found.error == pytest.approx(error)
    assert found.value == pytest.approx(statistics.mean(v10))


@pytest.mark.parametrize(
    ("groups", "found"),
    [
        # The better half brings everything: the area is ½·½ + ½·1 = ¾.
        ([(2, 5, 100), (1, 5, 0)], 0.5),
        ([(1, 5, 100), (2, 5, 0)], -0.5),
        ([(2, 5, 50), (1, 5, 50)], 0),
        ([(1, 1, 0), (1, 1, 100)], 0),
        ([(1, 5, 0)], None),
        ([(1, 5, -3)], None),
    ],
)
def test_unevenness_by_the_order_of_a_score(groups, found):
    assert gini(groups) == (None if found is None else pytest.approx(found))


def test_overlap_of_two_ways_of_grouping():
    assert overlap({("a", 1): 5, ("b", 2): 7}) == pytest.approx(1)
    assert overlap({("a", 1): 6, ("a", 2): 3, ("b", 1): 4, ("b", 2): 2}) == pytest.approx(0)
    # χ² of [[10, 20], [30, 40]] is 0.79365; V = √(0.79365 / 100).
    assert overlap({("a", 1): 10, ("a", 2): 20, ("b", 1): 30, ("b", 2): 40}) == pytest.approx(
        math.sqrt(0.7936508 / 100)
    )
    assert overlap({("a", 1): 6, ("a", 2): 3}) is None


def buyers(seed: int, people: int = 400) -> list[tuple[int, int, int]]:
    """Return (first score, second score, amount): the first says something of the amount, the second less."""
    chance = random.Random(seed)
    found = []
    for _number in range(people):
        first = chance.randrange(5)
        second = first if chance.random() < 0.4 else chance.randrange(5)
        found.append(
            (first, second, chance.randrange(100, 300 + 200 * first) if chance.random() < 0.5 else 0)
        )
    return found


def lots(everybody: list[tuple[int, int, int]]) -> list[tuple[int, int, Lot]]:
    cells = {}
    for first, second, amount in everybody:
        cells.setdefault((first, second), []).append(amount)
    return [
        (*place, Lot(len(amounts), sum(amounts), sum(amount**2 for amount in amounts)))
        for place, amounts in cells.items()
    ]


@pytest.mark.parametrize("seed", range(3))
def test_the_error_of_the_difference_of_unevenness_is_the_jackknifes_person_by_person(seed):
    everybody = buyers(seed)
    found = gini_difference(lots(everybody))
    for place, value in ((0, found.first), (1, found.second)):
        assert value == pytest.approx(gini((person[place], 1, person[2]) for person in everybody))
    without = [
        gini_difference(lots(everybody[:number] + everybody[number + 1 :])).value
        for number in range(len(everybody))
    ]
    n, mean = len(without), statistics.mean(without)
    jackknife = math.sqrt((n - 1) / n * sum((value - mean) ** 2 for value in without))
    assert found.error == pytest.approx(jackknife, rel=0.02)
    assert found.low == pytest.approx(found.value - 1.96 * found.error)


def test_a_score_is_no_more_uneven_than_itself():
    found = gini_difference((first, first, lot) for first, _second, lot in lots(buyers(1)))
    assert (found.value, found.error) == (0, 0)
    assert gini_difference([(1, 2, Lot(3, 0, 0))]) is None
