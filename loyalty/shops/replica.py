"""Reads dashboards from a replica of the database, in the same scope and behind the same policies.

Half of the programme asks by plain SQL, which no database router sees. So for one request the connection
called "default" is the replica's: every query, every setting of the scope and every transaction of the view
goes there, and none to the primary. It is done for routes that say `may_lag`, for GET only, and only where the
replica has replayed what this visitor wrote last. Whatever goes wrong on the replica is asked of the primary
again; without REPLICA_DATABASE_URL nothing of this happens.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, InterfaceError, OperationalError, connection, connections
from django.http import HttpRequest
from django.urls import Resolver404, resolve

from loyalty.access import REGISTRY

log = logging.getLogger(__name__)

ALIAS = "replica"
# Where in the log of the primary the visitor's last change ended.
SESSION_KEY = "written_until"
# Figures of a dashboard may be this much of the log old; after a long load it is better to ask the primary.
MOST_BEHIND_BYTES = 16 << 20
# A replica that did not answer is left alone so long: every request would wait for it otherwise.
AWAY_SECONDS = 15.0

_away_until = 0.0

# The receiver must run: a replica cut off from its primary has replayed everything it got, and knows no better.
_STATE = """
SELECT pg_is_in_recovery() AND EXISTS (SELECT FROM pg_stat_wal_receiver)
       AND pg_last_wal_replay_lsn() >= %s::pg_lsn
       AND pg_wal_lsn_diff(%s::pg_lsn, pg_last_wal_replay_lsn()) <= %s"""


def is_configured() -> bool:
    return ALIAS in settings.DATABASES


def may_serve(request: HttpRequest) -> bool:
    """Say whether this request may be answered from the replica as it stands now."""
    global _away_until
    if not is_configured() or request.method not in ("GET", "HEAD") or time.monotonic() < _away_until:
        return False
    # A past day is laid over the present in temporary tables, which a replica cannot make.
    if not _may_lag(request) or "on" in request.GET:
        return False
    end = written_until()
    stamp = request.session.get(SESSION_KEY, "0/0")
    try:
        with connections[ALIAS].cursor() as cursor:
            cursor.execute(_STATE, [stamp, end, MOST_BEHIND_BYTES])
            return bool(cursor.fetchone()[0])
    except Error:
        is_away()
        return False


def _may_lag(request: HttpRequest) -> bool:
    # Django resolves the address itself only after the middleware.
    try:
        access = REGISTRY.get(resolve(request.path_info).view_name)
    except Resolver404:
        return False
    return access is not None and access.may_lag


def is_away() -> None:
    """Note that the replica did not do what was asked of it, and drop the connection to it."""
    global _away_until
    _away_until = time.monotonic() + AWAY_SECONDS
    connections[ALIAS].close()


def explain(error: Error, path: str) -> None:
    """Log why a request was asked of the primary again; a replica that is gone is left alone for a while."""
    log.warning("The replica could not answer %s: %s", path, error)
    if isinstance(error, OperationalError | InterfaceError):
        is_away()


def written_until() -> str:
    """Return the end of the primary's log as of now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn()::text")
        return cursor.fetchone()[0]


def remember_writing(request: HttpRequest) -> None:
    """Keep in the visitor's session up to where a replica must have come before it may answer them."""
    if is_configured() and request.method not in ("GET", "HEAD", "OPTIONS"):
        request.session[SESSION_KEY] = written_until()


@contextmanager
def reading() -> Iterator[None]:
    """Let the connection called "default" be the replica's for the block, in this thread."""
    primary = connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = connections[ALIAS]
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = primary
