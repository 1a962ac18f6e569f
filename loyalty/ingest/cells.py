"""One cell at a time: text into phones, days, amounts and names, each distinct text read only once.

A file repeats itself: half a million rows hold a few thousand people, days and prices. Every reader below
remembers what it has read, within bounds. A reader answers (value, None) or (None, reason); it never raises
for a bad cell.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache, wraps
from zoneinfo import ZoneInfo

from loyalty.customers.services import FIRST_DAY
from loyalty.ui.dates import DayError, parse_moment
from loyalty.ui.money import MAX_MINOR, AmountError, currency, parse_amount
from loyalty.ui.phones import PhoneError, normalize
from loyalty.ui.text import ascii_digits, clean_name, search_key, sort_key, without_marks

REMEMBERED = 60_000
# A till's clock may run ahead, and a shop east of the server is already in tomorrow.
FUTURE_DAYS = 1
QUANTITY_PLACES = 3
MAX_QUANTITY = 10**9
_PLAIN_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,6})?")
_WHOLE_FLOAT = re.compile(r"(\d+)\.0+")
# What our own exports put before = + - @, and Excel before a phone, is no part of the value.
_EXCEL_TEXT = re.compile(r'="(.*)"')


@dataclass(frozen=True)
class Context:
    """What the shop says about its files: money, clock, phones, and what day it is."""

    currency: str
    display_unit: str
    time_zone: str
    region: str
    today: datetime.date


def remembered(function: Callable) -> Callable:
    """Cache a reader of text by its arguments; longer texts are rare and not worth keeping."""
    cached = lru_cache(maxsize=REMEMBERED)(function)

    @wraps(function)
    def read(text: str, *more: str):
        return cached(text, *more) if len(text) < 200 else function(text, *more)

    return read


def tidy(text: str) -> str:
    """Return a cell without spaces around it and without the quoting that spreadsheets leave behind."""
    text = text.strip()
    if text[:1] == "=" and (match := _EXCEL_TEXT.fullmatch(text)):
        return match[1]
    if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@"):
        return text[1:]
    return text


def identifier(text: str) -> str:
    """Return an order or customer number as it is compared: ASCII digits, no marks, no leading #, "17850.0"
    as 17850.
    """
    text = " ".join(without_marks(ascii_digits(tidy(text))).split()).lstrip("#'").strip()
    whole = _WHOLE_FLOAT.fullmatch(text)
    return whole[1] if whole else text


class Cells:
    """The readers of one file, by its mapping's unit and calendar."""

    def __init__(
        self, context: Context, *, unit: str, calendar: str, day_first: bool, rates: str = "percent"
    ) -> None:
        self.context = context
        self.unit = currency(context.currency).unit(unit or context.display_unit)
        self.calendar = calendar
        self.day_first = day_first
        self.rates = rates
        self.zone = ZoneInfo(context.time_zone)
        self.last_day = context.today + datetime.timedelta(days=FUTURE_DAYS)
        self.phone = remembered(self._phone)
        self.moment = remembered(self._moment)
        self.money = remembered(self._money)
        self.price = remembered(self._price)
        self.quantity = remembered(self._quantity)
        self.share = remembered(self._share)
        self.name = remembered(self._name)
        self.text = remembered(lambda text: clean_name(tidy(text)))
        self.identifier = remembered(identifier)

    def _phone(self, text: str) -> tuple[str | None, str | None]:
        try:
            return normalize(tidy(text), self.context.region), None
        except PhoneError as error:
            return None, f"phone_{error.code}"

    def _moment(self, day_text: str, time_text: str = "") -> tuple[tuple[str, str] | None, str | None]:
        """Return ((placed_at in UTC, the shop's day), None), both in ISO form."""
        try:
            both = f"{tidy(day_text)} {tidy(time_text)}" if time_text.strip() else tidy(day_text)
            day, clock = self._day_and_clock(both, tidy(day_text))
        except DayError as error:
            return None, f"date_{error.code}"
        if day > self.last_day:
            return None, "date_in_future"
        if day < FIRST_DAY:
            return None, "date_too_long_ago"
        moment = datetime.datetime.combine(day, clock or datetime.time(0), self.zone)
        return (moment.astimezone(datetime.UTC).isoformat(), day.isoformat()), None

    def _day_and_clock(self, both: str, day_alone: str) -> tuple[datetime.date, datetime.time | None]:
        zone = self.context.time_zone
        try:
            return parse_moment(both, self.calendar, zone, day_first=self.day_first)
        except DayError:
            # A time column may hold anything («صبح»); the day is what counts.
            if both == day_alone:
                raise
            return parse_moment(day_alone, self.calendar, zone, day_first=self.day_first)

    def day(self, text: str) -> datetime.date | None:
        """Return a birth date, or None: a bad one is no reason to refuse a sale."""
        try:
            day = parse_moment(tidy(text), self.calendar, self.context.time_zone, day_first=self.day_first)[0]
        except DayError:
            return None
        return day if day <= self.context.today else None

    def _money(self, text: str) -> tuple[int | None, str | None]:
        """Return (signed amount in minor units, None); (None, None) for an empty cell."""
        text = tidy(text)
        try:
            amount = parse_amount(text, self.context.currency, self.unit.name, signed=True)
        except AmountError as error:
            return None, None if error.code == "empty" else f"amount_{error.code}"
        return (amount, None) if abs(amount) <= MAX_MINOR else (None, "amount_too_large")

    def _price(self, text: str) -> tuple[tuple[int, int] | None, str | None]:
        """Return ((numerator, denominator) of the exact price in minor units, None): 0.001 of a pound is no
        zero.
        """
        plain = tidy(text)
        if _PLAIN_NUMBER.fullmatch(plain):
            value = Decimal(plain) * self.unit.factor
            return (value.as_integer_ratio(), None) if abs(value) <= MAX_MINOR else (None, "amount_too_large")
        amount, reason = self.money(text)
        return (None, reason) if amount is None else ((amount, 1), None)

    def _quantity(self, text: str) -> tuple[int | None, str | None]:
        """Return (thousandths, None); (None, None) for an empty cell."""
        plain = (
            without_marks(ascii_digits(tidy(text)))
            .replace("٫", ".")
            .replace("٬", "")
            .replace("−", "-")
            .replace("/", ".")
        )
        plain = (
            plain.replace(",", "")
            if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", plain)
            else plain.replace(",", ".")
        )
        if not plain:
            return None, None
        if not _PLAIN_NUMBER.fullmatch(plain):
            return None, "quantity_not_a_number"
        value = Decimal(plain)
        if abs(value) > MAX_QUANTITY:
            return None, "quantity_too_large"
        return int((value * 10**QUANTITY_PLACES).to_integral_value(ROUND_HALF_UP)), None

    def _share(self, text: str) -> tuple[int | None, str | None]:
        """Return a rate such as "12.5%", «۱۲٫۵٪» or "12.5" in basis points; (None, None) for a blank.

        Where the file's rates are shares, 0.125 is the same; a percent sign decides for itself.
        """
        plain = without_marks(ascii_digits(tidy(text))).replace("٫", ".").replace("/", ".").replace("٪", "%")
        whole = 1 if self.rates == "share" and "%" not in plain else 100
        plain = plain.replace("%", "").strip()
        if not plain:
            return None, None
        if not _PLAIN_NUMBER.fullmatch(plain) or not 0 <= Decimal(plain) <= whole:
            return None, "rate_not_a_rate"
        return int((Decimal(plain) * 10_000 / whole).to_integral_value(ROUND_HALF_UP)), None

    def _name(self, text: str) -> tuple[str, str, str]:
        """Return (name, search key, sort key), as Customer.save would make them."""
        name = clean_name(tidy(text))[:200].strip()
        return name, search_key(name)[:200], sort_key(name)[:400]
