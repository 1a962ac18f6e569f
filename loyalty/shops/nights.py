"""Has the nightly work of a shop done once for each of its days, whatever clocks and workers do."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from django.db.models import Q
from django.utils import timezone

from .models import NightRun, Shop
from .scope import by_steps, scope

# By then the day's last orders are in, and nobody is at the counter.
STARTS_AT = datetime.time(3)
# A night that fails three times needs a person; the next day's does all of its work again anyway.
ATTEMPTS = 3
# Longer than anybody takes from one step to the next.
BETWEEN_STEPS = datetime.timedelta(minutes=1)

Work = Callable[[datetime.date], dict]


class Overtaken(RuntimeError):
    """Raised in a step of a night that somebody else has taken up meanwhile."""


def day_due(shop: Shop, now: datetime.datetime) -> datetime.date | None:
    """Return the shop's day whose night should be done at `now` and is not yet, or None.

    Only today is ever due: a night renews everything as of its day, so the ones slept through stay undone.
    """
    local = now.astimezone(shop.zone)
    if local.time() < STARTS_AT:
        return None
    with scope(shop):
        over = NightRun.objects.filter(day=local.date()).exclude(finished_at=None, attempts__lt=ATTEMPTS)
        return None if over.exists() else local.date()


def once(shop: Shop, day: datetime.date, work: Work) -> dict | None:
    """Do the shop's night of `day` unless it is done, being done or given up; return what `work` returned.

    The row is counted up first, in a transaction of its own, so that an attempt which takes the worker down
    leaves a trace. It is locked while a step runs, and between two steps it says that somebody was there a
    moment ago: a second beat passes by, and a crash lets go of it by itself.
    """
    with scope(shop):
        NightRun.objects.bulk_create([NightRun(day=day)], ignore_conflicts=True)
        free = NightRun.objects.filter(day=day, finished_at=None, attempts__lt=ATTEMPTS)
        free = free.filter(Q(seen_at=None) | Q(seen_at__lt=timezone.now() - BETWEEN_STEPS))
        run = free.select_for_update(skip_locked=True).first()
        if run is None:
            return None
        _take(run)
    try:
        return _go_through(shop, run, work)
    except Overtaken:
        return None


def again(shop: Shop, day: datetime.date, work: Work) -> dict:
    """Do the night of `day` whether or not it was done before, as a person asks for it; return the result.

    Whoever is at it stops at the end of their step.
    """
    with scope(shop):
        NightRun.objects.bulk_create([NightRun(day=day)], ignore_conflicts=True)
        run = NightRun.objects.select_for_update().get(day=day)
        _take(run)
    return _go_through(shop, run, work)


def _take(run: NightRun) -> None:
    run.attempts, run.seen_at = run.attempts + 1, timezone.now()
    run.save(update_fields=["attempts", "seen_at"])


def _go_through(shop: Shop, run: NightRun, work: Work) -> dict:
    try:
        with by_steps(shop, partial(_held, run)):
            result = work(run.day)
        with scope(shop), _held(run):
            NightRun.objects.filter(pk=run.pk).update(result=result, finished_at=timezone.now())
    finally:
        with scope(shop):
            _ours(run).update(seen_at=None)
    return result


@contextmanager
def _held(run: NightRun) -> Iterator[None]:
    """Hold the row for one step; raise Overtaken where it is no longer ours."""
    if _ours(run).select_for_update().first() is None:
        raise Overtaken(f"Somebody else does the night of {run.day}.")
    yield
    _ours(run).update(seen_at=timezone.now())


def _ours(run: NightRun):
    return NightRun.objects.filter(pk=run.pk, attempts=run.attempts)
