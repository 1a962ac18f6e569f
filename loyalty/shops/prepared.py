"""Statements that are planned once for a connection, for what happens with every single order.

Planning the sums of one customer takes several times as long as adding them up. Django writes the values into
its statements, so that no two of them are the same to PostgreSQL; here they travel beside the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from django.db import connection, models, router


def rows(sql: str, params: Mapping[str, Any]) -> list[tuple]:
    """Run a statement in the open transaction and return its rows, [] where it selects none.

    `sql` must be one of a few texts, with every value among `params`: each text is kept by the server. Where
    DATABASE_PREPARES is 0 it is planned like any other.
    """
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(sql, params, prepare=True)
        return cursor.fetchall() if cursor.description else []


def insert(instance: models.Model) -> bool:
    """Add a new row and give it its key; return False, and add nothing, where a unique key is taken already.

    One round trip without a savepoint. Signals are not sent and no default of the database is read back.
    """
    meta = instance._meta
    columns = [field for field in meta.concrete_fields if not (field.generated or field is meta.pk)]
    values = {
        field.attname: field.get_db_prep_save(field.pre_save(instance, True), connection) for field in columns
    }
    names = ", ".join(f'"{field.column}"' for field in columns)
    places = ", ".join(f"%({field.attname})s" for field in columns)
    sql = f'''INSERT INTO "{meta.db_table}" ({names}) VALUES ({places})
ON CONFLICT DO NOTHING RETURNING "{meta.pk.column}"'''
    for (key,) in rows(sql, values):
        instance.pk = key
        instance._state.adding, instance._state.db = False, router.db_for_write(type(instance))
    return not instance._state.adding
