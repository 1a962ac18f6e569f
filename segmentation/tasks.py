"""Scoring that happens later."""

from __future__ import annotations

import datetime

from loyalty.shops.models import Shop
from loyalty.shops.scope import scope
from loyalty.shops.tasks import shop_task

from . import drafting, likeness_runs, services
from .models import LikenessRun, SchemeVersion


@shop_task(opens_scope=False)
def score_shop(shop: Shop, day: str) -> None:
    """Score everybody, and only then the weeks before: meanwhile nobody's scores are held."""
    as_of = datetime.date.fromisoformat(day)
    with scope(shop):
        services.score_shop(as_of)
    with scope(shop):
        services.look_back(as_of, refresh=True)


@shop_task
def look_back(shop: Shop, day: str) -> None:
    services.look_back(datetime.date.fromisoformat(day), refresh=True)


@shop_task
def preview_scheme(shop: Shop, draft_id: int, day: str) -> None:
    draft = SchemeVersion.objects.draft()
    # Another draft has taken its place meanwhile, or none has.
    if draft and draft.pk == draft_id:
        drafting.preview(draft, datetime.date.fromisoformat(day))


@shop_task
def find_likeness(shop: Shop, run_id: int) -> None:
    """Work out a grouping that was begun; asked twice, it is done once."""
    run = LikenessRun.objects.select_for_update().filter(pk=run_id, finished_at=None).first()
    if run is not None:
        likeness_runs.work_out(run)
