"""The programme a shop starts with: four tiers whose thresholds come from its own sales.

From 20 buyers on, the upper tiers begin at the 60th, 85th and 97th percentile of what buyers spent in a
year, so that about 40, 15 and 3 in a hundred reach them. With fewer buyers percentiles say little: there
they begin at 3, 8 and 20 average orders. All are rounded to numbers people say, and each is above the one
before.
"""

from __future__ import annotations

import datetime
from decimal import Decimal

from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from loyalty.customers.facts import facts_sql
from loyalty.customers.models import Order
from loyalty.shops import audit
from loyalty.shops.scope import current_shop
from loyalty.ui.money import currency

from . import rules
from .draft import Draft
from .models import Benefit, Programme, ProgrammeVersion, Tier
from .standing import VALUES

WINDOW_DAYS = 365
GRACE_DAYS = 30
FEW_BUYERS = 20
SHARES = (0.60, 0.85, 0.97)
AVERAGE_ORDERS = (3, 8, 20)
# The upper tiers want more than one big purchase.
MIN_ORDERS = (0, 0, 2, 3)
COLOURS = (Tier.Colour.BRONZE, Tier.Colour.SILVER, Tier.Colour.GOLD, Tier.Colour.VIP)


def has_buyers(as_of: datetime.date) -> bool:
    """Say whether anybody known has bought anything up to `as_of`."""
    return Order.objects.paid().filter(customer__isnull=False, placed_on__lte=as_of).exists()


def proposed_thresholds(as_of: datetime.date, metric: str = Programme.Metric.SPEND) -> list[int]:
    """Return the four thresholds of `metric` (minor units, or a count) that suit the shop's sales up to
    `as_of`.
    """
    facts = facts_sql(current_shop(), as_of, WINDOW_DAYS)
    value = VALUES[metric]
    sql = f"""SELECT count(*), percentile_cont(%(shares)s) WITHIN GROUP (ORDER BY {value}),
                     sum({value})::bigint / nullif(sum(frequency), 0)::bigint
              FROM ({facts.sql}) AS fact WHERE frequency > 0 AND {value} > 0"""
    with connection.cursor() as cursor:
        cursor.execute(sql, facts.params | {"shares": list(SHARES)})
        buyers, percentiles, average = cursor.fetchone()
    if buyers >= FEW_BUYERS:
        return [0, *rules.climbing(percentiles)]
    if metric not in rules.MONEY_METRICS:
        return [0, *AVERAGE_ORDERS]
    return [0, *rules.climbing((average or _usual_order()) * times for times in AVERAGE_ORDERS)]


def _usual_order() -> int:
    """Return a stand-in for the average order of a shop that has none: 100 pounds, or a million toman."""
    money = currency(current_shop().currency)
    unit = money.unit(current_shop().display_unit)
    return unit.factor * (100 if unit.decimals else 1_000_000)


def create(as_of: datetime.date) -> Programme:
    """Make the shop's programme, its tiers and benefits, and version 1. The names are in the shop's
    language.
    """
    with transaction.atomic(), translation.override(current_shop().language):
        programme = Programme.objects.create(
            metric=Programme.Metric.SPEND, window_days=WINDOW_DAYS, grace_days=GRACE_DAYS, started_on=as_of
        )
        thresholds = proposed_thresholds(as_of)
        for place, (name, benefits) in enumerate(_levels()):
            tier = Tier.objects.create(
                programme=programme,
                rank=place + 1,
                name=name,
                colour=COLOURS[place],
                threshold_amount=thresholds[place],
                min_orders=MIN_ORDERS[place],
            )
            for benefit in benefits:
                Benefit.objects.create(tier=tier, **benefit)
        ProgrammeVersion.objects.create(
            programme=programme,
            number=1,
            rules=Draft.of(programme).to_json(),
            applied_at=moment_of(as_of),
        )
        audit.record("tiers.created", "", thresholds=thresholds)
    return programme


def moment_of(as_of: datetime.date) -> datetime.datetime:
    """Return when something done as of a day was done: now, or the end of that day where it is past."""
    end = datetime.datetime.combine(as_of, datetime.time(23, 59), current_shop().zone)
    return min(timezone.now(), end)


def _levels() -> list[tuple[str, list[dict]]]:
    """Return (name, benefits) of the four tiers, in the language that is active."""
    kind, period = Benefit.Kind, Benefit.Period
    return [
        (
            _("Bronze"),
            [{"kind": kind.FREE_TEXT, "text": _("Birthday wish"), "period": period.BIRTHDAY}],
        ),
        (
            _("Silver"),
            [
                {"kind": kind.DISCOUNT, "value_share": Decimal("0.03")},
                {"kind": kind.EARLY_ACCESS, "text": _("Early news of new goods")},
            ],
        ),
        (
            _("Gold"),
            [
                {"kind": kind.DISCOUNT, "value_share": Decimal("0.05")},
                {"kind": kind.GIFT, "text": _("Birthday gift"), "period": period.BIRTHDAY},
                {"kind": kind.EARLY_ACCESS, "text": _("Early access to offers")},
            ],
        ),
        (
            _("VIP"),
            [
                {"kind": kind.DISCOUNT, "value_share": Decimal("0.10")},
                {"kind": kind.GIFT, "text": _("Seasonal gift"), "period": period.SEASON},
                {"kind": kind.GIFT, "text": _("Birthday gift"), "period": period.BIRTHDAY},
                {"kind": kind.PRIORITY_LINE, "text": _("Direct line")},
            ],
        ),
    ]
