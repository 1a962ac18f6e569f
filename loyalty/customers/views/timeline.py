"""A person's own line through time: what they were from when until when, of each kind of group."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from loyalty.tiers.models import TierMembership
from segmentation.models import Quadrant, ScoreHistory, Segment, Stage

from ..filters.then import KINDS, TIER
from ..models import Customer

# What lies further back is told in the list, but would press the last two years into a corner.
DRAWN_DAYS = 730
DOTS = {"at_risk": "risk", "prospect": "mute"}
# Segments and tiers have no colours of their own here: two shades tell neighbours apart.
SHADES = ("brand", "soft")


@dataclass(frozen=True)
class Stretch:
    """One group of a person from a day until before another (None: it still holds).

    `percent` is its part of the drawn line, `colour` a class of app.css.
    """

    key: str
    label: Any
    from_on: datetime.date
    until_on: datetime.date | None
    days: int
    percent: int
    colour: str


@dataclass(frozen=True)
class Line:
    kind: str
    name: Any
    stretches: list[Stretch]

    @property
    def drawn(self) -> list[Stretch]:
        return [stretch for stretch in self.stretches if stretch.percent]

    @property
    def latest_first(self) -> list[Stretch]:
        return self.stretches[::-1]


def lines(customer: Customer, today: datetime.date) -> list[Line]:
    """Return the lines of a person up to today; a kind in which they never were anything is left out."""
    kept = ScoreHistory.objects.filter(customer=customer).first()
    spans = kept.spans if kept else []
    told = {
        kind: [(span.from_on, span.until_on, getattr(span, kind), labels) for span in spans]
        for kind, labels in (("stage", Stage), ("segment", Segment), ("quadrant", Quadrant))
    }
    found = {
        kind: _merged(
            (first, until, key, choices(key).label if key else "") for first, until, key, choices in rows
        )
        for kind, rows in told.items()
    }
    members = TierMembership.objects.filter(customer=customer, undone_at=None).select_related("tier")
    found[TIER] = _merged(
        (row.from_on, row.until_on, str(row.tier_id), row.tier.name)
        for row in members.order_by("from_on", "pk")
        if row.until_on != row.from_on
    )
    begun = min((rows[0][0] for rows in found.values() if rows), default=today)
    start = max(begun, today - datetime.timedelta(days=DRAWN_DAYS))
    return [
        Line(kind, KINDS[kind], _stretches(kind, rows, start, today)) for kind, rows in found.items() if rows
    ]


def _merged(rows: Iterable[tuple]) -> list[tuple]:
    """Join neighbours that say the same; a time in no group is a gap."""
    joined: list[tuple] = []
    for first, until, key, label in rows:
        if joined and joined[-1][2] == key and joined[-1][1] == first:
            joined[-1] = (joined[-1][0], until, key, label)
        elif key:
            joined.append((first, until, key, label))
    return joined


def _stretches(kind: str, rows: list[tuple], start: datetime.date, today: datetime.date) -> list[Stretch]:
    whole = max(1, (today - start).days + 1)
    found = []
    for number, (first, until, key, label) in enumerate(rows):
        last = until or today + datetime.timedelta(days=1)
        drawn = (last - max(first, start)).days
        percent = max(1, round(100 * drawn / whole)) if drawn > 0 else 0
        colour = DOTS.get(key, key) if kind == "stage" else SHADES[number % 2]
        found.append(Stretch(key, label, first, until, (last - first).days, percent, colour))
    return found
