"""Conditions on what a customer is worth: discounts they need or do not, and who could become valued."""

from __future__ import annotations

import datetime
from decimal import Decimal

from django.db.models import ExpressionWrapper, F, FloatField, Q, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, NullIf
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual
from django.utils.translation import gettext_lazy

from loyalty.shops.scope import current_shop
from segmentation import services, value_volume, valued

from .conditions import count, flag


def rfm_score(path: str = "score__") -> ExpressionWrapper:
    """Return the weighted RFM score, 0 to 100, of the shop in scope as an expression; NULL for prospects."""
    weights = services.rules_of_shop().rfm_weights
    total = sum(weight * (F(f"{path}{name}_score") - 1) for name, weight in weights.items())
    return ExpressionWrapper(Cast(25 * total, FloatField()) / sum(weights.values()), FloatField())


def _dependence() -> ExpressionWrapper:
    """The same as value_volume.discount_dependence, for those with enough orders to say."""
    given = Cast("score__discount_amount", FloatField()) / NullIf("score__gross_amount", 0)
    return ExpressionWrapper(
        value_volume.DISCOUNT_VALUE_WEIGHT * given
        + value_volume.DISCOUNTED_ORDERS_WEIGHT * (1 - F("score__full_price_share")),
        FloatField(),
    )


_SAYS = Q(score__frequency__gte=value_volume.FEWEST_ORDERS, score__gross_amount__gt=0)


def depends_at_least(percent: Decimal, today: datetime.date) -> Q:
    return _SAYS & Q(GreaterThanOrEqual(_dependence(), Value(float(percent) / 100)))


def depends_at_most(percent: Decimal, today: datetime.date) -> Q:
    return _SAYS & Q(LessThanOrEqual(_dependence(), Value(float(percent) / 100)))


def scores_at_least(least: int, today: datetime.date) -> Q:
    return Q(GreaterThanOrEqual(rfm_score(), Value(float(least))))


def buys_anyway(value: bool, today: datetime.date) -> Q:
    return Q(
        score__full_price_share__gte=valued.ANYWAY_SHARE,
        score__frequency__gte=valued.ANYWAY_ORDERS,
    )


def could_become_valued(value: bool, today: datetime.date) -> Q:
    found = valued.promising_sql(current_shop(), today)
    # RawSQL knows no names: the parameters go by their places.
    sql, params = valued.by_place(f"SELECT customer_id FROM ({found.sql}) AS promising", found.params)
    return Q(pk__in=RawSQL(sql, params))


WORTH = (
    flag("could_be_valued", could_become_valued, gettext_lazy("Often here and could become valued")),
    flag("anyway", buys_anyway, gettext_lazy("Buy without a discount anyway")),
    count(
        "discount_min",
        depends_at_least,
        gettext_lazy("Depend on discounts by at least %(value)s %%"),
        max_value=100,
        decimals=2,
    ),
    count(
        "discount_max",
        depends_at_most,
        gettext_lazy("Depend on discounts by at most %(value)s %%"),
        max_value=100,
        decimals=2,
    ),
    count("rfm_min", scores_at_least, gettext_lazy("RFM score of at least %(value)s"), max_value=100),
)
