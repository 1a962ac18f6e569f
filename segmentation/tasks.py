"""Scoring that happens later."""

from __future__ import annotations

import datetime

from loyalty.shops.models import Shop
from loyalty.shops.tasks import shop_task

from . import services


@shop_task
def score_shop(shop: Shop, day: str) -> None:
    as_of = datetime.date.fromisoformat(day)
    services.score_shop(as_of)
    services.look_back(as_of, refresh=True)
