"""Columns of the database as arrays and back, a million rows a second: COPY's binary format is a numpy record.

Each row of it is a count of fields and, for each field, its length and its bytes in network order; where no
field is NULL or of varying length, all rows look alike. So rows are read and written as they lie in memory.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from loyalty.customers.facts import Statement

HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TAIL = b"\xff\xff"
TYPES = {"bigint": ">i8", "int": ">i4", "float8": ">f8"}


def _record(columns: Mapping[str, str]) -> np.dtype:
    fields = [("fields", ">i2")]
    for name, kind in columns.items():
        fields += [(f"{name} length", ">i4"), (name, TYPES[kind])]
    return np.dtype(fields)


def read(found: Statement, columns: Mapping[str, str]) -> dict[str, NDArray]:
    """Return what `found` selects as arrays; `columns` names its columns in order, each "bigint", "int" or
    "float8". No value may be NULL.
    """
    selected = ", ".join(f"{name}::{kind}" for name, kind in columns.items())
    statement = f"COPY (SELECT {selected} FROM ({found.sql}) AS found) TO STDOUT (FORMAT binary)"
    # COPY takes no parameters of its own.
    composed = connection.ops.compose_sql(statement, found.params)
    with connection.cursor() as cursor, cursor.copy(composed) as copy:
        content = b"".join(copy)
    rows = np.frombuffer(content[len(HEAD) : -len(TAIL)], _record(columns))
    return {name: rows[name].astype(TYPES[kind].replace(">", "=")) for name, kind in columns.items()}


def write(table: str, columns: Mapping[str, str], arrays: Mapping[str, NDArray]) -> None:
    """Lay `arrays` into a new temporary table, which goes with the transaction."""
    kept = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    names = ", ".join(columns)
    record = _record(columns)
    rows = np.empty(len(next(iter(arrays.values()))), record)
    rows["fields"] = len(columns)
    for name in columns:
        rows[f"{name} length"], rows[name] = record[name].itemsize, arrays[name]
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE {table} ({kept}) ON COMMIT DROP")
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT binary)") as copy:
            copy.write(HEAD + rows.tobytes() + TAIL)
        cursor.execute(f"ANALYZE {table}")
