"""How often those come who mostly buy one category: coffee is bought sooner again than a coffee machine."""

from __future__ import annotations

import datetime
from itertools import groupby
from operator import itemgetter

from django.db import connection

from loyalty.shops.scope import current_shop_id

from . import lifecycle

# Changes of so many people are marked for the next night; of more, the next whole run will see them by itself.
MOST_MARKED = 20_000

_GAPS = """
SELECT category_id, gap, count(*) FROM (
    SELECT taste.category_id, unnest(days[2:]) - unnest(days[:cardinality(days) - 1]) AS gap
    FROM segmentation_customertaste AS taste
    JOIN segmentation_customerscore AS score
      ON score.shop_id = taste.shop_id AND score.customer_id = taste.customer_id
    WHERE taste.shop_id = %(shop_id)s AND taste.category_id IS NOT NULL AND cardinality(days) > 1
) AS gaps GROUP BY category_id, gap ORDER BY category_id, gap"""

_WRITE = """
WITH usual AS (
    SELECT taste.customer_id, found.gap_days FROM segmentation_customertaste AS taste
    JOIN unnest(%(categories)s::bigint[], %(gaps)s::float8[]) AS found(category_id, gap_days)
      ON found.category_id = taste.category_id
    WHERE taste.shop_id = %(shop_id)s),
changed AS (
    UPDATE segmentation_customerscore AS score SET category_gap_days = new.gap_days
    FROM (SELECT old.customer_id, usual.gap_days FROM segmentation_customerscore AS old
          LEFT JOIN usual USING (customer_id) WHERE old.shop_id = %(shop_id)s) AS new
    WHERE score.shop_id = %(shop_id)s AND score.customer_id = new.customer_id
          AND score.category_gap_days IS DISTINCT FROM new.gap_days
    RETURNING score.customer_id)
INSERT INTO customers_stalefacts (shop_id, customer_id)
SELECT %(shop_id)s, customer_id FROM changed WHERE (SELECT count(*) FROM changed) <= %(most)s"""


def gaps() -> dict[int, float]:
    """Return {category: median gap in days} of the categories with enough repeat gaps of those who mostly buy
    them; the rule of "enough" is `lifecycle.pooled_gap`'s."""
    with connection.cursor() as cursor:
        cursor.execute(_GAPS, {"shop_id": current_shop_id()})
        counted = groupby(cursor.fetchall(), key=itemgetter(0))
        found = {key: lifecycle.pooled_gap([row[1:] for row in rows]) for key, rows in counted}
    return {category: gap for category, gap in found.items() if gap is not None}


def renew(as_of: datetime.date) -> int:
    """Keep with each customer of the shop in scope the median gap of their main category, by the tastes and the
    scores as of `as_of`; return how many categories have one. The next run scores by it.
    """
    found = gaps()
    params = {"categories": list(found), "gaps": list(found.values()), "most": MOST_MARKED}
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, params | {"shop_id": current_shop_id()})
    return len(found)
