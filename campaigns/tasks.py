"""Nudges: what is to be done stands in the table of messages, a task only says "look"."""

from __future__ import annotations

import logging

from celery import shared_task
from kombu.exceptions import OperationalError

from campaigns import dispatch
from loyalty.shops.models import Shop
from loyalty.shops.scope import every_shop, scope
from loyalty.shops.tasks import shop_task

# After so long a shop goes to the back of the queue: a large campaign must not keep the others waiting.
TURN_SECONDS = 20

log = logging.getLogger(__name__)


@shared_task
def nudge() -> None:
    """Wake the lane of every shop that has something due; beat says so every few seconds."""
    for shop in every_shop():
        with scope(shop):
            is_due = dispatch.has_work()
        if is_due:
            wake(shop.pk)


@shop_task(opens_scope=False)
def drain(shop: Shop) -> None:
    done = dispatch.drain(shop, seconds=TURN_SECONDS)
    if done and not done.is_empty:
        with scope(shop):
            is_due = dispatch.has_work()
        if is_due:
            wake(shop.pk)


def wake(shop_id: int) -> None:
    """Ask a worker to look at a shop. Without a broker nothing is lost: the table is looked at again."""
    try:
        drain.apply_async((shop_id,), expires=60)
    except OperationalError:
        log.warning("The broker cannot be reached; messages wait until it is back.")
