"""Scores a shop, or one customer: facts → cuts → scores, segment, stage, quadrant."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace

from django.db import connection, transaction
from django.db.models import Max

from loyalty.customers.facts import Statement, in_index_order, stretches
from loyalty.customers.models import Customer
from loyalty.shops.models import Shop
from loyalty.shops.scope import current_shop

from . import history, keeping, lifecycle, one, renewal, state, taste
from .counting import Counted
from .models import CustomerTaste, CutsReason, Scheme, SchemeVersion, ScoreRun
from .rules import Rules
from .statements import execute as _execute
from .statements import row as _row
from .statements import stand_in

# Advisory locks of this room, told apart from other rooms' by their first number ("SEGM").
LOCK = 0x5345474D

# Weeks that a trend goes back, the present one included.
TREND_WEEKS = 12
# Weeks that are looked back on, the present one included.
HISTORY_WEEKS = 52
# Looking back adds up the orders once for each week: in a larger shop the trend rather grows with the nights.
LOOK_BACK_MOST = 20_000


def score_shop(
    as_of: datetime.date,
    *,
    cuts: dict | None = None,
    wish: CutsReason | None = None,
    is_whole: bool = False,
) -> ScoreRun:
    """Score the customers of the shop in scope as of `as_of`, in one transaction, and return the run.

    `cuts`, those of an earlier run, are used as they are; where None the kept ones are, or fresh ones where
    `keeping` has a reason for them or `wish` gives one. What CustomerScore keeps is brought up to the day by
    adding up those whom something happened to since the last run; with `is_whole`, and once a week, all
    orders are added up anew. Only rows that differ are written. Two runs of one shop wait for each other; a
    customer who is scored while a run is under way keeps that newer row.
    """
    shop = current_shop()
    with transaction.atomic():
        # Before the lock: whoever could not share it was scored after this moment.
        started_at = _clock()
        _execute(Statement("SELECT pg_advisory_xact_lock(%(room)s, %(shop)s)", _lock(shop)))
        rules, last = rules_of_shop(), ScoreRun.objects.current()
        run = renewal.Renewal(shop, as_of, rules, started_at, last, is_whole)
        taking = keeping.Taking(shop, as_of, rules, last, SchemeVersion.objects.applied().first(), wish)
        if last is None:
            with state_table(shop, as_of, rules, cuts or taking.cuts) as found:
                run.begin()
        else:
            run.renew_facts()
            kept = state.all_kept(shop, as_of)
            found = run.renew_state(cuts or taking.cuts(kept, run.counts, run.write_fresh), scheme_number())
        counted = Counted(state.all_scored(shop, as_of), started_at)
        if counted.newer and run.has_scored_all:
            run.mark_newer()
        fields = taking.fields(counted, found, cuts) | {"is_whole": run.is_whole, "changed": counted.changed}
        made = _keep_run(as_of, started_at, rules, found, counted, **fields)
    keeping.tell(made)
    return made


def score_customer(customer_id: int, as_of: datetime.date) -> bool:
    """Score one customer as of `as_of` by the frozen cuts of the last run (the whole shop where there was
    none). Return False where a run under way holds the customer's row: it waits for nobody, and the mark that
    every change leaves brings the next run to this customer.
    """
    # No savepoint: an order whose scoring fails is not recorded either.
    with transaction.atomic(savepoint=False):
        done = one.score(LOCK, current_shop(), customer_id, as_of)
        if done is None:
            score_shop(as_of)
    return done is not False


def look_back(
    as_of: datetime.date,
    *,
    refresh: bool = False,
    most: int | None = LOOK_BACK_MOST,
    told_from: datetime.date | None = None,
) -> int:
    """Count the groups as of the weeks of the past year for which no run exists, and keep who was what in
    them; return how many weeks were counted.

    A past day is scored by the cuts of that day, as a run would have done then: by today's, a shop that has
    grown would seem to have had nobody in its better groups. Writes no score. History of the days from
    `told_from` on (of the first run, where None) stays as it was told. With `refresh` the earlier looks back
    are made anew, as an import of old orders asks. A shop of more than `most` customers is left as it is
    (None: none is too large).
    """
    if most is not None and Customer.objects.order_by()[: most + 1].count() > most:
        return 0
    shop = current_shop()
    rules = rules_of_shop()
    counted = 0
    with transaction.atomic():
        _execute(Statement("SELECT pg_advisory_xact_lock(%(room)s, %(shop)s)", _lock(shop)))
        runs = ScoreRun.objects.filter(is_look_back=False)
        told_from = told_from or runs.order_by("as_of").values_list("as_of", flat=True).first() or as_of
        if refresh:
            ScoreRun.objects.filter(is_look_back=True).delete()
        is_anew = not ScoreRun.objects.filter(is_look_back=True).exists()
        if is_anew:
            history.begin_weeks()
        for week in range(HISTORY_WEEKS - 1, 0, -1):
            day = as_of - datetime.timedelta(weeks=week)
            week_before = day - datetime.timedelta(weeks=1)
            is_told = ScoreRun.objects.filter(as_of__gt=week_before, as_of__lte=day).exists()
            is_kept = is_anew and day < told_from
            if is_told and not is_kept:
                continue
            started_at = _clock()
            with state_table(shop, day, rules) as cuts:
                if not is_told:
                    _keep_run(day, started_at, rules, cuts, Counted(state.ALL_STATE), is_look_back=True)
                    counted += 1
                if is_kept:
                    history.note_week(state.STATE, day)
        if is_anew:
            history.put_weeks(shop.pk, told_from)
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
    return Rules() if scheme is None else scheme.rules


@contextmanager
def state_table(
    shop: Shop,
    as_of: datetime.date,
    rules: Rules,
    cuts: dict | Callable[[], dict] | None = None,
    one_in: int = 1,
) -> Iterator[dict]:
    """Lay the state of every customer (every second, third, … one by `one_in`) into state.STATE for the block,
    and yield the cuts it was scored by: those given (or found by calling, once the facts are there), or the
    shop's own.
    """
    if one_in > 1:
        # Of a part of a shop nobody's quadrant is told: not worth the units of everybody.
        rules = replace(rules, units_weight=0)
    with in_index_order():
        who = {"stretches": stretches(shop)} if one_in == 1 else state.sample(one_in)
        relation = state.relation_sql(shop, as_of, rules.window_days, **who)
        _execute(state.into_table(state.FACTS, relation))
    with _units_of_then(as_of) if rules.units_weight else nullcontext():
        cuts = cuts() if callable(cuts) else cuts or keeping.fresh_cuts(rules)
        _execute(state.into_table(state.STATE, state.state_sql(state.FACTS, as_of, cuts, rules)))
    _execute(Statement(f"DROP TABLE {state.FACTS}"))
    # Nobody else analyses a temporary table, and without that the writing below would go row by row.
    _execute(Statement(f"ANALYZE {state.STATE} (customer_id)"))
    yield cuts
    _execute(Statement(f"DROP TABLE {state.STATE}"))


@contextmanager
def _units_of_then(as_of: datetime.date) -> Iterator[None]:
    """For a day before the units that are kept, lay those of that day over them."""
    kept_on = CustomerTaste.objects.aggregate(on=Max("computed_on"))["on"]
    if kept_on is None or as_of >= kept_on:
        yield
        return
    select = (
        f"SELECT customer_id, %(shop_id)s, %(as_of)s, 0, units, customer_id FROM ({taste.UNITS}) AS found"
    )
    table = CustomerTaste._meta.db_table
    columns = "id, shop_id, computed_on, orders, units, customer_id"
    stand_in(table, Statement(select, taste.params_of(as_of)), columns)
    yield
    _execute(Statement(f"DROP TABLE pg_temp.{table}"))


def scheme_number() -> int:
    """Return the number of the rules in force, 0 before the owner chose anything."""
    return Scheme.objects.values_list("number", flat=True).first() or 0


def _keep_run(as_of, started_at, rules: Rules, cuts: dict, counted: Counted, **fields) -> ScoreRun:
    sums = counted.sums
    customers = sum(count for count, _ in sums["stage"].values())
    return ScoreRun.objects.create(
        as_of=as_of,
        started_at=started_at,
        window_days=rules.window_days,
        version=scheme_number(),
        customers=customers,
        buyers=customers - sums["stage"].get(lifecycle.STAGES[0], [0, 0])[0],
        cuts=cuts,
        sums=sums,
        pictures=counted.pictures,
        finished_at=_clock(),
        **fields,
    )


def _clock() -> datetime.datetime:
    return _row(Statement("SELECT clock_timestamp() AS now"))["now"]


def _lock(shop: Shop) -> dict:
    return {"room": LOCK, "shop": shop.pk}
