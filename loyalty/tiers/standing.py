"""Where every customer stands under a set of rules, and what follows: one statement for the review, the
preview and the applying, so that what is shown before is what happens after.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection

from loyalty.customers.facts import Statement, facts_sql, window_start
from loyalty.shops.models import Shop

from . import rules
from .draft import Draft

YEAR_DAYS = 365
# The shop's own margin over the days counted; where it knows no cost at all, spend stands in for profit whole.
_MARGIN = """(SELECT greatest(coalesce(
    sum(net_amount - cost_amount)::float8 / nullif(sum(net_amount), 0), 1), 0)
    FROM customers_order WHERE shop_id = %(shop_id)s AND is_paid AND cost_amount IS NOT NULL
         AND placed_on BETWEEN %(from_on)s AND %(as_of)s)"""
_UNCOSTED = "monetary_amount - coalesce(costed_amount, 0)"
VALUES = {
    "spend": "monetary_amount",
    # What has no known cost is reckoned at that margin. With spend in its place a first order of known cost
    # would take nearly everything away: buying would lower the tier. The margin is only read where needed.
    "profit": f"coalesce(profit_amount, 0) + CASE WHEN {_UNCOSTED} <> 0 THEN ({_UNCOSTED}) * {_MARGIN} ELSE 0 END",
    "orders": "frequency",
    "order_days": "order_days",
}


def standing_sql(
    shop: Shop, draft: Draft, as_of: datetime.date, customer_ids: Collection[int] | None = None
) -> Statement:
    """Return one row for each customer with a paid order or a tier, as of `as_of` under the rules of `draft`.

    Columns: `customer_id, value, is_estimated, orders` (estimated: a part of the profit is reckoned, for want
    of costs); `yearly_amount, yearly_orders, yearly_profit,
    yearly_costed` of the last 365 days; `membership_id, rank, falls_on` (of the present tier, NULL
    without one); `reached` (the rank the numbers earn), and what follows:

    - `action`: first (enters), up, warn (no longer reaches the tier: grace begins), down (grace is over: one
      level), clear (reaches it again), none;
    - `to_rank`, `falls_after`: the tier and the day of falling after the action.
    """
    facts = facts_sql(shop, as_of, draft.window_days, customer_ids)
    some = " AND m.customer_id = ANY(%(customer_ids)s)" if customer_ids is not None else ""
    is_estimated = f"{_UNCOSTED} <> 0" if draft.metric == "profit" else "false"
    yearly, joined, yearly_params = _yearly(shop, draft, as_of, customer_ids)
    sql = f"""
SELECT *,
       CASE WHEN action IN ('first', 'up') THEN reached WHEN action = 'down' THEN rank - 1 ELSE rank END
       AS to_rank, CASE WHEN action = 'warn' OR action = 'down' AND reached < rank - 1 THEN
       %(grace_ends_on)s
            WHEN action = 'none' THEN falls_on END AS falls_after
FROM (
    SELECT *,
           CASE WHEN rank IS NULL THEN 'first'
                WHEN from_on > %(as_of)s THEN 'none'
                WHEN reached > rank THEN 'up'
                WHEN reached < rank AND falls_on <= %(as_of)s THEN 'down'
                WHEN reached < rank AND falls_on IS NULL THEN 'warn'
                WHEN reached >= rank AND falls_on IS NOT NULL THEN 'clear'
                ELSE 'none' END AS action
    FROM (
        SELECT *, {rules.reached_sql("value", "orders", draft.steps)} AS reached
        FROM (
            SELECT customer_id, coalesce({VALUES[draft.metric]}, 0)::bigint AS value,
                   coalesce({is_estimated}, false) AS is_estimated, coalesce(frequency, 0) AS orders,
                   {yearly},
                   member.id AS membership_id, member.rank, member.from_on, member.falls_on
            FROM ({facts.sql}) AS fact
            FULL JOIN (
                SELECT m.id, m.customer_id, m.from_on, m.falls_on, tier.rank
                FROM tiers_tiermembership AS m
                JOIN tiers_tier AS tier ON tier.shop_id = m.shop_id AND tier.id = m.tier_id
                WHERE m.shop_id = %(shop_id)s AND m.is_current{some}
            ) AS member USING (customer_id){joined}
        ) AS measured
    ) AS judged
) AS decided"""
    params = {
        **facts.params,
        **yearly_params,
        "shop_id": shop.pk,
        "as_of": as_of,
        "grace_ends_on": as_of + datetime.timedelta(days=draft.grace_days),
    }
    return Statement(sql, params)


# What the yearly columns are called in the facts.
_YEARLY = {
    "yearly_amount": "monetary_amount",
    "yearly_orders": "frequency",
    "yearly_profit": "profit_amount",
    "yearly_costed": "costed_amount",
}


def _yearly(
    shop: Shop, draft: Draft, as_of: datetime.date, customer_ids: Collection[int] | None
) -> tuple[str, str, dict]:
    """Return the columns of a year, and the join they need where the window is not a year."""
    columns = ", ".join(f"coalesce({{0}}{fact}, 0)::bigint AS {name}" for name, fact in _YEARLY.items())
    if draft.window_days == YEAR_DAYS:
        return columns.format(""), "", {}
    year = facts_sql(shop, as_of, YEAR_DAYS, customer_ids)
    # Both statements call their first day from_on.
    sql = year.sql.replace("%(from_on)s", "%(year_from_on)s")
    joined = f"""
            LEFT JOIN (
                SELECT customer_id, {", ".join(f"{fact} AS y_{fact}" for fact in _YEARLY.values())} FROM
                ({sql}) AS year
            ) AS year USING (customer_id)"""
    return columns.format("y_"), joined, {"year_from_on": window_start(as_of, YEAR_DAYS)}
