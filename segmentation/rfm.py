"""Recency, frequency, monetary: three scores from 1 to 5, and the eleven named segments of their 125 cells.

The cuts are the 20/40/60/80 % quantiles by linear interpolation (type 7 of Hyndman and Fan, *Sample
Quantiles in Statistical Packages*, 1996; PostgreSQL's percentile_cont). A score is one more than the number
of cuts strictly below the value, so equal values always score alike, whatever the order of the rows. Few
days since the last order are good news, so recency runs the other way.

Each rule is written once here, for Python and as the SQL generated from the same definition.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

SHARES = (0.2, 0.4, 0.6, 0.8)
SCORES = (1, 2, 3, 4, 5)

# The cells (digits R, F, M; 5 is best) of each segment, as widely published; every cell has exactly one.
CELLS = {
    "champions": "555 554 544 545 454 455 445",
    "loyal": "543 444 435 355 354 345 344 335",
    "potential_loyalist": "553 551 552 541 542 533 532 531 452 451 442 441 431 453 433 432 423"
    " 353 352 351 342 341 333 323",
    "new_customers": "512 511 422 421 412 411 311",
    "promising": "525 524 523 522 521 515 514 513 425 424 413 414 415 315 314 313",
    "need_attention": "535 534 443 434 343 334 325 324",
    "about_to_sleep": "331 321 312 221 213 231 241 251",
    "at_risk": "255 254 245 244 253 252 243 242 235 234 225 224 153 152 145 143 142 135 134 133 125 124",
    "cannot_lose": "155 154 144 214 215 115 114 113",
    "hibernating": "332 322 233 232 223 222 132 123 122 212 211",
    "lost": "111 112 121 131 141 151",
}
SEGMENTS = tuple(CELLS)
# The same as one string, which is how a map is kept: a letter for each cell from 111, 112 … to 555, "a" for the
# first of SEGMENTS.
CELL_MAP = "".join(
    next(
        chr(ord("a") + number)
        for number, segment in enumerate(CELLS)
        if f"{r}{f}{m}" in CELLS[segment].split()
    )
    for r in SCORES
    for f in SCORES
    for m in SCORES
)


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the type 7 quantile of the ascending, non-empty `ordered`.

    The arithmetic is percentile_cont's, operation for operation, so that both give the same bits: a cut that
    differs in its last digit would move everyone who stands on it.
    """
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    low, high = float(ordered[below]), float(ordered[math.ceil(position)])
    return low if below == position else low + (position - below) * (high - low)


def quantile_of_counts(counts: Sequence[tuple[float, int]], share: float) -> float:
    """Return `quantile` of values that are counted: ascending, non-empty (value, how often)."""
    ends = list(accumulate(count for _value, count in counts))
    position = share * (ends[-1] - 1)
    below = math.floor(position)
    low, high = (float(counts[bisect_right(ends, place)][0]) for place in (below, math.ceil(position)))
    return low if below == position else low + (position - below) * (high - low)


def is_quantile(share: float, count: int, below: int, equal: int) -> bool:
    """Say whether a value that `below` of `count` values are less than, and `equal` of them are, is their `quantile`
    without interpolation.
    """
    position = share * (count - 1)
    return below <= math.floor(position) and math.ceil(position) < below + equal


def cuts(values: Iterable[float]) -> list[float] | None:
    """Return the four cuts of `values`, or None where there are none."""
    ordered = sorted(values)
    return [quantile(ordered, share) for share in SHARES] if ordered else None


def score(value: float, cuts: Sequence[float]) -> int:
    """Return 1 to 5 for a frequency or an amount: more is better."""
    return 1 + sum(value > cut for cut in cuts)


def recency_score(days: float, cuts: Sequence[float]) -> int:
    """Return 1 to 5 for days since the last order: fewer is better."""
    return 5 - sum(days > cut for cut in cuts)


def segment(r: int, f: int, m: int, cell_map: str = "") -> str:
    """Return the slug of the segment of a cell by `cell_map` (see CELL_MAP, which stands for "").

    Raises KeyError for what is no cell.
    """
    if not {r, f, m} <= set(SCORES):
        raise KeyError(f"{r}{f}{m}")
    return SEGMENTS[ord((cell_map or CELL_MAP)[25 * r + 5 * f + m - 31]) - ord("a")]


def painted(cell_map: str, cells: str, segment: str) -> str:
    """Return `cell_map` with `segment` in `cells`: three digits, R, F and M, or * for each of the five."""
    letter = chr(ord("a") + SEGMENTS.index(segment))
    asked = [SCORES if digit == "*" else (int(digit),) for digit in cells]
    places = {25 * r + 5 * f + m - 31 for r in asked[0] for f in asked[1] for m in asked[2]}
    return "".join(letter if place in places else old for place, old in enumerate(cell_map))


def ranges(cuts: Sequence[float], first: int = 0) -> list[tuple[int, int | None] | None]:
    """Return for score-steps 1 to 5 the whole numbers (first, last) that fall in each; None where none can.

    The first step begins at `first` and the last has no end (None). Where many customers share a value two cuts
    coincide and the step between them stays empty: that is the price of scoring equal values alike.
    """
    edges = [first - 1, *(math.floor(cut) for cut in cuts)]
    steps: list[tuple[int, int | None] | None] = [
        (low + 1, high) if high > low else None for low, high in zip(edges, edges[1:], strict=False)
    ]
    return [*steps, (edges[-1] + 1, None)]


def score_sql(value: str, cuts: str, points: Sequence[int] = SCORES) -> str:
    """Return SQL for `score`, or for the one of five `points` in its place; `value` and `cuts` (an ascending
    float8[]) are SQL expressions, and NULL where either is.

    Not width_bucket: it counts cuts at or below the value, our rule those strictly below.
    """
    whens = " ".join(
        f"WHEN {value} > {cuts}[{number}] THEN {points[number]}" for number in range(len(SHARES), 0, -1)
    )
    return f"CASE {whens} WHEN {value} <= {cuts}[1] THEN {points[0]} END"


def recency_score_sql(days: str, cuts: str, points: Sequence[int] = SCORES) -> str:
    """Return SQL for `recency_score`, or for the one of five `points` in its place."""
    return score_sql(days, cuts, points[::-1])


def segment_sql(r: str, f: str, m: str, cell_map: str = "") -> str:
    """Return SQL for `segment`: the letter at the cell's place names the segment.

    Letters of a text would be counted from its beginning each time; the place of a byte is known.
    """
    cell = f"25 * ({r}) + 5 * ({f}) + ({m}) - 31"
    letter = f"get_byte('{cell_map or CELL_MAP}'::bytea, {cell})"
    return f"('{{{','.join(SEGMENTS)}}}'::text[])[{letter} - {ord('a') - 1}]"
