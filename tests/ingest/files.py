"""Writes the files that tests read: tables in any encoding and shape, and workbooks good and bad."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import xlsxwriter

from loyalty.ingest import columns
from loyalty.ingest.reading import files
from loyalty.ingest.reading.files import Layout, Record

LIMITS = {"text_megabytes": 200, "sheet_megabytes": 50}
# What Windows-1256, DOS-720 and ISO-8859-6 can hold of Persian: ي for ی, and of some letters only a neighbour.
ARABIC_LETTERS = str.maketrans({"ی": "ي", "ک": "ك", "\u200c": " ", "٬": ","})
ARABIC_ONLY = str.maketrans({"گ": "ك", "پ": "ب", "چ": "ج", "ژ": "ز"})


def read(path: Path, content: bytes) -> tuple[Layout, list[Record]]:
    """Write `content` to `path` and read it as an upload is read; raises FileProblem."""
    path.write_bytes(content)
    files.as_text(path, columns.count_known, **LIMITS)
    layout = files.inspect(path, columns.count_known)
    return layout, list(files.read(path, layout))


def workbook(rows: Iterable[Sequence], **options) -> bytes:
    """Return a workbook of one sheet."""
    return sheets({"Sheet1": rows}, **options)


def sheets(tables: dict[str, Iterable[Sequence]], hidden: Sequence[str] = (), **options) -> bytes:
    """Return a workbook of several sheets; those named in `hidden` are not shown."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, **options}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in tables.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if hasattr(cell, "year"):
                        sheet.write_datetime(number, column, cell, day)
                    else:
                        sheet.write(number, column, cell)
            if name in hidden:
                sheet.hide()
    return buffer.getvalue()


def zipped(parts: dict[str, bytes | Iterable[bytes]], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip of parts, by which a workbook can be made as wrong as need be; a part may come in pieces."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression, compresslevel=1) as archive:
        for name, content in parts.items():
            with archive.open(name, "w") as part:
                for piece in [content] if isinstance(content, bytes) else content:
                    part.write(piece)
    return buffer.getvalue()


def parts_of(book: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
