"""The tests on a shop's own past: where they start, what they see, and how the miss widens the next bounds."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation import churn, forecast, holdouts
from tests.segmentation import lives

TODAY, WEEKS = 800, 100


def events_of(seed: int, customers: int = 1_500, surge: float = 1) -> holdouts.Events:
    """Return what customers did who live as the model says; each time of the last 90 days they spend `surge`
    times as much as before."""
    chance = np.random.default_rng(seed)
    who, days, amounts = [], [], []
    for person, life in enumerate(lives.visits(chance, customers, WEEKS, 0)):
        usual = 3_000 / chance.gamma(4)
        ages = np.floor(7 * (life[-1] - np.append(0, life[:-1])))
        for ago in np.unique(ages):
            who.append(person)
            days.append(TODAY - int(ago))
            amounts.append(usual * chance.gamma(6) / 6 * (surge if ago < 90 else 1))
    return holdouts.Events(np.array(who), np.array(days), np.array(amounts), np.ones(len(who), bool))


@pytest.fixture(scope="module")
def told() -> dict:
    return holdouts.tested(events_of(4), TODAY, 7 * WEEKS)


@pytest.mark.parametrize(
    ("history", "starts"),
    [
        (89, []),
        (90, [30]),
        (130, [30, 60]),
        (269, [30, 60, 90, 120]),
        (270, [90]),
        (400, [90, 180]),
        (545, [90, 180, 270, 365]),
        (5_000, [90, 180, 270, 365]),
    ],
)
def test_a_test_leaves_twice_its_length_to_learn_from(history, starts):
    assert holdouts.starts_of(history) == starts
    for ago in starts:
        for days in holdouts.times_of(ago, history):
            assert days <= ago
            assert history - ago >= 2 * days


def test_a_year_is_foretold_where_three_are_known():
    assert holdouts.times_of(365, 1_094) == [30, 90]
    assert holdouts.times_of(365, 1_095) == [30, 90, 365]


def test_each_start_is_tested_over_every_time_it_can_see_the_latest_first(told):
    assert [(one["ago"], one["days"]) for one in told["tests"]] == [
        (ago, days) for ago in (90, 180, 270, 365) for days in (90, 30)
    ]
    assert (told["reason"], told["ago"], told["days"]) == ("", 90, 90)
    latest = told["tests"][0]
    assert latest["orders"] == pytest.approx([told["expected"], told["happened"]])
    assert latest["amount"] == pytest.approx([told["expected_amount"], told["happened_amount"]])


def test_a_world_that_lives_as_the_model_says_is_foretold(told):
    assert told["expected"] == pytest.approx(told["happened"], rel=0.15)
    assert told["expected_amount"] == pytest.approx(told["happened_amount"], rel=0.2)
    assert told["expected_back"] == pytest.approx(told["back"], rel=0.1)
    tenths = told["tenths"]
    assert sum(tenth["people"] for tenth in tenths) == told["people"]
    for name in ("expected", "happened", "expected_amount", "happened_amount", "back"):
        assert sum(tenth[name] for tenth in tenths) == pytest.approx(told[name])
    expected = [tenth["expected"] for tenth in tenths]
    assert expected == sorted(expected, reverse=True)
    assert tenths[0]["happened"] > 3 * tenths[-1]["happened"]


def test_what_came_after_a_start_is_not_seen_on_it(told):
    """Everything after the latest start could be otherwise, and as much would have been expected."""
    other = events_of(4)
    late = other.day > TODAY - 90
    changed = holdouts.Events(other.customer, other.day, np.where(late, 7.0, other.amount), other.is_visit)
    found = holdouts.tested(changed, TODAY, 7 * WEEKS)
    assert found["expected_amount"] == told["expected_amount"]
    assert found["happened_amount"] == 7.0 * found["happened"] != told["happened_amount"]


def test_money_given_back_lowers_spend_and_is_no_visit():
    events = holdouts.Events(
        np.array([0, 0, 0, 1, 0]),
        np.array([10, 20, 25, 28, 40]),
        np.array([100.0, 50.0, -30.0, 80.0, -20.0]),
        np.array([True, True, False, True, False]),
    )
    known, people = events.people(27)
    assert known.tolist() == [0]
    assert (people.x[0], people.t_x[0] * 7, people.T[0] * 7, people.amount[0]) == (1, 10, 17, 60)
    came = events.came(known, 27, 30)
    assert (came["orders"][0], came["amount"][0]) == (0, -20)
    assert events.people(28)[0].tolist() == [0, 1]


def test_sums_lie_within_their_bounds_about_as_often_as_promised():
    """In worlds that are as the model says; the usual miss makes the bounds wider than these would need."""
    inside = np.array(
        [
            one["inside"][name]
            for seed in (5, 6, 7)
            for one in holdouts.tested(events_of(seed), TODAY, 700)["tests"]
            for name in holdouts.MEASURES
        ]
    ).sum(axis=0)
    assert inside[1] == 3 * 8 * 2 * 11
    assert inside[0] / inside[1] > 0.9


def test_the_bounds_of_a_test_know_only_the_tests_before_it():
    """A surge in the last quarter is a surprise to its own test, and widens the bounds of what comes next."""
    calm, surged = (holdouts.tested(events_of(4, surge=surge), TODAY, 700) for surge in (1, 3))
    (calm_90, surged_90), (calm_180, surged_180) = (
        [next(one for one in found["tests"] if one["ago"] == ago) for found in (calm, surged)]
        for ago in (90, 180)
    )
    assert surged_180["inside"] == calm_180["inside"]
    assert surged_90["inside"]["amount"][0] < 5 < calm_90["inside"]["amount"][0]
    assert surged["miss"]["all"]["amount"] > 3 * calm["miss"]["all"]["amount"]
    assert surged["miss"]["all"]["orders"] == calm["miss"]["all"]["orders"]


def test_untested_bounds_are_wide_and_tests_that_hold_narrow_them(told):
    nothing = holdouts.miss([])
    for kind in ("all", "group"):
        for name in holdouts.MEASURES:
            assert nothing[kind][name] > holdouts.USUAL_MISS[name] > told["miss"][kind][name] > 0


def test_a_miss_is_the_root_mean_square_of_the_tests_beyond_chance():
    def test(ago: int, whole: float, tenths: float) -> dict:
        return {"ago": ago, "beyond": dict.fromkeys(holdouts.MEASURES, [whole**2, tenths**2])}

    found = holdouts.miss([test(90, 0.3, 0.1), test(180, 0.5, 0.1), {"ago": 270, "reason": "no_fit"}])
    # Two tests and two like the usual one; Student's t with four degrees of freedom reaches 2.132, a normal 1.645.
    square = (2 * 0.13**2 + 0.3**2 + 0.5**2) / 4
    assert found["all"]["orders"] == pytest.approx(square**0.5 * 2.1318 / 1.6449, rel=1e-4)
    assert found["group"]["orders"] == found["all"]["orders"]
    apart = holdouts.miss([test(90, 0.0, 0.4)])
    assert apart["group"]["amount"] > 1.3 * apart["all"]["amount"]


def test_two_misses_that_cancel_each_other_are_two_misses():
    """One tenth brings half as much again, the other as much less: the total is right, and groups are not."""
    x, t_x, T = np.repeat([[1.0, 4.0], [10.0, 40.0], [50.0, 50.0]], 500, axis=1)
    chance = np.random.default_rng(3)
    x = x + chance.poisson(1, 1_000)
    found = forecast.Forecast(forecast.People(x, t_x, T, np.full(1_000, 100.0), np.full(1_000, np.nan)))
    expected = found.orders[90]
    off = np.where(expected > np.median(expected), 1.5, 0.5)
    off *= expected.sum() / (expected * off).sum()
    came = {90: {"orders": expected * off, "amount": 100 * expected * off}}
    (made,), _shown = holdouts._tests_of(found, came, holdouts.miss([]))
    whole, tenths = made["beyond"]["orders"]
    assert whole < 0.001 < 0.02 < tenths


@pytest.mark.parametrize(
    ("error", "reason"), [(churn.DidNotConverge, "no_fit"), (churn.NotEnoughHistory, "too_few")]
)
def test_a_start_that_cannot_be_told_from_says_why(monkeypatch, error, reason):
    def fails(people):
        raise error

    monkeypatch.setattr(holdouts, "Forecast", fails)
    found = holdouts.tested(events_of(4, 200), TODAY, 700)
    assert found["reason"] == reason
    assert found["tests"] == [{"ago": ago, "reason": reason} for ago in (90, 180, 270, 365)]
    assert found["miss"] == holdouts.miss([])


def test_a_short_history_is_not_tested():
    assert holdouts.tested(events_of(4, 200), TODAY, 80)["reason"] == "short"


def test_large_shops_are_tested_by_a_sample():
    assert holdouts.every(np.ones(25_000, int)) == 1
    assert holdouts.every(np.ones(25_001, int)) == 2
    assert holdouts.every(np.full(1_000, 2_000)) == 4
