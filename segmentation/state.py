"""From facts to state in SQL: scores, segment, stage and quadrant, generated from the pure rules.

`relation_sql` adds up the facts of customers from their orders; `kept_sql` takes them as CustomerScore keeps
them. `state_sql` scores either by given cuts, for one customer, for those a night concerns, or for a whole
shop.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from loyalty.customers.facts import (
    FACTS_SUMMED,
    FENCE,
    Statement,
    day_params,
    engagement_params,
    engagement_sql,
    facts_of_sql,
    facts_sql,
)
from loyalty.shops.models import Shop

from . import cutting, lifecycle, rfm, value_volume, volume
from .rules import Rules

# Temporary tables: the facts of every customer and what follows from them, as of a day.
FACTS, STATE = "segmentation_facts", "segmentation_state"
ALL_FACTS, ALL_STATE = Statement(FACTS), Statement(STATE)

# Columns of CustomerScore that say what happened. None of them changes by the mere passing of a night: days
# since the last order, which would, follow from `last_order_on`.
FACT_COLUMNS = (
    "first_order_on",
    "last_order_on",
    "frequency",
    "order_days",
    "monetary_amount",
    "profit_amount",
    "gross_amount",
    "discount_amount",
    "lifetime_orders",
    "lifetime_order_days",
    "lifetime_amount",
    "margin_share",
    "full_price_share",
    "refunded_amount",
    "engagements",
    "advocacies",
    "complaints",
    "own_gap_days",
    "gap_spread",
    "days",
)
# And those that say what we make of it.
STATE_COLUMNS = (
    "expected_gap_days",
    "expected_on",
    "gap_source",
    "returned_on",
    "r_score",
    "f_score",
    "m_score",
    "segment",
    "stage",
    "value_score",
    "quadrant",
    "changes_on",
)
COLUMNS = ("customer_id", *FACT_COLUMNS, *STATE_COLUMNS)


def value_score_sql(rules: Rules) -> str:
    """Return SQL for the value score over `facts` and `cuts`."""
    return value_volume.value_score_sql("facts", "cuts", rules.value_weights)


WAS_RHYTHM = ("was_own_gap_days", "was_gap_spread")
# Whose facts are to be added up, with what is kept of them so far as `was_…`.
WAS_FACTS = (*(f"was_{column}" for column in FACT_COLUMNS), "computed_at")
_WAS = ", ".join(
    [
        "kept.computed_at",
        "kept.category_gap_days",
        *(f"kept.{column} AS was_{column}" for column in FACT_COLUMNS),
    ]
)
EVERYBODY = f"""(
    SELECT customer.id AS customer_id, {_WAS} FROM customers_customer AS customer
    LEFT JOIN segmentation_customerscore AS kept
           ON kept.shop_id = %(shop_id)s AND kept.customer_id = customer.id
    WHERE customer.shop_id = %(shop_id)s)"""
ONE = EVERYBODY.replace("%(shop_id)s)", "%(shop_id)s AND customer.id = %(customer_id)s)")


def sample(one_in: int) -> dict[str, str]:
    """Return what `relation_sql` is told to add up every `one_in`-th customer by themselves."""
    turn = f"AND mod({{}}, {one_in}) = 0"
    return {
        "who": EVERYBODY.replace("%(shop_id)s)", f"%(shop_id)s {turn.format('customer.id')})"),
        "among": turn.format("customer_id"),
    }


def whom_we_know(some: str = "") -> str:
    """Return everybody who has a score (`some`: a condition on `kept`), to be added up anew."""
    return f"""(SELECT kept.customer_id, {_WAS} FROM segmentation_customerscore AS kept
    WHERE kept.shop_id = %(shop_id)s {some})"""


def relation_sql(
    shop: Shop,
    as_of: datetime.date,
    window_days: int | None,
    who: str = EVERYBODY,
    among: str = "",
    also: tuple[str, ...] = (),
    stretches: Sequence[str] = ("",),
    only: str = "",
) -> Statement:
    """Return the facts, dealings and rhythm of each customer of `who`, prospects too, and `also` its columns;
    `only`, a condition over all but the rhythm, leaves the others out.

    `among`, a condition on customer_id, names those of `who`, who are then added up one by one; without it
    all orders are read in one sweep, or in one for each of `stretches` (see customers.facts). The middle of
    somebody's gaps is the dearest of all: it is worked out only where the days are not those it is known of, and
    outside of the stretches, since the processes that share them out could not do it.
    """
    added = [_added_up(shop, as_of, window_days, who, among, also, stretch) for stretch in stretches]
    sql = f"""
SELECT {_MEASURED.format(facts="fact")}, fact.*,
       CASE WHEN is_known THEN was_own_gap_days ELSE rhythm[1] END AS own_gap_days,
       CASE WHEN is_known THEN was_gap_spread ELSE rhythm[2] END AS gap_spread
FROM (
    SELECT fact.*,
           CASE WHEN NOT is_known AND cardinality(days) > 1
                THEN (SELECT ARRAY[own_gap_days, gap_spread] FROM ({lifecycle.rhythm_sql("days")}) AS found)
           END AS rhythm
    FROM ({" UNION ALL ".join(statement.sql for statement in added)}) AS fact {only and f"WHERE {only}"}
    {FENCE}
) AS fact"""
    return Statement(sql, added[0].params)


def _added_up(
    shop: Shop,
    as_of: datetime.date,
    window_days: int | None,
    who: str,
    among: str,
    also: tuple[str, ...],
    stretch: str,
) -> Statement:
    """Return `relation_sql` without what follows from the sums, of those of one stretch."""
    if among:
        facts = facts_of_sql(shop, as_of, window_days, who, among)
    else:
        facts = facts_sql(shop, as_of, window_days, among=stretch)
        some = f"(SELECT * FROM {who} AS everybody WHERE true {stretch})" if stretch else who
        joined = f"FROM {some} AS who LEFT JOIN ({facts.sql}) AS fact ON fact.customer_id = who.customer_id"
        facts = Statement(f"SELECT who.*, {', '.join(FACTS_SUMMED)} {joined}", facts.params)
    engagement = engagement_sql(shop, as_of, value_volume.ENGAGEMENT_DAYS, among or stretch)
    sql = f"""
    SELECT fact.customer_id, {"".join(f"fact.{column}, " for column in dict.fromkeys((*also, *WAS_RHYTHM)))}
           category_gap_days, first_order_on, last_order_on, days, is_known,
           coalesce(lifetime_orders, 0) AS lifetime_orders,
           coalesce(cardinality(days), 0) AS lifetime_order_days,
           coalesce(lifetime_amount, 0) AS lifetime_amount, coalesce(frequency, 0) AS frequency,
           coalesce(order_days, 0) AS order_days, coalesce(monetary_amount, 0) AS monetary_amount, profit_amount,
           coalesce(gross_amount, 0) AS gross_amount, coalesce(discount_amount, 0) AS discount_amount,
           coalesce(refunded_amount, 0) AS refunded_amount,
           CASE WHEN costed_amount > 0 THEN profit_amount::float8 / costed_amount END AS margin_share,
           full_price_orders::float8 / nullif(frequency, 0) AS full_price_share,
           coalesce(engagements, 0) AS engagements, coalesce(advocacies, 0) AS advocacies,
           coalesce(complaints, 0) AS complaints
    FROM (SELECT *, days IS NOT DISTINCT FROM was_days AS is_known FROM ({facts.sql}) AS fact) AS fact
    LEFT JOIN ({engagement.sql}) AS engagement ON engagement.customer_id = fact.customer_id"""
    return Statement(sql, facts.params | engagement.params)


def params_of_one(shop: Shop, as_of: datetime.date, window_days: int | None) -> dict:
    """Return the parameters of `relation_sql` without its text, which is kept."""
    engagement = engagement_params(shop, as_of, value_volume.ENGAGEMENT_DAYS)
    return day_params(shop, as_of, window_days) | engagement


# Facts of a night that have changed and are not written yet: each row is written once, with what follows from them.
FRESH = "segmentation_fresh"
_WITH_FRESH = f"""(
    SELECT kept.shop_id, kept.customer_id, kept.computed_at, kept.category_gap_days,
           {
    ", ".join(
        f"CASE WHEN fresh.customer_id IS NULL THEN kept.{name} ELSE fresh.{name} END AS {name}"
        for name in FACT_COLUMNS
    )
},
           {", ".join(f"kept.{name}" for name in STATE_COLUMNS)}
    FROM segmentation_customerscore AS kept LEFT JOIN {
    FRESH
} AS fresh ON fresh.customer_id = kept.customer_id)"""


def kept_sql(some: str = "", has_fresh: bool = False) -> str:
    """Return the relation of what CustomerScore keeps of the shop (`some`: a condition on `score`), in the
    shape of `relation_sql`, with its state so far as `was_…`; with `has_fresh`, by the facts of FRESH where it
    has any. Parameters: shop_id, as_of.
    """
    return f"""(
SELECT score.customer_id, {_MEASURED.format(facts="score")}, {", ".join(f"score.{name}" for name in FACT_COLUMNS)},
       score.computed_at, score.category_gap_days,
       {", ".join(f"score.{name} AS was_{name}" for name in STATE_COLUMNS)}
FROM {_WITH_FRESH if has_fresh else "segmentation_customerscore"} AS score
WHERE score.shop_id = %(shop_id)s {some})"""


def all_kept(shop: Shop, as_of: datetime.date) -> Statement:
    """Return the facts of the whole shop as CustomerScore keeps them, to take cuts from."""
    return Statement(kept_sql(), {"shop_id": shop.pk, "as_of": as_of})


def all_scored(shop: Shop, as_of: datetime.date) -> Statement:
    """Return the state of the whole shop as CustomerScore keeps it, to count groups in."""
    sql = """(SELECT *, %(as_of)s - last_order_on AS recency_days FROM segmentation_customerscore
WHERE shop_id = %(shop_id)s)"""
    return Statement(sql, {"shop_id": shop.pk, "as_of": as_of})


# What follows from the facts and the day.
_MEASURED = f"""%(as_of)s - {{facts}}.last_order_on AS recency_days,
       {{facts}}.last_order_on - {{facts}}.first_order_on AS tenure_days,
       {value_volume.year_days_sql("{facts}.days", "%(as_of)s")} AS year_days,
       {
    value_volume.service_load_sql(
        *(
            f"{{facts}}.{name}"
            for name in ("discount_amount", "refunded_amount", "gross_amount", "complaints", "frequency")
        )
    )
} AS service_load"""


def into_table(name: str, found: Statement) -> Statement:
    """Return the statement that keeps what `found` selects as a temporary table, which goes with its
    transaction.
    """
    return Statement(f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS {found.sql}", found.params)


def _fifths(*columns: str) -> dict[str, str]:
    return {
        column: f"percentile_cont(%(shares)s::float8[]) WITHIN GROUP (ORDER BY {column})"
        " FILTER (WHERE last_order_on IS NOT NULL)"
        for column in columns
    }


# What is counted anew with every run, also beside cuts that are kept.
COUNTED = {
    "customers": "count(*)",
    "buyers": "count(last_order_on)",
    "repeaters": "count(*) FILTER (WHERE lifetime_order_days > 1)",
    "repeat_gaps": "coalesce(sum(lifetime_order_days - 1) FILTER (WHERE lifetime_order_days > 1), 0)",
}
# These read a relation of facts that is put in by format(facts=…).
# The shop as a whole: how many, the cuts of every score, and how often its middle customer comes. Two rows, each with
# NULL for what the other says, so that two processes can share the sorting.
_CUT_BY = (
    COUNTED
    | _fifths(*cutting.MEASURES)
    | {
        "year_days": "percentile_cont(0.5) WITHIN GROUP (ORDER BY year_days)"
        " FILTER (WHERE last_order_on IS NOT NULL)"
    },
    _fifths(*value_volume.MEASURES)
    | {flag: f"coalesce(bool_or({dealt} > 0), false)" for flag, dealt in value_volume.FLAGS.items()},
)
CUTS = " UNION ALL ".join(
    f"""SELECT {
        ", ".join(
            f"{sql if part is mine else 'NULL'} AS {name}" for part in _CUT_BY for name, sql in part.items()
        )
    } FROM {{facts}} AS facts"""
    for mine in _CUT_BY
)

# How often each repeat gap occurs, all customers pooled: a sort of them all would take three times as long, and
# where the middle one is guessed, to look on which side of it they are is sooner done than to count each.
# Both walk in step: the last day has none after it.
_GAPS = """FROM (SELECT unnest(days[2:]) - unnest(days) AS gap
      FROM {facts} AS facts WHERE lifetime_order_days > 1) AS gaps"""
GAPS = f"SELECT gap, count(*) {_GAPS} WHERE gap IS NOT NULL GROUP BY gap ORDER BY gap"
GAPS_ABOUT = f"""SELECT count(*) FILTER (WHERE gap < %(guess)s) AS below,
       count(*) FILTER (WHERE gap = %(guess)s) AS equal {_GAPS}"""

# The frozen cuts as a one-row relation of typed columns.
_CUTS_ROW = "SELECT " + ", ".join(
    [f"%({name})s::float8[] AS {name}" for name in (*cutting.MEASURES, *value_volume.MEASURES)]
    + [f"%({name})s::boolean AS {name}" for name in value_volume.FLAGS]
    + [f"%({name})s::float8 AS {name}" for name in ("year_days", "gap_days", "value_score")]
)

# Not WITH: as constants of a plain subquery the planner works them into every comparison, in a third of the time.
_CUTS = f"({_CUTS_ROW}) AS cuts"

# The basket in the middle, which only a small shop is asked for: a sort of all buyers is dear.
BASKET = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY monetary_amount::float8 / frequency) AS basket_amount
FROM {facts} AS facts WHERE frequency > 0"""


def value_counts_sql(rules: Rules) -> str:
    """Return the statement that reads how often each value score occurs among facts, in no order; the other cuts
    are parameters.
    """
    return f"""
SELECT value, count(*) FROM (
    SELECT {value_score_sql(rules)} AS value FROM {{facts}} AS facts, {_CUTS}
    WHERE facts.last_order_on IS NOT NULL {FENCE}
) AS scored GROUP BY value"""


def state_sql(
    relation: str, as_of: datetime.date, cuts: dict, rules: Rules, also: tuple[str, ...] = ()
) -> Statement:
    """Return the state of every row of `relation` (a table, or a subquery in brackets) by `cuts` and `rules`.

    The columns are COLUMNS, `as_of`, `recency_days`, and those of the relation named in `also`.
    """
    gap = lifecycle.expected_gap_sql(
        "facts.lifetime_order_days", "facts.own_gap_days", "cuts.gap_days", "facts.category_gap_days"
    )
    r_score = rfm.recency_score_sql("facts.recency_days", "cuts.recency_days")
    f_score = rfm.score_sql("facts.frequency", "cuts.frequency")
    m_score = rfm.score_sql("facts.monetary_amount", "cuts.monetary_amount")
    stage = lifecycle.stage_sql(
        "facts.recency_days",
        "facts.lifetime_order_days",
        "facts.expected_gap_days",
        "facts.gap_spread",
        "facts.returned_on",
    )
    segment = rfm.segment_sql("r_score", "f_score", "m_score", rules.cell_map)
    gap_source = lifecycle.gap_source_sql(
        "facts.lifetime_order_days", "cuts.gap_days", "facts.category_gap_days"
    )
    volume_median = "cuts.volume" if rules.units_weight else "cuts.year_days"
    quadrant = value_volume.quadrant_sql(
        "facts.value_score", volume.volume_sql(rules), "cuts.value_score", volume_median
    )
    changes_on = lifecycle.changes_on_sql(
        "facts.last_order_on", "facts.expected_gap_days", "facts.stage", "facts.returned_on"
    )
    cuts_row = volume.cuts_sql(_CUTS_ROW, rules)
    # Each subquery adds what the next one needs; the fence keeps the planner from writing the gap out six
    # times.
    sql = f"""
WITH with_gap AS (
    SELECT facts.*, {gap} AS expected_gap_days, {value_score_sql(rules)} AS value_score
    FROM {volume.with_units_sql(relation, rules)} AS facts, {cuts_row} {FENCE}
),
scored AS (
    SELECT facts.*, facts.last_order_on IS NOT NULL AS is_buyer,
           {lifecycle.returned_on_sql("facts.days", "%(as_of)s", "facts.expected_gap_days")} AS returned_on,
           CASE WHEN facts.last_order_on IS NOT NULL THEN {r_score} END AS r_score,
           CASE WHEN facts.last_order_on IS NOT NULL THEN {f_score} END AS f_score,
           CASE WHEN facts.last_order_on IS NOT NULL THEN {m_score} END AS m_score
    FROM with_gap AS facts, {cuts_row} {FENCE}
),
staged AS (SELECT facts.*, {stage} AS stage FROM scored AS facts {FENCE})
SELECT facts.customer_id, %(as_of)s AS as_of, facts.recency_days,
       {", ".join(f"facts.{column}" for column in (*FACT_COLUMNS, *also))},
       CASE WHEN is_buyer THEN expected_gap_days END AS expected_gap_days,
       {lifecycle.expected_on_sql("facts.last_order_on", "facts.expected_gap_days")} AS expected_on,
       CASE WHEN is_buyer THEN {gap_source} ELSE '' END AS gap_source,
       returned_on, r_score, f_score, m_score,
       CASE WHEN is_buyer THEN {segment} ELSE '' END AS segment, stage,
       CASE WHEN is_buyer THEN facts.value_score END AS value_score,
       CASE WHEN is_buyer THEN {quadrant} ELSE '' END AS quadrant, {changes_on} AS changes_on
FROM staged AS facts, {cuts_row}"""
    return Statement(sql, cuts | {"as_of": as_of})
