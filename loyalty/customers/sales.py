"""What was sold on each day: kept for the days that are over, added up for the others.

A year of a large shop's orders takes seconds to add up and a screen waits for it, so the nights keep it. Whatever
is recorded, changed or taken away for a kept day takes the day away with it (a trigger, see the migration), and the
next night adds it up again.
"""

from __future__ import annotations

import datetime

from django.db import connection

from loyalty.shops.scope import current_shop_id

from .models import SalesDay

# Guests' orders included; a refund lowers the day it was given on.
_OF_DAYS = """
SELECT day, sum(amount)::bigint AS amount FROM (
    SELECT placed_on AS day, net_amount AS amount FROM customers_order
    WHERE shop_id = %(shop_id)s AND is_paid AND {order_days}
    UNION ALL
    SELECT refunded_on, -amount FROM customers_refund WHERE shop_id = %(shop_id)s AND {refund_days}
) AS sales GROUP BY day"""

_KEEP = f"""
WITH missing AS (
    SELECT day::date FROM (
        SELECT min(placed_on) AS first_on FROM customers_order WHERE shop_id = %(shop_id)s AND is_paid
    ) AS began, generate_series(first_on, %(until_on)s::date - 1, interval '1 day') AS day
    WHERE NOT EXISTS (SELECT FROM customers_salesday AS kept
                      WHERE kept.shop_id = %(shop_id)s AND kept.day = day.day::date)
),
span AS (SELECT min(day) AS first_on, max(day) AS last_on FROM missing),
sold AS ({
    _OF_DAYS.format(
        order_days="placed_on BETWEEN (SELECT first_on FROM span) AND (SELECT last_on FROM span)",
        refund_days="refunded_on BETWEEN (SELECT first_on FROM span) AND (SELECT last_on FROM span)",
    )
})
INSERT INTO customers_salesday (shop_id, day, amount)
SELECT %(shop_id)s, missing.day, coalesce(sold.amount, 0) FROM missing LEFT JOIN sold USING (day)
ON CONFLICT DO NOTHING"""


def daily_income(start: datetime.date, end: datetime.date) -> dict[datetime.date, int]:
    """Return the income of each day from `start` to `end` that had any, in minor units."""
    found = dict(SalesDay.objects.filter(day__range=(start, end)).values_list("day", "amount"))
    days = [start + datetime.timedelta(days=ago) for ago in range((end - start).days + 1)]
    missing = [day for day in days if day not in found]
    if missing:
        params = {"shop_id": current_shop_id(), "days": missing}
        sql = _OF_DAYS.format(
            order_days="placed_on = ANY(%(days)s)", refund_days="refunded_on = ANY(%(days)s)"
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            found |= dict(cursor.fetchall())
    return {day: amount for day, amount in found.items() if amount}


def keep(until_on: datetime.date, *, anew: bool = False) -> int:
    """Keep the days before `until_on` that are not kept; return how many. `anew`: all of them, as the week does
    for what was recorded at the very moment when its day was being added up.
    """
    if anew:
        SalesDay.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, {"shop_id": current_shop_id(), "until_on": until_on})
        return cursor.rowcount
