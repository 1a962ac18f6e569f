"""Whether the parts that a page needs are alive, for a load balancer, a watchdog and `make run`."""

from __future__ import annotations

import threading
import time

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from loyalty.celery import app

# A watchdog that asks too often would otherwise keep the workers busy with answering it.
REMEMBER_SECONDS = 3
ANSWER_SECONDS = 1

_lock = threading.Lock()
_remembered: tuple[float, dict[str, bool]] | None = None


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when database, broker and a worker are alive, else 503; the body says which are."""
    state = {"database": database_is_alive(), **queue_state()}
    return JsonResponse(state, status=200 if all(state.values()) else 503)


def database_is_alive() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def queue_state() -> dict[str, bool]:
    """Return whether the broker can be reached and a worker answers through it, a few seconds old at most."""
    global _remembered
    with _lock:
        now = time.monotonic()
        if _remembered is None or now - _remembered[0] > REMEMBER_SECONDS:
            _remembered = now, ask_queue()
        return _remembered[1]


def ask_queue() -> dict[str, bool]:
    try:
        with app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=ANSWER_SECONDS)
            # The first answer is enough; without the limit it would wait for more until the time is up.
            answers = app.control.ping(connection=broker, timeout=ANSWER_SECONDS, limit=1)
    except (OperationalError, OSError):
        return {"broker": False, "worker": False}
    return {"broker": True, "worker": bool(answers)}
