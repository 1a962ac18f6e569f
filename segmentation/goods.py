"""What is bought and what follows: figures of every product and category, favourites, pairs, expected demand.

A weekly job of a few set-based statements over temporary tables: the lines of a year are read once, and once
the lines of everybody's first and last day. Refunds name no goods, so each is spread over the lines of its
order. Nothing here says why: what people bought last is no reason for their staying away.
"""

from __future__ import annotations

import datetime
import math

from django.db import connection, transaction
from django.utils import timezone

from loyalty.shops.scope import current_shop

from . import goods_sql
from .models import CustomerOutlook, GoodsFavourite, GoodsFigure, GoodsPair, GoodsRun, Stage

DAYS = 365
# Within so many days somebody has come again.
AGAIN_DAYS = 180
# Fewer people than this make no share to compare.
ENOUGH_PEOPLE = 20
# Pairs: among the goods with most buyers; together often enough to be no accident; and of so many people.
PAIR_GOODS, PAIR_PEOPLE, PAIR_SUPPORT, PAIR_LIFT, MOST_PAIRS = 200, 10, 0.005, 1.1, 60
PAIR_SAMPLE = 100_000
# Favourites of a segment.
FAVOURITE_PEOPLE, FAVOURITES = 10, 5
AWAY = (Stage.INACTIVE, Stage.LOST)
KINDS = ("product", "category")


def renew(as_of: datetime.date) -> int:
    """Count everything about goods of the shop in scope; its scores are as of `as_of`. Return how many figures."""
    has_outlook = CustomerOutlook.objects.exists()
    params = {
        "shop_id": current_shop().pk,
        "as_of": as_of,
        "from_on": as_of - datetime.timedelta(days=DAYS - 1),
        "recent_on": as_of - datetime.timedelta(days=89),
        "again_days": AGAIN_DAYS,
        "ripe_on": as_of - datetime.timedelta(days=AGAIN_DAYS),
        "away": [str(stage) for stage in AWAY],
        "enough": ENOUGH_PEOPLE,
        "pair_goods": PAIR_GOODS,
        "pair_people": PAIR_PEOPLE,
        "pair_support": PAIR_SUPPORT,
        "pair_lift": PAIR_LIFT,
        "most_pairs": MOST_PAIRS,
        "favourite_people": FAVOURITE_PEOPLE,
        "favourites": FAVOURITES,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        # Right after a load the planner takes every table for tiny, and would look up lines one by one.
        cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")
        for table, sql in (
            ("goods_lines", goods_sql.LINES),
            ("goods_again", goods_sql.AGAIN),
            ("goods_ends", goods_sql.ENDS),
        ):
            cursor.execute(f"CREATE TEMPORARY TABLE {table} ON COMMIT DROP AS {sql}", params)
            cursor.execute(f"ANALYZE {table}")
        for model in (GoodsFigure, GoodsFavourite, GoodsPair):
            model.objects.all().delete()
        cursor.execute(goods_sql.TOTALS, params)
        buyers, orders, amount, away_share, again_share = cursor.fetchone()
        params |= {"buyers": buyers, "again_share": again_share, "away_share": away_share}
        params["one_in"] = max(1, math.ceil(buyers / PAIR_SAMPLE))
        written = 0
        demand = goods_sql.DEMAND_BY_OUTLOOK if has_outlook else goods_sql.DEMAND_BY_RECENT
        for kind in KINDS:
            column = {"column": f"{kind}_id"}
            cursor.execute(goods_sql.SALES.format(**column), params)
            cursor.execute("ANALYZE goods_sales")
            cursor.execute(goods_sql.FIGURES.format(demand=demand.format(**column), **column), params)
            written += cursor.rowcount
            cursor.execute(goods_sql.FAVOURITES.format(**column), params)
            cursor.execute(goods_sql.PAIRS.format(other=f"other_{kind}_id", **column), params)
            cursor.execute("DROP TABLE goods_sales")
        cursor.execute("DROP TABLE goods_lines; DROP TABLE goods_again; DROP TABLE goods_ends")
        cursor.execute(
            "SET LOCAL enable_nestloop TO DEFAULT; SET LOCAL work_mem TO DEFAULT; SET LOCAL jit TO DEFAULT"
        )
        GoodsRun.objects.update_or_create(
            defaults={
                "as_of": as_of,
                "computed_at": timezone.now(),
                "buyers": buyers,
                "orders": orders,
                "amount": amount,
                "away_share": away_share,
                "again_share": again_share,
                "one_in": params["one_in"],
                "demand_source": GoodsRun.Source.OUTLOOK if has_outlook else GoodsRun.Source.RECENT,
            }
        )
    return written
