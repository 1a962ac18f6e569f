"""Volume where the owner lets the units bought decide beside the order days: in SQL, by `value_volume.volume`.

In the nights of a shop that does not it changes nothing: its volume is the order days alone, as they lie among the
facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import value_volume
from .models import CustomerTaste
from .rules import Rules

# What is found with fresh cuts: the means that volume is a multiple of, and its middle.
CUTS = ("days_mean", "units_mean", "volume")


def are_known() -> bool:
    """Say whether the units of anybody in the shop in scope have been added up."""
    return CustomerTaste.objects.filter(units__isnull=False).exists()


def lack_units(cuts: Mapping[str, Any], rules: Rules) -> bool:
    """Say whether `cuts` were taken before any units were known that are known by now, and should decide."""
    return bool(rules.units_weight) and cuts.get("units_mean") is None and are_known()


def cuts_sql(row: str, rules: Rules) -> str:
    """Return the one-row relation of cuts: `row`, a SELECT of the others, and these."""
    own = "".join(f", %({name})s::float8 AS {name}" for name in CUTS) if rules.units_weight else ""
    return f"({row}{own}) AS cuts"


def with_units_sql(relation: str, rules: Rules) -> str:
    """Return `relation` with `year_units` of each customer, as they were added up last, where units count."""
    if not rules.units_weight:
        return relation
    return f"""(SELECT facts.*, taste.units AS year_units FROM {relation} AS facts
    LEFT JOIN segmentation_customertaste AS taste
           ON taste.shop_id = (SELECT current_shop_id()) AND taste.customer_id = facts.customer_id)"""


def volume_sql(rules: Rules) -> str:
    """Return SQL for the volume over `facts` and `cuts`."""
    means = ("cuts.days_mean", "cuts.units_mean")
    return value_volume.volume_sql("facts.year_days", "facts.year_units", *means, rules.units_weight)


# These read a relation of facts with their units, that is put in by format(facts=…).
MEANS = """
SELECT avg(year_days)::float8 AS days_mean, avg(year_units)::float8 AS units_mean
FROM {facts} AS facts WHERE last_order_on IS NOT NULL"""


def median_sql(rules: Rules) -> str:
    """Return the statement that reads the middle volume of the buyers; the means are parameters."""
    return f"""
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY {volume_sql(rules)}) AS volume
FROM {{facts}} AS facts, (SELECT %(days_mean)s::float8 AS days_mean, %(units_mean)s::float8 AS units_mean) AS cuts
WHERE last_order_on IS NOT NULL"""
