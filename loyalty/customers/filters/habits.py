"""Conditions on when people came and what they bought: cohorts, periods, weekdays, goods."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.ui.periods import Period, parse_period
from segmentation.models import Weekday

from ..models import Order, Product, ProductCategory
from .conditions import Condition, ManyField, Where, key, one_of

# What “lately” means for goods: a year, so that every season is in it once.
GOODS_DAYS = 365


def first_bought_in(periods: list[Period], today: datetime.date) -> Q:
    found = Q()
    for period in periods:
        found |= Q(score__first_order_on__gte=period.first_on, score__first_order_on__lt=period.end_on)
    return found


def bought_in(periods: list[Period], today: datetime.date) -> Q:
    found = Q()
    for period in periods:
        found |= Q(placed_on__gte=period.first_on, placed_on__lt=period.end_on)
    return _buyers(found & Q(placed_on__lte=today))


def lately(goods: str) -> Where:
    """Whoever bought such goods in the year that ends today; `goods` is the lookup of an order's goods."""

    def where(values: list, today: datetime.date) -> Q:
        since = today - datetime.timedelta(days=GOODS_DAYS - 1)
        return _buyers(Q(placed_on__range=(since, today), **{f"{goods}__in": values}))

    return where


def on_the_day(goods: str, day: str) -> Where:
    """Whoever bought such goods on the `day` ("first" or "last") of all their order days."""

    def where(values: list, today: datetime.date) -> Q:
        return _buyers(Q(**{f"{goods}__in": values, "placed_on": F(f"customer__score__{day}_order_on")}))

    return where


def _buyers(orders: Q) -> Q:
    found = Order.objects.paid().filter(orders, customer__isnull=False)
    return Q(pk__in=found.order_by().values("customer"))


def _row_of(model: type[Product] | type[ProductCategory]) -> Callable[[str], Product | ProductCategory]:
    def read(text: str) -> Product | ProductCategory:
        found = model.objects.filter(pk=key(text)).first()
        if found is None:
            # Left out silently, it would leave everybody in.
            raise ValueError(text)
        return found

    return read


def _in_words(values: list) -> str:
    return _(" or ").join(str(value) for value in values)


def _goods(name: str, model: type[Product] | type[ProductCategory], where: Where, words: str) -> Condition:
    return Condition(name, lambda: ManyField(coerce=_row_of(model)), where, words, say=_in_words)


def _period(name: str, where: Where, words: str) -> Condition:
    return Condition(name, lambda: ManyField(coerce=parse_period), where, words, say=_in_words)


HABITS = (
    _period("cohort", first_bought_in, gettext_lazy("First bought in: %(value)s")),
    _period("bought_in", bought_in, gettext_lazy("Bought in: %(value)s")),
    one_of("weekday", "taste__weekday", Weekday.choices, gettext_lazy("Usually buys on: %(value)s")),
    _goods(
        "product", Product, lately("lines__product"), gettext_lazy("Bought in the last 12 months: %(value)s")
    ),
    _goods(
        "also_product",
        Product,
        lately("lines__product"),
        gettext_lazy("And bought in the last 12 months: %(value)s"),
    ),
    _goods(
        "first_product",
        Product,
        on_the_day("lines__product", "first"),
        gettext_lazy("Bought on their first day: %(value)s"),
    ),
    _goods(
        "last_product",
        Product,
        on_the_day("lines__product", "last"),
        gettext_lazy("Bought on their last day so far: %(value)s"),
    ),
    _goods(
        "category",
        ProductCategory,
        lately("lines__product__category"),
        gettext_lazy("Bought in the last 12 months from: %(value)s"),
    ),
    _goods(
        "also_category",
        ProductCategory,
        lately("lines__product__category"),
        gettext_lazy("And bought in the last 12 months from: %(value)s"),
    ),
    _goods(
        "first_category",
        ProductCategory,
        on_the_day("lines__product__category", "first"),
        gettext_lazy("Bought on their first day from: %(value)s"),
    ),
    _goods(
        "last_category",
        ProductCategory,
        on_the_day("lines__product__category", "last"),
        gettext_lazy("Bought on their last day so far from: %(value)s"),
    ),
)
