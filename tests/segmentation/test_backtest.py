"""What docs/segmentation-backtest.md says of the stages, on the two real shops it says it of."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import lifecycle as backtest
from tests.shared_data import shared

FILES = {"CDNOW": "cdnow/CDNOW_master.txt", "Online Retail": "online_retail/online_retail_invoices.csv"}


@pytest.fixture(scope="module")
def shops() -> dict[str, list[backtest.Known]]:
    """The last two days of each shop: the others would only take longer."""
    for name in FILES.values():
        shared(name)
    return {name: backtest.known_of(name)[-2:] for name in backtest.SHOPS}


def test_from_stage_to_stage_more_people_stay_away(shops):
    for known in shops.values():
        for one in known:
            shares = backtest.stage_shares(one)
            away = [shares[stage][1] for stage in backtest.ORDER]
            assert away == sorted(away)
            assert away[-1] > away[0] + 0.4


def test_at_risk_or_later_says_more_than_fixed_days_in_a_shop_of_one_year(shops):
    for one in shops["Online Retail"]:
        found = backtest.compare(one, one.days >= 1)
        assert found["rule"] > found["klaviyo_180"] + 0.04
        assert found["rule"] > found["klaviyo_365"] + 0.1


def test_the_chance_of_coming_back_foretells_better_than_lateness_and_than_days(shops):
    for known in shops.values():
        for one in known:
            for least in (1, 2):
                found = backtest.compare(one, one.days >= least)
                assert found["model_auc"] > max(found["rule_auc"], found["days_auc"])


def test_no_other_constants_are_clearly_better_on_both_shops(shops):
    rows = backtest.grid(shops)
    present = backtest.present_of(rows)
    assert not [row for row in rows if backtest.is_clearly_better(row, present)]


def test_the_measures_are_those_of_the_books():
    truth = np.array([True, True, False, False])
    assert backtest.auc(np.array([4, 3, 2, 1]), truth) == 1
    assert backtest.auc(np.array([1, 1, 1, 1]), truth) == 0.5
    assert backtest.auc(np.array([4, 1, 3, 2]), truth) == 0.5
    assert backtest.balanced(np.array([True, False, False, False]), truth) == 0.75
    assert backtest.rates(np.array([True, False, True, False]), truth) == (0.5, 0.5)
    assert backtest.best_cut(np.array([9.0, 8.0, 2.0, 1.0]), truth)[0] == 1
