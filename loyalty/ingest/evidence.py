"""What the rows of a file prove, whatever its columns are called and whatever was said of a file before.

Pure: `columns` is a mapping's {field: headers}, `rows` a sample of the rows below `header`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import permutations

from loyalty.ui.text import ascii_digits, fold

Columns = dict[str, tuple[str, ...]]
Rows = Sequence[Sequence[str]]
# Of these a sample can leave no doubt; a row kind and a prefix it can only suggest.
PROVEN = frozenset(("day_first", "discount_rates"))
_IDS = re.compile(r"\d{3,}")
_CANCELLED = re.compile(r"C\d{3,}")
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,6})?")
_BESIDE = re.compile(r"[\s,٬£$€]|تومان|ریال")
_SHARE = re.compile(r"0(\.\d+)?|1(\.0+)?")
_DAY_AND_MONTH = re.compile(r"\s*(\d{1,2})[/.\-](\d{1,2})[/.\-]\d{2,4}\b")


def settings(columns: Columns, header: Sequence[str], rows: Rows) -> dict[str, object]:
    """Return the settings of a mapping of which the rows say something, and nothing else."""

    def of(name: str) -> list[str]:
        return cells(rows, header.index(columns[name][0])) if name in columns else []

    orders = of("order_id")
    found = {
        "row_kind": "line" if _are_lines(columns, orders) else None,
        "cancel_prefix": "C" if _has_cancellations(orders) else None,
        "day_first": _day_first(of("date")),
        "discount_rates": _rates(of("discount_rate")),
    }
    return {name: value for name, value in found.items() if value is not None}


def cells(rows: Rows, position: int) -> list[str]:
    return [row[position].strip() if position < len(row) else "" for row in rows]


def _are_lines(columns: Columns, orders: Sequence[str]) -> bool:
    """Whether rows are the lines of an order: they name goods, and an order's number repeats."""
    if "order_id" not in columns or not columns.keys() & {"sku", "product", "unit_price"}:
        return False
    filled = [number for number in orders if number]
    repeats = len(filled) != len(set(filled)) or len(filled) < len(orders)
    return repeats or {"sku", "quantity", "unit_price"} <= columns.keys()


def _has_cancellations(orders: Sequence[str]) -> bool:
    """Whether plain numbers stand beside the same kind of number led by C, as cancelled invoices are."""
    plain = sum(bool(_IDS.fullmatch(number)) for number in orders)
    marked = sum(bool(_CANCELLED.fullmatch(number)) for number in orders)
    return 0 < marked < plain


def _rates(rates: Sequence[str]) -> str | None:
    """Return "share" where 15 % stands as 0.15, as a workbook keeps a cell that it shows as a percentage."""
    numbers = [fold(cell).replace("٫", ".").replace("/", ".") for cell in rates if cell]
    if any((value := _value(number)) is not None and value > 1 for number in numbers):
        return "percent"
    is_share = all(_SHARE.fullmatch(number) for number in numbers)
    return "share" if is_share and any("." in number for number in numbers) else None


def _day_first(dates: Sequence[str]) -> bool | None:
    """Return False where a date such as 3/27/2011 can only be month first, True where one is day first only."""
    found = set()
    for match in filter(None, (_DAY_AND_MONTH.match(fold(cell)) for cell in dates)):
        first, second = int(match[1]), int(match[2])
        found |= {first > 12} if (first > 12) != (second > 12) else set()
    return found.pop() if len(found) == 1 else None


def paid_and_before(
    amounts: Sequence[str], columns: Columns, header: Sequence[str], rows: Rows
) -> tuple[str, str] | tuple[()] | None:
    """Return which of several amounts was paid and which is from before the discount: before − discount (+ tax) = paid.

    Return () where the rows prove that none is the other's, and None where they tell nothing.
    """
    nothing = [Decimal(0)] * len(rows)
    taxes = _numbers("tax", columns, header, rows) or nothing
    discounts = _numbers("discount_amount", columns, header, rows) or nothing
    values = {name: [_value(cell) for cell in cells(rows, header.index(name))] for name in amounts}
    tells = False
    for paid, before in permutations(amounts, 2):
        known = [
            (a - abs(d), b, t or 0)
            for a, b, d, t in zip(values[before], values[paid], discounts, taxes, strict=True)
            if a is not None and b is not None and d
        ]
        tells = tells or bool(known)
        if known and sum(a in (b, b - t) for a, b, t in known) > 0.8 * len(known):
            return paid, before
    return () if tells else None


def is_of_the_order(columns: Columns, header: Sequence[str], rows: Rows) -> bool:
    """Whether each line bears the amount of its whole order: alike on all of them, and what they add up to."""
    if "amount" not in columns or "order_amount" in columns:
        return False
    amounts = _numbers("amount", columns, header, rows)
    prices = _numbers("unit_price", columns, header, rows) or [None] * len(rows)
    quantities = _numbers("quantity", columns, header, rows) or [None] * len(rows)
    orders: dict[str, list[tuple[Decimal | None, Decimal | None]]] = {}
    numbers = cells(rows, header.index(columns["order_id"][0]))
    for number, amount, price, quantity in zip(numbers, amounts, prices, quantities, strict=True):
        comes_to = None if price is None else price * (1 if quantity is None else quantity)
        orders.setdefault(number, []).append((amount, comes_to))
    several = [lines for number, lines in orders.items() if number and len(lines) > 1]
    if not several or any(len({amount for amount, _ in lines}) > 1 for lines in several):
        return False
    if any(None in line for lines in several for line in lines):
        # No prices to add up: alike in this many orders, and not the one price of everything.
        return len(several) >= 3 and len({lines[0][0] for lines in several}) > 1
    return any(lines[0][0] == sum(comes_to for _, comes_to in lines) for lines in several)


def _numbers(name: str, columns: Columns, header: Sequence[str], rows: Rows) -> list[Decimal | None]:
    """Return the numbers in the cells of a field, or [] where no column has it."""
    return [_value(cell) for cell in cells(rows, header.index(columns[name][0]))] if name in columns else []


def _value(text: str) -> Decimal | None:
    """Return the number in a cell that holds nothing else."""
    plain = _BESIDE.sub("", ascii_digits(text)).replace("٫", ".")
    return Decimal(plain) if _NUMBER.fullmatch(plain) else None
