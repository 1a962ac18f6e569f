"""The worker's doors: carry an import out, and look for those that lost their worker."""

from __future__ import annotations

import contextlib
import datetime
import time
from functools import partial

from celery import shared_task
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from loyalty.shops.models import Shop
from loyalty.shops.scope import every_shop, scope
from loyalty.shops.tasks import shop_task

from . import engine
from .models import ImportRun, folder

# How long a file is kept, to be looked at when its report raises a question.
KEPT = datetime.timedelta(days=7)


@shop_task(opens_scope=False)
def carry_out(shop: Shop, run_id: int) -> None:
    engine.carry_out(shop, run_id)


def nudge(run: ImportRun) -> None:
    """Have a worker take the import up once the present transaction is committed."""
    transaction.on_commit(partial(carry_out.delay, run.shop_id, run.pk))


@shared_task
def look() -> None:
    """Nudge every import that waits or whose worker has died. Looking too often does no harm."""
    for shop in every_shop():
        with scope(shop):
            idle = Q(leased_until__isnull=True) | Q(leased_until__lt=Now())
            for run in ImportRun.objects.filter(idle, state__in=ImportRun.OPEN):
                nudge(run)


@shared_task
def tidy() -> None:
    """Remove every file of an import that is older than a week, also one whose upload was broken off."""
    oldest = time.time() - KEPT.total_seconds()
    for path in folder().glob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                path.unlink()
