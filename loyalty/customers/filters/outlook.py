"""Conditions on what is expected of people: their chance of coming back, orders and profit, and when they are due."""

from __future__ import annotations

import datetime

from django.db.models import Q
from django.utils.translation import gettext_lazy

from loyalty.ui.fields import AmountField, NumberField
from loyalty.ui.money import format_amount
from loyalty.ui.presentation import current
from loyalty.ui.templatetags.ui import share
from segmentation import lifecycle

from .conditions import Condition, compared, count, flag


def chance(name: str, column: str, words: str) -> Condition:
    """A share typed as a whole number of per cent."""

    def where(percent: int, today: datetime.date) -> Q:
        return Q(**{column: percent / 100})

    def say(percent: int) -> str:
        return share(percent / 100)

    return Condition(
        name, lambda: NumberField(required=False, min_value=0, max_value=100), where, words, say=say
    )


def money(name: str, column: str, words: str) -> Condition:
    def where(minor: int, today: datetime.date) -> Q:
        return Q(**{column: minor})

    def say(minor: int) -> str:
        return format_amount(minor, current())

    return Condition(name, lambda: AmountField(required=False), where, words, say=say)


def is_periodic(value: bool, today: datetime.date) -> Q:
    return Q(
        score__lifetime_order_days__gte=lifecycle.PERIODIC_DAYS,
        score__gap_spread__lte=lifecycle.PERIODIC_SPREAD,
    )


def came_once(value: bool, today: datetime.date) -> Q:
    return Q(score__lifetime_order_days=1)


def due_within(days: int, today: datetime.date) -> Q:
    """Say of customers that their usual day is today or within `days` days."""
    return Q(score__expected_on__range=(today, today + datetime.timedelta(days=days)))


OUTLOOK = (
    chance("back_max", "outlook__p_back__lte", gettext_lazy("Chance of coming back at most %(value)s")),
    chance("back_min", "outlook__p_back__gte", gettext_lazy("Chance of coming back at least %(value)s")),
    chance(
        "with_us_max",
        "outlook__p_alive__lte",
        gettext_lazy("Chance of still being with us at most %(value)s"),
    ),
    chance(
        "with_us_min",
        "outlook__p_alive__gte",
        gettext_lazy("Chance of still being with us at least %(value)s"),
    ),
    compared(
        "expected_orders_min",
        "outlook__orders_365__gte",
        gettext_lazy("Expected to buy at least %(value)s times in 12 months"),
    ),
    compared(
        "expected_orders_max",
        "outlook__orders_365__lte",
        gettext_lazy("Expected to buy at most %(value)s times in 12 months"),
    ),
    money(
        "expected_profit_min",
        "outlook__profit_365_amount__gte",
        gettext_lazy("Expected profit of 12 months at least %(value)s"),
    ),
    money(
        "expected_profit_max",
        "outlook__profit_365_amount__lte",
        gettext_lazy("Expected profit of 12 months at most %(value)s"),
    ),
    flag("periodic", is_periodic, gettext_lazy("Buy at regular intervals")),
    flag("one_time", came_once, gettext_lazy("Came once so far")),
    count("due", due_within, gettext_lazy("Usual day within %(value)s days"), max_value=365),
)
