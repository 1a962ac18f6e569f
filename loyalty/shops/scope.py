"""Whose data it is right now: every query runs inside one shop's scope, or sees nothing.

The scope is a transaction-local database setting that the row-level security policies read. It is never set
with a plain SET, which would outlive the request on a kept connection and show the next visitor another shop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import connection, transaction
from django.utils import translation

from loyalty.ui import presentation

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from .models import Shop

_shop: ContextVar[Shop | None] = ContextVar("shop", default=None)
_around: ContextVar[Callable[[], AbstractContextManager]] = ContextVar("around", default=nullcontext)

# The advisory lock of a step, told apart from the rooms' own by its first number ("STEP").
LOCK = 0x53544550


class NoShop(LookupError):
    """Raised when code that needs a shop runs outside every scope."""


def current_shop() -> Shop:
    """Return the shop whose scope is open; raise NoShop outside of one."""
    shop = _shop.get()
    if shop is None:
        raise NoShop("No shop is in scope; open one with shops.scope.scope(shop).")
    return shop


def current_shop_id() -> int:
    """Return the primary key of the shop in scope (the default of every `shop` field)."""
    return current_shop().pk


def _set(name: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [name, value])


@contextmanager
def setting(name: str, value: str, before: str = "", *, durable: bool = False) -> Iterator[None]:
    """Hold the transaction-local database setting `name` at `value`, putting `before` back at the end."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(durable=durable):
        _set(name, value)
        yield
        # The end of a transaction forgets the setting by itself, and so does the rollback after an error.
        if not is_outermost and not connection.needs_rollback:
            _set(name, before)


@contextmanager
def scope(shop: Shop, *, durable: bool = False) -> Iterator[Shop]:
    """Run the block in one transaction that sees and writes `shop` only, presented as that shop is.

    Scopes nest: the outer shop is back afterwards. A `durable` one refuses to be inside another, for work that
    must be committed when the block ends. A streamed response is read after its view has returned,
    outside this block, and would see nothing: build the file first or open a scope inside the generator.
    """
    outer = _shop.get()
    with setting("app.shop_id", str(shop.pk), str(outer.pk) if outer else "", durable=durable):
        token = _shop.set(shop)
        try:
            with presentation.use(shop.presentation(translation.get_language())):
                yield shop
        finally:
            _shop.reset(token)


@contextmanager
def by_steps(shop: Shop, around: Callable[[], AbstractContextManager] = nullcontext) -> Iterator[None]:
    """Name `shop` for work that commits each `step()` by itself; outside of its steps the block sees no rows.

    What one long transaction has written it would hold from everybody else until its end. `around` is entered
    within each step.
    """
    tokens = _shop.set(shop), _around.set(around)
    try:
        yield
    finally:
        _shop.reset(tokens[0])
        _around.reset(tokens[1])


@contextmanager
def step() -> Iterator[None]:
    """Run the block in a transaction of its own, or as a part of the one that is open.

    It must come to the same when it is repeated: a worker may be lost after any step. Two steps of one shop
    wait for each other.
    """
    shop = current_shop()
    with scope(shop):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, shop.pk])
        with _around.get()():
            yield


@contextmanager
def signed_in(user_id: int) -> Iterator[None]:
    """Let a person see their own memberships, and the shops they belong to, before a shop is chosen."""
    with setting("app.user_id", str(user_id)):
        yield


def every_shop() -> list[Shop]:
    """Return all shops, for work that goes round them scope by scope. It opens only the list of shops."""
    with setting("app.every_shop", "on"):
        return list(_shops().order_by("pk"))


def get_shop(**lookup) -> Shop:
    """Return one shop by id or slug before any scope is open; raise Shop.DoesNotExist."""
    with setting("app.every_shop", "on"):
        return _shops().get(**lookup)


def _shops() -> QuerySet[Shop]:
    # By name: the models themselves rest on this module.
    return apps.get_model("shops", "Shop").objects.all()
