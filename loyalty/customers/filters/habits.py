"""Conditions on when people came and what they bought: cohorts, periods, weekdays, goods."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import F, Q
from django.db.models.functions import TruncTime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.shops.scope import current_shop
from loyalty.ui.dates import format_day
from loyalty.ui.periods import Period, parse_period, period_of
from loyalty.ui.presentation import current
from loyalty.ui.templatetags.ui import num
from segmentation.models import Weekday

from ..models import Order, Product, ProductCategory
from .conditions import Condition, ManyField, Where, count, key, one_of

# What “lately” means for goods: a year, so that every season is in it once.
GOODS_DAYS = 365


@dataclass(frozen=True)
class Days:
    """From one day to another, both included; written `2026-10-24..2026-11-22`."""

    first_on: datetime.date
    last_on: datetime.date

    @classmethod
    def read(cls, text: str) -> Days:
        """Raise ValueError for what cannot be read."""
        first, _dots, last = text.strip().partition("..")
        found = cls(datetime.date.fromisoformat(first), datetime.date.fromisoformat(last))
        if found.last_on < found.first_on:
            raise ValueError(text)
        return found

    def __str__(self) -> str:
        days = {"first": format_day(self.first_on, current()), "last": format_day(self.last_on, current())}
        return _("%(first)s to %(last)s") % days


@dataclass(frozen=True)
class Hour:
    """One hour of the week on the shop's clock; written `6-18`, Saturday from six in the evening on."""

    weekday: int
    hour: int

    @classmethod
    def read(cls, text: str) -> Hour:
        """Raise ValueError for what cannot be read."""
        weekday, _dash, hour = text.strip().partition("-")
        found = cls(int(weekday), int(hour))
        if found.weekday not in range(1, 8) or found.hour not in range(24):
            raise ValueError(text)
        return found

    @property
    def where(self) -> Q:
        first, last = datetime.time(self.hour), datetime.time(self.hour, 59, 59, 999_999)
        # At midnight sharp lie the orders that came without a time of day.
        return Q(**{f"clock__{'gte' if self.hour else 'gt'}": first}, clock__lte=last)

    def __str__(self) -> str:
        hours = {"from": num(self.hour), "to": num(self.hour + 1)}
        return _("%(day)s, %(from)s–%(to)s") % {"day": Weekday(self.weekday).label, **hours}


def first_bought_in(periods: list[Period], today: datetime.date) -> Q:
    found = Q()
    for period in periods:
        found |= Q(score__first_order_on__gte=period.first_on, score__first_order_on__lt=period.end_on)
    return found & Q(score__first_order_on__lte=today)


def bought_in(periods: list[Period], today: datetime.date) -> Q:
    found = Q()
    for period in periods:
        found |= Q(placed_on__gte=period.first_on, placed_on__lt=period.end_on)
    return _buyers(found & Q(placed_on__lte=today))


def bought_between(spans: list[Days], today: datetime.date) -> Q:
    found = Q()
    for span in spans:
        found |= Q(placed_on__range=(span.first_on, span.last_on))
    return _buyers(found & Q(placed_on__lte=today))


def bought_at(hours: list[Hour], today: datetime.date) -> Q:
    """Whoever bought in one of `hours` of the week within the year that ends today."""
    found = Q()
    for hour in hours:
        # The days by name, for an index: the hour alone would have every order of the year looked at.
        found |= (
            Q(placed_on__in=[day for day in _year(today) if day.isoweekday() == hour.weekday]) & hour.where
        )
    return _buyers(found, clock=TruncTime("placed_at", tzinfo=current_shop().zone))


def bought_on_day(number: int, today: datetime.date) -> Q:
    """Whoever bought on that day of a month of the shop's calendar within the year that ends today."""
    calendar = current_shop().calendar
    days = [day for day in _year(today) if (day - period_of(day, calendar).first_on).days + 1 == number]
    return _buyers(Q(placed_on__in=days))


def _year(today: datetime.date) -> list[datetime.date]:
    return [today - datetime.timedelta(days=ago) for ago in range(GOODS_DAYS)]


def lately(goods: str, **also: object) -> Where:
    """Whoever bought such goods in the year that ends today; `goods` is the lookup of an order's goods, and
    `also` what else is true of the line.
    """

    def where(values: list, today: datetime.date) -> Q:
        since = today - datetime.timedelta(days=GOODS_DAYS - 1)
        return _buyers(Q(placed_on__range=(since, today), **{f"{goods}__in": values}, **also))

    return where


def on_the_day(goods: str, day: str) -> Where:
    """Whoever bought such goods on the `day` ("first" or "last") of all their order days."""

    def where(values: list, today: datetime.date) -> Q:
        on_it = {f"{goods}__in": values, "placed_on": F(f"customer__score__{day}_order_on")}
        return _buyers(Q(**on_it, placed_on__lte=today))

    return where


def favourite(goods: str) -> Where:
    """Whoever such goods are the favourite of: what most of their orders hold."""
    return lambda values, today: Q(**{f"taste__{goods}__in": values})


def _buyers(orders: Q, **named: object) -> Q:
    found = Order.objects.paid().alias(**named).filter(orders, customer__isnull=False)
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
    Condition(
        "bought_between",
        lambda: ManyField(coerce=Days.read),
        bought_between,
        gettext_lazy("Bought between: %(value)s"),
        say=_in_words,
    ),
    Condition(
        "bought_at",
        lambda: ManyField(coerce=Hour.read),
        bought_at,
        gettext_lazy("Bought in the last 12 months on: %(value)s"),
        say=_in_words,
    ),
    count(
        "month_day",
        bought_on_day,
        gettext_lazy("Bought in the last 12 months on day %(value)s of a month"),
        min_value=1,
        max_value=31,
    ),
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
    _goods(
        "discounted_product",
        Product,
        lately("lines__product", lines__discount_amount__gt=0),
        gettext_lazy("Bought at a discount in the last 12 months: %(value)s"),
    ),
    _goods(
        "discounted_category",
        ProductCategory,
        lately("lines__product__category", lines__discount_amount__gt=0),
        gettext_lazy("Bought at a discount in the last 12 months from: %(value)s"),
    ),
    _goods("favourite_product", Product, favourite("product"), gettext_lazy("Favourite product: %(value)s")),
    _goods(
        "favourite_category",
        ProductCategory,
        favourite("category"),
        gettext_lazy("Favourite category: %(value)s"),
    ),
)
