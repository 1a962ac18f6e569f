"""Which column is what: recognised by its name, by the exports we know, and at last by what stands in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from loyalty.ui.phones import PhoneError, normalize
from loyalty.ui.text import fold

from .mapping import Mapping
from .presets import PRESETS, Preset
from .synonyms import COALESCED, MONEY_FIELDS, NAMES, NOT_WITH, PHRASES, UNITS

_BRACKETS = re.compile(r"[(\[（][^)\]）]*[)\]）]")
_PUNCTUATION = re.compile(r"[^\w%]+")
_IDS = re.compile(r"\d{3,}")
# The rank of a name that only holds a known phrase.
GUESSED = 1000


def key(header: str) -> str:
    """Return what of a header is compared: folded, without punctuation («مبلغ (تومان)» → «مبلغ تومان»)."""
    return _PUNCTUATION.sub(" ", fold(header).replace("_", " ")).strip()


def bare_key(header: str) -> str:
    """Return the key without what stands in brackets, and without a unit at its end."""
    words = key(_BRACKETS.sub(" ", header)).split()
    while len(words) > 1 and words[-1] in _UNITS:
        words.pop()
    return " ".join(words)


_UNITS = {fold(word): unit for word, unit in UNITS.items()}
# {key: (field, how good the name is; 0 is best)}; of a name that two fields claim the first field wins.
_EXACT: dict[str, tuple[str, int]] = {}
for _field, _names in NAMES.items():
    for _rank, _name in enumerate(_names):
        _EXACT.setdefault(key(_name), (_field, _rank))
_PHRASES = sorted(
    ((key(text), name) for name, texts in PHRASES.items() for text in texts), key=lambda it: -len(it[0])
)
_NOT_WITH = tuple(key(text) for text in NOT_WITH)


@dataclass(frozen=True)
class Recognised:
    """What was made out: the mapping, and the currency that a header names ("" where none does)."""

    mapping: Mapping
    currency: str = ""
    known: int = field(default=0, compare=False)


def field_of(header: str) -> tuple[str, int] | None:
    """Return (field, rank) for one header by its name alone, or None; a smaller rank is a better name."""
    for name in (key(header), bare_key(header)):
        if found := _EXACT.get(name):
            return found
    text = f" {bare_key(header)} "
    if any(f" {word} " in text for word in _NOT_WITH):
        return None
    return next(((name, GUESSED) for phrase, name in _PHRASES if f" {phrase} " in text), None)


def count_known(cells: Sequence[str]) -> int:
    """Return how many different fields a row of cells names, as a header would."""
    return len({found[0] for cell in cells if len(cell) <= 80 and (found := field_of(cell))})


def unit_of_header(header: str) -> tuple[str, str] | None:
    """Return (currency, display unit) that a header names: «مبلغ (تومان)», "Total GBP", "Price £"."""
    words = [*key(header).split(), *re.findall(r"[£$€]", header)]
    return next((_UNITS[word] for word in reversed(words) if word in _UNITS), None)


def recognise(header: Sequence[str], rows: Sequence[Sequence[str]], *, region: str = "IR") -> Recognised:
    """Return the mapping that a header and some rows below it suggest; money and calendar are the shop's to
    decide.
    """
    preset = _preset(header)
    columns = _columns_of(preset, header) if preset else _by_name(header)
    if not columns.get("phone") and (guess := _phones_among(header, rows, columns, region)):
        columns["phone"] = (guess,)
    unit = currency = ""
    for name in sorted(MONEY_FIELDS & set(columns)):
        if found := unit_of_header(columns[name][0]):
            currency, unit = found
    places = {name: header.index(headers[0]) for name, headers in columns.items()}
    orders = [_cell(row, places["order_id"]) for row in rows] if "order_id" in places else []
    mapping = Mapping(
        columns=columns,
        unit=unit,
        row_kind=preset.row_kind if preset else _row_kind(columns, orders),
        cancel_prefix=_cancel_prefix(orders),
        day_first=_day_first([_cell(row, places["date"]) for row in rows] if "date" in places else []),
        discount_rates=_rates(
            [_cell(row, places["discount_rate"]) for row in rows] if "discount_rate" in places else []
        ),
    )
    return Recognised(mapping, currency, len(columns))


def _preset(header: Sequence[str]) -> Preset | None:
    names = {key(name) for name in header}
    return next((preset for preset in PRESETS if names.issuperset(map(key, preset.marks))), None)


def _columns_of(preset: Preset, header: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the columns of an export whose maker we know, as far as this file has them."""
    by_key = {key(name): name for name in reversed(header)}
    found = {
        name: tuple(by_key[key(text)] for text in headers if key(text) in by_key)
        for name, headers in preset.columns.items()
    }
    return {name: headers for name, headers in found.items() if headers}


def _by_name(header: Sequence[str]) -> dict[str, tuple[str, ...]]:
    claims: dict[str, list[tuple[int, int, str]]] = {}
    for position, name in enumerate(header):
        if found := field_of(name):
            claims.setdefault(found[0], []).append((found[1], position, name))
    columns = {}
    for name, claimants in claims.items():
        ordered = tuple(header for rank, _, header in sorted(claimants) if rank < GUESSED) or (
            min(claimants)[2],
        )
        columns[name] = ordered if name in COALESCED else ordered[:1]
    return _settle(columns)


def _settle(columns: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Decide the names that mean different things in different company."""
    # «نام» alone is the whole name; beside «نام خانوادگی» it is the first.
    if "first_name" in columns and "last_name" not in columns:
        first = columns.pop("first_name")
        columns.setdefault("name", first)
    # "Price" beside a quantity is of one piece; alone it is what was paid.
    if "quantity" in columns and "unit_price" not in columns and "amount" in columns:
        if bare_key(columns["amount"][0]) in ("قیمت", "price", "مبلغ کالا"):
            columns["unit_price"] = columns.pop("amount")
    elif "unit_price" in columns and not columns.keys() & {"quantity", "amount", "net", "gross"}:
        columns["amount"] = columns.pop("unit_price")
    # A date column that was made first for the order is one; a second one ("Paid at") only fills its gaps.
    if "date" not in columns and "time" in columns and bare_key(columns["time"][0]) in ("زمان", "time"):
        columns["date"] = columns.pop("time")
    return columns


def _phones_among(
    header: Sequence[str], rows: Sequence[Sequence[str]], columns: dict[str, tuple[str, ...]], region: str
) -> str | None:
    """Return the unnamed column most of whose cells are mobile numbers."""
    taken = {name for headers in columns.values() for name in headers}
    for position, name in enumerate(header):
        cells = [cell for row in rows if (cell := _cell(row, position))]
        if (
            name not in taken
            and len(cells) >= 3
            and sum(_is_phone(cell, region) for cell in cells) > 0.7 * len(cells)
        ):
            return name
    return None


def _is_phone(cell: str, region: str) -> bool:
    try:
        return bool(normalize(cell, region))
    except PhoneError:
        return False


def _row_kind(columns: dict[str, tuple[str, ...]], orders: Sequence[str]) -> str:
    """Return "line" where rows are the lines of an order: they name goods, and an order's number repeats."""
    if "order_id" not in columns or not columns.keys() & {"sku", "product", "unit_price"}:
        return "order"
    filled = [number for number in orders if number]
    repeats = len(filled) != len(set(filled)) or len(filled) < len(orders)
    return "line" if repeats or {"sku", "quantity", "unit_price"} <= columns.keys() else "order"


def _cancel_prefix(orders: Sequence[str]) -> str:
    """Return "C" where plain numbers stand beside the same kind of number led by C, as cancelled invoices
    are.
    """
    plain = sum(bool(_IDS.fullmatch(number)) for number in orders)
    marked = sum(bool(re.fullmatch(r"C\d{3,}", number)) for number in orders)
    return "C" if marked and plain > marked else ""


def _rates(cells: Sequence[str]) -> str:
    """Return "share" where 15 % stands as 0.15, as a workbook keeps a cell that it shows as a percentage."""
    numbers = [fold(cell).replace("٫", ".").replace("/", ".") for cell in cells if cell]
    is_share = all(re.fullmatch(r"0(\.\d+)?|1(\.0+)?", number) for number in numbers)
    return "share" if is_share and any("." in number for number in numbers) else "percent"


def _day_first(dates: Sequence[str]) -> bool:
    """Return False where a sample such as 3/27/2011 can only be month first."""
    months = re.compile(r"\s*(\d{1,2})[/.\-](\d{1,2})[/.\-]\d{2,4}\b")
    return not any(
        (match := months.match(fold(cell))) and int(match[2]) > 12 >= int(match[1]) for cell in dates
    )


def _cell(row: Sequence[str], position: int) -> str:
    return row[position].strip() if position < len(row) else ""
