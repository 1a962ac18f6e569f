"""Which column is what: recognised by its name, by the exports we know, and at last by what stands in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import permutations

from loyalty.ui.phones import PhoneError, normalize
from loyalty.ui.text import ascii_digits, fold

from .mapping import Mapping
from .presets import PRESETS, Preset
from .synonyms import COALESCED, MONEY_FIELDS, NAMES, NOT_WITH, PAID_NAMES, PHRASES, UNITS

_BRACKETS = re.compile(r"[(\[（][^)\]）]*[)\]）]")
_PUNCTUATION = re.compile(r"[^\w%]+")
_IDS = re.compile(r"\d{3,}")
_PLAIN = re.compile(r"-?\d{1,18}(\.\d{1,6})?")
_BESIDE = re.compile(r"[\s,٬£$€]|تومان|ریال")
# Of columns in several units the first of these says which one is the file's.
LEADING = ("amount", "order_amount", "net", "gross", "unit_price")
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
for _name, _found in list(_EXACT.items()):
    # A half-space leaves nothing behind: «بهای تمام‌شده» is «بهای تمامشده».
    _EXACT.setdefault(_name.replace(" ", ""), _found)
_PHRASES = sorted(
    ((key(text), name) for name, texts in PHRASES.items() for text in texts), key=lambda it: -len(it[0])
)
_PAID = frozenset(key(text) for text in PAID_NAMES)
_NOT_WITH = tuple(key(text) for text in NOT_WITH)


@dataclass(frozen=True)
class Recognised:
    """What was made out: the mapping, and the currencies that headers name."""

    mapping: Mapping
    currencies: frozenset[str] = frozenset()
    known: int = field(default=0, compare=False)


def field_of(header: str) -> tuple[str, int] | None:
    """Return (field, rank) for one header by its name alone, or None; a smaller rank is a better name."""
    for name in (key(header), bare_key(header)):
        if found := _EXACT.get(name) or _EXACT.get(name.replace(" ", "")):
            return found
    text = f" {bare_key(header)} "
    if any(f" {word} " in text for word in _NOT_WITH):
        return None
    joined = text.replace(" ", "")
    return next(
        (
            (name, GUESSED)
            for phrase, name in _PHRASES
            if f" {phrase} " in text or (" " in phrase and phrase.replace(" ", "") in joined)
        ),
        None,
    )


def count_known(cells: Sequence[str]) -> int:
    """Return how many different fields a row of cells names, as a header would."""
    return len({found[0] for cell in cells if len(cell) <= 80 and (found := field_of(cell))})


def unit_of_header(header: str) -> tuple[str, str] | None:
    """Return (currency, display unit) that a header names: «مبلغ (تومان)», "Total GBP", "Price £"."""
    words = [*key(header).split(), *re.findall(r"[£$€]", header)]
    return next((_UNITS[word] for word in reversed(words) if word in _UNITS), None)


def units_of(columns: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, str]]:
    """Return {field: (currency, display unit)} of the columns that name one, what was paid first."""
    names = [
        *(name for name in LEADING if name in columns),
        *sorted((MONEY_FIELDS & columns.keys()) - set(LEADING)),
    ]
    found = {name: unit_of_header(columns[name][0]) for name in names}
    return {name: unit for name, unit in found.items() if unit}


def recognise(header: Sequence[str], rows: Sequence[Sequence[str]], *, region: str = "IR") -> Recognised:
    """Return the mapping that a header and some rows below it suggest; money and calendar are the shop's to
    decide.
    """
    preset = _preset(header)
    columns = _columns_of(preset, header) if preset else _by_name(header, rows)
    if not columns.get("phone") and (guess := _phones_among(header, rows, columns, region)):
        columns["phone"] = (guess,)
    units = units_of(columns)
    places = {name: header.index(headers[0]) for name, headers in columns.items()}
    orders = [_cell(row, places["order_id"]) for row in rows] if "order_id" in places else []
    row_kind = preset.row_kind if preset else _row_kind(columns, orders)
    if not preset and row_kind == "line" and "order_amount" not in columns and _is_of_the_order(places, rows):
        columns["order_amount"] = columns.pop("amount")
    mapping = Mapping(
        columns=columns,
        unit=next((unit for _, unit in units.values()), ""),
        row_kind=row_kind,
        cancel_prefix=_cancel_prefix(orders),
        day_first=_day_first([_cell(row, places["date"]) for row in rows] if "date" in places else []),
        discount_rates=_rates(
            [_cell(row, places["discount_rate"]) for row in rows] if "discount_rate" in places else []
        ),
    )
    return Recognised(mapping, frozenset(currency for currency, _ in units.values()), len(columns))


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


def _by_name(header: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, tuple[str, ...]]:
    claims: dict[str, list[tuple[int, int, str]]] = {}
    for position, name in enumerate(header):
        if found := field_of(name):
            claims.setdefault(found[0], []).append((found[1], position, name))
    columns: dict[str, tuple[str, ...]] = {}
    for name, claimants in claims.items():
        ordered = tuple(header for rank, _, header in sorted(claimants) if rank < GUESSED) or (
            min(claimants)[2],
        )
        columns[name] = ordered if name in COALESCED else ordered[:1]
    if len(claims.get("amount", ())) > 1:
        _tell_apart([name for _, _, name in sorted(claims["amount"])], columns, header, rows)
    return _settle(columns)


def _tell_apart(
    amounts: list[str],
    columns: dict[str, tuple[str, ...]],
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
) -> None:
    """Decide which of several amounts was paid, and which is from before the discount.

    Their names say so, best first, unless the rows say better: before − discount (+ tax) = paid.
    """
    if not columns.keys() & {"discount_amount", "discount_rate"}:
        # Without a discount they are the same, or the shop sells on credit and was paid only in part.
        columns["amount"] = (min(amounts, key=lambda name: key(name) in _PAID),)
        return

    def numbers(name: str) -> list[Decimal | None]:
        return [_number(_cell(row, header.index(name))) for row in rows]

    none = [Decimal(0)] * len(rows)
    taxes = numbers(columns["tax"][0]) if "tax" in columns else none
    discounts = numbers(columns["discount_amount"][0]) if "discount_amount" in columns else none
    told = False
    for paid, before in permutations(amounts, 2):
        known = [
            (a - abs(d), b, t or 0)
            for a, b, d, t in zip(numbers(before), numbers(paid), discounts, taxes, strict=True)
            if a is not None and b is not None and d
        ]
        told = told or bool(known)
        if known and sum(a in (b, b - t) for a, b, t in known) > 0.8 * len(known):
            columns["amount"] = (paid,)
            columns.setdefault("gross", (before,))
            return
    if not told:
        columns.setdefault("gross", (amounts[1],))


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


def _is_of_the_order(places: dict[str, int], rows: Sequence[Sequence[str]]) -> bool:
    """Whether each line bears the amount of its whole order: alike on all of them, and what they add up to."""
    if not places.keys() >= {"order_id", "amount"}:
        return False
    orders: dict[str, list[tuple[Decimal | None, Decimal | None]]] = {}
    for row in rows:
        amount, quantity, price = (
            _number(_cell(row, places[name])) if name in places else None
            for name in ("amount", "quantity", "unit_price")
        )
        comes_to = None if price is None else price * (1 if quantity is None else quantity)
        orders.setdefault(_cell(row, places["order_id"]), []).append((amount, comes_to))
    several = [lines for number, lines in orders.items() if number and len(lines) > 1]
    if not several or any(len({amount for amount, _ in lines}) > 1 for lines in several):
        return False
    if any(None in line for lines in several for line in lines):
        # No prices to add up: alike in this many orders, and not the one price of everything.
        return len(several) >= 3 and len({lines[0][0] for lines in several}) > 1
    return any(lines[0][0] == sum(comes_to for _, comes_to in lines) for lines in several)


def _number(text: str) -> Decimal | None:
    """Return the number in a cell that holds nothing else."""
    plain = _BESIDE.sub("", ascii_digits(text)).replace("٫", ".")
    return Decimal(plain) if _PLAIN.fullmatch(plain) else None


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
