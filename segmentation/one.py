"""Scores one customer as an order arrives: two statements, planned once, in the order's own transaction."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from functools import lru_cache

from loyalty.customers.facts import Statement
from loyalty.shops import prepared
from loyalty.shops.models import Shop
from loyalty.shops.scope import current_shop

from . import history, state, writes
from .rules import Rules

AMONG = "AND customer_id = %(customer_id)s"

# The lock is shared, so that orders do not wait for each other, and not waited for: a run under way will see this
# row as newer than itself. Of two orders of one customer the second waits for the customer and then sees the first.
# Both rows are written: the one with the scores, which a run may hold, and their history, which a look back may.
_MINE = "shop_id = %(shop_id)s AND customer_id = %(customer_id)s"
_ROWS = ("segmentation_customerscore", "segmentation_scorehistory")
_HOLD = f"""
SELECT pg_try_advisory_xact_lock_shared(%(room)s::int, %(shop_id)s::int) AS no_run_is_under_way,
       (SELECT id FROM customers_customer WHERE shop_id = %(shop_id)s AND id = %(customer_id)s FOR NO KEY UPDATE),
       ARRAY[{", ".join(f"EXISTS (SELECT FROM {table} WHERE {_MINE})" for table in _ROWS)}] AS are_there,
       ARRAY[{
    ", ".join(f"EXISTS (SELECT FROM {table} WHERE {_MINE} FOR NO KEY UPDATE SKIP LOCKED)" for table in _ROWS)
}] AS are_held,
       run.as_of, run.window_days, run.cuts, scheme.chosen, scheme.window_days
FROM (SELECT as_of, window_days, cuts::text FROM segmentation_scorerun
      WHERE shop_id = %(shop_id)s AND NOT is_look_back AND buyers > 0 AND id = (
          SELECT max(id) FROM segmentation_scorerun WHERE shop_id = %(shop_id)s AND NOT is_look_back)) AS run
LEFT JOIN (SELECT chosen::text, window_days FROM segmentation_scheme WHERE shop_id = %(shop_id)s) AS scheme ON true"""


def score(room: int, shop: Shop, customer_id: int, as_of: datetime.date) -> bool | None:
    """Score by the frozen cuts of the last run. Return False where a run under way holds the customer's row,
    and None where no run has left cuts to score by; nothing is written then.
    """
    found = prepared.rows(_HOLD, {"room": room, "shop_id": shop.pk, "customer_id": customer_id})
    if not found:
        return None
    is_alone, _, are_there, are_held, run_on, window_days, cuts, chosen, scheme_window = found[0]
    cuts = json.loads(cuts)
    if "year_days" not in cuts:
        return None
    # To wait here would be to wait for the end of that run, with somebody standing at the till.
    if are_there != are_held or not is_alone and not are_there[0]:
        return False
    is_latest = as_of >= run_on
    # What has been chosen since decides from the run on that finds the middle of volume by it.
    weight = cuts.get("basis", {}).get("units_weight", 0)
    sql = _statement(chosen or "{}", scheme_window, window_days, is_latest, weight)
    params = state.params_of_one(shop, as_of, window_days) | cuts
    prepared.rows(sql, params | {"customer_id": customer_id, "history_on": as_of})
    return True


@lru_cache(maxsize=256)
def _statement(
    chosen: str, scheme_window: int | None, window_days: int | None, is_latest: bool, units_weight: int
) -> str:
    """Return the text for these rules; what is particular to a customer and a day is among its parameters."""
    rules = Rules.from_json({**json.loads(chosen), "window_days": scheme_window})
    rules = replace(rules, units_weight=units_weight)
    any_day = datetime.date.min
    relation = state.relation_sql(current_shop(), datetime.date(2000, 1, 1), window_days, state.ONE, AMONG)
    found = state.state_sql(f"({relation.sql})", any_day, {}, rules)
    upsert = writes.upsert_sql(Statement(found.sql))
    written = history.writing(upsert, any_day if is_latest else None)
    return written.sql.replace("%(started_at)s", "clock_timestamp()")
