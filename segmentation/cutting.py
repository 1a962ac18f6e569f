"""Where the scores are cut, and for how long: by fifths, by fixed numbers, and by honest fallbacks.

Cuts by fifths move whenever the base does, so that a customer could change group without having done
anything. Therefore cuts are kept, and taken anew only on a schedule, or where the shop is no longer the one
they were taken from. Fifths of few customers say little: a shop of fewer than 200 is cut by fixed numbers.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from persiantools.jdatetime import JalaliDate

from .lifecycle import ENOUGH_GAPS

RECENCY, FREQUENCY, MONETARY = MEASURES = ("recency_days", "frequency", "monetary_amount")
FIFTHS, FIXED, FALLBACK = "fifths", "fixed", "fallback"

NIGHTLY, WEEKLY, MONTHLY, QUARTERLY, BY_HAND = REFRESHES = (
    "nightly",
    "weekly",
    "monthly",
    "quarterly",
    "by_hand",
)
# From so many buyers on a fifth has forty people, and one more or less of them hardly moves a cut.
ENOUGH_BUYERS = 200
# Buyers more or fewer by this share are another base; the cuts of the old one would mislead.
OTHER_BASE_SHARE = 0.25
# Points of share by which the people of one score may differ from when the cuts were taken.
DRIFT_SHARE = 0.05

# Days where the shop has no gap of its own yet: half-way marks to Klaviyo's published 180 and 365.
DEFAULT_RECENCY = (30, 90, 180, 365)
# In rhythm, a little late, late, away: the bounds of the stages, in usual gaps.
GAPS = (1, 1.5, 2.5, 4)
ORDERS = (1, 2, 3, 5)
# Of the basket in the middle.
BASKETS = (0.5, 1, 2, 5)


@dataclass(frozen=True)
class Base:
    """What the fallbacks ask of a shop: buyers, how many of them came twice, the middle gap and basket."""

    buyers: int
    repeaters: int
    gap_days: float | None
    basket_amount: float | None


def ways(chosen: Mapping[str, str | Sequence[float]], base: Base) -> dict[str, str]:
    """Return by measure how it is cut: as the owner chose, otherwise by fifths where these say something.

    In a shop where nobody has come twice the fifths of the number of orders would all be 1.
    """
    found = {}
    for measure in MEASURES:
        choice = chosen.get(measure)
        if choice == FIFTHS:
            found[measure] = FIFTHS
        elif choice:
            found[measure] = FIXED
        elif base.buyers < ENOUGH_BUYERS or (measure == FREQUENCY and not base.repeaters):
            found[measure] = FALLBACK
        else:
            found[measure] = FIFTHS
    return found


def fallback(measure: str, base: Base) -> list[float]:
    """Return four cuts that need no crowd: multiples of the usual gap, a few orders, the usual basket."""
    if measure == RECENCY:
        return (
            [float(days) for days in DEFAULT_RECENCY]
            if base.gap_days is None
            else _times(base.gap_days, GAPS)
        )
    if measure == FREQUENCY:
        return [float(orders) for orders in ORDERS]
    return _times(max(base.basket_amount or 0.0, 0.0), BASKETS)


def _times(unit: float, multiples: Sequence[float]) -> list[float]:
    return [float(unit * multiple) for multiple in multiples]


def cuts(
    fifths: Mapping[str, list[float] | None], chosen: Mapping[str, str | Sequence[float]], base: Base
) -> dict:
    """Return the cuts of the three measures and `ways`, how each was found; None where nobody has bought."""
    how = ways(chosen, base)
    found: dict = {"ways": how}
    for measure, way in how.items():
        if way == FIXED:
            found[measure] = [float(cut) for cut in chosen[measure]]
        elif way == FALLBACK and base.buyers:
            found[measure] = fallback(measure, base)
        else:
            found[measure] = fifths[measure]
    return found


def apart(found: Sequence[float], least: int = 1) -> list[int]:
    """Return cuts as whole numbers, each at least `least` above the one before: fifths may fall together,
    numbers that a person chooses may not."""
    apart: list[int] = []
    for cut in found:
        apart.append(max([round(cut), *(below + least for below in apart[-1:])]))
    return apart


def is_due(refresh: str, cuts_on: datetime.date, today: datetime.date, calendar: str = "gregorian") -> bool:
    """Say whether cuts of `cuts_on` are to be taken anew; months and quarters are those of the calendar."""
    if refresh == BY_HAND or today <= cuts_on:
        return False
    if refresh == NIGHTLY:
        return True
    if refresh == WEEKLY:
        return (today - cuts_on).days >= 7
    months = 3 if refresh == QUARTERLY else 1
    return _month(today, calendar) // months != _month(cuts_on, calendar) // months


def _month(day: datetime.date, calendar: str) -> int:
    """Return the months since year 0, counted from 0."""
    shown = JalaliDate(day) if calendar == "jalali" else day
    return 12 * shown.year + shown.month - 1


def is_other_base(then: Mapping[str, int], now: Mapping[str, int]) -> bool:
    """Say whether a shop is no longer the one its cuts speak of: many more or fewer have bought, the first have
    come twice, or there are enough gaps to have one in the middle.
    """
    if now["repeaters"] > then["repeaters"] == 0 or then["repeat_gaps"] < ENOUGH_GAPS <= now["repeat_gaps"]:
        return True
    was, buyers = then["buyers"], now["buyers"]
    if was == 0 or (was < ENOUGH_BUYERS <= buyers):
        return buyers > was
    return abs(buyers - was) >= OTHER_BASE_SHARE * was


@dataclass(frozen=True)
class Drift:
    """The share of people with one score, on the day of the cuts and now."""

    measure: str
    score: int
    then: float
    now: float

    @property
    def is_far(self) -> bool:
        return abs(self.now - self.then) > DRIFT_SHARE


def drift(then: Mapping[str, Sequence[int]], now: Mapping[str, Sequence[int]]) -> list[Drift]:
    """Return for each measure of both, and each score, the two shares. Counts are of scores 1 to 5.

    Not against 20 %: where many share a value a fifth cannot have its fifth, and that is no drift.
    """
    found = []
    for measure, counts in now.items():
        before = then.get(measure)
        if before and sum(before) and sum(counts):
            found += [
                Drift(measure, score, was / sum(before), is_now / sum(counts))
                for score, (was, is_now) in enumerate(zip(before, counts, strict=True), 1)
            ]
    return found
