"""Value against volume: what makes a customer worth having, apart from how often they come.

Value has four parts, each from 0 to 1: margin, share bought at full price, regularity of the visits and
engagement beyond buying. A part that is not known (cost never entered, two visits only) is left out and the
weights of the others are scaled up, so the score works with and without known cost and never takes unknown
for zero. Volume is the number of order days. Both axes are cut at the shop's own median; more than the
median counts as high.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Percent of the whole where every part is known.
WEIGHTS = {"margin": 40, "full_price": 25, "regularity": 20, "engagement": 15}
QUADRANTS = ("valued_frequent", "valued_rare", "volume", "occasional")
# Engagement looks back one year.
ENGAGEMENT_DAYS = 365


@dataclass(frozen=True)
class Medians:
    """Where the shop's middle customer stands. None where nobody's is known.

    `knows_engagement` is whether the shop records any dealings beyond orders: if not, nobody's engagement is
    known; if it does, a customer without one has none.
    """

    margin_share: float | None
    full_price_share: float | None
    knows_engagement: bool


def against_median(value: float | None, median: float | None) -> float | None:
    """Return 0.5 at the shop's median, towards 1 above it and 0 below: value ÷ (value + median).

    A loss counts as no margin. Where both are zero the customer stands exactly in the middle.
    """
    if value is None or median is None:
        return None
    value, median = max(value, 0.0), max(median, 0.0)
    return value / (value + median) if value + median > 0 else 0.5


def parts(
    margin_share: float | None,
    full_price_share: float | None,
    gap_spread: float | None,
    engagements: int,
    medians: Medians,
) -> dict[str, float | None]:
    """Return the four parts by name, each 0 to 1 or None where not known.

    Regularity is 1 ÷ (1 + spread of the gaps): 0.5 for a customer who comes at random moments. Engagement is
    n ÷ (n + 1) of the dealings in the last year: the first one counts most.
    """
    return {
        "margin": against_median(margin_share, medians.margin_share),
        "full_price": against_median(full_price_share, medians.full_price_share),
        "regularity": None if gap_spread is None else 1 / (1 + gap_spread),
        "engagement": engagements / (engagements + 1) if medians.knows_engagement else None,
    }


def value_score(parts: Mapping[str, float | None]) -> float | None:
    """Return 0 to 100: the weighted mean of the known parts; None where none is known."""
    total, weights = 0.0, 0
    for name, weight in WEIGHTS.items():
        if parts[name] is not None:
            total += weight * parts[name]
            weights += weight
    return 100 * (total / weights) if weights else None


def quadrant(
    value: float | None, order_days: int, value_median: float | None, order_days_median: float
) -> str:
    """Return the quadrant; a customer of unknown value is not called valued."""
    is_valued = value is not None and value_median is not None and value > value_median
    if order_days > order_days_median:
        return "valued_frequent" if is_valued else "volume"
    return "valued_rare" if is_valued else "occasional"


# The same in SQL, over expressions; `medians` are expressions too.


def against_median_sql(value: str, median: str) -> str:
    """Return SQL for `against_median`."""
    value_, median_ = f"greatest({value}, 0::float8)", f"greatest({median}, 0::float8)"
    return (
        f"CASE WHEN {value} IS NULL OR {median} IS NULL THEN NULL"
        f" WHEN {value_} + {median_} > 0 THEN {value_} / ({value_} + {median_}) ELSE 0.5::float8 END"
    )


def value_score_sql(
    margin_share: str, full_price_share: str, gap_spread: str, engagements: str, medians: Mapping[str, str]
) -> str:
    """Return SQL for `value_score` of `parts`; `medians` maps the fields of Medians to expressions."""
    part = {
        "margin": against_median_sql(margin_share, medians["margin_share"]),
        "full_price": against_median_sql(full_price_share, medians["full_price_share"]),
        "regularity": f"1 / (1 + {gap_spread})",
        "engagement": f"CASE WHEN {medians['knows_engagement']}"
        f" THEN {engagements}::float8 / ({engagements} + 1) END",
    }
    total = " + ".join(f"coalesce({weight} * ({part[name]}), 0::float8)" for name, weight in WEIGHTS.items())
    weights = " + ".join(
        f"CASE WHEN ({part[name]}) IS NULL THEN 0 ELSE {weight} END" for name, weight in WEIGHTS.items()
    )
    return f"100 * (({total}) / nullif({weights}, 0))"


def quadrant_sql(value: str, order_days: str, value_median: str, order_days_median: str) -> str:
    """Return SQL for `quadrant`."""
    is_valued = f"coalesce({value} > {value_median}, false)"
    return (
        f"CASE WHEN {order_days} > {order_days_median}"
        f" THEN CASE WHEN {is_valued} THEN 'valued_frequent' ELSE 'volume' END"
        f" ELSE CASE WHEN {is_valued} THEN 'valued_rare' ELSE 'occasional' END END"
    )
