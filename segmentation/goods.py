"""What is bought and what follows: figures of every product and category, favourites, pairs, expected demand.

A weekly job of a few set-based statements over temporary tables: the lines of a year are read once, and once
the lines of everybody's first and last day. One group of people is counted when it is asked for.

Refunds name no goods, so each is spread over the lines of its order. Nothing here says why: what people bought
last is no reason for their staying away.
"""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import F, QuerySet, prefetch_related_objects
from django.utils import timezone

from loyalty.customers.models import Product, ProductCategory
from loyalty.shops.scope import current_shop

from . import goods_sql, past
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
MODELS = {"product": Product, "category": ProductCategory}
KINDS = tuple(MODELS)
# A group is counted while its page is waited for: of more people every second, third, … one.
MOST_COUNTED = 20_000
TABLES = {"goods_lines": goods_sql.LINES, "goods_again": goods_sql.AGAIN, "goods_ends": goods_sql.ENDS}


@dataclass(frozen=True)
class Counted:
    """What some people buy, counted among every `one_in`-th of them; the shares are of all of these people."""

    computed_at: datetime.datetime
    away_share: float | None
    again_share: float | None
    one_in: int
    figures: list[GoodsFigure]
    pairs: list[GoodsPair]
    favourites: list[GoodsFavourite]


def renew(as_of: datetime.date) -> int:
    """Count everything about goods of the shop in scope; its scores are as of `as_of`. Return how many figures."""
    has_outlook = CustomerOutlook.objects.exists()
    params = _params(as_of)
    with transaction.atomic(), connection.cursor() as cursor:
        # Right after a load the planner takes every table for tiny, and would look up lines one by one.
        cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")
        for table, sql in TABLES.items():
            cursor.execute(f"CREATE TEMPORARY TABLE {table} ON COMMIT DROP AS {sql}", params)
            cursor.execute(f"ANALYZE {table}")
        for model in (GoodsFigure, GoodsFavourite, GoodsPair):
            model.objects.all().delete()
        cursor.execute(goods_sql.TOTALS, params)
        buyers, orders, amount, away_share, again_share = cursor.fetchone()
        params |= {"away_share": away_share, "one_in": max(1, math.ceil(buyers / PAIR_SAMPLE))}
        written = 0
        for kind in KINDS:
            column = {"column": f"{kind}_id", "other": f"other_{kind}_id", "demand": _demand(has_outlook)}
            cursor.execute(
                f"CREATE TEMPORARY TABLE goods_sales ON COMMIT DROP AS {goods_sql.SALES.format(**column)}"
            )
            cursor.execute("ANALYZE goods_sales")
            cursor.execute((goods_sql.FIGURES_INTO + goods_sql.FIGURES).format(**column), params)
            written += cursor.rowcount
            cursor.execute((goods_sql.FAVOURITES_INTO + goods_sql.FAVOURITES).format(**column), params)
            cursor.execute((goods_sql.PAIRS_INTO + goods_sql.PAIRS).format(**column), params)
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


def of(people: QuerySet, run: GoodsRun, kind: str) -> Counted:
    """Return what `people` buy, by the rules and as of the day of `run`: products or categories. What the segments
    like more than others is counted on a past day only: today's is kept.

    Each statement brings its own tables, so that a replica can answer.
    """
    people = people.order_by()
    turns = max(1, math.ceil(people.count() / MOST_COUNTED))
    # Of a part of a shop's past the numbers stand for the whole, too.
    one_in = turns * past.one_in()
    column = {
        "column": f"{kind}_id",
        "demand": _demand(run.demand_source == GoodsRun.Source.OUTLOOK),
    }
    tables = TABLES | {"goods_sales": goods_sql.SALES.format(**column)}
    own = "WITH " + ", ".join(f"{table} AS MATERIALIZED ({sql})" for table, sql in tables.items())
    keys = people.alias(turn=F("pk") % turns).filter(turn=0).values_list("pk", flat=True)
    params = _params(run.as_of) | {"everybody": False, "people": list(keys), "one_in": 1}
    with connection.cursor() as cursor:
        # Of what a statement brings itself the planner knows no numbers, and would compare each with each.
        cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL jit = off")

        def ask(sql: str) -> list[tuple]:
            cursor.execute(f"{own} {sql}", params)
            return cursor.fetchall()

        ((*_totals, params["away_share"], again_share),) = ask(goods_sql.TOTALS)
        figures = ask(goods_sql.FIGURES.format(**column))
        pairs = ask(f"SELECT * FROM ({goods_sql.PAIRS}) AS found ORDER BY lift DESC, goods_id, other_id")
        liked = ask(f"{goods_sql.FAVOURITES} ORDER BY segment, index DESC, goods_id") if past.laid() else []
        cursor.execute("SET LOCAL enable_nestloop TO DEFAULT; SET LOCAL jit TO DEFAULT")
    found = (
        [_figure(kind, one_in, *row) for row in figures],
        [_pair(kind, one_in, *row) for row in pairs],
        [_favourite(kind, one_in, *row) for row in liked],
    )
    _name(kind, *found)
    return Counted(timezone.now(), params["away_share"], again_share, one_in, *found)


def run_on(day: datetime.date) -> GoodsRun:
    """Return a run that speaks of a past day, which is laid over the present; it is not to be saved."""
    run = past.current_run()
    return GoodsRun(
        as_of=day,
        computed_at=run.finished_at,
        buyers=run.buyers,
        one_in=1,
        demand_source=GoodsRun.Source.RECENT,
    )


def _name(
    kind: str, figures: list[GoodsFigure], pairs: list[GoodsPair], favourites: list[GoodsFavourite]
) -> None:
    """Give the rows their goods, in one query of each model."""
    names = {kind: [*figures, *pairs, *favourites], f"other_{kind}": pairs}
    keys = {getattr(row, f"{name}_id") for name, rows in names.items() for row in rows}
    known = MODELS[kind].objects.in_bulk(keys)
    if kind == "product":
        prefetch_related_objects(list(known.values()), "category")
    for name, rows in names.items():
        for row in rows:
            setattr(row, name, known[getattr(row, f"{name}_id")])


def _figure(kind: str, one_in: int, shop_id: int, goods_id: int, *found: Any) -> GoodsFigure:
    counts, shares = found[: len(goods_sql.COUNTS)], found[len(goods_sql.COUNTS) :]
    scaled = (None if count is None else count * one_in for count in counts)
    return GoodsFigure(
        shop_id=shop_id,
        **{f"{kind}_id": goods_id},
        **dict(zip(goods_sql.COUNTS, scaled, strict=True)),
        **dict(zip(goods_sql.SHARES, shares, strict=True)),
    )


def _pair(kind: str, one_in: int, shop_id: int, goods_id: int, other_id: int, *found: Any) -> GoodsPair:
    named = dict(zip(goods_sql.PAIR, found, strict=True))
    named["buyers"] *= one_in
    return GoodsPair(shop_id=shop_id, **{f"{kind}_id": goods_id, f"other_{kind}_id": other_id}, **named)


def _favourite(kind: str, one_in: int, shop_id: int, goods_id: int, *found: Any) -> GoodsFavourite:
    named = dict(zip(goods_sql.LIKED, found, strict=True))
    named["buyers"] *= one_in
    named["amount"] *= one_in
    return GoodsFavourite(shop_id=shop_id, **{f"{kind}_id": goods_id}, **named)


def _demand(has_outlook: bool) -> str:
    return goods_sql.DEMAND_BY_OUTLOOK if has_outlook else goods_sql.DEMAND_BY_RECENT


def _params(as_of: datetime.date) -> dict[str, Any]:
    """Return the parameters of all statements, for everybody."""
    return {
        "shop_id": current_shop().pk,
        "everybody": True,
        "people": [],
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
