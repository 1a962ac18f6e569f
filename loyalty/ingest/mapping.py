"""How a file is to be understood: which column is what, in which unit and calendar, and what odd rows mean.

A mapping is a JSON document (`as_json`, `from_json`): the screen edits it, the shop remembers it by the
file's header, and `import_orders --mapping FILE.json` takes it. Pure: values in, values out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, replace

from loyalty.ui.text import fold

from .synonyms import FIELDS

ROW_KINDS = ("order", "line")
CALENDARS = ("jalali", "gregorian")
CHOICES: dict[str, tuple[str, ...]] = {
    "row_kind": ROW_KINDS,
    "unit": ("", "rial", "toman"),
    "calendar": CALENDARS,
    "cancellations": ("refund", "ignore"),
    "duplicates": ("keep", "drop"),
    "free_rows": ("keep", "drop"),
    "negative_amounts": ("reject", "refund"),
    "discount_rates": ("percent", "share"),
    "unknown_people": ("reject", "guest"),
}
STATUS_CHOICES = ("completed", "processing", "cancelled", "refunded", "refund_row")
MAX_TEXT = 200


class MappingError(ValueError):
    """A mapping that cannot be used; `code` and `details` fill in a sentence."""

    def __init__(self, code: str, **details: str) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


@dataclass(frozen=True)
class Mapping:
    """See `docs/imports.md` for what each setting means to a shop.

    `columns` is {field: (header, …)}: where several are given, the first that is filled in a row counts.
    """

    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    row_kind: str = "order"
    unit: str = ""
    calendar: str = "gregorian"
    day_first: bool = True
    source: str = "file"
    cancellations: str = "refund"
    duplicates: str = "keep"
    free_rows: str = "keep"
    negative_amounts: str = "reject"
    discount_rates: str = "percent"
    unknown_people: str = "reject"
    cancel_prefix: str = ""
    status_words: dict[str, str] = field(default_factory=dict)
    consent_evidence: str = ""

    def as_json(self) -> dict:
        """Return the document; a single column stands as plain text."""
        document = asdict(self)
        document["columns"] = {
            name: headers[0] if len(headers) == 1 else list(headers) for name, headers in self.columns.items()
        }
        return document

    def missing(self) -> list[str]:
        """Return the fields without which no row can be read ("amount" stands for any way to know it)."""
        have = set(self.columns)
        lacking = [] if "date" in have else ["date"]
        priced = (
            have & {"amount", "gross", "net"} or {"quantity", "unit_price"} <= have or "order_amount" in have
        )
        return lacking if priced else [*lacking, "amount"]


def from_json(document: object, base: Mapping | None = None) -> Mapping:
    """Return the mapping a document describes; what it leaves out comes from `base`.

    Raise MappingError naming the first thing that is wrong with it.
    """
    if not isinstance(document, dict):
        raise MappingError("not_an_object")
    known = {item.name for item in fields(Mapping)}
    for key in document:
        if key not in known:
            raise MappingError("unknown_setting", name=str(key)[:60])
    values = dict(document)
    if "columns" in values:
        values["columns"] = _columns(values["columns"])
    if "status_words" in values:
        values["status_words"] = _status_words(values["status_words"])
    for name, choices in CHOICES.items():
        if name in values and values[name] not in choices:
            raise MappingError("bad_choice", name=name, choices=", ".join(repr(choice) for choice in choices))
    if not isinstance(values.get("day_first", True), bool):
        raise MappingError("bad_choice", name="day_first", choices="true, false")
    for name, limit in (("source", 40), ("cancel_prefix", 10), ("consent_evidence", MAX_TEXT)):
        text = values.get(name, "x")
        if not isinstance(text, str) or len(text) > limit or "\x00" in text:
            raise MappingError("bad_text", name=name, limit=str(limit))
    if "source" in values:
        values["source"] = values["source"].strip() or "file"
    return replace(base or Mapping(), **values)


def _columns(value: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise MappingError("bad_columns")
    columns = {}
    for name, headers in value.items():
        if name not in FIELDS:
            raise MappingError("unknown_field", name=str(name)[:60], fields=", ".join(FIELDS))
        headers = [headers] if isinstance(headers, str) else headers
        if not isinstance(headers, (list, tuple)) or not all(isinstance(header, str) for header in headers):
            raise MappingError("bad_columns")
        if headers := tuple(header for header in headers if header):
            columns[name] = headers
    return columns


def _status_words(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise MappingError("bad_choice", name="status_words", choices=", ".join(STATUS_CHOICES))
    for status in value.values():
        if status not in STATUS_CHOICES:
            raise MappingError("bad_choice", name="status_words", choices=", ".join(STATUS_CHOICES))
    return {str(word)[:MAX_TEXT]: status for word, status in value.items()}


def signature(header: Iterable[str]) -> str:
    """Return what a shop's files of one kind have in common: the same columns, in whatever order and
    spelling.
    """
    names = sorted(fold(name) for name in header)
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()[:40]
