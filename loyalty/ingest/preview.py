"""The first rows of a file as they will be read, and what will go wrong, counted."""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice

from loyalty.shops.models import Shop

from . import runs, wording
from .models import ImportRun
from .outcomes import Ignored, Rejected, Row
from .reading import files
from .rows import RowReader

# Enough to meet most of a file's oddities, and read within a fraction of a second.
ROWS = 3_000
SHOWN = 8
SHOWN_PROBLEMS = 5


@dataclass(frozen=True)
class PreviewRow:
    """A row as it will be read, or why it will not."""

    line_no: int
    name: str = ""
    phone: str = ""
    number: str = ""
    order: str = ""
    placed_at: datetime.datetime | None = None
    placed_on: datetime.date | None = None
    has_time: bool = False
    amount: int = 0
    product: str = ""
    status_label: str = ""
    problem: str = ""
    column: str = ""
    excerpt: str = ""


@dataclass
class Preview:
    """What the first rows say; `is_whole` when they are all there are."""

    rows: list[PreviewRow] = field(default_factory=list)
    read: int = 0
    left_out: int = 0
    refused: int = 0
    refunds: int = 0
    guests: int = 0
    people: int = 0
    total: int = 0
    first_on: datetime.date | None = None
    last_on: datetime.date | None = None
    reasons: list[tuple[str, int]] = field(default_factory=list)
    unreadable: list[tuple[str, int]] = field(default_factory=list)
    unknown_statuses: dict[str, int] = field(default_factory=dict)
    is_whole: bool = False

    @property
    def looked_at(self) -> int:
        return self.read + self.left_out + self.refused


def look(run: ImportRun, shop: Shop) -> Preview:
    """Read the beginning of the run's file by its mapping; raise MappingError where the mapping lacks something."""
    reader = runs.reader_for(run, shop)
    preview, reasons, people = Preview(), Counter(), set()
    problems: list[PreviewRow] = []
    records = files.read(run.path, runs.layout_of(run))
    for record in islice(records, ROWS):
        outcome = reader.read(record)
        if isinstance(outcome, Rejected):
            preview.refused += 1
            reasons[outcome.reason] += 1
            if len(problems) < SHOWN_PROBLEMS:
                problems.append(_refused(outcome))
        elif isinstance(outcome, Ignored):
            preview.left_out += 1
        else:
            _count(preview, people, outcome)
            if len(preview.rows) < SHOWN:
                preview.rows.append(_read(outcome, reader))
    preview.is_whole = next(records, None) is None
    preview.people = len(people)
    preview.reasons = [(wording.of_row(reason), count) for reason, count in reasons.most_common()]
    preview.unreadable = wording.of_unreadable(reader.people.unreadable)
    preview.unknown_statuses = dict(reader.unknown_statuses.most_common(20))
    preview.rows = sorted([*preview.rows, *problems], key=lambda row: row.line_no)
    return preview


def _count(preview: Preview, people: set[str], row: Row) -> None:
    preview.read += 1
    preview.refunds += row.is_refund
    preview.guests += row.person is None
    preview.total += -row.net if row.is_refund else row.net
    if row.person:
        people.add(row.person)
    day = datetime.date.fromisoformat(row.placed_on)
    preview.first_on = min(preview.first_on or day, day)
    preview.last_on = max(preview.last_on or day, day)


def _read(row: Row, reader: RowReader) -> PreviewRow:
    known = reader.people.met.get(row.person, {}) if row.person else {}
    placed_at = datetime.datetime.fromisoformat(row.placed_at)
    return PreviewRow(
        line_no=row.line_no,
        name=known.get("name", ""),
        phone=known.get("phone", ""),
        number=known.get("external_id") or known.get("card_number") or "",
        order=row.order_key or "",
        placed_at=placed_at,
        placed_on=datetime.date.fromisoformat(row.placed_on),
        has_time=placed_at.astimezone(reader.cells.zone).time() != datetime.time(0),
        amount=-row.net if row.is_refund else row.net,
        product=reader.products.get(row.sku, ("", ""))[0] or row.sku if row.sku else "",
        status_label=str(wording.STATUSES["refund_row" if row.is_refund else row.status]),
    )


def _refused(row: Rejected) -> PreviewRow:
    return PreviewRow(
        line_no=row.line_no, problem=wording.of_row(row.reason), column=row.column, excerpt=row.excerpt
    )
