"""What a record of a file becomes: a row for staging, or why it is none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

# Orders are brought in by bucket: all rows of an order share one, whatever their distance in the file.
BUCKETS = 1024  # of sales; refunds have as many again, above them
_LONG_DIGITS = re.compile(r"\d(?:[\s\-.()]?\d){6,}")


class Row(NamedTuple):
    """One sale or refund as staged; times are ISO text, quantity is in thousandths."""

    line_no: int
    bucket: int
    order_key: str | None
    base: str | None
    fingerprint: str | None
    is_refund: bool
    original: str | None
    person: str | None
    placed_at: str
    placed_on: str
    status: str
    quantity: int
    unit_amount: int
    gross: int
    discount: int
    net: int
    tax: int | None
    cost: int | None
    sku: str | None
    branch: str
    channel: str
    note: str
    refund_amount: int | None
    order_amount: int | None
    order_discount: int | None
    order_tax: int | None


class Rejected(NamedTuple):
    """A row that is not brought in: its line, the reason's code, the column it stands in, and how it
    begins.
    """

    line_no: int
    reason: str
    column: str
    excerpt: str


class Ignored(NamedTuple):
    """A row that the mapping leaves out on purpose."""

    line_no: int


def excerpt(cells: Sequence[str]) -> str:
    """Return the beginning of a row to recognise it by, without anyone's whole number."""
    text = " | ".join(cell.strip() for cell in cells if cell.strip())[:300]
    text = "".join(letter if letter.isprintable() else "�" for letter in text)
    return _LONG_DIGITS.sub(lambda match: f"•••{match[0][-2:]}", text)[:160]
