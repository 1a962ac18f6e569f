"""Workbooks: read like a text where they are sound, and refused at once where they are bombs."""

from __future__ import annotations

import datetime
import io
import json
import resource
import runpy
import sys
import time
import zipfile
from collections.abc import Iterator
from itertools import repeat

import pytest
import xlsxwriter

from loyalty.ingest import columns
from loyalty.ingest.reading import files, sheets
from loyalty.ingest.reading.files import FileProblem
from tests.ingest.files import LIMITS, parts_of, read, workbook, zipped
from tests.ingest.files import sheets as book_of

HEAD = ["Mobile", "Customer name", "Date", "Amount"]
SHEET = "xl/worksheets/sheet1.xml"
MEGABYTE = 1 << 20


def sound() -> dict[str, bytes]:
    return parts_of(workbook([HEAD, ["09990000001", "Nadia", "2026-01-01", 1000]]))


def test_numbers_days_and_texts_are_read_as_a_person_would_type_them(tmp_path):
    rows = [HEAD, [9990000001, "two\nlines", datetime.date(2026, 1, 31), 12.5], ["0999", "", 45033, 1e15]]
    layout, records = read(tmp_path / "f.xlsx", workbook(rows))
    assert list(layout.header) == HEAD
    assert [(row.line, row.cells) for row in records] == [
        (2, ["9990000001", "two lines", "2026-01-31", "12.5"]),
        (3, ["0999", "", "45033", "1000000000000000"]),
    ]


def test_lines_are_the_rows_of_the_sheet_also_below_blank_ones(tmp_path):
    rows = [[], ["A title"], [], HEAD, ["09990000001", "Nadia", "2026-01-01", 5]]
    assert [row.line for row in read(tmp_path / "f.xlsx", workbook(rows))[1]] == [5]


def test_the_sheet_whose_header_says_most_is_read_and_hidden_ones_are_not(tmp_path):
    orders = [HEAD, ["09990000001", "Nadia", "2026-01-01", 5]]
    tables = {
        "Notes": [["hello", "world"], ["a", "b"]],
        "Orders": orders,
        "Old": [[*HEAD, "City"], *orders[1:]],
    }
    layout, _ = read(tmp_path / "f.xlsx", book_of(tables, hidden=["Old"]))
    assert list(layout.header) == HEAD


def test_a_workbook_is_known_by_its_content_and_not_by_its_name(tmp_path):
    assert read(tmp_path / "orders.csv", workbook([HEAD, ["09990000001", "N", "2026-01-01", 5]]))[1]


def test_a_sheet_without_rows_says_so(tmp_path):
    with pytest.raises(FileProblem, match="empty_workbook"):
        read(tmp_path / "f.xlsx", workbook([]))
    with pytest.raises(FileProblem, match="no_rows"):
        read(tmp_path / "f.xlsx", workbook([HEAD]))


def test_a_cell_that_is_only_coloured_however_far_out_is_nothing(tmp_path):
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet, red = book.add_worksheet(), book.add_format({"bg_color": "red"})
        for number, row in enumerate([HEAD, ["09990000001", "Nadia", "2026-01-01", 5]]):
            sheet.write_row(number, 0, row)
        sheet.write_blank(5, 16_383, None, red)
    layout, records = read(tmp_path / "f.xlsx", buffer.getvalue())
    assert list(layout.header) == HEAD
    assert [row.cells[0] for row in records] == ["09990000001"]


def test_nothing_is_left_beside_a_file_that_was_refused(tmp_path):
    with pytest.raises(FileProblem):
        read(tmp_path / "f.xlsx", zipped({"xl/workbook.xml": b"<workbook/>"}))
    assert [path.name for path in tmp_path.iterdir()] == ["f.xlsx"]


def many(piece: bytes, megabytes: int) -> Iterator[bytes]:
    """Yield `piece` over and over, up to so many megabytes; only the last block is ever held."""
    block = piece * (MEGABYTE // len(piece))
    return repeat(block, megabytes)


def lying(parts: dict[str, bytes]) -> bytes:
    """A zip whose directory says that the sheet is small."""
    whole = bytearray(zipped(parts))
    with zipfile.ZipFile(io.BytesIO(bytes(whole))) as archive:
        size = archive.getinfo(SHEET).file_size
    return bytes(whole).replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little"))


def link() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in sound().items():
            archive.writestr(name, content)
        entry = zipfile.ZipInfo("xl/media/link")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    return buffer.getvalue()


def encrypted_entry() -> bytes:
    whole = bytearray(zipped(sound()))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = whole.find(mark)
        whole[at + offset] |= 1
    return bytes(whole)


BOMBS = {
    "one cell of 512 MB": lambda: zipped({**sound(), SHEET: many(b"1", 512)}),
    "200 MB of rows": lambda: zipped({**sound(), SHEET: many(b"<row/>", 200)}),
    "13 million cells": lambda: zipped({**sound(), SHEET: many(b"<c><v>1</v></c>", 200)}),
    "10,000 entries": lambda: zipped({**sound(), **{f"xl/media/{n}": b"" for n in range(10_000)}}),
    "a directory that lies": lambda: lying({**sound(), SHEET: many(b"<row/>", 180)}),
    "shared strings of 300 MB": lambda: zipped(
        {**sound(), "xl/sharedStrings.xml": many(b"<si><t>x</t></si>", 300)}
    ),
    "a zip within": lambda: zipped({"xl/inner.zip": zipped({"x": many(b"0", 500)})}),
    "a link": link,
    "a way out": lambda: zipped({**sound(), "xl/../../../etc/cron.d/x": b"* * * * *"}),
    "16,384 columns": lambda: zipped(
        {**sound(), SHEET: b'<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>1</v></c></row>'}
    ),
    "entities that multiply": lambda: zipped(
        {
            **sound(),
            SHEET: b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
        }
    ),
    "an encrypted part": encrypted_entry,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_at_once_and_in_little_memory(tmp_path, name):
    path = tmp_path / "f.xlsx"
    path.write_bytes(BOMBS[name]())
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises(FileProblem) as problem:
        files.as_text(path, columns.count_known, **LIMITS)
    assert problem.value.code in {
        "bomb", "encrypted", "too_many_columns", "too_many_cells_in_sheet", "not_a_workbook", "unreadable_workbook",
    }  # fmt: skip
    assert time.process_time() - started < 2
    # The bomb itself was made in this process; opening it may not need more than that did.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 * 1024


def test_a_far_cell_that_would_fill_the_memory_kills_only_the_child(tmp_path):
    rows = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="ZZ1048576"><v>1</v></c></row>'
    sheet = sound()[SHEET]
    start, end = sheet.index(b"<sheetData>") + 11, sheet.index(b"</sheetData>")
    path = tmp_path / "f.xlsx"
    path.write_bytes(zipped({**sound(), SHEET: sheet[:start] + rows + sheet[end:]}))
    with pytest.raises(FileProblem) as problem:
        files.as_text(path, columns.count_known, **LIMITS)
    assert problem.value.code in {"too_much_memory", "unreadable_workbook", "too_slow"}


def test_where_memory_cannot_be_limited_a_workbook_is_read_and_its_time_limited(
    tmp_path, monkeypatch, capsys
):
    limited = []

    def set_limit(kind, limits):
        if kind == resource.RLIMIT_AS:
            raise ValueError("current limit exceeds maximum limit")
        limited.append(kind)

    monkeypatch.setattr(resource, "setrlimit", set_limit)
    book, target = tmp_path / "f.xlsx", tmp_path / "f.csv"
    book.write_bytes(zipped(sound()))
    monkeypatch.setattr(sys, "argv", ["", str(book), str(target), "-1", "1", "1"])
    runpy.run_path(str(sheets.CHILD), run_name="__main__")
    assert "sheets" in json.loads(capsys.readouterr().out)
    assert target.read_text().startswith("Mobile,")
    assert resource.RLIMIT_CPU in limited


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("raise MemoryError", "too_much_memory"),
        ("os.kill(os.getpid(), 9)", "too_much_memory"),
        ("raise ValueError('no room in memory.py')", "unreadable_workbook"),
    ],
)
def test_how_a_child_ended_says_what_was_wrong(tmp_path, monkeypatch, end, code):
    child = tmp_path / "child.py"
    child.write_text(f"import os\n{end}")
    monkeypatch.setattr(sheets, "CHILD", child)
    with pytest.raises(FileProblem, match=code):
        read(tmp_path / "f.xlsx", zipped(sound()))


def test_a_child_that_takes_too_long_is_stopped(tmp_path, monkeypatch):
    child = tmp_path / "child.py"
    child.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(sheets, "CHILD", child)
    monkeypatch.setattr(sheets, "CHILD_SECONDS", -9)
    path = tmp_path / "f.xlsx"
    path.write_bytes(zipped(sound()))
    with pytest.raises(FileProblem, match="too_slow"):
        files.as_text(path, columns.count_known, **LIMITS)
