"""How much and how often they buy: sums of orders and refunds, of all time or of the last days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext_lazy, ngettext_lazy

from ....models import Customer
from ..frames import Frame, is_not
from ..params import Amount, Number
from .base import DAYS, WITHIN, Field, Values, bounds, first_day, in_money, in_number, in_percent, percent

SOLD = "shop_id = %(shop)s AND is_paid AND customer_id IS NOT NULL AND placed_on <= %(today)s"
GIVEN_BACK = "shop_id = %(shop)s AND customer_id IS NOT NULL AND refunded_on <= %(today)s"
# One row a sale and one a refund, each with what it adds; as in customers.facts, a refund without a cost of
# its own takes back its order's in proportion, and where neither is known it stays out of the profit.
ORDERS = "SELECT customer_id, placed_on, gross_amount, discount_amount, net_amount FROM customers_order WHERE {sold}"
MONEY = """
SELECT customer_id, net_amount AS amount FROM customers_order WHERE {sold}
UNION ALL SELECT customer_id, -amount FROM customers_refund WHERE {given_back}"""
PROFITS = """
SELECT customer_id, net_amount - cost_amount AS profit, true AS is_sale FROM customers_order WHERE {sold}
UNION ALL
SELECT customer_id, coalesce(cost_amount, (
           SELECT round(refund.amount * sale.cost_amount::numeric / nullif(sale.net_amount, 0))
           FROM customers_order AS sale WHERE sale.shop_id = refund.shop_id AND sale.id = refund.order_id
       ))::bigint - amount, false
FROM customers_refund AS refund WHERE {given_back}"""


@dataclass(frozen=True)
class Measure:
    """A number of each customer, worked out of their `rows` by the aggregate `value`.

    `of_nobody` is the number of whoever has no rows: 0 where nothing was bought, None where it is not known.
    """

    rows: str
    value: str
    of_nobody: int | None = 0

    def between(self, frame: Frame, values: Values, least: Any, most: Any) -> Q:
        """Those whose number is from `least` to `most` (None: no bound); a number not known is in no range."""
        asked = {"least": least, "most": most}
        signs = {"least": ">=", "most": "<="}
        bound = [
            f"{self.value} {signs[name]} %({name})s" for name, given in asked.items() if given is not None
        ]
        sql, params = self._grouped(frame, values, having=f"HAVING {' AND '.join(bound)}")
        found = frame.in_sql(*_in_order(sql, params | asked))
        if self.of_nobody is None or not _holds(self.of_nobody, least, most):
            return found
        everyone, params = self._grouped(frame, values)
        return found | is_not(frame.in_sql(*_in_order(everyone, params)))

    def of(self, customer: Customer, values: Values, frame: Frame) -> Any:
        """Return the number of one person."""
        sql, params = self._grouped(frame, values, some="AND customer_id = %(customer)s", column=self.value)
        with connection.cursor() as cursor:
            cursor.execute(*_in_order(sql, params | {"customer": customer.pk}))
            found = cursor.fetchone()
        return found[0] if found else self.of_nobody

    def _grouped(
        self, frame: Frame, values: Values, *, having: str = "", some: str = "", column: str = "customer_id"
    ) -> tuple[str, dict]:
        since = first_day(values, frame)
        sold, given_back = f"{SOLD} {some}", f"{GIVEN_BACK} {some}"
        if since is not None:
            sold, given_back = (
                f"{sold} AND placed_on >= %(since)s",
                f"{given_back} AND refunded_on >= %(since)s",
            )
        rows = self.rows.format(sold=sold, given_back=given_back)
        sql = f"SELECT {column} FROM ({rows}) AS rows GROUP BY customer_id {having}"
        return sql, {"shop": frame.shop.pk, "today": frame.today, "since": since}


def _holds(number: int, least: Any, most: Any) -> bool:
    return (least is None or number >= least) and (most is None or number <= most)


def _in_order(sql: str, params: dict) -> tuple[str, list]:
    """Return a statement of named parameters as one of `%s`, as an expression of Django takes it."""
    given: list = []

    class Taken(dict):
        def __missing__(self, name: str) -> str:
            given.append(params[name])
            return "%s"

    return sql % Taken(), given


ORDER_COUNT = Measure(ORDERS, "count(*)")
ORDER_DAYS = Measure(ORDERS, "count(DISTINCT placed_on)")
SPEND = Measure(MONEY, "sum(amount)")
PROFIT = Measure(
    PROFITS, "CASE WHEN count(profit) FILTER (WHERE is_sale) > 0 THEN sum(profit) END", of_nobody=None
)
AVERAGE = Measure(ORDERS, "floor(avg(net_amount))", of_nobody=None)
DISCOUNTED = Measure(ORDERS, "count(*) FILTER (WHERE discount_amount > 0)")
DISCOUNT_SHARE = Measure(
    ORDERS, "sum(discount_amount) * 100 / nullif(greatest(sum(gross_amount), 0), 0)", of_nobody=None
)
FULL_PRICE_SHARE = Measure(
    ORDERS, "count(*) FILTER (WHERE discount_amount = 0) * 100.0 / count(*)", of_nobody=None
)


def _measured(
    key: str, label, said, denied, measure: Measure, kind=Number, column: str = "", **limits: Any
) -> Field:
    """A sum within the last days; of all time it may stand in a `column` of the score already."""

    def between(frame: Frame, values: Values, least: int | None, most: int | None) -> Q:
        if column and values.get("within") is None:
            given = {f"{column}__gte": least, f"{column}__lte": most}
            return frame.of_score(**{name: value for name, value in given.items() if value is not None})
        return measure.between(frame, values, least, most)

    def own(customer: Customer, values: Values, frame: Frame) -> str:
        found = measure.of(customer, values, frame)
        say = in_money if kind is Amount else in_number
        return say(None if found is None else int(found))

    return Field(key, "money", label, said, denied, bounds(kind, more=(WITHIN,), **limits)(between), own)


def _share(key: str, label, said, denied, measure: Measure) -> Field:
    def own(customer: Customer, values: Values, frame: Frame) -> str:
        found = measure.of(customer, values, frame)
        return in_percent(None if found is None else float(found) / 100)

    return percent(key, "money", label, said, denied, measure.between, own, (WITHIN,))


PURCHASES = (
    _measured(
        "orders",
        gettext_lazy("number of purchases"),
        gettext_lazy("who made %(value)s %(within)s"),
        gettext_lazy("who did not make %(value)s %(within)s"),
        ORDER_COUNT,
        column="lifetime_orders",
        counted=ngettext_lazy("%(number)s purchase", "%(number)s purchases", "n"),
    ),
    _measured(
        "visits",
        gettext_lazy("days with a purchase"),
        gettext_lazy("who bought on %(value)s %(within)s"),
        gettext_lazy("who did not buy on %(value)s %(within)s"),
        ORDER_DAYS,
        column="lifetime_order_days",
        counted=DAYS,
    ),
    _measured(
        "spend",
        gettext_lazy("spend"),
        gettext_lazy("who spent %(value)s %(within)s"),
        gettext_lazy("who did not spend %(value)s %(within)s"),
        SPEND,
        Amount,
        column="lifetime_amount",
    ),
    _measured(
        "profit",
        gettext_lazy("profit"),
        gettext_lazy("who brought a profit of %(value)s %(within)s"),
        gettext_lazy("who did not bring a profit of %(value)s %(within)s, or it is not known"),
        PROFIT,
        Amount,
    ),
    _measured(
        "average",
        gettext_lazy("average purchase"),
        gettext_lazy("whose average purchase is %(value)s %(within)s"),
        gettext_lazy("whose average purchase is not %(value)s %(within)s, or who bought nothing"),
        AVERAGE,
        Amount,
    ),
    _measured(
        "discounted",
        gettext_lazy("purchases with a discount"),
        gettext_lazy("who made %(value)s %(within)s"),
        gettext_lazy("who did not make %(value)s %(within)s"),
        DISCOUNTED,
        counted=ngettext_lazy(
            "%(number)s purchase with a discount", "%(number)s purchases with a discount", "n"
        ),
    ),
    _share(
        "full_price",
        gettext_lazy("share of purchases at full price"),
        gettext_lazy("with %(value)s percent of their purchases at full price %(within)s"),
        gettext_lazy("without %(value)s percent of their purchases at full price %(within)s"),
        FULL_PRICE_SHARE,
    ),
    _share(
        "discount_share",
        gettext_lazy("discount as a share of the price"),
        gettext_lazy("whose discounts were %(value)s percent of the price %(within)s"),
        gettext_lazy("whose discounts were not %(value)s percent of the price %(within)s"),
        DISCOUNT_SHARE,
    ),
)
