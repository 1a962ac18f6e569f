"""What each customer buys most often, on which weekday and how much: one statement a week for the whole shop."""

from __future__ import annotations

import datetime
from typing import Any

from django.db import connection, transaction

from loyalty.shops.scope import current_shop

# Two years see a yearly habit twice; older favourites say little about today's.
WINDOW_DAYS = 730
# A usual weekday: among at least so many order days of the last year, at least this share fell on it.
WEEKDAY_DAYS, WEEKDAY_SHARE, YEAR_DAYS = 3, 0.4, 365

# Each order with each known product, and its category.
_BASKET = """
SELECT sale.customer_id, sale.id AS order_id, sale.placed_on, line.product_id, product.category_id
FROM customers_order AS sale
JOIN customers_orderline AS line ON line.shop_id = sale.shop_id AND line.order_id = sale.id
JOIN customers_product AS product ON product.shop_id = line.shop_id AND product.id = line.product_id
WHERE sale.shop_id = %(shop_id)s AND line.shop_id = %(shop_id)s AND product.shop_id = %(shop_id)s
      AND sale.is_paid AND sale.customer_id IS NOT NULL
      AND sale.placed_on BETWEEN %(from_on)s AND %(as_of)s"""


def _favourite(column: str) -> str:
    """Return for each customer the value of `column` in most orders; of equals the latest, then the oldest key."""
    return f"""
SELECT DISTINCT ON (customer_id) customer_id, {column}, orders
FROM (SELECT customer_id, {column}, count(DISTINCT order_id) AS orders, max(placed_on) AS last_on
      FROM basket WHERE {column} IS NOT NULL GROUP BY customer_id, {column}) AS counted
ORDER BY customer_id, orders DESC, last_on DESC, {column}"""


_USUAL_WEEKDAY = """
SELECT DISTINCT ON (customer_id) customer_id, weekday
FROM (SELECT customer_id, extract(isodow FROM placed_on)::smallint AS weekday, count(*) AS days,
             sum(count(*)) OVER (PARTITION BY customer_id) AS all_days
      FROM (SELECT DISTINCT customer_id, placed_on FROM customers_order
            WHERE shop_id = %(shop_id)s AND is_paid AND customer_id IS NOT NULL
                  AND placed_on BETWEEN %(year_from)s AND %(as_of)s) AS visit
      GROUP BY customer_id, weekday) AS counted
WHERE all_days >= %(weekday_days)s AND days >= %(weekday_share)s * all_days
ORDER BY customer_id, days DESC, weekday"""

# Of all lines of a year, those without a product as well.
UNITS = """
SELECT sale.customer_id, sum(line.quantity)::float8 AS units
FROM customers_order AS sale
JOIN customers_orderline AS line ON line.shop_id = sale.shop_id AND line.order_id = sale.id
WHERE sale.shop_id = %(shop_id)s AND line.shop_id = %(shop_id)s AND sale.is_paid AND sale.customer_id IS NOT NULL
      AND sale.placed_on BETWEEN %(year_from)s AND %(as_of)s
GROUP BY sale.customer_id"""

TASTE = f"""
WITH basket AS MATERIALIZED ({_BASKET}),
product AS ({_favourite("product_id")}),
category AS ({_favourite("category_id")}),
total AS (SELECT customer_id, count(DISTINCT order_id) AS orders FROM basket GROUP BY customer_id),
weekday AS ({_USUAL_WEEKDAY}),
units AS ({UNITS})
SELECT coalesce(total.customer_id, weekday.customer_id, units.customer_id) AS customer_id, product_id, category_id,
       coalesce(category.orders, product.orders, 0)::int AS orders,
       coalesce(category.orders, product.orders) / total.orders::float8 AS share, weekday, units.units
FROM total JOIN product USING (customer_id) LEFT JOIN category USING (customer_id)
FULL JOIN weekday ON weekday.customer_id = total.customer_id
FULL JOIN units ON units.customer_id = coalesce(total.customer_id, weekday.customer_id)"""

COLUMNS = "product_id, category_id, orders, share, weekday, units"
_WRITE = f"""
INSERT INTO segmentation_customertaste AS taste (shop_id, customer_id, computed_on, {COLUMNS})
SELECT %(shop_id)s, customer_id, %(as_of)s, {COLUMNS} FROM segmentation_tastes
ON CONFLICT (shop_id, customer_id) DO UPDATE SET computed_on = EXCLUDED.computed_on,
    {", ".join(f"{name} = EXCLUDED.{name}" for name in COLUMNS.split(", "))}
WHERE ({", ".join(f"taste.{name}" for name in COLUMNS.split(", "))})
      IS DISTINCT FROM ({", ".join(f"EXCLUDED.{name}" for name in COLUMNS.split(", "))})"""
_FORGET = """
DELETE FROM segmentation_customertaste AS taste WHERE taste.shop_id = %(shop_id)s
    AND NOT EXISTS (SELECT FROM segmentation_tastes AS new WHERE new.customer_id = taste.customer_id)"""


def renew(as_of: datetime.date) -> int:
    """Write the taste of every customer of the shop in scope as of `as_of`; return how many have one.

    Rows that still hold are left alone.
    """
    params = params_of(as_of)
    with transaction.atomic(), connection.cursor() as cursor:
        # Right after a load the planner takes every table for tiny, and would look up lines one by one.
        cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")
        cursor.execute(f"CREATE TEMPORARY TABLE segmentation_tastes ON COMMIT DROP AS {TASTE}", params)
        found = cursor.rowcount
        cursor.execute("ANALYZE segmentation_tastes (customer_id)")
        cursor.execute(_WRITE, params)
        cursor.execute(_FORGET, params)
        cursor.execute("DROP TABLE segmentation_tastes")
        cursor.execute(
            "SET LOCAL enable_nestloop TO DEFAULT; SET LOCAL work_mem TO DEFAULT; SET LOCAL jit TO DEFAULT"
        )
    return found


def params_of(as_of: datetime.date) -> dict[str, Any]:
    """Return the parameters of TASTE."""
    return {
        "shop_id": current_shop().pk,
        "as_of": as_of,
        "from_on": as_of - datetime.timedelta(days=WINDOW_DAYS - 1),
        "year_from": as_of - datetime.timedelta(days=YEAR_DAYS - 1),
        "weekday_days": WEEKDAY_DAYS,
        "weekday_share": WEEKDAY_SHARE,
    }
