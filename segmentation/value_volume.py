"""Value against volume: what makes a customer worth having, apart from how often they come.

Value has seven parts: margin, share of orders at full price, regularity of the visits, tenure, engagement
beyond buying, advocacy, and what it costs to serve them. Each is scored from 1 to 5 by the fifths of the
shop, as in RFM. A part that is not known (cost never entered, two visits only) is left out and the weights of
the others are scaled up, so the score works with and without known cost and never takes unknown for zero.
Volume is the number of order days of the last year: whoever came often once and stays away is not frequent. The
owner may let the units bought count, too. Both axes are cut at the shop's own median; more than it counts as high.
"""

from __future__ import annotations

import datetime
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from . import rfm


@dataclass(frozen=True)
class Part:
    """What a part is measured by. `known_if` names the flag among the cuts without which nobody's is known."""

    measure: str
    more_is_better: bool = True
    known_if: str = ""


PARTS = {
    "margin": Part("margin_share"),
    "full_price": Part("full_price_share"),
    "regularity": Part("gap_spread", more_is_better=False),
    "tenure": Part("tenure_days"),
    "engagement": Part("engagements", known_if="knows_engagement"),
    "advocacy": Part("advocacies", known_if="knows_advocacy"),
    "service": Part("service_load", more_is_better=False),
}
MEASURES = tuple(part.measure for part in PARTS.values())
FLAGS = {"knows_engagement": "engagements", "knows_advocacy": "advocacies"}

# Percent of the whole where every part is known: the balanced preset.
WEIGHTS = {
    "margin": 30,
    "full_price": 20,
    "regularity": 15,
    "tenure": 10,
    "engagement": 10,
    "advocacy": 5,
    "service": 10,
}
QUADRANTS = ("valued_frequent", "valued_rare", "volume", "occasional")
# Engagement and volume look back one year, whatever window the shop scores money by.
ENGAGEMENT_DAYS = VOLUME_DAYS = 365
# A complaint is work for the staff as if a quarter of an order's list price had been given away.
COMPLAINT_SHARE = 0.25
# Octolis: how much of a customer's buying hangs on discounts; see discount_dependence.
DISCOUNT_VALUE_WEIGHT, DISCOUNTED_ORDERS_WEIGHT = 0.8, 0.2
FEWEST_ORDERS = 2


def service_load(
    discount_amount: int, refunded_amount: int, gross_amount: int, complaints: int, orders: int
) -> float | None:
    """Return what serving takes, as a share of the list price of what was bought; None without an order.

    Discounts given and money paid back, and for each complaint COMPLAINT_SHARE of an order.
    """
    if gross_amount <= 0 or not orders:
        return None
    return (discount_amount + refunded_amount) / gross_amount + COMPLAINT_SHARE * complaints / orders


def service_load_sql(discount: str, refunded: str, gross: str, complaints: str, orders: str) -> str:
    """Return SQL for `service_load`."""
    return (
        f"CASE WHEN {gross} > 0 AND {orders} > 0 THEN ({discount} + {refunded})::float8 / {gross}"
        f" + {COMPLAINT_SHARE}::float8 * {complaints} / {orders} END"
    )


def discount_dependence(
    discount_amount: int, gross_amount: int, full_price_share: float | None, orders: int
) -> float | None:
    """Return 0 (never bought with a discount) to 1: 0.8 of the share of the list price that was given away
    and 0.2 of the share of orders with a discount. None for fewer than two orders, which show no habit.

    Source: Octolis, "Segmentation by discount sensitivity".
    """
    if orders < FEWEST_ORDERS or full_price_share is None or gross_amount <= 0:
        return None
    value_share = discount_amount / gross_amount
    return DISCOUNT_VALUE_WEIGHT * value_share + DISCOUNTED_ORDERS_WEIGHT * (1 - full_price_share)


def discount_dependence_sql(discount: str, gross: str, full_price_share: str, orders: str) -> str:
    """Return SQL for `discount_dependence`."""
    return (
        f"CASE WHEN {orders} >= {FEWEST_ORDERS} AND {gross} > 0 THEN"
        f" {DISCOUNT_VALUE_WEIGHT}::float8 * ({discount}::float8 / {gross})"
        f" + {DISCOUNTED_ORDERS_WEIGHT}::float8 * (1 - {full_price_share}) END"
    )


def parts(measures: Mapping[str, float | None], cuts: Mapping) -> dict[str, int | None]:
    """Return the parts by name, each 1 to 5 or None where not known.

    `measures` holds those of MEASURES; `cuts` their cuts, None where nobody's is known, and FLAGS: whether
    the shop records any such dealings. If it does not, nobody's are known; if it does, a customer without one
    has none.
    """
    return {name: _part(part, measures, cuts) for name, part in PARTS.items()}


def _part(part: Part, measures: Mapping[str, float | None], cuts: Mapping) -> int | None:
    value, steps = measures[part.measure], cuts[part.measure]
    if value is None or steps is None or (part.known_if and not cuts[part.known_if]):
        return None
    return rfm.score(value, steps) if part.more_is_better else rfm.recency_score(value, steps)


def unknown_parts(cuts: Mapping) -> list[str]:
    """Return the parts that are known of nobody in the shop."""
    return [
        name
        for name, part in PARTS.items()
        if cuts[part.measure] is None or (part.known_if and not cuts[part.known_if])
    ]


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


def year_days(days: Sequence[datetime.date] | None, as_of: datetime.date) -> int:
    """Return how many of the ascending `days`, none of them after `as_of`, are of the VOLUME_DAYS up to it."""
    days = days or []
    return len(days) - bisect_right(days, as_of - datetime.timedelta(days=VOLUME_DAYS))


def year_days_sql(days: str, as_of: str) -> str:
    """Return SQL for `year_days` of a date[]: width_bucket finds the place by halving."""
    return f"coalesce(cardinality({days}) - width_bucket({as_of} - {VOLUME_DAYS}, {days}), 0)"


def volume(
    year_days: int, units: float | None, days_mean: float, units_mean: float | None, units_weight: int
) -> float:
    """Return how often somebody comes and how much they take in the last year, as a multiple of the shop's mean.

    `units_weight` is the percent of it that goes by units. Where those of somebody, or everybody's, are not known
    their days speak for them alone.
    """
    days = year_days / days_mean if days_mean else 0.0
    if units is None or not units_mean or units_mean < 0:
        return days
    return ((100 - units_weight) * days + units_weight * (units / units_mean)) / 100


def volume_sql(year_days: str, units: str, days_mean: str, units_mean: str, units_weight: int) -> str:
    """Return SQL for `volume`, or without a weight of the units for what comes to the same: the days themselves."""
    if not units_weight:
        return year_days
    days = f"coalesce({year_days} / nullif({days_mean}, 0), 0)"
    taken = f"{units} / nullif(greatest({units_mean}, 0), 0)"
    mixed = f"({100 - units_weight} * ({days}) + {units_weight} * ({taken})) / 100"
    return f"coalesce({mixed}, {days})"


def quadrant(value: float | None, volume: float, value_median: float | None, volume_median: float) -> str:
    """Return the quadrant; a customer of unknown value is not called valued."""
    is_valued = value is not None and value_median is not None and value > value_median
    if volume > volume_median:
        return "valued_frequent" if is_valued else "volume"
    return "valued_rare" if is_valued else "occasional"


def value_score_sql(measures: str, cuts: str, weights: Mapping[str, int] = WEIGHTS) -> str:
    """Return SQL for `value_score` of `parts`; `measures` and `cuts` are relations with these columns.

    A comparison with NULL, of the value or of the cuts, makes the whole part NULL, which is unknown.
    """
    weights = {name: weights[name] for name in PARTS}
    total = " + ".join(
        f"coalesce({_part_sql(PARTS[name], measures, cuts, weight)}, 0)" for name, weight in weights.items()
    )
    whole = " + ".join(
        f"CASE WHEN {_is_known_sql(PARTS[name], measures, cuts)} THEN {weight} ELSE 0 END"
        for name, weight in weights.items()
    )
    return f"(25 * ({total}))::float8 / nullif({whole}, 0)"


def _part_sql(part: Part, measures: str, cuts: str, weight: int) -> str:
    """Return what the part adds to the weighted sum."""
    score = rfm.score_sql if part.more_is_better else rfm.recency_score_sql
    points = [weight * (number - 1) for number in rfm.SCORES]
    sql = score(f"{measures}.{part.measure}", f"{cuts}.{part.measure}", points)
    return f"CASE WHEN {cuts}.{part.known_if} THEN {sql} END" if part.known_if else sql


def _is_known_sql(part: Part, measures: str, cuts: str) -> str:
    """Return when `_part_sql` is not NULL, without working it out a second time."""
    flag = f" AND {cuts}.{part.known_if}" if part.known_if else ""
    return f"{measures}.{part.measure} IS NOT NULL AND {cuts}.{part.measure} IS NOT NULL{flag}"


def quadrant_sql(value: str, volume: str, value_median: str, volume_median: str) -> str:
    """Return SQL for `quadrant`."""
    is_valued = f"coalesce({value} > {value_median}, false)"
    return (
        f"CASE WHEN {volume} > {volume_median}"
        f" THEN CASE WHEN {is_valued} THEN 'valued_frequent' ELSE 'volume' END"
        f" ELSE CASE WHEN {is_valued} THEN 'valued_rare' ELSE 'occasional' END END"
    )
