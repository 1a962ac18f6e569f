"""Money: whole minor units inside, the shop's own unit outside; read from any digits, words and separators.

Stored amounts are integers in the currency's minor unit (rial, penny). What a person types or reads is in the
shop's display unit (toman or rial, pound). Nothing here is ever a float.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from loyalty.ui.presentation import Presentation
from loyalty.ui.text import ascii_digits, fold, persian_digits, without_marks


@dataclass(frozen=True)
class Unit:
    """A unit people count in: `factor` minor units, shown with `decimals` places, named per language."""

    name: str
    factor: int
    decimals: int
    en: str
    fa: str
    symbol: str = ""


@dataclass(frozen=True)
class Currency:
    """A currency by its ISO code. `units[0]` is what a shop gets that chose none."""

    code: str
    units: tuple[Unit, ...]

    def unit(self, name: str = "") -> Unit:
        """Return the unit of that name, or the first one for a name this currency lacks."""
        return next((unit for unit in self.units if unit.name == name), self.units[0])


def _hundred(code: str, name: str, en: str, fa: str, symbol: str) -> Currency:
    return Currency(code, (Unit(name, 100, 2, en, fa, symbol),))


CURRENCIES: dict[str, Currency] = {
    currency.code: currency
    for currency in (
        # ISO gives the rial two decimals that nobody has used for decades: its minor unit is itself here.
        Currency("IRR", (Unit("rial", 1, 0, "rial", "ریال"), Unit("toman", 10, 0, "toman", "تومان"))),
        _hundred("GBP", "pound", "pounds", "پوند", "£"),
        _hundred("USD", "dollar", "dollars", "دلار", "$"),
        _hundred("EUR", "euro", "euros", "یورو", "€"),
        _hundred("TRY", "lira", "lira", "لیر", "₺"),
        _hundred("AED", "dirham", "dirhams", "درهم", ""),
        _hundred("CAD", "dollar", "Canadian dollars", "دلار کانادا", ""),
        _hundred("AUD", "dollar", "Australian dollars", "دلار استرالیا", ""),
        _hundred("CHF", "franc", "francs", "فرانک", ""),
        _hundred("SEK", "krona", "kronor", "کرون", ""),
        Currency("IQD", (Unit("dinar", 1, 0, "dinars", "دینار"),)),
        Currency("AFN", (Unit("afghani", 100, 2, "afghani", "افغانی"),)),
        Currency("JPY", (Unit("yen", 1, 0, "yen", "ین", "¥"),)),
    )
}
# Thousands of such amounts still add up in a bigint; a hundred thousand milliard toman is no one's order.
MAX_MINOR = 10**15
MAX_LENGTH = 60

_SCALES = {
    "هزار": 10**3, "thousand": 10**3, "k": 10**3,
    "میلیون": 10**6, "ملیون": 10**6, "million": 10**6, "m": 10**6,
    "میلیارد": 10**9, "ملیارد": 10**9, "billion": 10**9,
}  # fmt: skip
# (currency code, unit name) by the word or sign that names it; None: whatever unit the shop's currency has.
_UNIT_WORDS = {
    "ریال": ("IRR", "rial"), "﷼": ("IRR", "rial"), "rial": ("IRR", "rial"), "rials": ("IRR", "rial"),
    "irr": ("IRR", "rial"), "تومان": ("IRR", "toman"), "تومن": ("IRR", "toman"), "toman": ("IRR", "toman"),
    "tomans": ("IRR", "toman"), "irt": ("IRR", "toman"),
    "£": ("GBP", ""), "gbp": ("GBP", ""), "پوند": ("GBP", ""), "$": ("USD", ""), "usd": ("USD", ""),
    "دلار": ("USD", ""), "€": ("EUR", ""), "eur": ("EUR", ""), "یورو": ("EUR", ""), "₺": ("TRY", ""),
    "try": ("TRY", ""), "tl": ("TRY", ""), "aed": ("AED", ""), "درهم": ("AED", ""), "¥": ("JPY", ""),
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+|[£$€₺¥﷼]")
_SPACES = re.compile(r"[\s\u00a0\u202f]+")
# ٫ alone is never a thousands mark, so it stays itself while ٬ and ، become a comma.
_POINT = "٫"
_NUMBER = re.compile(rf"\d[\d.,'{_POINT}/ ]*\d|\d")
_GROUPED = {sep: re.compile(rf"\d{{1,3}}(?:{re.escape(sep)}\d{{3}})+") for sep in ".,'"}
# Most cells of most files. Twenty times faster than the rest, and the same to the last digit (there is a test).
_PLAIN = re.compile(r"([0-9]{1,11}|[0-9]{1,3}(?:,[0-9]{3}){1,3})(?:\.([0-9]{1,2}))?")
_SCIENTIFIC = re.compile(r"\d[.,]?\d*e[+-]?\d+", re.IGNORECASE)


class AmountError(ValueError):
    """An amount that cannot be read; `code` is one of empty, not_a_number, negative, too_large,
    other_currency, lost_digits (a spreadsheet rounded it to 1.25E+06)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def currency(code: str) -> Currency:
    """Return the currency of an ISO code; one we do not know counts in hundredths, named by its code."""
    return CURRENCIES.get(code) or _hundred(code, code.lower(), code, code, "")


def parse_amount(text: object, currency_code: str, display_unit: str = "", *, signed: bool = False) -> int:
    """Return an amount in minor units, read from any digits and separators.

    A unit in the text («۸۳۱٬۰۰۰ ریال», "£12.50") wins over the display unit; «هزار» and «میلیون» multiply.
    Fractions of a minor unit are rounded half up. Raise AmountError; a negative amount needs `signed`.
    """
    money = currency(currency_code)
    if isinstance(text, str) and (plain := _PLAIN.fullmatch(text)):
        return _plain_minor(plain, money.unit(display_unit).factor)
    raw = without_marks(ascii_digits("" if text is None else str(text))).strip().lstrip("'").strip()
    if not raw:
        raise AmountError("empty")
    if len(raw) > MAX_LENGTH:
        raise AmountError("too_large" if raw.strip("-+").isdecimal() else "not_a_number")
    if _SCIENTIFIC.fullmatch(raw.lstrip("+-−")):
        # Never handed to Decimal: int(Decimal("1E+6000000")) takes minutes.
        raise AmountError("lost_digits")
    negative, raw = _sign(raw)
    value, unit = _read(raw, money, money.unit(display_unit))
    if value * unit.factor > MAX_MINOR:
        raise AmountError("too_large")
    minor = int((value * unit.factor).quantize(Decimal(1), ROUND_HALF_UP))
    if negative and minor and not signed:
        raise AmountError("negative")
    return -minor if negative else minor


def _plain_minor(number: re.Match[str], factor: int) -> int:
    whole, fraction = int(number[1].replace(",", "")), number[2] or ""
    scale = 10 ** len(fraction)
    return whole * factor + (2 * int(fraction or 0) * factor + scale) // (2 * scale)


def _sign(raw: str) -> tuple[bool, str]:
    """Split off the sign: leading, trailing (as some tills print it), or an accountant's brackets."""
    if raw.startswith("(") and raw.endswith(")"):
        return True, raw[1:-1].strip()
    for mark, negative in (("-", True), ("−", True), ("+", False)):
        if raw.startswith(mark) or raw.endswith(mark):
            bare = raw.removeprefix(mark) if raw.startswith(mark) else raw.removesuffix(mark)
            return negative, bare.strip()
    return False, raw


def _read(raw: str, money: Currency, unit: Unit) -> tuple[Decimal, Unit]:
    """Return the value and the unit it is in; the text may be a sum («۱ میلیون و ۲۰۰ هزار تومان»)."""
    text = _SPACES.sub(" ", raw.replace("٬", ",").replace("،", ",").replace("’", "'"))
    total, scale_seen, numbers = Decimal(0), None, 0
    position, pending, named = 0, None, False
    while position < len(text):
        if text[position] == " ":
            position += 1
        elif match := _NUMBER.match(text, position):
            if pending is not None:
                raise AmountError("not_a_number")
            pending, numbers, position = match[0].strip(), numbers + 1, match.end()
        elif match := _WORD.match(text, position):
            word, position = fold(match[0]) or match[0], match.end()
            if word in _SCALES:
                if pending is None or (scale_seen is not None and _SCALES[word] >= scale_seen):
                    raise AmountError("not_a_number")
                scale_seen = _SCALES[word]
                total, pending = total + _number(pending, None) * scale_seen, None
            elif found := _UNIT_WORDS.get(word):
                if found[0] != money.code or named:
                    raise AmountError("not_a_number" if found[0] == money.code else "other_currency")
                unit, named = money.unit(found[1]), True
            elif word != "و" or numbers == 0:
                raise AmountError("not_a_number")
        else:
            raise AmountError("not_a_number")
    if pending is not None:
        total += _number(pending, unit)
    if not numbers:
        raise AmountError("not_a_number")
    return total, unit


def _number(text: str, unit: Unit | None) -> Decimal:
    """Return the value of digits with separators; `unit` decides on "1.234" (None: before «میلیون»)."""
    text = text.replace("/", ",") if _GROUPED[","].fullmatch(text.replace("/", ",")) else text
    text = text.replace(" ", ",") if _GROUPED[","].fullmatch(text.replace(" ", ",")) else text
    whole, mark, fraction = text.partition(_POINT)
    if not mark:
        whole, fraction = _split(text, unit)
    whole = _ungroup(whole)
    if not whole.isdecimal() or not (fraction == "" or fraction.isdecimal()):
        raise AmountError("not_a_number")
    if len(whole.lstrip("0")) > 18:
        raise AmountError("too_large")
    return Decimal(f"{whole}.{fraction or 0}")


def _split(text: str, unit: Unit | None) -> tuple[str, str]:
    """Split at the decimal mark: of two marks the last; of one, that depends."""
    last = max(text.rfind("."), text.rfind(","))
    if last < 0:
        return text, ""
    mark, other = text[last], "," if text[last] == "." else "."
    whole, fraction = text[:last], text[last + 1 :]
    if other in whole:
        return whole, fraction
    if text.count(mark) > 1:
        return text, ""
    if len(fraction) == 3 and _GROUPED[mark].fullmatch(text):
        # 802.000 toman is eight hundred thousand and £1.234 is a pound and a bit; 1,234 is always a thousand.
        groups = mark == "," or (unit is not None and unit.decimals == 0)
        return (text, "") if groups else (whole, fraction)
    if mark == "," and len(fraction) > 2:
        raise AmountError("not_a_number")
    return whole, fraction


def _ungroup(text: str) -> str:
    for mark, pattern in _GROUPED.items():
        if pattern.fullmatch(text):
            return text.replace(mark, "")
    return text


def _words(presentation: Presentation) -> dict[str, str]:
    return _PERSIAN if presentation.is_persian else _ENGLISH


_PERSIAN = {"group": "٬", "point": "٫", "million": "میلیون", "billion": "میلیارد"}
_ENGLISH = {"group": ",", "point": ".", "million": "M", "billion": "B"}
LRI, PDI = "\u2066", "\u2069"


def unit_of(presentation: Presentation) -> Unit:
    """Return the unit in which this presentation shows money."""
    return currency(presentation.currency).unit(presentation.display_unit)


def unit_label(presentation: Presentation) -> str:
    """Return the name to put beside a number: "تومان", "toman", "£"."""
    unit = unit_of(presentation)
    return unit.fa if presentation.is_persian else unit.symbol or unit.en


def format_number(
    value: Decimal | int | float, presentation: Presentation, decimals: int | None = None
) -> str:
    """Return a number grouped and in the reader's digits; `decimals` places, or as many as it has.

    In Persian a negative number is isolated: without that its sign would jump to the right of the digits. (A
    mere left-to-right mark would do so too, but turns round the whole of an element whose direction is "auto".)
    """
    # Through its shortest writing: Decimal(0.1) would spell out what binary makes of a tenth.
    value = Decimal(str(value))
    if decimals is not None:
        value = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    words = _words(presentation)
    digits = f"{abs(value):,f}"
    digits = digits.replace(",", "\x00").replace(".", words["point"]).replace("\x00", words["group"])
    if presentation.is_persian:
        digits = persian_digits(digits)
    sign = "−" if value < 0 and value != 0 else ""
    return f"{LRI}{sign}{digits}{PDI}" if sign and presentation.is_persian else f"{sign}{digits}"


def format_plain(minor: int, presentation: Presentation) -> str:
    """Return an amount without its unit, for a column whose head or foot names it."""
    unit = unit_of(presentation)
    value = Decimal(minor) / unit.factor
    # Toman show a fraction only where there is one; pounds always show their pence.
    decimals = unit.decimals if unit.decimals or value == value.to_integral_value() else 1
    return format_number(value, presentation, decimals)


def split_amount(minor: int, presentation: Presentation) -> tuple[str, str]:
    """Return a compact amount as the figure and what follows it: («۳۱۸٫۴», «میلیون تومان»), ("£2.5", "M")."""
    figure, _space, rest = format_amount(minor, presentation, compact=True).partition(" ")
    return figure, rest


def format_amount(minor: int, presentation: Presentation, compact: bool = False) -> str:
    """Return an amount with its unit: «۱٬۲۵۰٬۰۰۰ تومان», "£1,234.50"; compact: «۳۱۸٫۴ میلیون تومان»."""
    unit, words = unit_of(presentation), _words(presentation)
    value = Decimal(minor) / unit.factor
    scale = ""
    if compact:
        text, scale = _compact(value, presentation)
        scale = f" {words[scale]}" if scale else ""
    else:
        text = format_plain(minor, presentation)
    label = unit_label(presentation)
    if unit.symbol and not presentation.is_persian:
        sign = "−" if text.startswith("−") else ""
        return f"{sign}{label}{text.removeprefix('−')}{scale}"
    return f"{text}{scale} {label}"


def format_short(minor: int, presentation: Presentation) -> str:
    """Return an amount in short and without its unit, for a table that names it: «۳۱۸٫۴ میلیون», "1.2 M"."""
    text, scale = _compact(Decimal(minor) / unit_of(presentation).factor, presentation)
    return f"{text} {_words(presentation)[scale]}" if scale else text


def _compact(value: Decimal, presentation: Presentation) -> tuple[str, str]:
    for name, size in (("billion", 10**9), ("million", 10**6)):
        # 999,950 and up would round to "1,000 thousand"; call it a million.
        if abs(value) >= size * Decimal("0.99995"):
            short = (value / size).quantize(Decimal("0.1"), ROUND_HALF_UP)
            return format_number(short, presentation, 0 if short == short.to_integral_value() else 1), name
    small = abs(value) < 100 and value != value.to_integral_value()
    return format_number(value, presentation, 2 if small else 0), ""
