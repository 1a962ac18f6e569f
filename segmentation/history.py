"""Keeps what every customer was: each change of segment, stage or quadrant, written with the score itself.

History says what was said on a day. A run for an earlier day than the last one changes the scores and leaves
the history alone: the later days have been told, and campaigns and reports rest on what they were told.
"""

from __future__ import annotations

import datetime

from django.db.models import Min

from loyalty.customers.facts import Statement

from . import spans
from .models import ScoreHistory, ScoreRun
from .statements import execute

# Past weeks are gathered here while looking back: one change a customer and week.
WEEKS = "segmentation_weeks"

_LAST = "history.changes[cardinality(history.changes)]"
_BEFORE = "history.changes[cardinality(history.changes) - 1]"
_WITHOUT_LAST = "history.changes[:cardinality(history.changes) - 1]"

_CHANGE = spans.change_sql("%(history_on)s", "segment", "stage", "quadrant")


def kept_sql(written: str) -> str:
    """Return CTEs that keep the changes of `written`, a relation of customer_id, segment, stage and quadrant.

    Parameters: `shop_id` and `history_on`, the day. Who changes again on the day of their last change is what
    they are at the end of it; who changes back within the day has not changed.
    """
    return f"""
told AS (SELECT customer_id, {_CHANGE} AS change FROM {written}),
continued AS (
    UPDATE segmentation_scorehistory AS history SET changes = CASE
        WHEN {_LAST} >> {spans.CODE_BITS} < told.change >> {spans.CODE_BITS} THEN history.changes || told.change
        WHEN {_BEFORE} & {spans.CODE} = told.change & {spans.CODE} THEN {_WITHOUT_LAST}
        ELSE {_WITHOUT_LAST} || told.change END
    FROM told
    WHERE history.shop_id = %(shop_id)s AND history.customer_id = told.customer_id
          AND {_LAST} & {spans.CODE} <> told.change & {spans.CODE}
          AND {_LAST} >> {spans.CODE_BITS} <= told.change >> {spans.CODE_BITS}
),
begun AS (
    INSERT INTO segmentation_scorehistory (shop_id, customer_id, changes)
    SELECT %(shop_id)s, customer_id, ARRAY[change] FROM told
    WHERE NOT EXISTS (SELECT FROM segmentation_scorehistory AS history
                      WHERE history.shop_id = %(shop_id)s AND history.customer_id = told.customer_id)
    ON CONFLICT (shop_id, customer_id) DO NOTHING
)"""


def writing(statement: Statement, history_on: datetime.date | None) -> Statement:
    """Return `statement`, which writes scores as `score`, with their history kept by it; None keeps none.

    The result has one row: how many scores were written.
    """
    if history_on is None:
        sql = f"WITH written AS ({statement.sql} RETURNING 1) SELECT count(*) FROM written"
        return Statement(sql, statement.params)
    columns = "score.customer_id, score.segment, score.stage, score.quadrant"
    sql = f"""WITH written AS ({statement.sql} RETURNING {columns}),{kept_sql("written")}
SELECT count(*) FROM written"""
    return Statement(sql, statement.params | {"history_on": history_on})


def day_to_keep(as_of: datetime.date) -> datetime.date | None:
    """Return `as_of`, or None where a later day has been told already."""
    return None if ScoreRun.objects.filter(is_look_back=False, as_of__gt=as_of).exists() else as_of


def lags_behind() -> bool:
    """Say whether the last run was one for an earlier day, so that the scores are not what history knows."""
    run = ScoreRun.objects.current()
    return run is not None and day_to_keep(run.as_of) is None


def kept_since() -> datetime.date | None:
    """Return the first day of which anything is remembered, None where nothing is."""
    first = ScoreHistory.objects.aggregate(first=Min("changes__0"))["first"]
    return None if first is None else spans.spans([first])[0].from_on


def keep(scored: Statement, day: datetime.date) -> None:
    """Keep what is `scored` of all customers, whether or not a score was written."""
    sql = f"WITH scored AS (SELECT * FROM {scored.sql} AS scored), {kept_sql('scored')} SELECT"
    execute(Statement(sql, scored.params | {"history_on": day}))


def begin_weeks() -> None:
    """Make room for the weeks that are looked back on; `put_weeks` ends it."""
    execute(Statement(f"CREATE TEMPORARY TABLE {WEEKS} (customer_id bigint, change int) ON COMMIT DROP"))


def note_week(relation: str, day: datetime.date) -> None:
    """Note what `relation` says was so on `day`, a week that nobody scored at its time.

    Of prospects nobody knows since when the shop has known them.
    """
    sql = f"INSERT INTO {WEEKS} SELECT customer_id, {_CHANGE} FROM {relation} WHERE segment <> ''"
    execute(Statement(sql, {"history_on": day}))


_TOLD_FROM = f"((%(told_from)s::date - DATE '{spans.FIRST_DAY}') << {spans.CODE_BITS})"
_HELD = spans.held_sql("changes", "%(told_from)s::date")

# What held on the day of the first run is told from that day on, though it may have begun in a week before.
_PUT = f"""
WITH told AS (
    SELECT customer_id, change FROM {WEEKS}
    UNION
    SELECT customer_id, change FROM segmentation_scorehistory, unnest(changes) AS change
    WHERE shop_id = %(shop_id)s AND change >= {_TOLD_FROM}
    UNION
    SELECT customer_id, {_TOLD_FROM} | ({_HELD} & {spans.CODE}) FROM segmentation_scorehistory
    WHERE shop_id = %(shop_id)s AND {_HELD} IS NOT NULL
),
changed AS (
    SELECT customer_id, change,
           lag(change) OVER (PARTITION BY customer_id ORDER BY change) & {spans.CODE} AS before
    FROM told
)
INSERT INTO segmentation_scorehistory AS history (shop_id, customer_id, changes)
SELECT %(shop_id)s, customer_id, array_agg(change ORDER BY change) FROM changed
WHERE before IS DISTINCT FROM change & {spans.CODE} GROUP BY customer_id
ON CONFLICT (shop_id, customer_id) DO UPDATE SET changes = excluded.changes
WHERE history.changes <> excluded.changes"""


def put_weeks(shop_id: int, told_from: datetime.date) -> None:
    """Put the noted weeks in the place of all that history says of the days before `told_from`."""
    execute(Statement(_PUT, {"shop_id": shop_id, "told_from": told_from}))
    execute(Statement(f"DROP TABLE {WEEKS}"))
