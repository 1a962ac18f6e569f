"""Whom a night concerns: who did something since the last run, lost a day of a window, or changes by time alone.

All others would come out of a whole run as they are; a test holds the two against each other.
"""

from __future__ import annotations

import datetime
import math

from loyalty.customers.facts import Statement, window_start
from loyalty.shops.models import Shop

from . import keeping, value_volume
from .models import ScoreRun
from .rules import Rules
from .statements import execute

# Temporary tables: customers whose facts are to be added up anew, and those to be scored anew.
STALE, DUE = "segmentation_stale", "segmentation_due"

# What is kept is trusted for so long; then everything is added up from the orders again.
WHOLE_EVERY_DAYS = 7

# Marks of a transaction that is still open are not seen, stay, and are for the next run.
_MARKED = """
WITH taken AS (DELETE FROM customers_stalefacts WHERE shop_id = %(shop_id)s RETURNING customer_id)
SELECT DISTINCT customer_id FROM taken"""

# What came into a window or left it since the last run, on a day and not by a change.
_DATED = """
INSERT INTO {stale}
SELECT customer_id FROM {table} WHERE shop_id = %(shop_id)s AND customer_id IS NOT NULL
AND {moment} >= %(from)s AND {moment} < %(until)s"""

_TIMED = f"""
INSERT INTO {DUE} SELECT customer_id FROM segmentation_customerscore
WHERE shop_id = %(shop_id)s AND changes_on <= %(as_of)s"""
_AGED = f"""
INSERT INTO {DUE} SELECT customer_id FROM segmentation_customerscore
WHERE shop_id = %(shop_id)s AND last_order_on BETWEEN %(from)s AND %(until)s"""


def facts_suffice(last: ScoreRun | None, as_of: datetime.date, rules: Rules) -> bool:
    """Say whether what the last run kept can be brought up to `as_of` by adding up some customers only."""
    if last is None or last.as_of > as_of or last.window_days != rules.window_days:
        return False
    whole_on = ScoreRun.objects.filter(is_look_back=False, is_whole=True).latest("pk").as_of
    return (as_of - whole_on).days < WHOLE_EVERY_DAYS


def state_suffices(last: ScoreRun, cuts: dict, version: int) -> bool:
    """Say whether the state of whoever is not concerned still holds: same cuts, same rules."""
    return last.version == version and keeping.bare(last.cuts) == keeping.bare(cuts)


def forget_marks(shop: Shop) -> None:
    """Take away the marks, before everybody is added up."""
    execute(Statement("DELETE FROM customers_stalefacts WHERE shop_id = %(shop_id)s", {"shop_id": shop.pk}))


def lay_stale(shop: Shop, last: ScoreRun, as_of: datetime.date) -> None:
    """Lay into STALE whose facts may have changed since `last`, and take their marks away."""
    keys = {"shop_id": shop.pk}
    execute(Statement(f"CREATE TEMPORARY TABLE {STALE} ON COMMIT DROP AS {_MARKED}", keys))
    day = datetime.timedelta(days=1)
    spans = [(last.as_of + day, as_of + day)]
    if last.window_days is not None:
        spans.append(tuple(window_start(until, last.window_days) for until in (last.as_of, as_of)))
    engaged = [
        spans[0],
        tuple(window_start(until, value_volume.ENGAGEMENT_DAYS) for until in (last.as_of, as_of)),
    ]
    for table, moment, dated in (
        ("customers_order", "placed_on", spans),
        ("customers_refund", "refunded_on", spans),
        ("customers_interaction", "occurred_at", engaged),
    ):
        sql = _DATED.format(stale=STALE, table=table, moment=moment)
        for since, until in dated:
            if moment == "occurred_at":
                since, until = (
                    datetime.datetime.combine(moment_on, datetime.time.min, shop.zone)
                    for moment_on in (since, until)
                )
            execute(Statement(sql, keys | {"from": since, "until": until}))
    execute(Statement(f"ANALYZE {STALE}"))


def lay_due(shop: Shop, last: ScoreRun, as_of: datetime.date) -> None:
    """Lay into DUE who may be in another state as of `as_of`: the stale, and whom time alone moves."""
    keys = {"shop_id": shop.pk, "as_of": as_of}
    execute(Statement(f"CREATE TEMPORARY TABLE {DUE} ON COMMIT DROP AS SELECT customer_id FROM {STALE}"))
    execute(Statement(_TIMED, keys))
    # One of whose order days is no longer of the year that volume looks at. The days are known: nothing is
    # added up for it.
    since, until = (window_start(day, value_volume.VOLUME_DAYS) for day in (last.as_of, as_of))
    left = _DATED.format(stale=DUE, table="customers_order", moment="placed_on")
    execute(Statement(left, keys | {"from": since, "until": until}))
    for cut in last.cuts["recency_days"] or ():
        # Those for whom the days since their last order have passed the cut since the last run.
        days = math.floor(cut)
        passed = {
            "from": last.as_of - datetime.timedelta(days=days),
            "until": as_of - datetime.timedelta(days=days + 1),
        }
        execute(Statement(_AGED, keys | passed))
    execute(Statement(f"ANALYZE {DUE}"))


def clear() -> None:
    """Drop the temporary tables: a transaction may hold several runs."""
    execute(Statement(f"DROP TABLE IF EXISTS {STALE}, {DUE}"))
