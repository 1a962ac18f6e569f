"""Has the nightly work of a shop done once for each of its days, whatever clocks and workers do."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from django.db.models import F
from django.utils import timezone

from .models import NightRun, Shop
from .scope import scope

# By then the day's last orders are in, and nobody is at the counter.
STARTS_AT = datetime.time(3)
# A night that fails three times needs a person; the next day's does all of its work again anyway.
ATTEMPTS = 3

Work = Callable[[datetime.date], dict]


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
    leaves a trace. Then it stays locked while the work runs: a second beat passes by, and a crash lets go of
    it by itself.
    """
    with scope(shop):
        NightRun.objects.bulk_create([NightRun(day=day)], ignore_conflicts=True)
        if _open_run(day) is None:
            return None
        NightRun.objects.filter(day=day).update(attempts=F("attempts") + 1, started_at=timezone.now())
    with scope(shop):
        run = _open_run(day, started=True)
        return None if run is None else _finish(run, work(day))


def again(shop: Shop, day: datetime.date, work: Work) -> dict:
    """Do the night of `day` whether or not it was done before, as a person asks for it; return the result."""
    with scope(shop):
        run, _ = NightRun.objects.get_or_create(day=day)
        run.started_at, run.attempts = timezone.now(), run.attempts + 1
        return _finish(run, work(day))


def _open_run(day: datetime.date, started: bool = False) -> NightRun | None:
    most = ATTEMPTS if started else ATTEMPTS - 1
    runs = NightRun.objects.select_for_update(skip_locked=True)
    return runs.filter(day=day, finished_at=None, attempts__lte=most).first()


def _finish(run: NightRun, result: dict) -> dict:
    run.result, run.finished_at = result, timezone.now()
    run.save()
    return result
