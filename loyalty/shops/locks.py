"""How long somebody at the till waits for work that has all night."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError
from psycopg.errors import LockNotAvailable

from .scope import setting

# Two orders of one customer take some hundredths of a second; whoever holds a row for longer is a run.
A_MOMENT = "250ms"


class Held(Exception):
    """Raised where somebody else has held a row for longer than a moment; the block has left no trace."""


@contextmanager
def a_moment() -> Iterator[None]:
    """Run the block in a savepoint that waits for nobody longer than A_MOMENT; raise Held where it would."""
    try:
        with setting("lock_timeout", A_MOMENT, "0"):
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise Held from error
        raise
