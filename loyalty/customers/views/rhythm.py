"""A customer's rhythm as a strip of marks: the last visits, the one expected, and today."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace

from segmentation import lifecycle
from segmentation.rfm import quantile

# Visits shown; more would stand on each other's labels on a phone.
VISITS = 4
# Percent of the strip's width: where it begins, how much of it is used, and what a label takes.
START, WIDTH, LABEL = 2, 92, 16
# With fewer gaps their spread is chance, and with fewer still there is no habit to speak of.
ENOUGH_GAPS = 4
HABIT_GAPS = 3
VISIT, EXPECTED, TODAY = "visit", "exp", "now"


@dataclass(frozen=True)
class Mark:
    """One point: its kind, its day, its place in percent, and whether there is room for its label."""

    kind: str
    day: datetime.date
    at: int
    is_labelled: bool = False

    @property
    def leans(self) -> bool:
        """Whether its label ends under it, for one that began there would leave the strip."""
        return self.at > 100 - LABEL

    @property
    def label_at(self) -> int:
        return self.at + 3 if self.leans else self.at - 1

    def leaves_room_for(self, other: Mark) -> bool:
        first, second = sorted(one.label_at - LABEL * one.leans for one in (self, other))
        return second - first >= LABEL


@dataclass(frozen=True)
class Rhythm:
    """What is usual for a customer and how today compares; days throughout. `between` is the middle half.

    The habit is their own median gap, None before there are enough; what is to be expected blends it with the
    shop's and is kept within bounds, `bound` being the one that holds here.
    """

    last_on: datetime.date
    days_since: int
    usual_days: int
    gaps: int
    habit_days: int | None
    bound: int | None
    between: tuple[int, int] | None
    expected_on: datetime.date
    days_late: int
    days_to_go: int
    marks: tuple[Mark, ...]

    @property
    def late(self) -> tuple[int, int] | None:
        """Start and length of the stretch between the expected day and today, where today is past it."""
        places = {mark.kind: mark.at for mark in self.marks}
        return (places[EXPECTED], places[TODAY] - places[EXPECTED]) if self.days_late else None


def of(days: Sequence[datetime.date], gap_days: float, today: datetime.date) -> Rhythm | None:
    """Return the rhythm of the distinct, ascending order `days` with the expected gap; None without any.

    Days after `today` (a purchase recorded ahead) are left out.
    """
    days = [day for day in days if day <= today]
    if not days:
        return None
    usual = int(gap_days + 0.5)
    gaps = sorted(lifecycle.gaps_of(days))
    median = lifecycle.median(gaps)
    expected_on = days[-1] + datetime.timedelta(days=usual)
    return Rhythm(
        last_on=days[-1],
        days_since=(today - days[-1]).days,
        usual_days=usual,
        gaps=len(gaps),
        habit_days=lifecycle.whole_days(median) if len(gaps) >= HABIT_GAPS else None,
        bound=usual if _is_held(gap_days, median) else None,
        between=_middle_half(gaps) if len(gaps) >= ENOUGH_GAPS else None,
        expected_on=expected_on,
        days_late=max(0, (today - expected_on).days),
        days_to_go=max(0, (expected_on - today).days),
        marks=_marks(days[-VISITS:], expected_on, today),
    )


def _is_held(gap_days: float, median: float | None) -> bool:
    """Whether the expected gap was held at a bound that the own habit lies beyond."""
    if median is None:
        return False
    return median < gap_days == lifecycle.SHORTEST_GAP or median > gap_days == lifecycle.LONGEST_GAP


def _middle_half(gaps: Sequence[int]) -> tuple[int, int]:
    return round(quantile(gaps, 0.25)), round(quantile(gaps, 0.75))


def _marks(
    visits: Sequence[datetime.date], expected_on: datetime.date, today: datetime.date
) -> tuple[Mark, ...]:
    first, span = visits[0], max((max(expected_on, today) - visits[0]).days, 1)

    def mark(kind: str, day: datetime.date) -> Mark:
        return Mark(kind, day, START + round(WIDTH * (day - first).days / span))

    # Where there is no room for every label, today's and the expected day's come first, then the last visit.
    by_weight = [mark(TODAY, today), mark(EXPECTED, expected_on)]
    by_weight += [mark(VISIT, day) for day in reversed(visits)]
    placed: list[Mark] = []
    for one in by_weight:
        has_room = all(one.leaves_room_for(other) for other in placed if other.is_labelled)
        placed.append(replace(one, is_labelled=has_room))
    return tuple(sorted(placed, key=lambda one: (one.at, one.kind == TODAY)))
