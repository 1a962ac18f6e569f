"""How the rows lie in a text: the separator, the quote, and on which line the header stands below any title
lines.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .problems import FileProblem
from .records import Record, records

SEPARATORS = (",", ";", "\t", "|", "،")
SEP_LINE = re.compile(r"""\s*["']?sep=(.)["']?\s*""", re.IGNORECASE)
MAX_COLUMNS = 300
# Titles, a logo's caption and a date range stand above the header in reports; thirty lines of it is already
# much.
SEARCHED_ROWS = 30
_NUMBER_LIKE = re.compile(r"[\s\d۰-۹٠-٩.,٬٫،/:+\-()٪%£$€]+|")


@dataclass(frozen=True)
class Layout:
    """What a reader must know of a file. `first_row` is the line of the first row below the header."""

    encoding: str
    separator: str
    quote: str
    header: tuple[str, ...]
    first_row: int
    sample: tuple[Record, ...] = field(default=(), compare=False, repr=False)


def find(text: str, encoding: str, count_known: Callable[[Sequence[str]], int]) -> Layout:
    """Return the layout of a text by its beginning; `count_known` says how many fields a row would name as
    a header.

    Raises FileProblem: "empty", "too_many_columns", "one_column" where nothing separates the cells.
    """
    if not text.strip("\ufeff \t\r\n\x00,;"):
        raise FileProblem("empty")
    lines = text.splitlines(keepends=True)
    start = 1
    named = SEP_LINE.fullmatch(lines[0].strip("\ufeff\r\n"))
    if named:
        start, text = 2, "".join(lines[1:])
    choices = [named[1]] if named else [mark for mark in SEPARATORS if mark in text]
    best: tuple[float, Layout] | None = None
    for separator in choices:
        for quote in '"' if "'" not in text else "\"'":
            rows = _rows(text, separator, quote, start)
            if rows and (best is None or best[0] < _score(rows, count_known)):
                best = (_score(rows, count_known), _layout(rows, encoding, separator, quote, count_known))
    if best is None or len(best[1].header) < 2:
        raise FileProblem("one_column")
    if len(best[1].header) > MAX_COLUMNS:
        raise FileProblem("too_many_columns", columns=len(best[1].header), limit=MAX_COLUMNS)
    return best[1]


def _rows(text: str, separator: str, quote: str, start: int) -> list[Record]:
    try:
        return list(records(io.StringIO(text, newline=""), separator, quote, first_line=start))
    except FileProblem:
        return []


def _score(rows: list[Record], count_known: Callable[[Sequence[str]], int]) -> float:
    """Weigh a separator: headers that mean something count most, then that rows agree on how many cells
    they have.
    """
    widths = Counter(len(row.cells) for row in rows)
    width, same = max(widths.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
    known = max(count_known(row.cells) for row in rows[:SEARCHED_ROWS])
    broken = sum(row.problem in ("unclosed_quote", "line_too_long") for row in rows)
    return 5 * known + (same / len(rows)) * min(width - 1, 20) - 5 * broken / len(rows)


def _layout(
    rows: list[Record], encoding: str, separator: str, quote: str, count_known: Callable[[Sequence[str]], int]
) -> Layout:
    place = header_place([row.cells for row in rows[:SEARCHED_ROWS]], count_known)
    if place is None:
        # No header at all: name the columns by their number and take every row for what it is.
        width = max(len(row.cells) for row in rows[:SEARCHED_ROWS])
        header, below, first_row = names([], width), rows, rows[0].line
    else:
        below = rows[place + 1 :]
        header = names(rows[place].cells, _usual_width(below))
        first_row = below[0].line if below else rows[place].line + 1
    return Layout(encoding, separator, quote, header, first_row, tuple(below))


def header_place(rows: Sequence[Sequence[str]], count_known: Callable[[Sequence[str]], int]) -> int | None:
    """Return the index of the row that is the header, or None where already the first row is data."""
    known = [count_known(cells) for cells in rows]
    if max(known, default=0) >= 2:
        return known.index(max(known))
    # Nobody knows these names: the first row as wide as the others, if it holds words and no numbers.
    width = Counter(len(cells) for cells in rows).most_common(1)[0][0]
    place = next(index for index, cells in enumerate(rows) if len(cells) >= width)
    filled = [cell for cell in rows[place] if cell.strip()]
    return place if filled and not any(_NUMBER_LIKE.fullmatch(cell) for cell in filled) else None


def _usual_width(rows: Sequence[Record]) -> int:
    """Return how many cells a tenth of the rows fill: columns without a name count, one stray comma does
    not.
    """
    filled = sorted(
        (max((i for i, cell in enumerate(row.cells, 1) if cell.strip()), default=0) for row in rows),
        reverse=True,
    )
    return filled[len(filled) // 10] if filled else 0


def names(cells: Sequence[str], width: int = 0) -> tuple[str, ...]:
    """Return one distinct name per column, at least `width`: blanks are numbered, doubles counted."""
    tidy = [_tidy(cell) for cell in cells]
    while tidy and not tidy[-1]:
        tidy.pop()
    tidy += [""] * (width - len(tidy))
    seen: Counter[str] = Counter()
    result: list[str] = []
    for number, name in enumerate(tidy, 1):
        name = name or f"#{number}"
        seen[name] += 1
        unique = name if seen[name] == 1 else f"{name} ({seen[name]})"
        while unique in result:
            seen[name] += 1
            unique = f"{name} ({seen[name]})"
        result.append(unique)
    return tuple(result)


def _tidy(name: str) -> str:
    """Return a name that can be shown and kept: damaged letters become question marks."""
    name = name.replace("\ufeff", "").replace("\x00", "").encode("utf-8", "replace").decode()
    return " ".join(name.split())[:120]
