"""What the peers do after adding up: the product's rules over whole columns, with numpy.

The rules are written out once more, as an analyst would; a run compares every column with the product's.
"""

from __future__ import annotations

import numpy as np

from segmentation import lifecycle, rfm, value_volume

SHARES = np.array(rfm.SHARES)
SEGMENTS = np.array([*rfm.SEGMENTS])
CELLS = np.array([ord(letter) - ord("a") for letter in rfm.CELL_MAP])
# What every contender ends with, one row a buyer.
COLUMNS = (
    "customer_id",
    "frequency",
    "order_days",
    "monetary",
    "profit",
    "discount",
    "own_gap",
    "spread",
    "expected_gap",
    "r",
    "f",
    "m",
    "segment",
    "stage",
    "value",
    "quadrant",
)


def scores(values: np.ndarray, more_is_better: bool = True) -> np.ndarray:
    """Return 1 to 5 by fifths, NaN where the value is."""
    cuts = np.quantile(values[~np.isnan(values)], SHARES)
    above = np.searchsorted(cuts, values, side="left").astype(float)
    return np.where(np.isnan(values), np.nan, 1 + above if more_is_better else 5 - above)


def score(facts: dict[str, np.ndarray], gaps: np.ndarray, came_back) -> dict[str, np.ndarray]:
    """Return COLUMNS of `facts` (columns of one length, NaN for unknown) and the pooled `gaps`.

    `came_back(expected_gap)` says who came back within their own gap.
    """
    found = dict(facts)
    count = np.maximum(facts["order_days"] - 1, 0)
    own = np.where(count > 0, np.nan_to_num(facts["own_gap"]), 0)
    blended = (count * own + lifecycle.SHOP_WEIGHT * np.median(gaps)) / (count + lifecycle.SHOP_WEIGHT)
    gap = found["expected_gap"] = np.clip(blended, lifecycle.SHORTEST_GAP, lifecycle.LONGEST_GAP)
    r = scores(facts["recency"].astype(float), more_is_better=False).astype(int)
    f = scores(facts["frequency"].astype(float)).astype(int)
    m = scores(facts["monetary"].astype(float)).astype(int)
    found |= {"r": r, "f": f, "m": m, "segment": SEGMENTS[CELLS[25 * r + 5 * f + m - 31]]}
    found["stage"] = _stage(facts, gap, came_back(gap))
    value = found["value"] = _value(facts)
    often = facts["year_days"] > np.median(facts["year_days"])
    valued = np.nan_to_num(value, nan=-1) > np.nanmedian(value)
    found["quadrant"] = np.select(
        [often & valued, ~often & valued, often], value_volume.QUADRANTS[:3], value_volume.QUADRANTS[3]
    )
    return {name: found[name] for name in COLUMNS}


def _stage(facts: dict[str, np.ndarray], gap: np.ndarray, came_back: np.ndarray) -> np.ndarray:
    late, days = facts["recency"], facts["order_days"]
    steady = np.nan_to_num(facts["spread"], nan=9) <= lifecycle.STEADY_SPREAD
    return np.select(
        [
            came_back,
            (days <= 1) & (late <= 1.5 * gap),
            (days >= 4) & (late <= 1.5 * gap) & steady,
            late <= 1.5 * gap,
            late <= 2.5 * gap,
            late <= 4 * gap,
        ],
        ["returned", "new", "loyal", "active", "at_risk", "inactive"],
        "lost",
    )


def _value(facts: dict[str, np.ndarray]) -> np.ndarray:
    parts = {
        "margin": scores(facts["margin"]),
        "full_price": scores(facts["full_price"]),
        "regularity": scores(facts["spread"], more_is_better=False),
        "tenure": scores(facts["tenure"].astype(float)),
        "service": scores(facts["discount"] / facts["gross"], more_is_better=False),
    }
    weights = {name: value_volume.WEIGHTS[name] for name in parts}
    total = sum(weights[name] * np.nan_to_num(part - 1) for name, part in parts.items())
    whole = sum(weights[name] * ~np.isnan(part) for name, part in parts.items())
    return 25 * total / whole
