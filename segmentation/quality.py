"""What the books do not know, and what each gap costs in plain figures: people, orders, costs."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from loyalty.customers.models import Order, OrderLine
from loyalty.shops.scope import current_shop_id

YEAR_DAYS = 365
# Nobody comes to a shop before birth, and few at this age.
MOST_YEARS = 110
# Rows that a card names one by one.
MOST_NAMED = 12

# What is asked of a person → the condition under which it is not known (columns of customers_customer).
FIELDS = {
    "name": "name = ''",
    "phone": "phone IS NULL",
    "email": "email = ''",
    "birth": "birth_on IS NULL",
    "gender": "gender = ''",
    "province": "province = ''",
    "city": "city = ''",
    "neighbourhood": "neighbourhood = ''",
    "job": "job = ''",
    "acquired": "acquired_by = ''",
    "consent": "NOT was_asked",
}


@dataclass(frozen=True)
class Gap:
    """The people of whom one thing is not known, and their net spend of the last 365 days."""

    key: str
    customers: int
    amount: int
    known_share: float


@dataclass(frozen=True)
class Orders:
    """The paid orders of the last 365 days: amounts are net of discounts, before refunds."""

    orders: int
    amount: int
    guest_orders: int
    guest_amount: int
    uncosted_orders: int
    uncosted_amount: int
    lineless_orders: int
    future_orders: int

    @property
    def costed_share(self) -> float | None:
        return 1 - self.uncosted_amount / self.amount if self.amount > 0 else None

    @property
    def guest_share(self) -> float | None:
        return self.guest_amount / self.amount if self.amount > 0 else None


@dataclass(frozen=True)
class Goods:
    """Goods sold in the last 365 days whose cost nobody wrote down; `share` is of all sales of that time.

    `category` is "" where the product has none, and `product` where the order has no lines.
    """

    category: str
    product: str
    amount: int
    share: float


_PEOPLE = """
WITH bought AS (
    SELECT customer_id, sum(net_amount) AS amount FROM customers_order
    WHERE shop_id = %(shop_id)s AND is_paid AND customer_id IS NOT NULL
          AND placed_on > %(from_on)s AND placed_on <= %(today)s
    GROUP BY customer_id
), returned AS (
    SELECT customer_id, sum(amount) AS amount FROM customers_refund
    WHERE shop_id = %(shop_id)s AND customer_id IS NOT NULL
          AND refunded_on > %(from_on)s AND refunded_on <= %(today)s
    GROUP BY customer_id
), asked AS (
    SELECT DISTINCT customer_id FROM customers_consentevent
    WHERE shop_id = %(shop_id)s AND channel = 'sms' AND purpose = 'marketing'
), person AS (
    SELECT customer.*, coalesce(bought.amount, 0) - coalesce(returned.amount, 0) AS amount,
           asked.customer_id IS NOT NULL AS was_asked
    FROM customers_customer AS customer
    LEFT JOIN bought ON bought.customer_id = customer.id
    LEFT JOIN returned ON returned.customer_id = customer.id
    LEFT JOIN asked ON asked.customer_id = customer.id
    WHERE customer.shop_id = %(shop_id)s
)
SELECT count(*), {columns} FROM person"""

_ORDERS = """
WITH recent AS (
    SELECT id, customer_id, net_amount, cost_amount, placed_on > %(today)s AS is_future
    FROM customers_order WHERE shop_id = %(shop_id)s AND is_paid AND placed_on > %(from_on)s
)
SELECT count(*) FILTER (WHERE NOT is_future),
       coalesce(sum(net_amount) FILTER (WHERE NOT is_future), 0)::bigint,
       count(*) FILTER (WHERE NOT is_future AND customer_id IS NULL),
       coalesce(sum(net_amount) FILTER (WHERE NOT is_future AND customer_id IS NULL), 0)::bigint,
       count(*) FILTER (WHERE NOT is_future AND cost_amount IS NULL),
       coalesce(sum(net_amount) FILTER (WHERE NOT is_future AND cost_amount IS NULL), 0)::bigint,
       count(*) FILTER (WHERE NOT is_future AND NOT EXISTS (
           SELECT FROM customers_orderline AS line
           WHERE line.shop_id = %(shop_id)s AND line.order_id = recent.id)),
       count(*) FILTER (WHERE is_future)
FROM recent"""

# An order without lines is one nameless thing; of one with lines only those without a cost are missing.
_UNCOSTED = """
SELECT coalesce(category.name, ''), coalesce(nullif(product.name, ''), product.sku, ''),
       sum(coalesce(line.net_amount, sale.net_amount))::bigint AS amount
FROM customers_order AS sale
LEFT JOIN customers_orderline AS line ON line.shop_id = sale.shop_id AND line.order_id = sale.id
LEFT JOIN customers_product AS product ON product.shop_id = sale.shop_id AND product.id = line.product_id
LEFT JOIN customers_productcategory AS category
       ON category.shop_id = sale.shop_id AND category.id = product.category_id
WHERE sale.shop_id = %(shop_id)s AND sale.is_paid AND sale.cost_amount IS NULL AND line.cost_amount IS NULL
      AND sale.placed_on > %(from_on)s AND sale.placed_on <= %(today)s
GROUP BY 1, 2 HAVING sum(coalesce(line.net_amount, sale.net_amount)) > 0
ORDER BY amount DESC, 1, 2 LIMIT %(most)s"""

_TWINS = """
SELECT coalesce(sum(people), 0)::bigint FROM (
    SELECT count(*) AS people FROM customers_customer WHERE shop_id = %(shop_id)s AND {known}
    GROUP BY {columns} HAVING count(*) > 1
) AS alike"""

# As the condition `twin` of the list of customers has them.
TWINS = {
    "birth": ("name_search, birth_on", "name_search <> '' AND birth_on IS NOT NULL"),
    "email": ("email", "email <> ''"),
}

_BIRTHS = """
SELECT array_agg(id ORDER BY id) FROM (
    SELECT id FROM customers_customer
    WHERE shop_id = %(shop_id)s AND (birth_on > %(today)s OR birth_on < %(oldest)s) ORDER BY id LIMIT 200
) AS strange"""


@dataclass(frozen=True)
class Quality:
    """Everything the page says. `strange_births` are keys of customers, at most 200."""

    customers: int
    gaps: dict[str, Gap]
    orders: Orders
    goods: list[Goods]
    twins: dict[str, int]
    strange_births: list[int]


def quality(today: datetime.date) -> Quality:
    """Return what the shop in scope does not know, as of `today`."""
    params = _params(today) | {"oldest": today - datetime.timedelta(days=round(MOST_YEARS * 365.25))}
    columns = ", ".join(
        f"count(*) FILTER (WHERE {lacking}), coalesce(sum(amount) FILTER (WHERE {lacking}), 0)::bigint"
        for lacking in FIELDS.values()
    )
    with connection.cursor() as cursor:

        def ask(sql: str) -> list[tuple]:
            cursor.execute(sql, params)
            return cursor.fetchall()

        customers, *counted = ask(_PEOPLE.format(columns=columns))[0]
        orders = Orders(*ask(_ORDERS)[0])
        twins = {
            key: ask(_TWINS.format(columns=fields, known=known))[0][0]
            for key, (fields, known) in TWINS.items()
        }
        strange = ask(_BIRTHS)[0][0] or []
    return Quality(
        customers=customers,
        gaps={
            key: Gap(key, counted[2 * at], counted[2 * at + 1], 1 - counted[2 * at] / (customers or 1))
            for at, key in enumerate(FIELDS)
        },
        orders=orders,
        goods=uncosted(today, orders.amount, MOST_NAMED) if orders.uncosted_orders else [],
        twins=twins,
        strange_births=strange,
    )


def uncosted(today: datetime.date, sales_amount: int, most: int | None = None) -> list[Goods]:
    """Return the goods of unknown cost, those that sold most first, and their shares of all sales."""
    with connection.cursor() as cursor:
        cursor.execute(_UNCOSTED, _params(today) | {"most": most})
        return [Goods(*row, row[-1] / sales_amount if sales_amount > 0 else 0) for row in cursor.fetchall()]


def orders_that(lack: str, today: datetime.date) -> QuerySet[Order]:
    """Return the orders behind a number of `Orders`, the newest first."""
    so_far, has_lines = Q(placed_on__lte=today), Exists(OrderLine.objects.filter(order=OuterRef("pk")))
    found = {
        "customer": so_far & Q(customer=None),
        "cost": so_far & Q(cost_amount=None),
        "lines": so_far & ~Q(has_lines),
        "future": ~so_far,
    }
    recent = Order.objects.paid().filter(found[lack], placed_on__gt=_params(today)["from_on"])
    return recent.order_by("-placed_on", "-pk")


def _params(today: datetime.date) -> dict[str, Any]:
    from_on = today - datetime.timedelta(days=YEAR_DAYS)
    return {"shop_id": current_shop_id(), "today": today, "from_on": from_on}
