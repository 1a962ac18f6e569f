"""Scores a shop, or one customer: facts → cuts → scores, segment, stage, quadrant."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from loyalty.customers.facts import Statement, in_index_order
from loyalty.customers.models import Customer
from loyalty.shops.models import Shop
from loyalty.shops.scope import current_shop

from . import lifecycle, rfm, state
from .models import Scheme, ScoreRun
from .rules import Rules

# Advisory locks of this room, told apart from other rooms' by their first number ("SEGM").
LOCK = 0x5345474D

# Weeks that a trend goes back, the present one included.
TREND_WEEKS = 12
# Looking back adds up the orders once for each week: in a larger shop the trend rather grows with the nights.
LOOK_BACK_MOST = 20_000


def score_shop(as_of: datetime.date, *, cuts: dict | None = None) -> ScoreRun:
    """Score every customer of the shop in scope as of `as_of`, in one transaction, and return the run.

    `cuts`, those of an earlier run, are used as they are; where None they are taken from the shop as it is
    now. Only rows that differ are written. Two runs of one shop wait for each other; a customer who is scored
    while a run is under way keeps that newer row.
    """
    shop = current_shop()
    rules = rules_of_shop()
    with transaction.atomic():
        # Before the lock: whoever could not share it was scored after this moment.
        started_at = _clock()
        _execute(Statement("SELECT pg_advisory_xact_lock(%(room)s, %(shop)s)", _lock(shop)))
        with state_table(shop, as_of, rules, cuts) as cuts:
            writing = {"shop_id": shop.pk, "started_at": started_at}
            changed = _execute(Statement(state.UPDATE, writing)) + _execute(Statement(state.INSERT, writing))
            return _keep_run(as_of, started_at, rules, cuts, changed=changed)


def score_customer(customer_id: int, as_of: datetime.date) -> None:
    """Score one customer as of `as_of` by the frozen cuts of the last run (the whole shop where there was
    none).
    """
    run = ScoreRun.objects.current()
    if run is None or not run.buyers:
        score_shop(as_of)
        return
    shop = current_shop()
    with transaction.atomic():
        # Shared, so that orders do not wait for each other, and without waiting for a run under way: that run
        # will see this row as newer than itself.
        _execute(Statement("SELECT pg_try_advisory_xact_lock_shared(%(room)s, %(shop)s)", _lock(shop)))
        # Two orders at once: the second waits here and then sees the first.
        list(Customer.objects.select_for_update(no_key=True).filter(pk=customer_id).values_list("pk"))
        rules = rules_of_shop()
        relation = state.relation_sql(shop, as_of, run.window_days, [customer_id])
        found = state.upsert_sql(state.state_sql(f"({relation.sql})", as_of, run.cuts, rules))
        writing = {"shop_id": shop.pk, "started_at": _clock()}
        _execute(Statement(found.sql, relation.params | found.params | writing))


def look_back(as_of: datetime.date, *, refresh: bool = False, most: int | None = LOOK_BACK_MOST) -> int:
    """Count the groups as of the past weeks for which no run exists, and return how many were counted.

    Writes no customer row. With `refresh` the earlier looks back are counted anew, as an import of old orders
    asks. A shop of more than `most` customers is left as it is (None: none is too large).
    """
    if most is not None and Customer.objects.order_by()[: most + 1].count() > most:
        return 0
    shop = current_shop()
    rules = rules_of_shop()
    counted = 0
    with transaction.atomic():
        _execute(Statement("SELECT pg_advisory_xact_lock(%(room)s, %(shop)s)", _lock(shop)))
        if refresh:
            ScoreRun.objects.filter(is_look_back=True).delete()
        for week in range(1, TREND_WEEKS):
            day = as_of - datetime.timedelta(weeks=week)
            if ScoreRun.objects.filter(as_of__gt=day - datetime.timedelta(weeks=1), as_of__lte=day).exists():
                continue
            started_at = _clock()
            with state_table(shop, day, rules) as cuts:
                _keep_run(day, started_at, rules, cuts, is_look_back=True)
            counted += 1
    return counted


def rows_as_of(as_of: datetime.date, columns: str, joins: str = "") -> Iterator[dict]:
    """Yield the state of every customer as of `as_of` as dicts, computed for the purpose: nothing is stored.

    `columns` and `joins` are SQL over `state` (the columns of state.state_sql) and `customer`; their
    parameters are `as_of` and `shop_id`. Rows come in the order of the customers' keys.
    """
    shop = current_shop()
    with transaction.atomic(), state_table(shop, as_of, rules_of_shop()):
        sql = f"""SELECT {columns} FROM {state.STATE} AS state
JOIN customers_customer AS customer ON customer.shop_id = %(shop_id)s AND customer.id = state.customer_id
{joins} ORDER BY state.customer_id"""
        # A cursor on the server's side: a million rows are never all in memory here.
        with connection.chunked_cursor() as cursor:
            cursor.execute(sql, {"shop_id": shop.pk, "as_of": as_of})
            for row in cursor:
                yield dict(zip([column.name for column in cursor.description], row, strict=True))


def rules_of_shop() -> Rules:
    """Return how the shop in scope scores: what its owner chose, or what stands where nobody chose."""
    scheme = Scheme.objects.first()
    return Rules() if scheme is None else Rules(window_days=scheme.window_days)


@contextmanager
def state_table(shop: Shop, as_of: datetime.date, rules: Rules, cuts: dict | None = None) -> Iterator[dict]:
    """Lay the state of every customer into state.STATE for the block, and yield the cuts it was scored by:
    those given, or the shop's own.
    """
    with in_index_order():
        _execute(state.into_table(state.FACTS, state.relation_sql(shop, as_of, rules.window_days)))
    cuts = cuts or _cuts(rules)
    _execute(state.into_table(state.STATE, state.state_sql(state.FACTS, as_of, cuts, rules)))
    _execute(Statement(f"DROP TABLE {state.FACTS}"))
    # Nobody else analyses a temporary table, and without that the writing below would go row by row.
    _execute(Statement(f"ANALYZE {state.STATE} (customer_id)"))
    yield cuts
    _execute(Statement(f"DROP TABLE {state.STATE}"))


def _cuts(rules: Rules) -> dict:
    cuts = _row(Statement(state.CUTS, {"shares": list(rfm.SHARES)})) | _row(Statement(state.SHOP_GAP))
    cuts["value_score"] = None
    cuts["value_score"] = _row(Statement(state.value_median_sql(rules), cuts))["percentile_cont"]
    return cuts


def _keep_run(as_of, started_at, rules: Rules, cuts: dict, **fields) -> ScoreRun:
    sums = _sums()
    customers = sum(count for count, _ in sums["stage"].values())
    return ScoreRun.objects.create(
        as_of=as_of,
        started_at=started_at,
        finished_at=_clock(),
        window_days=rules.window_days,
        customers=customers,
        buyers=customers - sums["stage"].get(lifecycle.STAGES[0], [0, 0])[0],
        cuts=cuts,
        sums=sums,
        **fields,
    )


def _sums() -> dict[str, dict[str, list[int]]]:
    """Return {"segment" | "stage" | "quadrant": {group: [customers, net spend]}} of the state table."""
    sums: dict[str, dict[str, list[int]]] = {"segment": {}, "stage": {}, "quadrant": {}}
    sql = f"""SELECT segment, stage, quadrant, count(*), sum(monetary_amount)::bigint
FROM {state.STATE} GROUP BY segment, stage, quadrant"""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        for *groups, customers, amount in cursor.fetchall():
            for kind, group in zip(sums, groups, strict=True):
                if group:
                    entry = sums[kind].setdefault(group, [0, 0])
                    entry[0] += customers
                    entry[1] += amount
    return sums


def _execute(statement: Statement) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.params or None)
        return cursor.rowcount


def _row(statement: Statement) -> dict:
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.params or None)
        return dict(zip([column.name for column in cursor.description], cursor.fetchone(), strict=True))


def _clock() -> datetime.datetime:
    return _row(Statement("SELECT clock_timestamp() AS now"))["now"]


def _lock(shop: Shop) -> dict:
    return {"room": LOCK, "shop": shop.pk}
