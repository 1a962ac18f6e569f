"""Which tier a customer has reached, and what is missing to the next: one definition, for Python and as SQL.

A ladder is an ordered list of steps. The lowest step is the way in and has no threshold: whoever bought once
stands on it. Any other step asks for a value of the programme's metric and, if the shop wishes, for a
number of orders as well; the highest step whose two conditions both hold is the one reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

METRICS = ("spend", "profit", "orders", "order_days")
MONEY_METRICS = ("spend", "profit")


@dataclass(frozen=True)
class Step:
    """One step of a ladder. `threshold` is in the metric's own unit: minor units of money, or a count."""

    rank: int
    threshold: int
    min_orders: int = 0


@dataclass(frozen=True)
class Gap:
    """What is missing to the step `rank`: metric, orders, and the share (0–1) of the way already made."""

    rank: int
    value: int
    orders: int
    share: float


def reached(value: int, orders: int, steps: Sequence[Step]) -> int:
    """Return the rank of the highest step reached; the lowest is reached by anybody."""
    for step in reversed(steps):
        if value >= step.threshold and orders >= step.min_orders:
            return step.rank
    return steps[0].rank


def reached_sql(value: str, orders: str, steps: Sequence[Step]) -> str:
    """Return SQL for `reached`: `value` and `orders` are SQL expressions that are never NULL."""
    cases = " ".join(
        f"WHEN {value} >= {int(step.threshold)} AND {orders} >= {int(step.min_orders)} THEN {int(step.rank)}"
        for step in reversed(steps[1:])
    )
    return f"CASE {cases} ELSE {int(steps[0].rank)} END" if cases else str(int(steps[0].rank))


def gap(value: int, orders: int, steps: Sequence[Step], rank: int) -> Gap | None:
    """Return what a customer on the step `rank` lacks to the one above, or None at the top.

    The share counts from the threshold of the present step and follows whichever condition is further off.
    """
    place = next(index for index, step in enumerate(steps) if step.rank == rank)
    if place + 1 == len(steps):
        return None
    here, above = steps[place], steps[place + 1]
    shares = [_progress(value, here.threshold, above.threshold)]
    if above.min_orders:
        shares.append(_progress(orders, 0, above.min_orders))
    return Gap(above.rank, max(above.threshold - value, 0), max(above.min_orders - orders, 0), min(shares))


def _progress(value: int, start: int, end: int) -> float:
    if value >= end:
        return 1.0
    return max(value - start, 0) / (end - start)


def problems(steps: Sequence[Step]) -> list[tuple[int, str]]:
    """Return (rank, code) of every step that breaks the ladder.

    Codes: `not_higher` (the threshold is not above the one below), `fewer_orders` (asks for fewer orders
    than the one below), `not_free` (the way in has a condition).
    """
    found = []
    if steps and (steps[0].threshold or steps[0].min_orders):
        found.append((steps[0].rank, "not_free"))
    for below, step in zip(steps, steps[1:], strict=False):
        if step.threshold <= below.threshold:
            found.append((step.rank, "not_higher"))
        if step.min_orders < below.min_orders:
            found.append((step.rank, "fewer_orders"))
    return found


def falling(values: Iterable[tuple[int, float]]) -> list[int]:
    """Return the ranks of a (rank, worth) list that are worth less than a rank below them."""
    best, found = 0.0, []
    for rank, worth in values:
        if worth < best:
            found.append(rank)
        best = max(best, worth)
    return found


# Numbers that people say: 1, 1.2, 1.5, 2 … times a power of ten.
_SPOKEN = (10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100)


def nice(value: float) -> int:
    """Return the spoken number nearest to `value` (at least 1): 3,412,000 becomes 3,000,000."""
    if value < 12:
        return max(round(value), 1)
    scale = 10 ** (len(str(int(value))) - 2)
    return min((spoken * scale for spoken in _SPOKEN), key=lambda spoken: abs(spoken - value))


def next_nice(value: int) -> int:
    """Return the smallest spoken number above `value`."""
    if value < 10:
        return value + 1
    scale = 10 ** (len(str(value)) - 2)
    return next(spoken * scale for spoken in (*_SPOKEN, 120) if spoken * scale > value)


def round_step(value: int) -> int:
    """Return the largest of 1, 2, 5, 10, 20 … that is not above `value` (at least 1): the step of a slider."""
    scale = 10 ** (len(str(max(value, 1))) - 1)
    return max(step * scale for step in (1, 2, 5) if step == 1 or step * scale <= value)


def climbing(values: Iterable[float]) -> list[int]:
    """Return spoken numbers near the ascending `values`, each above the one before even where they
    coincide.
    """
    found: list[int] = []
    for value in values:
        number = nice(value)
        found.append(number if not found or number > found[-1] else next_nice(found[-1]))
    return found
