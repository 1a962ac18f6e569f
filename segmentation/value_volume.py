"""Value against volume: what makes a customer worth having, apart from how often they come.

Value has four parts: margin, share of orders at full price, regularity of the visits and engagement beyond
buying. Each is scored from 1 to 5 by the fifths of the shop, as in RFM. A part that is not known (cost
never entered, two visits only) is left out and the weights of the others are scaled up, so the score works
with and without known cost and never takes unknown for zero. Volume is the number of order days. Both axes
are cut at the shop's own median; more than the median counts as high.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import rfm

# Percent of the whole where every part is known.
WEIGHTS = {"margin": 40, "full_price": 25, "regularity": 20, "engagement": 15}
QUADRANTS = ("valued_frequent", "valued_rare", "volume", "occasional")
# Engagement looks back one year.
ENGAGEMENT_DAYS = 365


def parts(
    margin_share: float | None,
    full_price_share: float | None,
    gap_spread: float | None,
    engagements: int,
    cuts: Mapping,
) -> dict[str, int | None]:
    """Return the four parts by name, each 1 to 5 or None where not known.

    `cuts` holds the cuts of `margin_share`, `full_price_share`, `gap_spread` (less of it is better) and
    `engagements`, None where nobody's is known, and `knows_engagement`: whether the shop records any dealings
    beyond orders. If it does not, nobody's engagement is known; if it does, a customer without one has none.
    """

    def scored(score, value, name):
        return None if value is None or cuts[name] is None else score(value, cuts[name])

    return {
        "margin": scored(rfm.score, margin_share, "margin_share"),
        "full_price": scored(rfm.score, full_price_share, "full_price_share"),
        "regularity": scored(rfm.recency_score, gap_spread, "gap_spread"),
        "engagement": scored(rfm.score, engagements, "engagements") if cuts["knows_engagement"] else None,
    }


def value_score(parts: Mapping[str, int | None], weights: Mapping[str, int] = WEIGHTS) -> float | None:
    """Return 0 (worst in all that is known) to 100 (best): the weighted mean of the known parts, None of
    none.
    """
    known = {name: score for name, score in parts.items() if score is not None}
    if not known:
        return None
    total = sum(weights[name] * (score - 1) for name, score in known.items())
    whole = sum(weights[name] for name in known)
    return 25 * total / whole if whole else None


def quadrant(
    value: float | None, order_days: int, value_median: float | None, order_days_median: float
) -> str:
    """Return the quadrant; a customer of unknown value is not called valued."""
    is_valued = value is not None and value_median is not None and value > value_median
    if order_days > order_days_median:
        return "valued_frequent" if is_valued else "volume"
    return "valued_rare" if is_valued else "occasional"


def value_score_sql(
    margin_share: str,
    full_price_share: str,
    gap_spread: str,
    engagements: str,
    cuts: Mapping[str, str],
    weights: Mapping[str, int] = WEIGHTS,
) -> str:
    """Return SQL for `value_score` of `parts`, all expressions; `cuts` names those of `parts` by their keys.

    A comparison with NULL, of the value or of the cuts, makes the whole part NULL, which is unknown.
    """
    part = {
        "margin": rfm.score_sql(margin_share, cuts["margin_share"]),
        "full_price": rfm.score_sql(full_price_share, cuts["full_price_share"]),
        "regularity": rfm.recency_score_sql(gap_spread, cuts["gap_spread"]),
        "engagement": f"CASE WHEN {cuts['knows_engagement']} THEN"
        f" {rfm.score_sql(engagements, cuts['engagements'])} END",
    }
    total = " + ".join(f"coalesce({weight} * ({part[name]} - 1), 0)" for name, weight in weights.items())
    whole = " + ".join(
        f"CASE WHEN ({part[name]}) IS NULL THEN 0 ELSE {weight} END" for name, weight in weights.items()
    )
    return f"(25 * ({total}))::float8 / nullif({whole}, 0)"


def quadrant_sql(value: str, order_days: str, value_median: str, order_days_median: str) -> str:
    """Return SQL for `quadrant`."""
    is_valued = f"coalesce({value} > {value_median}, false)"
    return (
        f"CASE WHEN {order_days} > {order_days_median}"
        f" THEN CASE WHEN {is_valued} THEN 'valued_frequent' ELSE 'volume' END"
        f" ELSE CASE WHEN {is_valued} THEN 'valued_rare' ELSE 'occasional' END END"
    )
