"""The shop as it stood on a past day, for whatever is asked of it: every list, count and picture.

PostgreSQL looks for a name among the temporary relations before all others. Within `as_of` the names that
everything is read by mean what they held on that day: the scores are worked out anew, with the groups as they were
told; customers are those known by then; orders, refunds and dealings end with the day. So a list or a report, by the
ORM or by plain SQL, is of that day without a word of its own about it.

What is kept without a date (name, place, consent, the usual gap of a category) is as it stands today, and so are
the outlooks of single people and the groups by likeness. Tiers have a past of their own.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy

from django.db import transaction

from loyalty.customers.facts import Statement
from loyalty.shops.models import Shop
from loyalty.shops.scope import current_shop

from . import history, services, spans, state, taste
from .models import ScoreRun
from .past import Past, asked_of
from .statements import execute, row, stand_in

# So many are worked out while a page is waited for; of a larger shop every second, third, … customer.
AT_ONCE = 20_000
SCORES, TASTES = "segmentation_customerscore", "segmentation_customertaste"


def run_up_to(day: datetime.date) -> ScoreRun | None:
    """Return the last run as of `day` or before, None where there is none."""
    return ScoreRun.objects.filter(as_of__lte=day).order_by("-as_of", "-pk").first()


def reaches(day: datetime.date) -> bool:
    """Say whether `day` can be laid over the present: whether anything is remembered of it."""
    since = history.kept_since()
    return since is not None and since <= day and run_up_to(day) is not None


def is_whole_on(day: datetime.date) -> bool:
    """Say whether everybody can be worked out as of `day`, and not a part of the shop only."""
    return reaches(day) and step_for(run_up_to(day)) == 1


def step_for(run: ScoreRun) -> int:
    """Return of how many customers one is worked out, of a shop as large as `run` found it, or as it is now."""
    now = ScoreRun.objects.current()
    return max(1, math.ceil(max(run.customers, now.customers if now else 0) / AT_ONCE))


@contextmanager
def as_of(day: datetime.date, *, scores: bool = True, tastes: bool = False) -> Iterator[Past]:
    """Lay `day`, of which history knows, over the present for the block; nothing can be written in it.

    `tastes` are laid where they are asked for: they are dearer than all else together. Without `scores` those stay
    today's, and what is dated is of everybody, however large the shop.
    """
    run = run_up_to(day)
    with transaction.atomic():
        # Whom a view leaves in is found by hashing: with less memory, by looking each up among all of them.
        execute(Statement("SET LOCAL work_mem = '64MB'"))
        past = _lay(current_shop(), day, run, scores, tastes)
        execute(Statement("SET LOCAL transaction_read_only = on"))
        try:
            with asked_of(past):
                yield past
        finally:
            # What was laid goes with the savepoint, and so does the ban on writing.
            transaction.set_rollback(True)


def _lay(shop: Shop, day: datetime.date, run: ScoreRun, scores: bool, tastes: bool) -> Past:
    step = step_for(run) if scores else 1
    run = _lay_scores(shop, day, run, step) if scores else run
    known = f"IN (SELECT customer_id FROM {f'pg_temp.{SCORES}' if scores else f'({_known(day)}) AS known'})"
    _narrow("customers_customer", f"id {known}")
    # Guests stand for nobody, so of a part of the shop there are none.
    theirs = f"customer_id {known}" if step > 1 else f"(customer_id IS NULL OR customer_id {known})"
    night = datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time.min, shop.zone)
    for table, until in (
        ("customers_order", f"placed_on <= DATE '{day}'"),
        ("customers_refund", f"refunded_on <= DATE '{day}'"),
        ("customers_interaction", f"occurred_at < TIMESTAMPTZ '{night.isoformat()}'"),
    ):
        _narrow(table, f"{until} AND {theirs}")
    if tastes:
        _lay_tastes(day)
    return Past(day, step, run, tastes)


def _lay_scores(shop: Shop, day: datetime.date, run: ScoreRun, step: int) -> ScoreRun:
    """Lay the scores; return `run` as one of the day itself would be, which is not to be saved."""
    rules = services.rules_of_shop()
    kept = run.cuts if run.cuts.get("basis") == rules.basis else None
    with services.state_table(shop, day, rules, kept, one_in=step) as cuts:
        told = [spans.word_sql(kind, "held") for kind in spans.PLACES]
        own = (
            "customer_id",
            *state.FACT_COLUMNS,
            *(name for name in state.STATE_COLUMNS if name not in spans.PLACES),
        )
        # Who has no change by then was not known by then.
        select = f"""
SELECT state.customer_id, %(shop_id)s, %(as_of)s, now(), {", ".join([f"state.{name}" for name in own] + told)}
FROM {state.STATE} AS state JOIN ({_known(day)}) AS known ON known.customer_id = state.customer_id"""
        columns = ", ".join(("id", "shop_id", "as_of", "computed_at", *own, *spans.PLACES))
        stand_in(SCORES, Statement(select, {"shop_id": shop.pk, "as_of": day}), columns)
    found = row(
        Statement(f"SELECT count(*) AS people, count(last_order_on) AS buyers, now() AS at FROM {SCORES}")
    )
    then = copy(run)
    then.as_of, then.cuts, then.finished_at = day, cuts, found["at"]
    then.customers, then.buyers = found["people"] * step, found["buyers"] * step
    return then


def _known(day: datetime.date) -> str:
    """Return SELECT of who was known by the end of `day`, and what held of them."""
    held = spans.held_sql("changes", f"DATE '{day}'")
    return f"""SELECT customer_id, held FROM (
    SELECT customer_id, {held} AS held FROM segmentation_scorehistory WHERE shop_id = (SELECT current_shop_id())
) AS history WHERE held IS NOT NULL"""


def _lay_tastes(day: datetime.date) -> None:
    select = f"SELECT found.customer_id AS id, %(shop_id)s, %(as_of)s, {taste.COLUMNS}, found.customer_id"
    found = Statement(f"{select} FROM ({taste.TASTE}) AS found", taste.params_of(day))
    stand_in(TASTES, found, f"id, shop_id, computed_on, {taste.COLUMNS}, customer_id")


def _narrow(table: str, condition: str) -> None:
    """Lay a view of the rows that meet `condition` over a table; its row-level security still holds."""
    execute(Statement(f"CREATE TEMPORARY VIEW {table} AS SELECT * FROM {table} WHERE {condition}"))
