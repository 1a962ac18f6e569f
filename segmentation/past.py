"""Which past day is asked at the moment, where one is laid over the present (see `overlay`)."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from .models import ScoreRun


@dataclass(frozen=True)
class Past:
    """The day that is laid over the present, of every `one_in`-th customer, and a run that speaks of it: the last
    one up to the day, with the day and the numbers of the overlay."""

    day: datetime.date
    one_in: int
    run: ScoreRun
    has_tastes: bool


_laid: ContextVar[Past | None] = ContextVar("past", default=None)


@contextmanager
def asked_of(past: Past) -> Iterator[Past]:
    """Let the block know that `past` is laid over the present."""
    token = _laid.set(past)
    try:
        yield past
    finally:
        _laid.reset(token)


def laid() -> Past | None:
    """Return the past that is asked at the moment, None for the present."""
    return _laid.get()


def current_run() -> ScoreRun | None:
    """Return the run that the scores are of, those of the past day where one is laid over them."""
    return found.run if (found := laid()) else ScoreRun.objects.current()


def one_in() -> int:
    """Return how many customers one that is found stands for: 1 but for a large shop's past, of which no list can ask
    for what takes the scores or tastes of the day.
    """
    return found.one_in if (found := laid()) else 1
