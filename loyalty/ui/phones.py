"""One phone number, however it was typed: every spelling becomes the same E.164 string, or a reason why not.

Mobile numbers only, and of the shop's own region only: this is where its text messages can go.
"""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType

from loyalty.ui.text import ascii_digits, without_marks

# 090–094 and 099. Not 095–098: nobody has them, and "98…" would be a country code without its number.
# Newly opened ranges pass, which a list of ranges (libphonenumber's) would refuse until its next release.
_MOBILE = re.compile(r"(?:\+98|0098|98|0)?0?(9[0-49]\d{8})")
_LANDLINE = re.compile(r"(?:\+98|0098|98|0)0?[1-8]\d{9}")
_SEPARATORS = str.maketrans("", "", " \t\u00a0\u202f-‐‑‒–—−_.()/\\")
# A cell with two numbers, or with words. A dash or a space may also stand inside one number: those last.
_BETWEEN = (
    re.compile(r"[,;،؛|/\\\n\r&]+|\s+و\s+|\s+[-–—]\s+"),
    re.compile(r"[^\d\s+().\-]+"),
    re.compile(r"[\s\-–—]+"),
)
_SCIENTIFIC = re.compile(r"\+?(\d)[.,]?(\d*)[eE]\+?0*(\d{1,2})")
_WHOLE_FLOAT = re.compile(r"(\+?\d+)[.,]0+")
MAX_LENGTH = 100


class PhoneError(ValueError):
    """A number that cannot be used; `code` is one of empty, not_a_number, too_short, landline,
    foreign_or_invalid, lost_digits (a spreadsheet rounded it to 9.12E+09)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def normalize(raw: object, region: str = "IR") -> str:
    """Return the mobile number as "+989121234567"; of several in one cell, the first that is valid.

    Raise PhoneError when there is none.
    """
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    return _normalize("" if raw is None else str(raw), region)


# A file of half a million rows holds each customer's number many times.
@lru_cache(maxsize=65536)
def _normalize(raw: str, region: str) -> str:
    text = without_marks(ascii_digits(raw)).strip().lstrip("'’`\"").rstrip("'\"").strip()
    if not text:
        raise PhoneError("empty")
    if len(text) > MAX_LENGTH or not any(char.isdigit() for char in text):
        raise PhoneError("not_a_number")
    text = _undo_spreadsheet(text)
    try:
        return _one(text, region)
    except PhoneError as error:
        for between in _BETWEEN:
            for part in between.split(text):
                if part != text and sum(char.isdigit() for char in part) >= 10:
                    try:
                        return _one(part, region)
                    except PhoneError:
                        continue
        raise error


def _undo_spreadsheet(text: str) -> str:
    """Take off the ".0" of a number column; raise lost_digits where 9.12E+09 has forgotten the rest."""
    if scientific := _SCIENTIFIC.fullmatch(text):
        first, rest, exponent = scientific.groups()
        # Spreadsheets show five decimals at most, so with six or more nothing was rounded away.
        if len(rest.rstrip("0")) < 6 or len(rest) > int(exponent):
            raise PhoneError("lost_digits")
        return first + rest.ljust(int(exponent), "0")
    whole = _WHOLE_FLOAT.fullmatch(text)
    return whole[1] if whole else text


def _one(text: str, region: str) -> str:
    digits = text.translate(_SEPARATORS)
    if region == "IR":
        return _iranian(digits)
    return _of_region(digits, region)


def _iranian(digits: str) -> str:
    # libphonenumber takes 16 µs and a pattern takes one.
    if match := _MOBILE.fullmatch(digits):
        return f"+98{match[1]}"
    if not digits.lstrip("+").isdecimal():
        raise PhoneError("not_a_number")
    if _LANDLINE.fullmatch(digits):
        raise PhoneError("landline")
    raise PhoneError("too_short" if len(digits.lstrip("+0")) < 10 else "foreign_or_invalid")


def _of_region(digits: str, region: str) -> str:
    if not digits.lstrip("+").isdecimal():
        raise PhoneError("not_a_number")
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException as error:
        short = error.error_type == error.TOO_SHORT_NSN or len(digits) < 6
        raise PhoneError("too_short" if short else "foreign_or_invalid") from error
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason in (
        phonenumbers.ValidationResult.TOO_SHORT,
        phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY,
    ):
        raise PhoneError("too_short")
    if number.country_code != phonenumbers.country_code_for_region(region):
        raise PhoneError("foreign_or_invalid")
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.FIXED_LINE:
        raise PhoneError("landline")
    if kind in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE) or _looks_mobile(
        number, region
    ):
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    raise PhoneError("foreign_or_invalid")


def _looks_mobile(number: phonenumbers.PhoneNumber, region: str) -> bool:
    """Say whether an unknown range is shaped like a mobile one: newly opened, or kept for invented people."""
    example = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    if example is None or phonenumbers.number_type(number) != PhoneNumberType.UNKNOWN:
        return False
    ours, theirs = str(number.national_number), str(example.national_number)
    return len(ours) == len(theirs) and ours[0] == theirs[0]


def national(e164: str) -> str:
    """Return a stored number as people of its country write it: "0912 123 4567"."""
    if not e164:
        return ""
    if e164.startswith("+98") and len(e164) == 13:
        return f"0{e164[3:6]} {e164[6:9]} {e164[9:]}"
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)


def mask(e164: str) -> str:
    """Return a stored number with its middle hidden: "0912 ••• 45 67"."""
    digits = "".join(char for char in national(e164) if char.isdigit())
    if len(digits) < 8:
        return "•••" if digits else ""
    return f"{digits[:4]} ••• {digits[-4:-2]} {digits[-2:]}"
