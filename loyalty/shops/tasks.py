"""Celery tasks of one shop: the id of the shop first, its scope open for the length of the task."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from celery import shared_task
from django.utils import translation

from .scope import get_shop, scope


def shop_task(function: Callable | None = None, *, opens_scope: bool = True, **options):
    """Declare a task whose first argument is a shop id.

    The wrapped function gets the Shop itself, in its scope and its language; with `opens_scope=False` it
    opens scopes itself, as work must that commits in steps.
    """

    def declare(work: Callable):
        @wraps(work)
        def run(shop_id: int, *args, **kwargs):
            shop = get_shop(pk=shop_id)
            with translation.override(shop.language):
                if not opens_scope:
                    return work(shop, *args, **kwargs)
                with scope(shop):
                    return work(shop, *args, **kwargs)

        return shared_task(name=f"{work.__module__}.{work.__name__}", **options)(run)

    return declare(function) if function else declare
