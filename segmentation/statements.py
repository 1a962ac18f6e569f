"""Runs the statements of this room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from loyalty.customers.facts import Statement


def execute(statement: Statement) -> int:
    """Run a statement and return how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.params or None)
        return cursor.rowcount


def rows(statement: Statement) -> list[tuple]:
    """Return all rows of a SELECT."""
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.params or None)
        return cursor.fetchall()


@contextmanager
def row_by_row() -> Iterator[None]:
    """Look up each row of a few, in a transaction, where the planner would rather read a large table for them."""
    names = ("enable_hashjoin", "enable_mergejoin")
    execute(Statement("; ".join(f"SET LOCAL {name} = off" for name in names)))
    yield
    execute(Statement("; ".join(f"SET LOCAL {name} TO DEFAULT" for name in names)))


def dicts(statement: Statement) -> list[dict]:
    """Return all rows of a SELECT by their columns."""
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.params or None)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def row(statement: Statement) -> dict:
    """Return the one row of a SELECT by its columns."""
    return dicts(statement)[0]


def stand_in(table: str, select: Statement, columns: str) -> None:
    """Lay a temporary table of what `select` finds, in the order of `columns`, over the one of its name: PostgreSQL
    looks for a name among the temporary ones first. It goes with its transaction.
    """
    execute(Statement(f"CREATE TEMPORARY TABLE {table} (LIKE {table} INCLUDING IDENTITY) ON COMMIT DROP"))
    execute(Statement(f"INSERT INTO pg_temp.{table} ({columns}) {select.sql}", select.params))
    execute(Statement(f"ANALYZE pg_temp.{table}"))
