"""Rows by COPY into a temporary table, and from there into the shop's staging tables.

COPY straight into a table under row-level security is refused by PostgreSQL, hence the two steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection, models

from loyalty.shops.scope import current_shop_id

from .models import ImportRun, StagedPerson, StagedProduct, StagedRow
from .outcomes import Row
from .people import as_json

PERSON_COLUMNS = ("key", "phone", "external_id", "card_number", "details", "first_line")
PRODUCT_COLUMNS = ("sku", "name", "category")
MERGE_PEOPLE = """
ON CONFLICT (shop_id, run_key, key) DO UPDATE SET
    external_id = coalesce(excluded.external_id, ingest_stagedperson.external_id),
    card_number = coalesce(excluded.card_number, ingest_stagedperson.card_number),
    details = ingest_stagedperson.details || excluded.details
WHERE NOT ingest_stagedperson.details @> excluded.details
"""
MERGE_PRODUCTS = """
ON CONFLICT (shop_id, run_key, sku) DO UPDATE SET
    name = coalesce(nullif(excluded.name, ''), ingest_stagedproduct.name),
    category = coalesce(nullif(excluded.category, ''), ingest_stagedproduct.category)
"""


def stage(
    run: ImportRun,
    rows: Sequence[Row],
    people: dict[str, dict],
    products: dict[str, tuple[str, str]],
    line: int,
) -> None:
    """Add what was read to the staging tables; `line` is where it began. The shop's scope is open."""
    _bring(run, StagedRow, Row._fields, rows)
    person_rows = [
        (key, known.get("phone"), known.get("external_id"), known.get("card_number"), as_json(known), line)
        for key, known in people.items()
    ]
    _bring(run, StagedPerson, PERSON_COLUMNS, person_rows, MERGE_PEOPLE)
    _bring(
        run, StagedProduct, PRODUCT_COLUMNS, [(sku, *rest) for sku, rest in products.items()], MERGE_PRODUCTS
    )


def _bring(
    run: ImportRun,
    model: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[Sequence],
    merge: str = "",
) -> None:
    if not rows:
        return
    names = ", ".join(f'"{name}"' for name in columns)
    types = ", ".join(f'"{name}" {model._meta.get_field(name).db_type(connection)}' for name in columns)
    with connection.cursor() as cursor:
        # Within a surrounding transaction the one of the chunk before is still there.
        cursor.execute("DROP TABLE IF EXISTS pg_temp.incoming")
        cursor.execute(f"CREATE TEMPORARY TABLE incoming ({types}) ON COMMIT DROP")
        # Django wraps the errors of its own calls, and COPY is none of them.
        with (
            connection.wrap_database_errors,
            cursor.copy(f"COPY pg_temp.incoming ({names}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)
        cursor.execute(
            f'INSERT INTO "{model._meta.db_table}" (shop_id, run_key, {names})'
            f" SELECT %s, %s, {names} FROM pg_temp.incoming {merge}",
            [current_shop_id(), run.pk],
        )


def forget(run: ImportRun) -> None:
    """Take out whatever of the run is still staged."""
    for model in (StagedRow, StagedPerson, StagedProduct):
        model.objects.filter(run_key=run.pk).delete()


def forget_brought(run: ImportRun) -> None:
    """Take out rows of batches that were brought in before the reading had to begin anew."""
    if run.next_bucket:
        StagedRow.objects.filter(run_key=run.pk, bucket__lt=run.next_bucket).delete()


def count(run: ImportRun) -> int:
    """Return how many rows of the run wait in staging; fewer than were staged means that a crash emptied
    it.
    """
    return StagedRow.objects.filter(run_key=run.pk).count()
