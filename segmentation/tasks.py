"""Scoring that happens later."""

from __future__ import annotations

import datetime

from loyalty.shops.models import Shop
from loyalty.shops.tasks import shop_task

from . import likeness_runs, services
from .models import LikenessRun


@shop_task
def score_shop(shop: Shop, day: str) -> None:
    as_of = datetime.date.fromisoformat(day)
    services.score_shop(as_of)
    services.look_back(as_of, refresh=True)


@shop_task
def find_likeness(shop: Shop, run_id: int) -> None:
    """Work out a grouping that was begun; asked twice, it is done once."""
    run = LikenessRun.objects.select_for_update().filter(pk=run_id, finished_at=None).first()
    if run is not None:
        likeness_runs.work_out(run)
