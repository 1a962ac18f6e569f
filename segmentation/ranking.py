"""How well groups tell people apart: drift of a distribution, AUC and Gini by grouped ranks, overlap of groups.

Pure: counts in, figures out. Sources: PSI after Siddiqi, Credit Risk Scorecards (2006), p. 135 f.; AUC as the
Mann-Whitney statistic with half for ties, and the error of the difference of two on the same people after
DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988); that of two Gini coefficients by the infinitesimal
jackknife (Jaeckel 1972; Efron, The Jackknife, the Bootstrap and Other Resampling Plans, 1982, chapter 6);
Cramér's V without correction.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

# The usual reading of the stability index: below the first nothing has moved, above the second much has.
STEADY, DRIFTED = 0.1, 0.25
# Where a group was empty, half a person stands in it: the logarithm of nothing is no number.
HALF_A_PERSON = 0.5
# 95 %, two-sided.
SURE = 1.96


def stability_index(before: Mapping[Hashable, int], after: Mapping[Hashable, int]) -> float | None:
    """Return the population stability index Σ (a − b)·ln(a / b) of two counts by group; None if one is empty."""
    groups = [group for group in before.keys() | after.keys() if before.get(group) or after.get(group)]
    if not any(before.values()) or not any(after.values()):
        return None
    shares = [_shares([counts.get(group, 0) for group in groups]) for counts in (before, after)]
    return sum((a - b) * math.log(a / b) for b, a in zip(*shares, strict=True))


def _shares(counts: Sequence[int]) -> list[float]:
    filled = [count or HALF_A_PERSON for count in counts]
    return [count / sum(filled) for count in filled]


@dataclass(frozen=True)
class Tally:
    """People of one kind: how many there are and how many of them did what was to be foretold."""

    people: int
    hits: int

    @property
    def misses(self) -> int:
        return self.people - self.hits


def auc(tallies: Iterable[tuple[float, Tally]]) -> float | None:
    """Return the chance that one who did it stands above one who did not, by (score, tally); ties half.

    None where everybody or nobody did it.
    """
    at: dict[float, list[int]] = defaultdict(lambda: [0, 0])
    for score, tally in tallies:
        at[score][0] += tally.hits
        at[score][1] += tally.misses
    hits, misses = (sum(column) for column in zip(*at.values(), strict=True)) if at else (0, 0)
    if not hits or not misses:
        return None
    won, below = 0.0, 0
    for score in sorted(at):
        here_hits, here_misses = at[score]
        won += here_hits * (below + here_misses / 2)
        below += here_misses
    return won / (hits * misses)


@dataclass(frozen=True)
class Difference:
    """A figure of one score less that of another on the same people, and its standard error."""

    first: float
    second: float
    error: float

    @property
    def value(self) -> float:
        return self.first - self.second

    @property
    def low(self) -> float:
        return self.value - SURE * self.error

    @property
    def high(self) -> float:
        return self.value + SURE * self.error


def difference(cells: Iterable[tuple[float, float, Tally]]) -> Difference | None:
    """Return how much better the first score ranks than the second, by (first, second, tally) of each cell.

    DeLong's error, exact for grouped people: everybody of a cell has the same places. None where it cannot be
    told.
    """
    cells = [cell for cell in cells if cell[2].people]
    hits, misses = sum(cell[2].hits for cell in cells), sum(cell[2].misses for cell in cells)
    if hits < 2 or misses < 2:
        return None
    places = [_places([(cell[number], cell[2]) for cell in cells], hits, misses) for number in (0, 1)]
    firsts, seconds = ([(place, cell[2]) for place, cell in zip(one, cells, strict=True)] for one in places)
    areas = [sum(place[0] * tally.hits for place, tally in one) / hits for one in (firsts, seconds)]
    apart = areas[0] - areas[1]
    among_hits = sum(
        tally.hits * (a[0] - b[0] - apart) ** 2 for (a, tally), (b, _t) in zip(firsts, seconds, strict=True)
    ) / (hits - 1)
    among_misses = sum(
        tally.misses * (a[1] - b[1] - apart) ** 2 for (a, tally), (b, _t) in zip(firsts, seconds, strict=True)
    ) / (misses - 1)
    return Difference(*areas, math.sqrt(among_hits / hits + among_misses / misses))


def _places(scored: Sequence[tuple[float, Tally]], hits: int, misses: int) -> list[tuple[float, float]]:
    """Return of every cell (share of those who did not below it, share of those who did above it); ties half."""
    at: dict[float, list[int]] = defaultdict(lambda: [0, 0])
    for score, tally in scored:
        at[score][0] += tally.hits
        at[score][1] += tally.misses
    found, hits_below, misses_below = {}, 0, 0
    for score in sorted(at):
        here_hits, here_misses = at[score]
        found[score] = (
            (misses_below + here_misses / 2) / misses,
            (hits - hits_below - here_hits / 2) / hits,
        )
        hits_below, misses_below = hits_below + here_hits, misses_below + here_misses
    return [found[score] for score, _tally in scored]


def gini(groups: Iterable[tuple[float, int, int]]) -> float | None:
    """Return how unevenly an amount lies if people are put in the order of a score: (score, people, amount).

    0: the order tells nothing; 1: all of it lies with the first. Negative where the order is the wrong way
    round. None without people, or where the amount is not above zero.
    """
    at: dict[float, list[int]] = defaultdict(lambda: [0, 0])
    for score, people, amount in groups:
        at[score][0] += people
        at[score][1] += amount
    everybody, whole = (sum(column) for column in zip(*at.values(), strict=True)) if at else (0, 0)
    if not everybody or whole <= 0:
        return None
    area, held = 0.0, 0
    for score in sorted(at, reverse=True):
        people, amount = at[score]
        area += people / everybody * (held + amount / 2) / whole
        held += amount
    return 2 * area - 1


@dataclass(frozen=True)
class Lot:
    """People of one kind and what they brought: how many they are, the sum of the amounts, and that of their
    squares."""

    people: int
    amount: int
    squares: float


def gini_difference(cells: Iterable[tuple[float, float, Lot]]) -> Difference | None:
    """Return how much more unevenly the first score lays an amount than the second, by (first, second, lot).

    The error is exact for grouped people: a person pulls at a coefficient by a + b·amount, and a and b are
    those of their cell. None where the amount is not above zero.
    """
    cells = [cell for cell in cells if cell[2].people]
    everybody, whole = sum(cell[2].people for cell in cells), sum(cell[2].amount for cell in cells)
    if whole <= 0:
        return None
    (first, firsts), (second, seconds) = (
        _pulls([(cell[number], cell[2]) for cell in cells], everybody, whole) for number in (0, 1)
    )
    variance = 0.0
    for (a, b), (other_a, other_b), (_first, _second, lot) in zip(firsts, seconds, cells, strict=True):
        a, b = a - other_a, b - other_b
        variance += lot.people * a * a + 2 * a * b * lot.amount + b * b * lot.squares
    return Difference(first, second, math.sqrt(max(variance, 0.0)))


def _pulls(
    scored: Sequence[tuple[float, Lot]], everybody: int, whole: int
) -> tuple[float, list[tuple[float, float]]]:
    """Return the coefficient, and of every cell the (a, b) of its people: what one more of them would change."""
    at: dict[float, list[int]] = defaultdict(lambda: [0, 0])
    for score, lot in scored:
        at[score][0] += lot.people
        at[score][1] += lot.amount
    # Of each score the amount that stands before it and the people who stand behind it, half of its own.
    places, area, people_before, held = {}, 0.0, 0, 0
    for score in sorted(at, reverse=True):
        people, amount = at[score]
        places[score] = (held + amount / 2, everybody - people_before - people / 2)
        area += people / everybody * places[score][0] / whole
        people_before, held = people_before + people, held + amount
    pulls = []
    for score, _lot in scored:
        before, behind = places[score]
        pulls.append(
            (
                2 * (before / whole - area) / everybody,
                2 * (behind / everybody - area) / whole,
            )
        )
    return 2 * area - 1, pulls


def overlap(pairs: Mapping[tuple[Hashable, Hashable], int]) -> float | None:
    """Return Cramér's V of two ways of grouping: 0 have nothing to do with each other, 1 say the same."""
    rows: dict[Hashable, int] = defaultdict(int)
    columns: dict[Hashable, int] = defaultdict(int)
    for (row, column), people in pairs.items():
        rows[row] += people
        columns[column] += people
    rows, columns = ({key: n for key, n in side.items() if n} for side in (rows, columns))
    everybody, least = sum(rows.values()), min(len(rows), len(columns)) - 1
    if least < 1:
        return None
    chi = sum(
        (pairs.get((row, column), 0) - (expected := rows[row] * columns[column] / everybody)) ** 2 / expected
        for row in rows
        for column in columns
    )
    return math.sqrt(chi / (everybody * least))
