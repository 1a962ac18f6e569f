"""What groups are expected to bring, and how often the interval holds it where the model is right."""

from __future__ import annotations

import dataclasses

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
    x = world[0]
    found, members = forecast_of(*world[:3], profit=np.full(len(x), 30.0)), np.arange(2_000)
    sure, unsure = found.sums(members), found.sums(members, miss={"orders": 0.3, "amount": 0.5})
    for name, least in (("orders_90", 0.7), ("amount_90", 0.5), ("profit_90", 0.5)):
        assert sure[name][0] == unsure[name][0]
        assert unsure[name][1] < sure[name][1] < sure[name][2] < unsure[name][2]
        assert unsure[name][1] < least * sure[name][0] < sure[name][1]


def test_what_little_says_of_everybodys_spend_widens_the_bounds_of_money(world):
    x, t_x, T, _future = (column[:300] for column in world)
    amount = 3_000 / np.random.default_rng(8).gamma(4, size=len(x))
    found = forecast_of(x, t_x, T, amount)
    doubtful = found.sums(np.arange(300))["amount_365"]
    assert np.all(np.diag(found.spend["amount"].covariance) > 0)
    found.spend["amount"] = dataclasses.replace(found.spend["amount"], covariance=None)
    sure = found.sums(np.arange(300))["amount_365"]
    assert doubtful[1] < sure[1] < sure[2] < doubtful[2]


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
