"""From facts to state in SQL: scores, segment, stage and quadrant, generated from the pure rules.

The facts of all customers, with their rhythm, are laid into a temporary table (FACTS), from which the cuts
are read; `state_sql` scores a relation of that shape by given cuts, for a whole shop into another one
(STATE). One customer is scored by the same `state_sql` over their own facts and the frozen cuts of the last
run.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection

from loyalty.customers.facts import Statement, engagement_sql, facts_sql
from loyalty.shops.models import Shop

from . import cutting, lifecycle, rfm, value_volume
from .rules import Rules

FACTS, STATE = "segmentation_facts", "segmentation_state"

# Columns of CustomerScore that the state fills. None of them changes by the mere passing of a night: days
# since the last order, which would, follow from `last_order_on`.
COLUMNS = (
    "customer_id",
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
)


def value_score_sql(rules: Rules) -> str:
    """Return SQL for the value score over `facts` and `cuts`."""
    return value_volume.value_score_sql("facts", "cuts", rules.value_weights)


def relation_sql(
    shop: Shop, as_of: datetime.date, window_days: int | None, customer_ids: Collection[int] | None = None
) -> Statement:
    """Return one row for every customer (or those named), prospects too: facts, engagement and rhythm."""
    facts = facts_sql(shop, as_of, window_days, customer_ids)
    engagement = engagement_sql(shop, as_of, value_volume.ENGAGEMENT_DAYS, customer_ids)
    some = " AND customer.id = ANY(%(customer_ids)s)" if customer_ids is not None else ""
    load = value_volume.service_load_sql(
        "fact.discount_amount",
        "fact.refunded_amount",
        "fact.gross_amount",
        "coalesce(engagement.complaints, 0)",
        "fact.frequency",
    )
    sql = f"""
SELECT customer.id AS customer_id, %(as_of)s - fact.last_order_on AS recency_days,
       fact.first_order_on, fact.last_order_on, fact.days,
       coalesce(fact.lifetime_orders, 0) AS lifetime_orders,
       coalesce(cardinality(fact.days), 0) AS lifetime_order_days,
       coalesce(fact.lifetime_amount, 0) AS lifetime_amount,
       coalesce(fact.frequency, 0) AS frequency, coalesce(fact.order_days, 0) AS order_days,
       coalesce(fact.monetary_amount, 0) AS monetary_amount, fact.profit_amount,
       coalesce(fact.gross_amount, 0) AS gross_amount, coalesce(fact.discount_amount, 0) AS discount_amount,
       CASE WHEN fact.costed_amount > 0 THEN fact.profit_amount::float8 / fact.costed_amount END
           AS margin_share,
       fact.full_price_orders::float8 / nullif(fact.frequency, 0) AS full_price_share,
       fact.last_order_on - fact.first_order_on AS tenure_days,
       coalesce(fact.refunded_amount, 0) AS refunded_amount, {load} AS service_load,
       coalesce(engagement.engagements, 0) AS engagements,
       coalesce(engagement.advocacies, 0) AS advocacies, coalesce(engagement.complaints, 0) AS complaints,
       rhythm.own_gap_days, rhythm.gap_spread
FROM customers_customer AS customer
LEFT JOIN ({facts.sql}) AS fact ON fact.customer_id = customer.id
LEFT JOIN ({engagement.sql}) AS engagement ON engagement.customer_id = customer.id
LEFT JOIN LATERAL ({lifecycle.rhythm_sql("fact.days")}) AS rhythm ON cardinality(fact.days) > 1
WHERE customer.shop_id = %(shop_id)s{some}"""
    return Statement(sql, facts.params | engagement.params)


def into_table(name: str, found: Statement) -> Statement:
    """Return the statement that keeps what `found` selects as a temporary table, which goes with its
    transaction.
    """
    return Statement(f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS {found.sql}", found.params)


def _fifths(column: str) -> str:
    return (
        f"percentile_cont(%(shares)s::float8[]) WITHIN GROUP (ORDER BY {column})"
        f" FILTER (WHERE last_order_on IS NOT NULL) AS {column}"
    )


# The shop as a whole: how many, the cuts of every score, and how often its middle customer comes.
CUTS = f"""
SELECT count(*) AS customers, count(last_order_on) AS buyers,
       {_fifths("recency_days")}, {_fifths("frequency")}, {_fifths("monetary_amount")},
       {", ".join(_fifths(measure) for measure in value_volume.MEASURES)},
       {", ".join(f"coalesce(bool_or({dealt} > 0), false) AS {flag}" for flag, dealt in value_volume.FLAGS.items())},
       count(*) FILTER (WHERE cardinality(days) > 1) AS repeaters,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY order_days)
           FILTER (WHERE last_order_on IS NOT NULL) AS order_days
FROM {FACTS}"""

# All repeat gaps of the shop, pooled.
SHOP_GAP = f"""
SELECT CASE WHEN count(*) >= {lifecycle.ENOUGH_GAPS}
            THEN percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) END AS gap_days,
       count(*) AS repeat_gaps
FROM (SELECT unnest(days[2:]) - unnest(days[:cardinality(days) - 1]) AS gap
      FROM {FACTS} WHERE cardinality(days) > 1) AS gaps"""

# The frozen cuts as a one-row relation of typed columns.
_CUTS_ROW = "SELECT " + ", ".join(
    [f"%({name})s::float8[] AS {name}" for name in (*cutting.MEASURES, *value_volume.MEASURES)]
    + [f"%({name})s::boolean AS {name}" for name in value_volume.FLAGS]
    + [f"%({name})s::float8 AS {name}" for name in ("order_days", "gap_days", "value_score")]
)

# The basket in the middle, which only a small shop is asked for: a sort of all buyers is dear.
BASKET = f"""
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY monetary_amount::float8 / frequency) AS basket_amount
FROM {FACTS} WHERE frequency > 0"""


def value_median_sql(rules: Rules) -> str:
    """Return the statement that reads the middle value score of the facts; the other cuts are parameters."""
    return f"""
WITH cuts AS ({_CUTS_ROW})
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY {value_score_sql(rules)})
FROM {FACTS} AS facts, cuts WHERE facts.last_order_on IS NOT NULL"""


def state_sql(relation: str, as_of: datetime.date, cuts: dict, rules: Rules) -> Statement:
    """Return the state of every row of `relation` (a table, or a subquery in brackets) by `cuts` and `rules`.

    The columns are COLUMNS, `as_of` and `recency_days`.
    """
    gap = lifecycle.expected_gap_sql("facts.lifetime_order_days", "facts.own_gap_days", "cuts.gap_days")
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
    gap_source = lifecycle.gap_source_sql("facts.lifetime_order_days", "cuts.gap_days")
    quadrant = value_volume.quadrant_sql(
        "facts.value_score", "facts.order_days", "cuts.value_score", "cuts.order_days"
    )
    # Each subquery adds what the next one needs; OFFSET 0 keeps the planner from writing the gap out six
    # times.
    sql = f"""
WITH cuts AS ({_CUTS_ROW}),
with_gap AS (
    SELECT facts.*, {gap} AS expected_gap_days, {value_score_sql(rules)} AS value_score
    FROM {relation} AS facts, cuts OFFSET 0
),
scored AS (
    SELECT facts.*, facts.last_order_on IS NOT NULL AS is_buyer,
           {lifecycle.returned_on_sql("facts.days", "%(as_of)s", "facts.expected_gap_days")} AS returned_on,
           CASE WHEN facts.last_order_on IS NOT NULL THEN {r_score} END AS r_score,
           CASE WHEN facts.last_order_on IS NOT NULL THEN {f_score} END AS f_score,
           CASE WHEN facts.last_order_on IS NOT NULL THEN {m_score} END AS m_score
    FROM with_gap AS facts, cuts OFFSET 0
)
SELECT facts.customer_id, %(as_of)s AS as_of, facts.first_order_on, facts.last_order_on, facts.recency_days,
       facts.frequency, facts.order_days, facts.monetary_amount, facts.profit_amount, facts.gross_amount,
       facts.discount_amount, facts.lifetime_orders, facts.lifetime_order_days, facts.lifetime_amount,
       facts.margin_share, facts.full_price_share, facts.refunded_amount, facts.engagements,
       facts.advocacies, facts.complaints, facts.own_gap_days, facts.gap_spread,
       CASE WHEN is_buyer THEN expected_gap_days END AS expected_gap_days,
       {lifecycle.expected_on_sql("facts.last_order_on", "facts.expected_gap_days")} AS expected_on,
       CASE WHEN is_buyer THEN {gap_source} ELSE '' END AS gap_source,
       returned_on, r_score, f_score, m_score,
       CASE WHEN is_buyer THEN {segment} ELSE '' END AS segment,
       {stage} AS stage,
       CASE WHEN is_buyer THEN facts.value_score END AS value_score,
       CASE WHEN is_buyer THEN {quadrant} ELSE '' END AS quadrant
FROM scored AS facts, cuts"""
    return Statement(sql, cuts | {"as_of": as_of})


_SET = ", ".join(f"{column} = new.{column}" for column in ("as_of", *COLUMNS[1:]))
# `as_of` says since when a row has stood like this, so a row that is still true keeps it. A row scored
# after the run began is left alone: it already knows an order that the run may have missed.
_DIFFERS = f"""score.computed_at <= %(started_at)s
      AND ({", ".join(f"score.{column}" for column in COLUMNS[1:])})
          IS DISTINCT FROM ({", ".join(f"new.{column}" for column in COLUMNS[1:])})"""

# Not ON CONFLICT DO UPDATE for a whole shop: that locks, and so writes, every row it then leaves as it was.
UPDATE = f"""
UPDATE segmentation_customerscore AS score SET computed_at = clock_timestamp(), {_SET}
FROM {STATE} AS new
WHERE score.shop_id = %(shop_id)s AND score.customer_id = new.customer_id AND {_DIFFERS}"""

_ADD = f"""
INSERT INTO segmentation_customerscore AS score (shop_id, computed_at, as_of, {", ".join(COLUMNS)})
SELECT %(shop_id)s, clock_timestamp(), as_of, {", ".join(COLUMNS)}"""

INSERT = f"""{_ADD} FROM {STATE} AS new
WHERE NOT EXISTS (SELECT FROM segmentation_customerscore AS score
                  WHERE score.shop_id = %(shop_id)s AND score.customer_id = new.customer_id)
ON CONFLICT (shop_id, customer_id) DO NOTHING"""


def upsert_sql(found: Statement) -> Statement:
    """Return the statement that writes the state of one customer; parameters `shop_id`, `started_at` are to
    be added.
    """
    excluded = (_SET + " WHERE " + _DIFFERS).replace("new.", "EXCLUDED.")
    return Statement(
        f"{_ADD} FROM ({found.sql}) AS new"
        f" ON CONFLICT (shop_id, customer_id) DO UPDATE SET computed_at = EXCLUDED.computed_at, {excluded}",
        found.params,
    )
