"""How rows lie in a text: separator, header below titles, and the names of columns."""

from __future__ import annotations

import pytest

from loyalty.ingest.reading.files import FileProblem
from tests.ingest.files import read

HEAD = ["Mobile", "Customer name", "Date", "Amount"]
BODY = [["09990000001", "Nadia", "2026-01-01", "1000"], ["09990000002", "Sam", "2026-01-02", "2000"]]


def table(separator: str, rows=(HEAD, *BODY)) -> bytes:
    return "".join(separator.join(row) + "\n" for row in rows).encode()


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_every_usual_separator_is_found(tmp_path, separator):
    layout, rows = read(tmp_path / "f", table(separator))
    assert (layout.separator, list(layout.header), [row.cells for row in rows]) == (separator, HEAD, BODY)


def test_commas_inside_amounts_do_not_win_over_semicolons(tmp_path):
    rows = [[*row[:3], "1,250,000"] for row in BODY * 20]
    assert read(tmp_path / "f", table(";", [HEAD, *rows]))[0].separator == ";"


def test_a_sep_line_says_the_separator(tmp_path):
    layout, rows = read(tmp_path / "f", b"sep=;\r\n" + table(";"))
    assert (layout.header[0], rows[0].line) == ("Mobile", 3)


def test_the_header_is_found_below_titles_and_blank_lines(tmp_path):
    content = b"Sales report\n\nfrom,2026-01-01\nto,2026-02-01\n" + table(",")
    layout, rows = read(tmp_path / "f", content)
    assert (list(layout.header), rows[0].line) == (HEAD, 6)


def test_blank_and_doubled_names_are_told_apart(tmp_path):
    content = table(",", [["Mobile", "", "Date", "Date", "Amount"], ["09990000001", "x", "a", "b", "1"]])
    assert read(tmp_path / "f", content)[0].header == ("Mobile", "#2", "Date", "Date (2)", "Amount")


def test_columns_without_a_name_at_the_end_are_columns_all_the_same(tmp_path):
    content = table(",", [HEAD, *[[*row, "note"] for row in BODY * 5]])
    layout, rows = read(tmp_path / "f", content)
    assert layout.header[-1] == "#5"
    assert not [row for row in rows if row.problem]


def test_a_file_without_a_header_names_its_columns_by_number(tmp_path):
    layout, rows = read(tmp_path / "f", table(",", BODY))
    assert layout.header == ("#1", "#2", "#3", "#4")
    assert len(rows) == 2


def test_single_quotes_are_quotes_where_they_are_used_as_such(tmp_path):
    content = b"'Mobile','Date','Amount'\n'09990000001','2026-01-01','1,000'\n"
    layout, rows = read(tmp_path / "f", content)
    assert (layout.quote, rows[0].cells[2]) == ("'", "1,000")


def test_an_apostrophe_in_a_name_is_no_quote(tmp_path):
    rows = [["09990000001", "O'Neill", "2026-01-01", "5"], ["09990000002", "D'Arcy", "2026-01-01", "5"]]
    assert [row.cells[1] for row in read(tmp_path / "f", table(",", [HEAD, *rows]))[1]] == [
        "O'Neill",
        "D'Arcy",
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\n\n  \n", "empty"),
        (b"Mobile,Date,Amount\n", "no_rows"),
        (b"just some words\nand more of them\n", "one_column"),
        (b",".join(b"c%d" % n for n in range(5000)) + b"\n" + b"1," * 4999 + b"1\n", "too_many_columns"),
        (b"%PDF-1.7\n", "binary"),
        (b"\x89PNG\r\n\x1a\n", "binary"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old_excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        (b"  <HTML><table>", "markup"),
        (b"<?xml version='1.0'?><Workbook>", "markup"),
        (b"PK\x03\x04 and no more", "not_a_workbook"),
        (b"PK\x05\x06" + b"\0" * 18, "binary"),
    ],
)
def test_what_holds_no_rows_says_why(tmp_path, content, code):
    with pytest.raises(FileProblem) as problem:
        read(tmp_path / "f", content)
    assert problem.value.code == code


def test_a_file_over_the_limit_is_refused_by_its_size(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("tests.ingest.files", fromlist=["LIMITS"]).LIMITS, "text_megabytes", 0)
    with pytest.raises(FileProblem, match="too_large"):
        read(tmp_path / "f", table(","))
