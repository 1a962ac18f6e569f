"""Looks ahead for a whole shop once a week: reads every history, fits, foretells, and keeps what was said.

Order days are visits, as everywhere; the first one makes a customer. Money is that of all time, net of
refunds. A profit is foretold from the customer's own margin where any of their costs is known, and otherwise
stays unknown.
"""

from __future__ import annotations

import datetime

from django.db import connection, transaction
from django.db.models import Min

from loyalty.customers.facts import Statement, facts_sql, in_index_order
from loyalty.shops.models import Shop
from loyalty.shops.scope import current_shop

from .models import CustomerOutlook, CustomerScore, OutlookRun, Segment, Stage

NEW = "segmentation_outlook"
GROUPS = {"segment": Segment.values, "stage": Stage.values}

HISTORY = {
    "customer_id": "bigint",
    "days": "int",
    "last_after": "int",
    "age": "int",
    "amount": "bigint",
    "margin": "float8",
    "segment": "int",
    "stage": "int",
    "days_then": "int",
    "last_after_then": "int",
}
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
        days = forecast.hold_out_days(_days_of_history(as_of))
        with in_index_order():
            rows = columns.read(history_sql(shop, as_of, days or 0), HISTORY)
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
            run.parameters, run.calibration = found.parameters, forecast.calibration(rows, days)
            run.groups = forecast.groups(found, rows, GROUPS, forecast.miss(run.calibration))
            columns.write(NEW, WRITTEN, {"customer_id": rows["customer_id"], **found.columns})
            # Right after its first filling the table is taken for a small one, and would be looked up row by row.
            with in_index_order():
                _write(shop, as_of)
        run.save()
        return run


def is_missing() -> bool:
    """Say whether nobody has an outlook yet."""
    return not OutlookRun.objects.filter(reason="").exists()


def history_sql(shop: Shop, as_of: datetime.date, hold_out_days: int) -> Statement:
    """Return one row for each customer with an order: HISTORY.

    Days are counted from the first order day; `…_then` is as of `hold_out_days` before `as_of`, `days_then` 0
    for whom nobody knew yet. Groups are places in GROUPS, 0 for none.
    """
    facts = facts_sql(shop, as_of)
    then = "width_bucket(%(then)s::date, fact.days)"
    sql = f"""
SELECT fact.customer_id, cardinality(fact.days) AS days,
       fact.last_order_on - fact.first_order_on AS last_after, %(as_of)s - fact.first_order_on AS age,
       fact.lifetime_amount AS amount,
       CASE WHEN fact.costed_amount > 0 THEN fact.profit_amount::float8 / fact.costed_amount
            ELSE 'NaN' END AS margin,
       coalesce(array_position(%(segments)s::text[], score.segment::text), 0) AS segment,
       coalesce(array_position(%(stages)s::text[], score.stage::text), 0) AS stage,
       {then} AS days_then, coalesce(fact.days[{then}] - fact.first_order_on, 0) AS last_after_then
FROM ({facts.sql}) AS fact
LEFT JOIN segmentation_customerscore AS score
    ON score.shop_id = %(shop_id)s AND score.customer_id = fact.customer_id
ORDER BY fact.customer_id"""
    then_on = as_of - datetime.timedelta(days=hold_out_days)
    groups = {"segments": list(GROUPS["segment"]), "stages": list(GROUPS["stage"])}
    return Statement(sql, facts.params | groups | {"then": then_on})


def _days_of_history(as_of: datetime.date) -> int:
    first = CustomerScore.objects.aggregate(first=Min("first_order_on"))["first"]
    return (as_of - first).days if first else 0


def _write(shop: Shop, as_of: datetime.date) -> None:
    with connection.cursor() as cursor:
        for statement in _WRITE:
            cursor.execute(statement, {"shop_id": shop.pk, "as_of": as_of})
