"""What is true of every customer as of a day: one set-based statement over a covering index.

Only paid orders count, on the shop's own days, and refunds lower money from the day they were given.
Guests' orders belong to nobody. The statement names its shop itself although row-level security would
filter too: a constant lets the planner read the covering index alone. `segmentation` scores these facts,
`tiers` qualifies by them.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection

from loyalty.shops.models import Shop

from .models import Customer, Interaction

# Dealings that show interest in the shop, and those that speak for it to others. A complaint is neither, and a
# note is the staff's own.
ENGAGING = (
    Interaction.Kind.VISIT,
    Interaction.Kind.REPLY,
    Interaction.Kind.REDEMPTION,
    Interaction.Kind.SURVEY,
)
ADVOCATING = (Interaction.Kind.REVIEW, Interaction.Kind.REFERRAL)
# A review of so many stars of five speaks for the shop, and so does one without stars; fewer do not.
PRAISING_STARS = 4
# As jsonb, where everything can be compared: a rating that is no number is less than any, and raises nothing.
SPEAKS_WELL = f"coalesce(dealing.details -> 'rating' >= '{PRAISING_STARS}', true)"


# Ends a subquery that the planner is to work out as it stands, and not to write out once for every use of its columns.
# As a number, 0 would be cast and so be taken for a limit, under which no second process may work.
FENCE = "OFFSET '0'"


@dataclass(frozen=True)
class Statement:
    """A SELECT and its named parameters, to be executed or used as a subquery."""

    sql: str
    params: dict = field(default_factory=dict)


def facts_sql(
    shop: Shop,
    as_of: datetime.date,
    window_days: int | None = None,
    customer_ids: Collection[int] | None = None,
    among: str = "",
) -> Statement:
    """Return the facts of each customer with at least one paid order up to `as_of`, one row a customer.

    `window_days` counts back from `as_of`, that day included (None: all time); `customer_ids`, or `among`, a
    condition on customer_id, restricts to some. Amounts are bigint in minor units. Columns, in this order:

    - `customer_id, first_order_on, last_order_on, lifetime_orders, lifetime_amount` of all time; amounts
      are net of refunds;
    - `days`, the distinct days with a paid order, ascending (date[]);
    - `frequency` (paid orders), `order_days`, `monetary_amount` (net spend minus refunds given in the
      window), `gross_amount`, `discount_amount`, `full_price_orders` (orders without discount) of the
      window;
    - `refunded_amount`, given back in the window;
    - `profit_amount`, `costed_amount` of the window: profit on, and net spend of, what has a known cost; NULL
      where nothing has. A refund takes back its own cost, or else its order's in proportion; if neither is
      known, the refund stays out of both, as its sale did.

    A customer whose window is empty has zeros there (less than zero after a refund of an older order).
    """
    some, params = f"AND customer_id IS NOT NULL {among}", {}
    if customer_ids is not None:
        some, params = (
            f"AND customer_id = ANY(%(customer_ids)s) {among}",
            {"customer_ids": list(customer_ids)},
        )
    orders = f"SELECT customer_id, {_order_sums(window_days)} {_FROM_ORDERS} {some} GROUP BY customer_id"
    refunds = _refunds(window_days, some)
    sql = f"""
SELECT orders.customer_id, {_net_of_refunds(window_days)}
FROM ({orders}) AS orders LEFT JOIN ({refunds}) AS refunds ON refunds.customer_id = orders.customer_id"""
    return Statement(sql, params | day_params(shop, as_of, window_days))


def facts_of_sql(
    shop: Shop, as_of: datetime.date, window_days: int | None, customers: str, among: str = ""
) -> Statement:
    """Return the same facts of each row of `customers`, a relation with a customer_id, with all its columns;
    who has no paid order has NULLs and a lifetime of 0 orders.

    Each customer is added up by themselves: dearer than in one sweep, but it takes only as long as there are
    customers, and several processes can share them. `among`, a condition on customer_id, says which refunds
    are worth reading.
    """
    orders = f"SELECT {_order_sums(window_days)} {_FROM_ORDERS} AND customer_id = who.customer_id"
    sql = f"""
SELECT who.*, {_net_of_refunds(window_days)}
FROM {customers} AS who CROSS JOIN LATERAL ({orders}) AS orders
LEFT JOIN ({_refunds(window_days, among)}) AS refunds
       ON refunds.customer_id = who.customer_id AND orders.lifetime_orders > 0"""
    return Statement(sql, day_params(shop, as_of, window_days))


# Not `=`: from two equalities, this and the policy's, the planner makes a check before the first row, through which
# it then hands every one of millions.
_FROM_ORDERS = """FROM customers_order
WHERE shop_id BETWEEN %(shop_id)s AND %(shop_id)s AND is_paid AND placed_on <= %(as_of)s"""

# The columns of `facts_sql` after the customer.
FACTS_SUMMED = (
    "first_order_on",
    "last_order_on",
    "lifetime_orders",
    "lifetime_amount",
    "days",
    "frequency",
    "order_days",
    "monetary_amount",
    "gross_amount",
    "discount_amount",
    "full_price_orders",
    "refunded_amount",
    "profit_amount",
    "costed_amount",
)


def _net_of_refunds(window_days: int | None) -> str:
    # The days are in order, so they tell what three more sums over millions of rows would.
    before = "" if window_days is None else " - width_bucket(%(from_on)s - 1, days)"
    return f"""days[1] AS first_order_on, days[cardinality(days)] AS last_order_on, lifetime_orders,
       orders.lifetime_amount - coalesce(refunds.lifetime_amount, 0) AS lifetime_amount,
       days, frequency, cardinality(days){before} AS order_days,
       orders.monetary_amount - coalesce(refunds.amount, 0) AS monetary_amount,
       gross_amount, discount_amount, full_price_orders, coalesce(refunds.amount, 0) AS refunded_amount,
       orders.costed_amount - orders.cost_amount - coalesce(refunds.profit_amount, 0) AS profit_amount,
       orders.costed_amount - coalesce(refunds.costed_amount, 0) AS costed_amount"""


def day_params(shop: Shop, as_of: datetime.date, window_days: int | None) -> dict:
    """Return the parameters of `facts_sql` and `facts_of_sql`."""
    params: dict = {"shop_id": shop.pk, "as_of": as_of}
    return params if window_days is None else params | {"from_on": window_start(as_of, window_days)}


def _order_sums(window_days: int | None) -> str:
    # Without a window there is nothing to filter, and a filter costs something on millions of rows.
    sold, and_sold = _inside("placed_on", window_days)
    return f"""count(*) AS lifetime_orders, bigint_sum(net_amount) AS lifetime_amount,
       array_agg(DISTINCT placed_on ORDER BY placed_on) AS days,
       count(*){sold} AS frequency,
       coalesce(bigint_sum(net_amount){sold}, 0) AS monetary_amount,
       coalesce(bigint_sum(gross_amount){sold}, 0) AS gross_amount,
       coalesce(bigint_sum(discount_amount){sold}, 0) AS discount_amount,
       count(*) FILTER (WHERE discount_amount = 0{and_sold}) AS full_price_orders,
       bigint_sum(cost_amount){sold} AS cost_amount,
       bigint_sum(net_amount) FILTER (WHERE cost_amount IS NOT NULL{and_sold}) AS costed_amount"""


def _refunds(window_days: int | None, some: str) -> str:
    given, and_given = _inside("refunded_on", window_days)
    return f"""
    SELECT customer_id, bigint_sum(amount) AS lifetime_amount, bigint_sum(amount){given} AS amount,
           bigint_sum(amount - cost){given} AS profit_amount,
           bigint_sum(amount) FILTER (WHERE cost IS NOT NULL{and_given}) AS costed_amount
    FROM (
        SELECT customer_id, refunded_on, amount,
               coalesce(cost_amount, cost_of_refund(shop_id, order_id, amount)) AS cost
        FROM customers_refund
        WHERE shop_id = %(shop_id)s AND customer_id IS NOT NULL AND refunded_on <= %(as_of)s {some}
        {FENCE}
    ) AS given_back
    GROUP BY customer_id"""


def _inside(day: str, window_days: int | None) -> tuple[str, str]:
    """Return what keeps an aggregate, or one with another condition, to the window."""
    if window_days is None:
        return "", ""
    return f" FILTER (WHERE {day} >= %(from_on)s)", f" AND {day} >= %(from_on)s"


def engagement_sql(shop: Shop, as_of: datetime.date, window_days: int, among: str = "") -> Statement:
    """Return `customer_id, engagements, advocacies, complaints`: how often they dealt with the shop beyond
    buying, spoke for it, and complained, in the window that ends with `as_of`; only who did any of it.

    `among` is a condition on customer_id that says whose are worth reading.
    """
    sql = f"""
SELECT customer_id, count(*) FILTER (WHERE kind = ANY(%(engaging)s)) AS engagements,
       count(*) FILTER (WHERE kind = ANY(%(advocating)s) AND {SPEAKS_WELL}) AS advocacies,
       count(*) FILTER (WHERE kind = %(complaint)s) AS complaints
FROM customers_interaction AS dealing
WHERE shop_id = %(shop_id)s AND kind = ANY(%(dealings)s)
      AND occurred_at >= %(engaged_from)s AND occurred_at < %(engaged_until)s {among}
GROUP BY customer_id"""
    return Statement(sql, engagement_params(shop, as_of, window_days))


def engagement_params(shop: Shop, as_of: datetime.date, window_days: int) -> dict:
    """Return the parameters of `engagement_sql`."""
    return {
        "shop_id": shop.pk,
        "engaging": [str(kind) for kind in ENGAGING],
        "advocating": [str(kind) for kind in ADVOCATING],
        "complaint": str(Interaction.Kind.COMPLAINT),
        "dealings": [str(kind) for kind in (*ENGAGING, *ADVOCATING, Interaction.Kind.COMPLAINT)],
        "engaged_from": _midnight(shop, window_start(as_of, window_days)),
        "engaged_until": _midnight(shop, as_of + datetime.timedelta(days=1)),
    }


def window_start(as_of: datetime.date, window_days: int) -> datetime.date:
    """Return the first day of a window of `window_days` whose last day is `as_of`."""
    return as_of - datetime.timedelta(days=window_days - 1)


def _midnight(shop: Shop, day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time.min, shop.zone)


# Fewer customers are added up sooner than they are divided.
WORTH_DIVIDING = 50_000
STRETCHES = 12
# A hundredth of the pages tells near enough where the customers lie.
SAMPLED_PERCENT = 1


def stretches(shop: Shop) -> list[str]:
    """Return conditions on customer_id that divide the customers of `shop` into stretches of about the same
    length, or [""] where they are few.

    A statement that unites the stretches is carried out by several processes at once, each with whole stretches:
    PostgreSQL itself shares out no sum of distinct days. More of them than processes even out what one takes
    longer for.
    """
    if Customer.objects.order_by()[:WORTH_DIVIDING].count() < WORTH_DIVIDING:
        return [""]
    shares = [place / STRETCHES for place in range(1, STRETCHES)]
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT percentile_disc(%s::float8[]) WITHIN GROUP (ORDER BY id)
            FROM customers_customer TABLESAMPLE SYSTEM (%s) REPEATABLE (0) WHERE shop_id = %s""",
            [shares, SAMPLED_PERCENT, shop.pk],
        )
        (ends,) = cursor.fetchone()
    if ends is None:
        return [""]
    starts = [f"AND customer_id >= {end}" for end in ends]
    return [
        f"{start} {end}"
        for start, end in zip(["", *starts], [*(f"AND customer_id < {end}" for end in ends), ""], strict=True)
    ]


@contextmanager
def in_index_order() -> Iterator[None]:
    """Run facts of a whole shop as they were measured, inside a transaction.

    Given much memory the planner hashes millions of groups and reads the table; in index order they need
    neither memory nor a sort nor the table (3 s against 15 s for 20 million orders). Right after a load,
    before the first ANALYZE, it takes every table for tiny and would add up all orders once for each
    customer in a nested loop.
    """
    settings = {"enable_hashagg": "off", "enable_nestloop": "off", "jit": "off", "work_mem": "'64MB'"}
    # Processes take whole stretches. Left to itself the planner would rather share out the customers of each, and let
    # every process add up all orders of it.
    settings |= dict.fromkeys(("min_parallel_table_scan_size", "min_parallel_index_scan_size"), "'1TB'")
    with connection.cursor() as cursor:
        cursor.execute("; ".join(f"SET LOCAL {name} = {value}" for name, value in settings.items()))
        yield
        # The transaction goes on (a tier review may follow), and its other statements are better left alone.
        cursor.execute("; ".join(f"SET LOCAL {name} TO DEFAULT" for name in settings))
