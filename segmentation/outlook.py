"""Looks ahead for a whole shop once a week: reads every history, fits, foretells, and keeps what was said.

Order days are visits, as everywhere; the first one makes a customer. Money is that of all time, net of
refunds. A profit is foretold from the customer's own margin where any of their costs is known, and otherwise
stays unknown.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from django.db import connection, transaction

from loyalty.customers.facts import Statement, facts_sql, in_index_order
from loyalty.shops.models import Shop
from loyalty.shops.scope import current_shop

from .models import CustomerOutlook, OutlookRun, Quadrant, Segment, Stage

NEW = "segmentation_outlook"
EPOCH = datetime.date(2000, 1, 1)
GROUPS = {"segment": Segment.values, "stage": Stage.values, "quadrant": Quadrant.values}

HISTORY = {
    "customer_id": "bigint",
    "days": "int",
    "last_after": "int",
    "age": "int",
    "amount": "bigint",
    "margin": "float8",
    "segment": "int",
    "stage": "int",
    "quadrant": "int",
}
EVENTS = {"customer_id": "bigint", "day": "int", "amount": "bigint", "is_visit": "int"}
WRITTEN = {
    "customer_id": "bigint",
    "p_alive": "float8",
    "p_back": "float8",
    "orders_30": "float8",
    "orders_90": "float8",
    "orders_365": "float8",
    "amount_365_amount": "float8",
    "profit_365_amount": "float8",
}

# The amounts arrive as expectations with a fraction, an unknown one as NaN.
_WHOLE = {
    name: f"round(nullif(new.{name}, 'NaN'))::bigint" if name.endswith("_amount") else f"new.{name}"
    for name in WRITTEN
}
_SET = ", ".join(f"{name} = {_WHOLE[name]}" for name in WRITTEN if name != "customer_id")
_WRITE = (
    f"""DELETE FROM segmentation_customeroutlook AS old WHERE shop_id = %(shop_id)s
AND NOT EXISTS (SELECT FROM {NEW} AS new WHERE new.customer_id = old.customer_id)""",
    f"""UPDATE segmentation_customeroutlook AS old SET as_of = %(as_of)s, {_SET} FROM {NEW} AS new
WHERE old.shop_id = %(shop_id)s AND old.customer_id = new.customer_id""",
    f"""INSERT INTO segmentation_customeroutlook (shop_id, as_of, {", ".join(WRITTEN)})
SELECT %(shop_id)s, %(as_of)s, {", ".join(_WHOLE.values())} FROM {NEW} AS new
WHERE NOT EXISTS (SELECT FROM segmentation_customeroutlook AS old
                  WHERE old.shop_id = %(shop_id)s AND old.customer_id = new.customer_id)""",
    f"DROP TABLE {NEW}",
)


def renew(as_of: datetime.date) -> OutlookRun:
    """Look ahead from `as_of` for every customer with an order, by whose scores the groups are made.

    Where too few came back, or no rhythm fits, the run says so and nobody has an outlook.
    """
    # numpy and scipy would come with them into every web process.
    from . import churn, columns, forecast

    shop = current_shop()
    with transaction.atomic():
        with in_index_order():
            rows = columns.read(history_sql(shop, as_of), HISTORY)
        run = OutlookRun(as_of=as_of, people=len(rows["days"]), repeaters=int((rows["days"] > 1).sum()))
        try:
            found = forecast.Forecast(forecast.people(rows))
        except churn.NotEnoughHistory:
            run.reason = OutlookRun.Reason.TOO_FEW
        except churn.DidNotConverge:
            run.reason = OutlookRun.Reason.NO_FIT
        if run.reason:
            CustomerOutlook.objects.all().delete()
        else:
            run.parameters, run.calibration = found.parameters, _tested(shop, as_of, rows)
            run.groups = forecast.groups(found, rows, GROUPS, run.calibration["miss"])
            columns.write(NEW, WRITTEN, {"customer_id": rows["customer_id"], **found.columns})
            # Right after its first filling the table is taken for a small one, and would be looked up row by row.
            with in_index_order():
                _write(shop, as_of)
        run.save()
        return run


def _tested(shop: Shop, as_of: datetime.date, rows: Mapping) -> dict:
    """Return `holdouts.tested` of the customers of these rows, or of every n-th of them in a large shop."""
    from . import columns, holdouts

    step = holdouts.every(rows["days"])
    ids = rows["customer_id"][::step]
    with in_index_order():
        found = columns.read(events_sql(shop, as_of, ids.tolist() if step > 1 else None), EVENTS)
    tested = holdouts.tested(holdouts.events(ids, found), (as_of - EPOCH).days, int(rows["age"].max()))
    return tested | {"every": step}


def is_missing() -> bool:
    """Say whether nobody has an outlook yet."""
    return not OutlookRun.objects.filter(reason="").exists()


def history_sql(shop: Shop, as_of: datetime.date) -> Statement:
    """Return one row for each customer with an order, by their keys: HISTORY.

    Days are counted from the first order day. Groups are places in GROUPS, 0 for none.
    """
    facts = facts_sql(shop, as_of)
    places = ", ".join(
        f"coalesce(array_position(%({kind})s::text[], score.{kind}::text), 0) AS {kind}" for kind in GROUPS
    )
    sql = f"""
SELECT fact.customer_id, cardinality(fact.days) AS days,
       fact.last_order_on - fact.first_order_on AS last_after, %(as_of)s - fact.first_order_on AS age,
       fact.lifetime_amount AS amount,
       CASE WHEN fact.costed_amount > 0 THEN fact.profit_amount::float8 / fact.costed_amount
            ELSE 'NaN' END AS margin, {places}
FROM ({facts.sql}) AS fact
LEFT JOIN segmentation_customerscore AS score
    ON score.shop_id = %(shop_id)s AND score.customer_id = fact.customer_id
ORDER BY fact.customer_id"""
    return Statement(sql, facts.params | {kind: list(names) for kind, names in GROUPS.items()})


def events_sql(shop: Shop, as_of: datetime.date, customer_ids: list[int] | None) -> Statement:
    """Return the order days up to `as_of` of these customers, or of all, and the days on which they got money
    back: EVENTS. Days are counted from EPOCH."""
    some = "customer_id IS NOT NULL" if customer_ids is None else "customer_id = ANY(%(customer_ids)s)"
    whose = f"shop_id = %(shop_id)s AND {some}"
    sql = f"""
SELECT customer_id, placed_on - %(epoch)s AS day, bigint_sum(net_amount) AS amount, 1 AS is_visit
FROM customers_order WHERE {whose} AND is_paid AND placed_on <= %(as_of)s GROUP BY customer_id, placed_on
UNION ALL
SELECT customer_id, refunded_on - %(epoch)s, -bigint_sum(amount), 0
FROM customers_refund WHERE {whose} AND refunded_on <= %(as_of)s GROUP BY customer_id, refunded_on"""
    params = {"shop_id": shop.pk, "as_of": as_of, "epoch": EPOCH}
    return Statement(sql, params if customer_ids is None else params | {"customer_ids": customer_ids})


def _write(shop: Shop, as_of: datetime.date) -> None:
    with connection.cursor() as cursor:
        for statement in _WRITE:
            cursor.execute(statement, {"shop_id": shop.pk, "as_of": as_of})
