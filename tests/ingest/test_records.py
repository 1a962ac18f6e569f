"""Rows out of lines: one forgotten quote costs one row, and nothing is held that has no end."""

from __future__ import annotations

import io
import tracemalloc
from itertools import chain, repeat

import pytest

from loyalty.ingest.reading import records as module
from loyalty.ingest.reading.problems import FileProblem
from loyalty.ingest.reading.records import records


def read(text: str, width: int = 2, separator: str = ",") -> list[tuple]:
    found = records(io.StringIO(text, newline=""), separator, width=width)
    return [(row.line, row.cells, row.problem) for row in found]


def test_quoted_cells_may_hold_separators_quotes_and_line_breaks():
    assert read('a,b\n"1,5","say ""hi"""\n"two\nlines",x\n3,y\n') == [
        (1, ["a", "b"], None),
        (2, ["1,5", 'say "hi"'], None),
        (3, ["two\nlines", "x"], None),
        (5, ["3", "y"], None),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_one(end):
    assert [line for line, _, _ in read(end.join(["a,b", "1,2", "", "3,4"]))] == [1, 2, 4]


def test_an_unclosed_quote_gives_up_its_own_row_only():
    rows = read('a,b\n1,"x\n' + "2,y\n" * 1000)
    assert rows[1] == (2, ['1,"x'], "unclosed_quote")
    assert len(rows) == 1002
    assert not [row for row in rows[2:] if row[2]]


def test_an_unclosed_quote_that_a_later_one_closes_gives_up_its_own_row_only():
    rows = read('a,b\n1,"x\n2,y\n3",z\n4,w\n')
    assert [(line, problem) for line, _, problem in rows if problem] == [(2, "unclosed_quote")]
    assert rows[-1] == (5, ["4", "w"], None)


def test_an_unclosed_quote_on_the_last_lines_gives_up_its_own_row_only():
    assert read('a,b\n1,"x\n2,y\n')[1:] == [(2, ['1,"x'], "unclosed_quote"), (3, ["2", "y"], None)]


def test_more_cells_than_columns_are_refused_unless_they_are_blank():
    assert read("a,b\n1,250,000\n1,2,,\n1\n")[1:] == [
        (2, ["1", "250", "000"], "too_many_cells"),
        (3, ["1", "2", "", ""], None),
        (4, ["1"], None),
    ]


def test_characters_that_no_database_takes_are_refused():
    assert [problem for _, _, problem in read("a,b\n1,\x00\n1,\ud800\n1,\ufffd\n")][1:] == [
        "nul_character",
        "wrong_encoding",
        "wrong_encoding",
    ]


def test_a_line_without_end_is_given_up_in_bounded_memory():
    # Two hundred million letters in one line, then one good row.
    pieces = chain(repeat("x" * module.MAX_LINE_CHARS, 1_700), ["x\n", "1,2\n"], repeat(""))

    class Long(io.TextIOBase):
        def readline(self, size: int = -1) -> str:
            assert size == module.MAX_LINE_CHARS, "the whole line would be read at once"
            return next(pieces)

    tracemalloc.start()
    rows = [(row.line, row.problem) for row in records(Long(), ",", width=2)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == [(1, "line_too_long"), (2, None)]
    assert peak < 5_000_000


def test_a_cell_longer_than_the_module_allows_is_given_up():
    rows = read('a,b\n"' + ("x" * 60_000 + "\n") * 4 + '",1\n2,y\n')
    assert rows[1][2] == "unclosed_quote"
    assert rows[-1][1:] == (["2", "y"], None)


def test_a_file_of_nothing_but_open_quotes_is_given_up_as_a_whole(monkeypatch):
    monkeypatch.setattr(module, "MAX_BROKEN_RECORDS", 10)
    with pytest.raises(FileProblem, match="broken_quotes"):
        read("a,b\n" + '"x\n' * 400 + "1,2\n")
