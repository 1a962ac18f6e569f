"""A person's own line through time: what they were from when until when, of each kind of group."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from loyalty.tiers.models import TierMembership
from segmentation.models import Quadrant, ScoreHistory, Stage, segment_label

from ..filters.then import KINDS, TIER
from ..models import Customer

# What lies further back is told in the list, but would press the last two years into a corner.
DRAWN_DAYS = 730
DOTS = {"at_risk": "risk", "prospect": "mute"}
# Segments and tiers have no colours of their own here: two shades tell neighbours apart.
SHADES = ("brand", "soft")
WORDS = {
    "stage": lambda key: Stage(key).label,
    "segment": segment_label,
    "quadrant": lambda key: Quadrant(key).label,
}
A_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Stretch:
    """One group of a person from a day until before another (None: it still holds); a colour of app.css."""

    key: str
    label: Any
    from_on: datetime.date
    until_on: datetime.date | None
    days: int
    colour: str


@dataclass(frozen=True)
class Line:
    """The stretches of one kind, drawn from `start` to before `end`."""

    kind: str
    name: Any
    stretches: list[Stretch]
    start: datetime.date
    end: datetime.date

    @property
    def drawn(self) -> list[tuple[str, int]]:
        """Colour and percent of each piece of the line; a time in no group has no colour."""
        whole, place, pieces = (self.end - self.start).days, self.start, []
        for stretch in self.stretches:
            first, last = max(stretch.from_on, place), stretch.until_on or self.end
            if first < last:
                pieces += [("", (first - place).days), (stretch.colour, (last - first).days)]
                place = last
        return [(colour, max(1, round(100 * days / whole))) for colour, days in pieces if days]

    @property
    def latest_first(self) -> list[Stretch]:
        return self.stretches[::-1]


def lines(customer: Customer, today: datetime.date) -> list[Line]:
    """Return the lines of a person up to today; a kind in which they never were anything is left out."""
    kept = ScoreHistory.objects.filter(customer=customer).first()
    spans = kept.spans if kept else []
    found = {
        kind: _merged(
            (span.from_on, span.until_on, key, word(key) if key else "")
            for span in spans
            for key in [getattr(span, kind)]
        )
        for kind, word in WORDS.items()
    }
    members = TierMembership.objects.filter(customer=customer, undone_at=None).select_related("tier")
    found[TIER] = _merged(
        (row.from_on, row.until_on, str(row.tier_id), row.tier.name)
        for row in members.order_by("from_on", "pk")
        if row.until_on != row.from_on
    )
    begun = min((rows[0][0] for rows in found.values() if rows), default=today)
    start, end = max(begun, today - datetime.timedelta(days=DRAWN_DAYS)), today + A_DAY
    return [
        Line(kind, KINDS[kind], _stretches(kind, rows, end), start, end)
        for kind, rows in found.items()
        if rows
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


def _stretches(kind: str, rows: list[tuple], end: datetime.date) -> list[Stretch]:
    return [
        Stretch(
            key,
            label,
            first,
            until,
            ((until or end) - first).days,
            DOTS.get(key, key) if kind == "stage" else SHADES[number % 2],
        )
        for number, (first, until, key, label) in enumerate(rows)
    ]
