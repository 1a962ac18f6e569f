"""What docs/outlook-backtest.md says of the bounds, on the two real shops it says it of."""

from __future__ import annotations

import pytest

from benchmarks import coverage
from tests.shared_data import shared


@pytest.fixture(scope="module")
def sums() -> list[coverage.Sum]:
    for name in ("cdnow/CDNOW_master.txt", "online_retail/online_retail_invoices.csv"):
        shared(name)
    return [one for name in coverage.SHOPS for one in coverage.sums_of(name)]


@pytest.mark.parametrize("measure", ["orders", "amount"])
@pytest.mark.parametrize("is_whole", [True, False])
def test_the_bounds_hold_about_nine_of_ten_outcomes_of_real_shops(sums, measure, is_whole):
    some = [one for one in sums if (one.name, one.is_whole) == (measure, is_whole)]
    assert len(some) == (28 if is_whole else 224)
    assert 0.85 <= coverage.share_inside(some) <= 0.97


def test_without_the_tests_on_the_past_they_would_hold_half(sums):
    bare = [one for name in coverage.SHOPS for one in coverage.sums_of(name, coverage.NO_MISS)]
    assert coverage.share_inside(bare) < 0.55 < 0.85 < coverage.share_inside(sums)


def test_bounds_do_not_hold_by_being_without_end(sums):
    for measure, most in (("orders", 0.3), ("amount", 0.55)):
        reach = [one.reach for one in sums if one.is_whole and one.name == measure]
        assert sum(reach) / len(reach) < most
