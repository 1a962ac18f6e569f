"""A file of rows, from the path to the records: the only module of this folder that others need."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from . import encoding, kinds, sheets
from .layout import Layout, find
from .problems import FileProblem
from .records import Record, records

__all__ = ["FileProblem", "Layout", "Record", "as_text", "inspect", "read", "reading", "sample"]

SAMPLE_CHARS = 200_000
SAMPLE_ROWS = 400


def as_text(
    path: Path, count_known: Callable[[Sequence[str]], int], *, text_megabytes: int, sheet_megabytes: int
) -> None:
    """Check the file at `path`, and turn a workbook into our own text in its place, so that all else reads
    text.

    Raises FileProblem for what holds no rows or is larger than allowed.
    """
    kind = kinds.recognise(path)
    limit = sheet_megabytes if kind == "xlsx" else text_megabytes
    if path.stat().st_size > limit * 1_000_000:
        raise FileProblem("too_large", limit=limit)
    if kind == "xlsx":
        text = path.with_name(path.name + ".text")
        try:
            sheets.to_text(path, text, count_known)
            text.replace(path)
        finally:
            text.unlink(missing_ok=True)


def inspect(path: Path, count_known: Callable[[Sequence[str]], int]) -> Layout:
    """Return how the text file at `path` is laid out, with its first rows as a sample.

    Raises FileProblem where it is no text, holds no columns, or has a header and nothing below.
    """
    name = encoding.detect(path)
    with _open(path, name) as text:
        head = text.read(SAMPLE_CHARS)
        if text.read(1):
            # The last line is cut amid; without any line break it is one line that never ends.
            head = head[: max(head.rfind("\n"), head.rfind("\r")) + 1] or head
    layout = find(head, name, count_known)
    if next(read(path, layout), None) is None:
        raise FileProblem("no_rows")
    return Layout(
        layout.encoding, layout.separator, layout.quote, layout.header, layout.first_row,
        tuple(sample(path, layout)),
    )  # fmt: skip


def sample(path: Path, layout: Layout, rows: int = SAMPLE_ROWS) -> list[Record]:
    """Return the first rows below the header."""
    return list(islice(read(path, layout), rows))


def read(path: Path, layout: Layout) -> Iterator[Record]:
    """Yield the rows below the header one by one; memory stays bounded."""
    with reading(path, layout) as source:
        yield from source


@contextmanager
def reading(path: Path, layout: Layout) -> Iterator[Reading]:
    """Open the file as an iterator of its rows that also knows how far it has come."""
    with _open(path, layout.encoding) as text:
        yield Reading(text, layout)


class Reading:
    """The rows of an open file; `position` is the byte up to which it has been read, roughly."""

    def __init__(self, text: io.TextIOWrapper, layout: Layout) -> None:
        self._text = text
        self._layout = layout

    def __iter__(self) -> Iterator[Record]:
        layout = self._layout
        for _ in range(layout.first_row - 1):
            self._text.readline()
        return records(
            self._text, layout.separator, layout.quote, width=len(layout.header), first_line=layout.first_row
        )

    @property
    def position(self) -> int:
        return self._text.buffer.tell()


@contextmanager
def _open(path: Path, name: str) -> Iterator[io.TextIOWrapper]:
    # Bytes the encoding does not know must not stop the file: they mark the row (records.py says which).
    errors = "replace" if name.startswith(("utf-16", "utf-32")) else "surrogateescape"
    with path.open("r", encoding=name, errors=errors, newline="") as text:
        yield text
