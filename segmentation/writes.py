"""What of the facts and the state is written: the rows that differ from those that are kept, in SQL."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from loyalty.customers.facts import Statement
from loyalty.shops.models import Shop

from .rules import Rules
from .state import (
    COLUMNS,
    FACT_COLUMNS,
    FRESH,
    STATE_COLUMNS,
    WAS_FACTS,
    WAS_RHYTHM,
    kept_sql,
    relation_sql,
    state_sql,
)

CHANGED = "segmentation_changed"


def _set(columns: tuple[str, ...]) -> str:
    return ", ".join(f"{column} = new.{column}" for column in ("as_of", *columns))


def _differs(before: str, columns: tuple[str, ...], after: str = "new.") -> str:
    def row(prefix):
        return "(" + ", ".join(f"{prefix}{column}" for column in columns) + ")"

    return f"{row(before)} IS DISTINCT FROM {row(after)}"


# `as_of` says since when a row has stood like this, so a row that is still true keeps it. A row scored after the
# run began is left alone: it already knows an order that the run may have missed. What the run itself wrote has
# the moment it began.
_OLDER = "computed_at <= %(started_at)s"


# The rhythm follows from the days, and is worked out for those only whose sums have changed.
_SUMMED = tuple(column for column in FACT_COLUMNS if f"was_{column}" not in WAS_RHYTHM)


def changed_facts_sql(
    shop: Shop,
    as_of: datetime.date,
    window_days: int | None,
    who: str,
    among: str,
    stretches: Sequence[str],
) -> Statement:
    """Return those facts of `who`, a relation with WAS_FACTS, that are not what is kept, with `as_of`; see
    `relation_sql`.
    """
    only = f"{_OLDER} AND {_differs('was_', _SUMMED, '')}"
    found = relation_sql(shop, as_of, window_days, who, among, WAS_FACTS, stretches, only)
    sql = f"SELECT customer_id, {', '.join(FACT_COLUMNS)}, %(as_of)s AS as_of FROM ({found.sql}) AS new"
    return Statement(sql, found.params)


def changed_state_sql(
    some: str, as_of: datetime.date, cuts: dict, rules: Rules, has_fresh: bool = False
) -> Statement:
    """Return the state of kept facts where it is not the one that is kept, and of all that are fresh; see
    `kept_sql`.
    """
    was = tuple(f"was_{column}" for column in STATE_COLUMNS)
    found = state_sql(kept_sql(some, has_fresh), as_of, cuts, rules, (*was, "computed_at"))
    differs = _differs("was_", STATE_COLUMNS)
    if has_fresh:
        differs = f"({differs} OR new.customer_id IN (SELECT customer_id FROM {FRESH}))"
    return Statement(f"SELECT * FROM ({found.sql}) AS new WHERE {_OLDER} AND {differs}", found.params)


def update_sql(columns: tuple[str, ...], table: str = CHANGED) -> str:
    """Return the statement that writes `columns` of `table`."""
    return f"""
UPDATE segmentation_customerscore AS score SET computed_at = %(started_at)s, {_set(columns)}
FROM {table} AS new
WHERE score.shop_id = %(shop_id)s AND score.customer_id = new.customer_id AND score.{_OLDER}"""


def insert_sql(found: Statement) -> Statement:
    """Return the statement that adds the state of customers who had none."""
    return Statement(
        _ADD.format(found=found.sql) + " ON CONFLICT (shop_id, customer_id) DO NOTHING", found.params
    )


def upsert_sql(found: Statement) -> Statement:
    """Return the statement that writes the state of one customer, as of this very moment."""
    differs = _differs("score.", COLUMNS[1:], "EXCLUDED.")
    update = _set(COLUMNS[1:]).replace("new.", "EXCLUDED.")
    sql = f"""{_ADD.format(found=found.sql)} ON CONFLICT (shop_id, customer_id) DO UPDATE
SET computed_at = EXCLUDED.computed_at, {update} WHERE {differs}"""
    return Statement(sql, found.params)


# Parameters: shop_id, started_at.
_ADD = f"""
INSERT INTO segmentation_customerscore AS score (shop_id, computed_at, as_of, {", ".join(COLUMNS)})
SELECT %(shop_id)s, %(started_at)s, as_of, {", ".join(COLUMNS)} FROM ({{found}}) AS new"""
