"""Rows out of lines: the csv module, fenced so that one forgotten quote costs one row and no memory.

Python's csv reader lets an unclosed quote swallow every following line into one cell. Here a record may
span only so many lines; beyond, or when such a record does not fit the columns, its first line is given up
and the others are read again.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple, TextIO

from .problems import FileProblem

# Longer than any note a person typed; also the most that a broken file makes us hold.
MAX_LINE_CHARS = 120_000
MAX_RECORD_LINES = 100
MAX_RECORD_CHARS = 500_000
# Every given-up record is read twice, so a file of nothing else would take for ever.
MAX_BROKEN_RECORDS = 5_000


class Record(NamedTuple):
    """One row: the line it begins on (counted from 1), its cells, and what is wrong with its shape, if
    anything.
    """

    line: int
    cells: list[str]
    problem: str | None = None


class _Swallowed(Exception):
    """A quote was opened and not closed for too long."""


class _Lines:
    """Feeds the csv reader and remembers the lines of the record it is in, so that they can be read again."""

    def __init__(self, text: TextIO, first_line: int) -> None:
        self.text = text
        self.again: deque[str] = deque()
        self.taken: list[str] = []
        self.taken_chars = 0
        self.number = first_line  # of the next line to be taken

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.again.popleft() if self.again else self.text.readline(MAX_LINE_CHARS)
        if not line:
            raise StopIteration
        self.taken.append(line)
        self.taken_chars += len(line)
        if (
            len(line) >= MAX_LINE_CHARS
            or len(self.taken) > MAX_RECORD_LINES
            or self.taken_chars > MAX_RECORD_CHARS
        ):
            raise _Swallowed
        return line

    def begin(self) -> None:
        """Forget the lines of the record that was read."""
        self.number += len(self.taken)
        self.taken.clear()
        self.taken_chars = 0

    def give_up_first(self) -> None:
        """Keep only the first line taken, finish it if it was cut, and let the others be read again."""
        first, *rest = self.taken
        self.again.extendleft(reversed(rest))
        self.taken = [first]
        if len(first) >= MAX_LINE_CHARS:
            while first and not first.endswith(("\n", "\r")):
                first = self.text.readline(MAX_LINE_CHARS)


def records(
    text: TextIO, separator: str, quote: str = '"', *, width: int = 0, first_line: int = 1
) -> Iterator[Record]:
    """Yield every record that is not blank; `width` is the number of columns (0: not yet known).

    A record's problem is "unclosed_quote", "line_too_long", "too_many_cells", "nul_character" or
    "wrong_encoding"; its cells are then whatever could be read. Raises FileProblem("broken_quotes") when
    nearly nothing can be read.
    """
    lines = _Lines(text, first_line)
    broken = 0
    # Not the module's own limit: that one is for the whole process, and others may have set it.
    while True:
        reader = csv.reader(lines, delimiter=separator, quotechar=quote)
        try:
            for cells in reader:
                # At the end of the file the reader hands over an open cell as if it had been closed.
                if (
                    width
                    and len(lines.taken) > 1
                    and (len(cells) != width or _quotes(lines.taken, quote) % 2)
                ):
                    raise _Swallowed
                number, problem = lines.number, _problem(lines.taken)
                lines.begin()
                if not problem and width and len(cells) > width:
                    problem = "too_many_cells" if any(map(str.strip, cells[width:])) else None
                if any(map(str.strip, cells)):
                    yield Record(number, cells, problem)
            return
        except (_Swallowed, csv.Error):
            broken += 1
            if broken > MAX_BROKEN_RECORDS:
                raise FileProblem("broken_quotes", line=lines.number) from None
            too_long = len(lines.taken[0]) >= MAX_LINE_CHARS
            lines.give_up_first()
            yield Record(
                lines.number,
                [lines.taken[0][:200].strip()],
                "line_too_long" if too_long else "unclosed_quote",
            )
            lines.begin()


def _quotes(taken: list[str], quote: str) -> int:
    return sum(line.count(quote) for line in taken)


def _problem(taken: list[str]) -> str | None:
    for line in taken:
        if "\x00" in line:
            return "nul_character"
        # Bytes that the encoding does not know arrive as lone surrogates (surrogateescape) or, in UTF-16,
        # as U+FFFD.
        if not line.isascii() and _undecodable(line):
            return "wrong_encoding"
    return None


def _undecodable(line: str) -> bool:
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return "\ufffd" in line
