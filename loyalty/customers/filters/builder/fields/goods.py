"""What they buy, where and through which channel: orders and their lines, counted per person."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from loyalty.ui.templatetags.ui import num

from ....models import Customer, Order, OrderLine
from .. import known
from ..frames import Frame
from ..params import Amount, Row, Words
from .base import TIMES, WITHIN, Field, Op, Values, first_day

PRODUCT = Row(
    "values",
    choices=known.products,
    what=gettext_lazy("a product"),
    find=known.find_products,
    names=known.name_products,
    labels=known.label_products,
)
CATEGORY = Row(
    "values",
    choices=known.categories,
    what=gettext_lazy("a category"),
    find=known.find_categories,
    names=known.name_categories,
)
AMOUNT = Amount("amount", gettext_lazy("for at least"))

Rows = Callable[[Values, Frame], QuerySet]


def _orders(values: Values, frame: Frame) -> QuerySet:
    found = Order.objects.filter(
        shop=frame.shop, is_paid=True, customer__isnull=False, placed_on__lte=frame.today
    )
    since = first_day(values, frame)
    return (found if since is None else found.filter(placed_on__gte=since)).order_by()


def _lines(values: Values, frame: Frame, **of: object) -> QuerySet:
    lines = OrderLine.objects.filter(
        shop=frame.shop, order__is_paid=True, order__customer__isnull=False, order__placed_on__lte=frame.today
    )
    since = first_day(values, frame)
    lines = lines if since is None else lines.filter(order__placed_on__gte=since)
    return lines.filter(**of).order_by()


def lines_of_products(values: Values, frame: Frame) -> QuerySet:
    return _lines(values, frame, product__in=values["values"])


def lines_of_categories(values: Values, frame: Frame) -> QuerySet:
    return _lines(values, frame, product__category__in=values["values"])


def _bought(key: str, label, said, denied, rows: Rows, param: Row) -> Field:
    """Orders with something among their lines: any, so many times, or for so much money."""

    def any_of_it(values: Values, frame: Frame) -> Q:
        return frame.among(rows(values, frame).values("order__customer"))

    def times(values: Values, frame: Frame) -> Q:
        counted = rows(values, frame).values("order__customer").annotate(n=Count("order", distinct=True))
        return frame.among(counted.filter(n__gte=values["times"]).values("order__customer"))

    def amount(values: Values, frame: Frame) -> Q:
        summed = rows(values, frame).values("order__customer").annotate(n=Sum("net_amount"))
        return frame.among(summed.filter(n__gte=values["amount"]).values("order__customer"))

    def own(customer: Customer, values: Values, frame: Frame) -> str:
        found = (
            rows(values, frame).filter(order__customer=customer).aggregate(n=Count("order", distinct=True))
        )
        return _times(found["n"])

    ops = (
        Op("any", gettext_lazy("any of"), any_of_it, (param, WITHIN), "%(values)s"),
        Op(
            "times",
            gettext_lazy("so many times"),
            times,
            (param, TIMES, WITHIN),
            gettext_lazy("%(values)s at least %(times)s"),
        ),
        Op(
            "amount",
            gettext_lazy("for so much"),
            amount,
            (param, AMOUNT, WITHIN),
            gettext_lazy("%(values)s for at least %(amount)s"),
        ),
    )
    return Field(key, "goods", label, said, denied, ops, own)


def _times(count: int) -> str:
    if not count:
        return _("never")
    return ngettext("%(count)s time", "%(count)s times", count) % {"count": num(count)}


def _place(key: str, label, said, denied) -> Field:
    """Orders with one of some words in a column."""

    def any_of_it(values: Values, frame: Frame) -> Q:
        found = _orders(values, frame).filter(**{f"{key}__in": values["values"]})
        return frame.among(found.values("customer"))

    def own(customer: Customer, values: Values, frame: Frame) -> str:
        found = _orders(values, frame).filter(customer=customer).exclude(**{key: ""})
        counted = found.values(key).annotate(n=Count("pk")).order_by("-n", key)[:3]
        return _(", ").join(f"{row[key]} ({num(row['n'])})" for row in counted) or _("never")

    param = Words("values", known=known.words_in(key))
    ops = (Op("any", gettext_lazy("any of"), any_of_it, (param, WITHIN), "%(values)s"),)
    return Field(key, "goods", label, said, denied, ops, own)


GOODS = (
    _bought(
        "product",
        gettext_lazy("product bought"),
        gettext_lazy("who bought %(value)s %(within)s"),
        gettext_lazy("who did not buy %(value)s %(within)s"),
        lines_of_products,
        PRODUCT,
    ),
    _bought(
        "category",
        gettext_lazy("category bought"),
        gettext_lazy("who bought from the category %(value)s %(within)s"),
        gettext_lazy("who did not buy from the category %(value)s %(within)s"),
        lines_of_categories,
        CATEGORY,
    ),
    _place(
        "channel",
        gettext_lazy("channel"),
        gettext_lazy("who bought through %(value)s %(within)s"),
        gettext_lazy("who did not buy through %(value)s %(within)s"),
    ),
    _place(
        "branch",
        gettext_lazy("branch"),
        gettext_lazy("who bought at the branch %(value)s %(within)s"),
        gettext_lazy("who did not buy at the branch %(value)s %(within)s"),
    ),
)
