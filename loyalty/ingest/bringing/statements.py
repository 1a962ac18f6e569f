"""Runs the statements of this folder with the import's values."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.db import connection

from loyalty.customers.models import Customer, Order, OrderLine, Product, Refund
from loyalty.ingest.models import StagedPerson, StagedProduct, StagedRow
from loyalty.ui.money import MAX_MINOR

# Advisory locks of this room, told apart from other rooms' by their first number ("IMPO").
LOCK = 0x494D504F


@dataclass(frozen=True)
class Values:
    """What every statement may name: %(shop)s, %(run)s …"""

    shop: int
    run: int
    source: str
    is_line: bool
    knows_status: bool
    knows_refunds: bool
    brings_returns: bool
    drops_duplicates: bool
    tells_tags: bool
    tells_attributes: bool
    consent_evidence: str = ""
    low: int = 0
    high: int = 0
    # Where the refunds of the same numbers lie.
    refunds_low: int = 0
    refunds_high: int = 0


def added_up(column: str) -> str:
    """Return the SQL of a sum that no bigint is too small for: one above the limit counts as just above it."""
    # Not least(), which would take the limit for an unknown sum.
    return f"CASE WHEN sum({column}) > {MAX_MINOR} THEN {MAX_MINOR + 1} ELSE sum({column}) END::bigint"


def run(statement: str, values: Values) -> int:
    """Run one statement; return how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, asdict(values))
        return max(cursor.rowcount, 0)


def rows(statement: str, values: Values) -> list[tuple]:
    """Run one query; return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, asdict(values))
        return cursor.fetchall()


def make(name: str, query: str, values: Values) -> None:
    """Make the temporary table `name` of a query, in place of the batch before."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{name}")
        cursor.execute(f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS {query}", asdict(values))
        # Without numbers the planner takes a table it does not know for small, and loops over it.
        cursor.execute(f"ANALYZE pg_temp.{name}")


# What an import stages, and what it then fills.
STAGED = (StagedRow, StagedPerson, StagedProduct)
SALES = (Customer, Product, Order, OrderLine, Refund)


def prepare(shop_id: int) -> None:
    """Begin a step: one import of a shop at a time, and room to sort a batch in memory."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, shop_id])
        cursor.execute("SET LOCAL work_mem = '64MB'")
