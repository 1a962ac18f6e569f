"""Which column is what: recognised by its name, by the exports we know, and at last by what stands in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from loyalty.ui.phones import PhoneError, normalize
from loyalty.ui.text import fold

from . import evidence
from .mapping import Mapping
from .presets import PRESETS, Preset
from .synonyms import COALESCED, MONEY_FIELDS, NAMES, NOT_WITH, PAID_NAMES, PHRASES, UNITS

_BRACKETS = re.compile(r"[(\[（][^)\]）]*[)\]）]")
_PUNCTUATION = re.compile(r"[^\w%]+")
# Of columns in several units the first of these says which one is the file's.
LEADING = ("amount", "order_amount", "net", "gross", "unit_price")
GOODS = frozenset(("sku", "quantity", "unit_price"))
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
    if header.rstrip().endswith(("?", "؟")):
        # "Paid?" is answered by yes or no.
        return None
    for name in (key(header), bare_key(header)):
        if found := _EXACT.get(name) or _EXACT.get(name.replace(" ", "")):
            is_rate = found[0] == "discount_amount" and ("%" in header or "٪" in header)
            return ("discount_rate", found[1]) if is_rate else found
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
        if columns.get("order_id") == (guess,):
            del columns["order_id"]
    units = units_of(columns)
    settings = evidence.settings(columns, header, rows)
    if preset:
        settings["row_kind"] = preset.row_kind
    elif settings.get("row_kind") == "line" and evidence.is_of_the_order(columns, header, rows):
        columns["order_amount"] = columns.pop("amount")
    mapping = Mapping(columns=columns, unit=next((unit for _, unit in units.values()), ""), **settings)
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

    found = evidence.paid_and_before(amounts, columns, header, rows)
    if found:
        columns["amount"] = (found[0],)
    if found != ():
        columns.setdefault("gross", ((found or amounts)[1],))


def _settle(columns: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Decide the names that mean different things in different company."""
    # «نام» alone is the whole name; beside «نام خانوادگی» it is the first.
    if "first_name" in columns and "last_name" not in columns:
        first = columns.pop("first_name")
        # "Name" among goods without another name may as well be what was sold.
        if key(first[0]) != "name" or "product" in columns or not columns.keys() & GOODS:
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
    # «شماره» is an order's, unless it is a phone's.
    taken = {name for headers in columns.values() for name in headers if key(name) != "شماره"}
    for position, name in enumerate(header):
        cells = list(filter(None, evidence.cells(rows, position)))
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
