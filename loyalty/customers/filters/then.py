"""What customers were on a past day: segment, stage and quadrant by their spans, tiers by their memberships."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.shops.scope import current_shop
from loyalty.tiers import services as tiers
from loyalty.tiers.models import Tier, TierMembership
from loyalty.ui.dates import format_day
from loyalty.ui.presentation import current
from segmentation import history, statements
from segmentation.models import Quadrant, ScoreHistory, ScoreRun, ScoreSpan, Segment, Stage, segment_labels

from ..facts import Statement, facts_sql
from ..models import Customer

# Beside the groups: those who were in none, or whom the shop did not know yet.
NONE = "none"
TIER = "tier"
GROUPS: dict[str, type[TextChoices]] = {"segment": Segment, "stage": Stage, "quadrant": Quadrant}
KINDS = {
    "segment": gettext_lazy("Segment"),
    "stage": gettext_lazy("Stage"),
    "quadrant": gettext_lazy("Value and frequency"),
    TIER: gettext_lazy("Tier"),
}


def in_group(kind: str, values: Sequence[str], day: datetime.date) -> Q:
    """Say of customers that on `day` they were in one of the groups `values` (NONE among them) of a kind."""
    named = [value for value in values if value != NONE]
    if kind == TIER:
        rows = members_on(day)
        found, grouped = rows.filter(tier__in=named), rows
    else:
        rows = ScoreHistory.objects.on(day)
        found, grouped = rows.filter(**{f"{kind}__in": named}), rows.exclude(**{kind: ""})
    said = Q(pk__in=found.values("customer"))
    return said | ~Q(pk__in=grouped.values("customer")) if NONE in values else said


def members_on(day: datetime.date):
    """Return the memberships that held at the end of `day`."""
    held = TierMembership.objects.filter(Q(until_on=None) | Q(until_on__gt=day), from_on__lte=day)
    return held.filter(undone_at=None)


def known(day: datetime.date) -> Q:
    """Say of customers that the shop knew them on `day`."""
    return Q(pk__in=ScoreHistory.objects.on(day).values("customer"))


@dataclass(frozen=True)
class Spent:
    """What somebody had bought by a day, counted as the shop counts today; zeros for who had not yet."""

    last_order_on: datetime.date | None = None
    frequency: int = 0
    monetary_amount: int = 0


def remember(people: Sequence[Customer], day: datetime.date) -> None:
    """Give each of `people` what they were on `day`: `then` (a span or None), `tier_then`, `spent_then`,
    `remembered_on`. Four statements, however many they are."""
    rows = ScoreHistory.objects.on(day).filter(customer__in=people).values("customer", *GROUPS)
    held = {row.pop("customer"): ScoreSpan(**row) for row in rows}
    members = members_on(day).filter(customer__in=people).select_related("tier")
    tiers = {member.customer_id: member.tier for member in members}
    spent = _spent([person.pk for person in people], day)
    for person in people:
        person.remembered_on = day
        person.then, person.tier_then = held.get(person.pk), tiers.get(person.pk)
        person.spent_then = spent.get(person.pk, Spent())


def _spent(customer_ids: list[int], day: datetime.date) -> dict[int, Spent]:
    run = ScoreRun.objects.current()
    found = facts_sql(current_shop(), day, run.window_days if run else None, customer_ids)
    columns = "customer_id, last_order_on, frequency, monetary_amount"
    rows = statements.rows(Statement(f"SELECT {columns} FROM ({found.sql}) AS fact", found.params))
    return {customer: Spent(*row) for customer, *row in rows}


def kept_since(kind: str) -> datetime.date | None:
    """Return the first day of which groups of `kind` are remembered, None where none is."""
    return tiers.kept_since() if kind == TIER else history.kept_since()


def forgotten(values: Sequence[Was]) -> list[str]:
    """Return a sentence for each of `values` that asks of a day before all memory."""
    said = []
    for value in values:
        since = kept_since(value.kind)
        if since is None or value.day < since:
            words = {"kind": KINDS[value.kind], "day": format_day(value.day, current())}
            said.append(_("%(kind)s on %(day)s: nothing is kept of a day that early.") % words)
    return said


@dataclass(frozen=True)
class Was:
    """On `day` a customer was in one of `values` of a kind, or (`is_not`) in none of them.

    Written `stage:loyal,active@2026-10-01`, with `!` before the values where it is not so.
    """

    kind: str
    values: tuple[str, ...]
    day: datetime.date
    is_not: bool = False

    @classmethod
    def read(cls, text: str) -> Was:
        """Raise ValueError for what cannot be read."""
        kind, _colon, rest = text.strip().partition(":")
        values, _at, day = rest.rpartition("@")
        names = tuple(dict.fromkeys(values.removeprefix("!").split(",")))
        known_names = _names(kind)
        if not names or any(name not in known_names for name in names):
            raise ValueError(text)
        return cls(kind, names, datetime.date.fromisoformat(day), values.startswith("!"))

    def __str__(self) -> str:
        return f"{self.kind}:{'!' if self.is_not else ''}{','.join(self.values)}@{self.day.isoformat()}"

    @property
    def where(self) -> Q:
        found = in_group(self.kind, self.values, self.day)
        return ~found if self.is_not else found

    def in_words(self) -> str:
        names = _names(self.kind)
        words = {
            "kind": KINDS[self.kind],
            "day": format_day(self.day, current()),
            "groups": _(" or ").join(str(names[value]) for value in self.values),
        }
        if self.is_not:
            return _("%(kind)s on %(day)s: not %(groups)s") % words
        return _("%(kind)s on %(day)s: %(groups)s") % words


def _names(kind: str) -> dict[str, str]:
    """Return the words of every value of a kind; raise ValueError for a kind there is not."""
    if kind == TIER:
        tiers = {str(tier.pk): tier.name for tier in Tier.objects.all()}
        return tiers | {NONE: _("No tier yet")}
    if kind not in GROUPS:
        raise ValueError(kind)
    words = segment_labels() if kind == "segment" else dict(GROUPS[kind].choices)
    return words | {NONE: _("not yet in a group")}
