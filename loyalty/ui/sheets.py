"""Tables as files: CSV and XLSX that are safe to open in a spreadsheet, right to left in Persian."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import IO, Any

import xlsxwriter
from django.http import FileResponse
from django.utils.translation import get_language_bidi

from . import money
from .presentation import current

KINDS = ("csv", "xlsx")
# A spreadsheet takes a cell that begins so for a formula, or splits the line at it.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00", ";", "|")
MOST_ROWS = 1_048_576
_NOT_IN_A_SHEETS_NAME = str.maketrans("", "", "[]:*?/\\'")


def neutral(text: str) -> str:
    """Return a text cell that no spreadsheet calculates; the importer takes the one apostrophe off again."""
    bare = text.replace("\x00", "")
    return f"'{bare}" if bare.lstrip(" ").startswith(DANGEROUS) else bare


def amount(minor: int | None) -> int | Decimal | str:
    """Return minor units as a number in the unit on screen; "" where unknown."""
    unit = money.unit_of(current())
    if minor is None:
        return ""
    return minor // unit.factor if minor % unit.factor == 0 else Decimal(minor) / unit.factor


def write(
    kind: str, title: str, heads: Sequence[Any], rows: Iterable[Sequence[Any]]
) -> tuple[IO[bytes], int]:
    """Return a temporary file at its start, in CSV or XLSX, and its number of rows; it goes when it is closed.

    A cell is a number, text, or None for an empty one. `rows` are read one at a time.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115, the response closes it
    safe = ([_safe(cell) for cell in row] for row in rows)
    heads = [str(head) for head in heads]
    written = _write_csv(file, heads, safe) if kind == "csv" else _write_xlsx(file, title, heads, safe)
    file.seek(0)
    return file, written


def response(
    kind: str, name: str, title: str, heads: Sequence[Any], rows: Iterable[Sequence[Any]]
) -> FileResponse:
    """Return the table as a download called `name` and the kind's ending."""
    file, _written = write(kind, title, heads, rows)
    return FileResponse(file, as_attachment=True, filename=f"{name}.{kind}")


def _safe(cell: Any) -> Any:
    if cell is None:
        return ""
    return cell if isinstance(cell, int | float | Decimal) else neutral(str(cell))


def _write_csv(file: IO[bytes], heads: list[str], rows: Iterable[list[Any]]) -> int:
    # Excel takes a file without the mark for the alphabet of its country.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow([neutral(head) for head in heads])
    written = 0
    for row in rows:
        writer.writerow(row)
        written += 1
    text.detach()
    return written


def _write_xlsx(file: IO[bytes], title: str, heads: list[str], rows: Iterable[list[Any]]) -> int:
    book = xlsxwriter.Workbook(
        file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet(title.translate(_NOT_IN_A_SHEETS_NAME).strip()[:31] or None)
    if get_language_bidi():
        sheet.right_to_left()
    bold = book.add_format({"bold": True})
    for column, head in enumerate(heads):
        sheet.write_string(0, column, head, bold)
    written = 0
    for written, row in enumerate(rows, 1):
        for column, cell in enumerate(row):
            # Text is always written as text: no first letter makes it a formula here.
            if isinstance(cell, str):
                sheet.write_string(written, column, cell)
            else:
                sheet.write_number(written, column, cell)
    sheet.freeze_panes(1, 0)
    book.close()
    return written
