"""What the clock sets going."""

from __future__ import annotations

import datetime
from functools import partial

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from loyalty import pipeline
from loyalty.shops import nights
from loyalty.shops.locks import Held
from loyalty.shops.models import Shop
from loyalty.shops.scope import every_shop
from loyalty.shops.tasks import shop_task


@shared_task
def nightly_look() -> None:
    """Ask for the night of every shop whose day has none yet. Looking too often, or late, does no harm."""
    now = timezone.now()
    for shop in every_shop():
        if day := nights.day_due(shop, now):
            transaction.on_commit(partial(night.delay, shop.pk, day.isoformat()))


@shop_task(opens_scope=False)
def night(shop: Shop, day: str) -> None:
    nights.once(shop, datetime.date.fromisoformat(day), pipeline.night)


# As long as a run over a large shop takes, and longer.
@shop_task(autoretry_for=(Held,), retry_kwargs={"countdown": 10, "max_retries": 100})
def renew(shop: Shop, customer_id: int, day: str) -> None:
    """Renew a customer whom a run held when something happened to them, once it is over."""
    pipeline.renew(customer_id, datetime.date.fromisoformat(day))
