"""What templates say windows, metrics and benefits with."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty.tiers import rules
from loyalty.tiers.draft import Perk
from loyalty.tiers.models import Benefit
from loyalty.ui.money import unit_of
from loyalty.ui.presentation import current
from loyalty.ui.templatetags.ui import money_compact, money_full, num
from loyalty.ui.templatetags.ui import share as share_text

register = template.Library()


@register.filter
def window(days: int) -> str:
    """365 → “12 months”, 90 → “90 days”."""
    if days in (365, 366):
        return _("12 months")
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": num(days)}


@register.filter
def counted(value: int, metric: str) -> str:
    """A value of a metric with its unit: 32,400,000 toman, 16 orders, 9 days."""
    if metric == "profit":
        # It rests on costs and margins: a tenth of a toman is no knowledge.
        unit = unit_of(current())
        value = value if unit.decimals else value // unit.factor * unit.factor
    return money_full(value) if metric in rules.MONEY_METRICS else _count(value, metric)


@register.filter
def counted_short(value: int, metric: str) -> str:
    """The same in short: 32.4 M toman."""
    return money_compact(value) if metric in rules.MONEY_METRICS else _count(value, metric)


def _count(value: int, metric: str) -> str:
    words = {"n": num(value)}
    if metric == "order_days":
        return ngettext("%(n)s day", "%(n)s days", value) % words
    return ngettext("%(n)s order", "%(n)s orders", value) % words


@register.filter
def perk_text(perk: Perk | Benefit) -> str:
    """A benefit in a few words: “5% discount”, “Seasonal gift”."""
    if perk.kind == Benefit.Kind.DISCOUNT:
        return _("%(share)s discount") % {"share": share_of(perk)}
    return perk.text or Benefit.Kind(perk.kind).label


@register.filter
def perk_icon(perk: Perk | Benefit) -> str:
    return "cake" if perk.period == Benefit.Period.BIRTHDAY else Benefit.ICONS[perk.kind]


def share_of(perk: Perk | Benefit) -> str:
    value = perk.share if isinstance(perk, Perk) else perk.value_share
    return discount(value)


@register.filter
def discount(value: object) -> str:
    """0.05 → 5%, 0.025 → 2.5%."""
    is_whole = value * 100 == int(value * 100)
    return share_text(value, 0 if is_whole else 1)


@register.filter
def period_label(period: str) -> str:
    return Benefit.Period(period).label
