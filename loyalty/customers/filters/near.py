"""Who stands one purchase below their next tier."""

from __future__ import annotations

import datetime

from django.db import connection

from loyalty.shops.scope import current_shop
from loyalty.tiers import services as tiers
from loyalty.tiers.draft import Draft
from loyalty.tiers.standing import standing_sql


def one_purchase_away(as_of: datetime.date) -> dict[int, int]:
    """Return {customer: what is missing, in the unit of the programme's metric} as of a day.

    One purchase is the customer's own average order in the programme's window where it counts money,
    otherwise one order or one day. Reads the facts of every customer: part of a second for tens of thousands.
    """
    programme = tiers.active_programme()
    if programme is None:
        return {}
    draft = Draft.of(programme)
    steps = ", ".join(
        f"({below.rank}, {above.threshold}::bigint, {above.min_orders})"
        for below, above in zip(draft.steps, draft.steps[1:], strict=False)
    )
    if not steps:
        return {}
    standing = standing_sql(current_shop(), draft, as_of)
    purchase = "value / orders" if draft.counts_money else "1"
    sql = f"""
SELECT customer_id, greatest(threshold - value, 0)
FROM ({standing.sql}) AS standing JOIN (VALUES {steps}) AS above(below, threshold, min_orders) ON below = rank
WHERE action IN ('none', 'clear') AND orders > 0 AND min_orders - orders <= 1
  AND threshold - value <= CASE WHEN orders > 0 THEN {purchase} END"""
    with connection.cursor() as cursor:
        cursor.execute(sql, standing.params)
        return dict(cursor.fetchall())
