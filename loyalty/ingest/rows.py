"""Rows as sales: one record of a file in, one row for staging out, or the reason why not.

Money is whole minor units throughout. What a row says of its person and product is collected beside it,
each person and product once, for `take_people` and `take_products`.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from loyalty.ui.money import MAX_MINOR
from loyalty.ui.text import clean_name

from . import sums
from .cells import REMEMBERED, Cells, Context
from .columns import units_of
from .mapping import Mapping, MappingError
from .outcomes import BUCKETS, Ignored, Rejected, Row, excerpt
from .people import ATTRIBUTE, People
from .reading.files import Record
from .statuses import status_of
from .synonyms import MONEY_FIELDS, PERSON_FIELDS
from .words import BLANKS

HEAD_FIELDS = (*PERSON_FIELDS, "order_id", "date", "time", "status", "branch", "channel", "note", "refund_of")
# What a follow-up line leaves blank is that of the line above: Shopify and Odoo write the order's cells once.
CARRIED = frozenset(HEAD_FIELDS)
ORDER_MONEY = ("refund_amount", "order_amount", "order_discount_amount", "order_tax")


class _Bad(Exception):
    def __init__(self, reason: str, field: str = "", text: str = "") -> None:
        self.reason, self.field, self.text = reason, field, text


class _Head(NamedTuple):
    """What a row says of its order: the same on every line of it."""

    number: str | None
    person: str | None
    details: dict
    moment: tuple[str, str]
    status: str
    original: str | None
    branch: str
    channel: str
    note: str


class _Group:
    """The cells of some fields, taken out of a row at once: rows repeat whole groups, so groups are
    remembered.
    """

    def __init__(self, places: dict[str, tuple[int, ...]], fields: Iterable[str]) -> None:
        self.fields = [(field, len(places[field])) for field in fields if field in places]
        flat = [place for field, _ in self.fields for place in places[field]]
        # itemgetter gives a bare cell for one place and takes at least one.
        self.take: Callable[[list[str]], tuple[str, ...]] = (
            itemgetter(*flat) if len(flat) > 1 else lambda cells: tuple([cells[place] for place in flat])
        )

    def filled(self, texts: tuple[str, ...]) -> dict[str, list[str]]:
        """Return {field: its cells that are not blank}."""
        filled, start = {}, 0
        for field, count in self.fields:
            if cells := [text for cell in texts[start : start + count] if (text := cell.strip())]:
                filled[field] = cells
            start += count
        return filled


class RowReader:
    """Reads the records of one file; keep one per run, because lines lean on the line above."""

    def __init__(self, mapping: Mapping, header: Sequence[str], context: Context) -> None:
        missing = [name for headers in mapping.columns.values() for name in headers if name not in header]
        if missing:
            raise MappingError("missing_column", name=missing[0])
        if lacking := mapping.missing():
            raise MappingError("missing_field", name=lacking[0])
        self.mapping = mapping
        self.width = len(header)
        self.places = {
            name: tuple(header.index(text) for text in texts)
            for name, texts in mapping.columns.items()
            if name != "attribute"
        }
        # A custom attribute goes by the name of its column, so each is a field of its own.
        attributes = {
            f"{ATTRIBUTE}{clean_name(text)}": (header.index(text),)
            for text in mapping.columns.get("attribute", ())
        }
        self.places |= attributes
        self.cells = self._cells_in(mapping.unit, context)
        self._cells_of = self._cells_by_field(context)
        self.people = People(
            self.cells, takes_guests=mapping.unknown_people == "guest", has_phone="phone" in self.places
        )
        self.products: dict[str, tuple[str, str]] = {}
        self.unknown_statuses: Counter[str] = Counter()
        self._heads = _Group(self.places, (*HEAD_FIELDS, *attributes))
        self._sums = _Group(self.places, (*sums.READERS, *ORDER_MONEY))
        self._goods = _Group(self.places, ("sku", "product", "category"))
        self._last_head: tuple[tuple[str, ...], _Head] | None = None
        self._met = False
        self._sums_of = lru_cache(maxsize=REMEMBERED)(self._read_sums)
        self._goods_of = lru_cache(maxsize=REMEMBERED)(self._read_goods)
        self._carried = sorted(
            {
                place
                for name, places in self.places.items()
                if name in CARRIED or name in attributes
                for place in places
            }
        )
        self._surplus = _unnamed_at_the_end(header)
        self._money = sorted(
            place for name, places in self.places.items() if name in MONEY_FIELDS for place in places
        )
        self._above: list[str] | None = None
        self._leans = mapping.row_kind == "line" and "order_id" in self.places

    def _cells_in(self, unit: str, context: Context) -> Cells:
        mapping = self.mapping
        return Cells(
            context,
            unit=unit,
            calendar=mapping.calendar,
            day_first=mapping.day_first,
            rates=mapping.discount_rates,
        )

    def _cells_by_field(self, context: Context) -> dict[str, Cells]:
        """Return the readers of columns that name another unit than the amount does, as «تخفیف (تومان)» beside rial.

        Where the shop says that the amount is not in the unit it names, what the others name is not believed either.
        """
        named = units_of(self.mapping.columns)
        if not named or next(iter(named.values()))[1] != self.mapping.unit:
            return {}
        others = {
            unit: self._cells_in(unit, context) for _, unit in named.values() if unit != self.mapping.unit
        }
        return {name: others[unit] for name, (_, unit) in named.items() if unit in others}

    def skip(self, record: Record) -> None:
        """Take note of a record that was read in an earlier attempt, for the lines that lean on it."""
        if self._leans and not record.problem:
            self._lean(self._whole(record.cells))

    def read(self, record: Record) -> Row | Rejected | Ignored:
        """Return what the record is."""
        try:
            if record.problem:
                raise _Bad(record.problem)
            cells = self._whole(record.cells)
            if self._surplus and self._is_torn(cells):
                raise _Bad("too_many_cells")
            return self._row(record.line, self._lean(cells) if self._leans else cells)
        except _Bad as bad:
            if bad.reason == "status_unknown":
                self.unknown_statuses[bad.text] += 1
            column = self.mapping.columns.get(bad.field, ("",))[0]
            return Rejected(record.line, bad.reason, column, excerpt(record.cells))

    def _whole(self, cells: list[str]) -> list[str]:
        lacking = self.width - len(cells)
        return cells + [""] * lacking if lacking > 0 else cells

    def _is_torn(self, cells: list[str]) -> bool:
        """Whether an amount such as 100,000 without quotes stands in two cells, so that all else has moved on."""
        return any(cells[place].strip() for place in self._surplus) and any(
            len(tail := cells[place + 1].strip()) == 3 and tail.isdecimal() and len(cells[place].strip()) <= 3
            for place in self._money
            if place + 1 < len(cells)
        )

    def _lean(self, cells: list[str]) -> list[str]:
        """Fill the order's cells of a follow-up line from the line above it."""
        place, above = self.places["order_id"][0], self._above
        number = cells[place].strip()
        if above is not None and (number == above[place].strip() if number else self._is_bare(cells)):
            blank = [index for index in self._carried if not cells[index]]
            if blank:
                cells = list(cells)
                for index in blank:
                    cells[index] = above[index]
        self._above = cells if cells[place] else None
        return cells

    def _is_bare(self, cells: list[str]) -> bool:
        """Whether a line without an order number has no day of its own either."""
        return not any(cells[place].strip() for place in self.places["date"])

    def _row(self, line: int, cells: list[str]) -> Row | Ignored:
        mapping = self.mapping
        texts = self._heads.take(cells)
        if self._last_head is None or self._last_head[0] != texts:
            self._last_head = texts, self._read_head(texts)
            self._met = False
        head = self._last_head[1]
        amounts, (refund, *order_money), bad = self._sums_of(self._sums.take(cells))
        if bad:
            raise _Bad(*bad)
        number, status, net = head.number, head.status, amounts.net
        is_refund = self._is_refund(amounts, status, number)
        if (is_refund and mapping.cancellations == "ignore") or (not net and mapping.free_rows == "drop"):
            return Ignored(line)
        if is_refund:
            amounts, net = amounts.unsigned(), abs(net)
        else:
            self._check_order(amounts, refund, *order_money)
            if status == "refunded" and refund is None:
                refund = net
        if not self._met and head.person:
            # Only now: a refused row must not bring its person in.
            self.people.meet(head.person, head.details)
            self._met = True
        goods = self._goods_of(self._goods.take(cells))
        if goods[0]:
            self.products.setdefault(goods[0], goods[1:])
        base = None
        if not number:
            base = _digest(
                f"{head.person}\x1f{head.moment[0]}\x1f{net}\x1f{amounts.quantity}\x1f{goods[0]}\x1f{is_refund}"
            )
        return Row(
            line,
            zlib.crc32((number or base).encode()) % BUCKETS + BUCKETS * is_refund,
            number,
            base,
            _digest("\x1f".join(cells)) if mapping.duplicates == "drop" else None,
            is_refund,
            head.original,
            head.person,
            *head.moment,
            status,
            *amounts,
            goods[0],
            head.branch,
            head.channel,
            head.note,
            None if is_refund or not refund else abs(refund),
            *order_money,
        )

    def _read_head(self, texts: tuple[str, ...]) -> _Head:
        given = self._heads.filled(texts)
        if "date" not in given:
            raise _Bad("date_empty", "date")
        moment, reason = self.cells.moment(given["date"][0], given.get("time", [""])[0])
        if reason:
            raise _Bad(reason, "date")
        status: str | None = "completed"
        if "status" in given:
            word = given["status"][0]
            status = status_of(word, self.mapping.status_words)
            if status is None:
                raise _Bad("status_unknown", "status", word[:80])
        number, original = self._number(given, "order_id"), self._number(given, "refund_of")
        person, details, reason = self.people.of(given)
        if reason:
            raise _Bad(reason, "phone" if reason.startswith("phone") else "name")
        branch, channel, note = (
            self.cells.text(given[field][0])[:limit] if field in given else ""
            for field, limit in (("branch", 80), ("channel", 40), ("note", 200))
        )
        return _Head(number, person, details, moment, status, original, branch, channel, note)

    def _number(self, given: dict[str, list[str]], field: str) -> str | None:
        if field not in given:
            return None
        number = self.cells.identifier(given[field][0])
        if len(number) > 100:
            raise _Bad("number_too_long", field)
        return number if number and number.lower() not in BLANKS else None

    def _read_sums(self, texts: tuple[str, ...]) -> tuple[sums.Amounts | None, tuple, tuple[str, str] | None]:
        """Return (amounts, (refund, order's amount, discount, tax), None) or (None, …, (reason, field))."""
        nothing: tuple = (None,) * len(ORDER_MONEY)
        given, extra = {}, dict.fromkeys(ORDER_MONEY)
        for field, cells in self._sums.filled(texts).items():
            # "10%" is a rate, in whichever column it stands.
            is_rate = field == "discount_amount" and cells[0].strip("%٪") != cells[0]
            name = "discount_rate" if is_rate else field
            read = sums.READERS.get(name, sums.READERS["amount"])
            value, reason = read(self._cells_of.get(field, self.cells), cells[0])
            if reason:
                return None, nothing, (reason, field)
            (extra if name in extra else given)[name] = value
        if "order_amount" in self.places and not given.keys() & sums.PAID:
            if self.mapping.row_kind == "order":
                given["amount"] = extra["order_amount"]
            elif "unit_price" not in given:
                # The order's sum stands on one of its lines; the others carry goods and no money.
                given["amount"] = 0
        try:
            amounts = sums.work_out(given)
            if amounts.largest() > MAX_MINOR:
                # Each cell may be credible and still quantity × price be more than a bigint holds.
                raise sums.Unknown("amount_too_large", "amount")
            return amounts, tuple(extra.values()), None
        except sums.Unknown as unknown:
            return (
                None,
                nothing,
                (unknown.reason, unknown.field if unknown.field in self.places else "amount"),
            )

    def _is_refund(self, amounts: sums.Amounts, status: str, number: str | None) -> bool:
        """Whether the row gives money back: negative quantity, a cancellation's number, a return."""
        if amounts.quantity < 0 or status == "refund_row":
            return True
        prefix = self.mapping.cancel_prefix
        if (
            prefix
            and number
            and number.startswith(prefix)
            and number[len(prefix) : len(prefix) + 1].isdecimal()
        ):
            return True
        if amounts.net >= 0:
            return False
        if status in ("refunded", "cancelled") or self.mapping.negative_amounts == "refund":
            return True
        raise _Bad(
            "amount_negative",
            next((name for name in ("amount", "net", "gross", "unit_price") if name in self.places), ""),
        )

    def _check_order(self, amounts, refund, order_amount, _order_discount, order_tax) -> None:
        """Refuse what no sale has; what only the rows of an order together tell is found when it is brought in."""
        if (order_amount or 0) < 0:
            raise _Bad("amount_negative", "order_amount")
        if (order_tax or 0) < 0:
            raise _Bad("tax_negative", "order_tax")
        if self.mapping.row_kind == "order" and abs(refund or 0) > amounts.net + (amounts.tax or 0):
            raise _Bad("refund_over_amount", "refund_amount")

    def _read_goods(self, texts: tuple[str, ...]) -> tuple[str | None, str, str]:
        """Return (code or None, name, category) of the row's product."""
        given = self._goods.filled(texts)
        name = self.cells.text(given["product"][0])[:200] if "product" in given else ""
        code = self.cells.identifier(given["sku"][0])[:100] if "sku" in given else name[:100]
        category = self.cells.text(given["category"][0])[:120] if "category" in given else ""
        return code or None, name, category

    def take_products(self) -> dict[str, tuple[str, str]]:
        """Return {code: (name, category)} of the products met since the last call."""
        taken, self.products = self.products, {}
        return taken

    def take_people(self) -> dict[str, dict]:
        """Return {person key: what is known} of the people met since the last call."""
        return self.people.take()


def _unnamed_at_the_end(header: Sequence[str]) -> range:
    """Return the places of the last columns that have no name: there only for rows with too many cells."""
    named = (place for place, name in enumerate(header) if name != f"#{place + 1}")
    return range(max(named, default=-1) + 1, len(header))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=10).hexdigest()
