"""What groups are expected to bring, how often the interval holds it, and the test on a hold-out."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation import churn, forecast
from tests.segmentation import lives


def forecast_of(x, t_x, T, amount=None, profit=None) -> forecast.Forecast:
    unknown = np.full(len(x), np.nan)
    amount = np.full(len(x), 100.0) if amount is None else amount
    return forecast.Forecast(forecast.People(x, t_x, T, amount, unknown if profit is None else profit))


@pytest.fixture(scope="module")
def world() -> tuple[np.ndarray, ...]:
    return lives.summed(lives.visits(np.random.default_rng(1), 2_000, 100, forecast.YEAR / 7))


def test_nine_of_ten_outcomes_lie_in_their_interval():
    """Groups by what is known of them, their orders and what these brought, in worlds that are never the same."""
    chance, inside = np.random.default_rng(3), []
    for _world in range(16):
        x, t_x, T, future = lives.summed(lives.visits(chance, 1_000, 100, forecast.YEAR / 7))
        price = 3_000 / chance.gamma(4, size=len(x))

        def spent(orders, price=price):
            return np.where(orders > 0, chance.gamma(np.maximum(6 * orders, 1e-9)) * price, 0)

        amount, brought = spent(x + 1) / (x + 1), spent(future)
        found = forecast_of(x, t_x, T, amount)
        group = np.minimum(x, 3) + 4 * (t_x < T / 2)
        for one in np.unique(group):
            members = np.flatnonzero(group == one)
            sums = found.sums(members)
            for name, happened in (("orders_365", future), ("amount_365", brought)):
                _mean, low, high = sums[name]
                inside.append(low <= happened[members].sum() <= high)
    # Some 250 intervals that share 16 worlds: three standard errors of the share are about 0.06.
    assert len(inside) >= 200
    assert 0.84 <= np.mean(inside) <= 0.97


def test_a_group_is_the_sum_of_its_people(world):
    x, t_x, T, _future = world
    found = forecast_of(x, t_x, T)
    halves = [found.sums(np.arange(0, 1_000)), found.sums(np.arange(1_000, 2_000))]
    whole = found.sums(np.arange(2_000))
    for days in forecast.HORIZONS:
        both = sum(half[f"orders_{days}"][0] for half in halves)
        assert whole[f"orders_{days}"][0] == pytest.approx(both)
        assert whole[f"orders_{days}"][0] == pytest.approx(found.orders[days].sum())


def test_a_longer_time_brings_more_and_is_less_sure(world):
    found = forecast_of(*world[:3])
    sums = found.sums(np.arange(2_000))
    month, quarter, year = (sums[f"orders_{days}"] for days in forecast.HORIZONS)
    assert month[0] < quarter[0] < year[0]
    assert month[2] - month[1] < quarter[2] - quarter[1] < year[2] - year[1]


def test_a_hold_out_that_was_missed_widens_every_interval(world):
    found, members = forecast_of(*world[:3]), np.arange(2_000)
    sure, unsure = found.sums(members)["orders_90"], found.sums(members, miss=0.3)["orders_90"]
    assert sure[0] == unsure[0]
    assert unsure[1] < sure[1] < sure[2] < unsure[2]
    assert unsure[1] < 0.7 * sure[0]


def test_an_unknown_profit_stays_unknown(world):
    x, t_x, T, _future = world
    profit = np.where(np.arange(len(x)) % 2, 30.0, np.nan)
    found = forecast_of(x, t_x, T, profit=profit)
    assert np.isnan(found.means["profit"][::2]).all()
    assert found.means["profit"][1::2] == pytest.approx(30, rel=0.05)
    odd = found.sums(np.arange(1, len(x), 2))
    assert found.sums(np.arange(len(x)))["profit_365"][0] == pytest.approx(odd["profit_365"][0])
    assert odd["profit_people"] == len(x) // 2
    assert "profit_365" not in found.sums(np.arange(0, len(x), 2))
    assert "profit_365" not in forecast_of(x, t_x, T).sums(np.arange(10))


def test_one_price_for_all_is_expected_again(world):
    found = forecast_of(*world[:3])
    assert found.means["amount"] == pytest.approx(100, rel=1e-3)


def test_an_interval_is_around_its_mean_and_not_below_nothing():
    for mean, variance in ((0.2, 0.3), (5, 4), (1e12, 1e20)):
        _mean, low, high = forecast.interval(mean, variance)
        assert 0 <= low < mean < high
    assert forecast.interval(7, 0) == [7, 7, 7]
    assert forecast.interval(-5, 4)[1] < -5 < forecast.interval(-5, 4)[2]


@pytest.mark.parametrize(
    ("days", "hold_out"), [(0, None), (89, None), (90, 30), (269, 30), (270, 90), (540, 180), (1095, 365)]
)
def test_a_hold_out_leaves_twice_its_length_to_learn_from(days, hold_out):
    assert forecast.hold_out_days(days) == hold_out


def test_a_world_that_lives_as_the_model_says_is_foretold(world):
    x, t_x, T, future = world
    found = forecast.calibrate(x, t_x, T, future, forecast.YEAR)
    assert found["people"] == 2_000
    assert found["happened"] == future.sum()
    assert found["expected"] == pytest.approx(found["happened"], rel=0.1)
    assert found["expected_back"] == pytest.approx(found["back"], rel=0.06)
    tenths = found["tenths"]
    assert [tenth["people"] for tenth in tenths] == [200] * 10
    expected = [tenth["expected"] for tenth in tenths]
    assert expected == sorted(expected, reverse=True)
    assert sum(tenth["happened"] for tenth in tenths) == found["happened"]
    assert tenths[0]["happened"] > 3 * tenths[-1]["happened"]


def test_a_million_histories_are_fitted_by_weeks(world, monkeypatch):
    x, t_x, T, _future = world
    exact = forecast.fit(x, t_x, T)
    monkeypatch.setattr(forecast, "EXACT_MOST", 10)
    weekly = forecast.fit(x, t_x, T)
    assert weekly.expected_orders(52, x, t_x, T).sum() == pytest.approx(
        exact.expected_orders(52, x, t_x, T).sum(), rel=0.02
    )


def test_too_few_who_came_back_are_said():
    with pytest.raises(churn.NotEnoughHistory):
        forecast_of(np.zeros(500), np.zeros(500), np.full(500, 20.0))
