"""How a change of segment, stage and quadrant is kept: one whole number, the day and what held from then on.

A customer who buys every few weeks changes group about thirty times in two years. As rows with their keys and
indexes that would be seven gigabytes for a million customers; as numbers in one ascending array each it is a
quarter of one, and what held on any day is found by halving the array.

The day stands in front, so the numbers of one customer ascend as their days do: days since the first of 2000,
then four bits for the segment, four for the stage, three for the quadrant.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

FIRST_DAY = datetime.date(2000, 1, 1)

# Numbers are kept for good, so a word never changes its place: a new one goes to the end.
SEGMENTS = (
    "",
    "champions",
    "loyal",
    "potential_loyalist",
    "new_customers",
    "promising",
    "need_attention",
    "about_to_sleep",
    "at_risk",
    "cannot_lose",
    "hibernating",
    "lost",
)
STAGES = ("prospect", "returned", "new", "loyal", "active", "at_risk", "inactive", "lost")
QUADRANTS = ("", "valued_frequent", "valued_rare", "volume", "occasional")

# kind: (its words, the bits to its right)
PLACES = {"segment": (SEGMENTS, 7), "stage": (STAGES, 3), "quadrant": (QUADRANTS, 0)}
BITS = {"segment": 4, "stage": 4, "quadrant": 3}
CODE_BITS = sum(BITS.values())
CODE = (1 << CODE_BITS) - 1


@dataclass(frozen=True)
class Span:
    """What held from `from_on` until before `until_on` (None while it still does)."""

    from_on: datetime.date
    until_on: datetime.date | None
    segment: str
    stage: str
    quadrant: str


def change(day: datetime.date, segment: str, stage: str, quadrant: str) -> int:
    """Return the number that says what holds from `day` on."""
    words = {"segment": segment, "stage": stage, "quadrant": quadrant}
    code = sum(names.index(words[kind]) << shift for kind, (names, shift) in PLACES.items())
    return ((day - FIRST_DAY).days << CODE_BITS) | code


def spans(changes: Sequence[int]) -> list[Span]:
    """Return the ascending `changes` of one customer as spans, oldest first."""
    days = [FIRST_DAY + datetime.timedelta(days=number >> CODE_BITS) for number in changes]
    return [
        Span(
            day,
            until,
            *(names[number >> shift & (1 << BITS[kind]) - 1] for kind, (names, shift) in PLACES.items()),
        )
        for day, until, number in zip(days, [*days[1:], None], changes, strict=True)
    ]


# The same in SQL; all arguments are expressions.


def change_sql(day: str, segment: str, stage: str, quadrant: str) -> str:
    """Return SQL for `change`."""
    words = {"segment": segment, "stage": stage, "quadrant": quadrant}
    codes = " | ".join(
        f"(array_position({_words(names)}, {words[kind]}::text) - 1 << {shift})"
        for kind, (names, shift) in PLACES.items()
    )
    return f"(({day} - DATE '{FIRST_DAY}') << {CODE_BITS} | {codes})"


def word_sql(kind: str, change: str) -> str:
    """Return SQL for the segment, stage or quadrant (`kind`) of a change."""
    names, shift = PLACES[kind]
    return f"({_words(names)})[({change} >> {shift} & {(1 << BITS[kind]) - 1}) + 1]"


def day_sql(change: str) -> str:
    """Return SQL for the day of a change."""
    return f"(DATE '{FIRST_DAY}' + ({change} >> {CODE_BITS}))"


def held_sql(changes: str, day: str) -> str:
    """Return SQL for the change that held at the end of `day`, NULL before the first one.

    width_bucket counts, by halving, the numbers up to the last one that this day can have.
    """
    last = f"(({day} - DATE '{FIRST_DAY}') << {CODE_BITS} | {CODE})"
    return f"({changes})[width_bucket({last}, {changes})]"


def _words(names: Sequence[str]) -> str:
    return "'{" + ",".join(name or '""' for name in names) + "}'::text[]"
