"""Days and moments as people write them, in the Jalali or the Gregorian calendar, and as they read them.

A year of 1300–1499 is Jalali and one of 1900–2199 is Gregorian, whatever the shop prefers: only a year of two
digits needs the preference. What the calendar lacks (30 Esfand of a common year) is refused, never moved.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from persiantools.jdatetime import JalaliDate

from loyalty.ui.presentation import Presentation
from loyalty.ui.text import ascii_digits, fold, persian_digits, without_marks

JALALI_MONTHS = (
    "فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند",
)  # fmt: skip
_JALALI_LATIN = (
    "farvardin", "ordibehesht", "khordad", "tir", "mordad", "shahrivar",
    "mehr", "aban", "azar", "dey", "bahman", "esfand",
)  # fmt: skip
_GREGORIAN_FA = (
    "ژانویه", "فوریه", "مارس", "آوریل", "مه", "ژوئن", "ژوئیه", "اوت", "سپتامبر", "اکتبر", "نوامبر", "دسامبر",
)  # fmt: skip
_GREGORIAN_EN = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_WEEKDAYS_FA = ("دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه")
_WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

# Word → (calendar, month).
_MONTHS = {
    **{fold(name): ("jalali", month) for month, name in enumerate(JALALI_MONTHS, 1)},
    **{name: ("jalali", month) for month, name in enumerate(_JALALI_LATIN, 1)},
    fold("امرداد"): ("jalali", 5),
    **{fold(name): ("gregorian", month) for month, name in enumerate(_GREGORIAN_FA, 1)},
    **{name.lower(): ("gregorian", month) for month, name in enumerate(_GREGORIAN_EN, 1)},
    **{name[:3].lower(): ("gregorian", month) for month, name in enumerate(_GREGORIAN_EN, 1)},
    "sept": ("gregorian", 9),
}
_FILLERS = {fold(name) for name in _WEEKDAYS_FA} | {name.lower() for name in _WEEKDAYS_EN}
_FILLERS |= {name[:3].lower() for name in _WEEKDAYS_EN} | {
    "پنج",
    "سه",
    "چهار",
    "یک",
    "دو",
    "ماه",
    "سال",
    "of",
    "در",
}
_FILLERS |= {fold("پنج‌شنبه"), fold("یک‌شنبه"), "ساعت", "at", "th", "st", "nd", "rd"}

_NUMERIC = re.compile(r"(\d{1,4})\s?([/\-.])\s?(\d{1,2})\s?\2\s?(\d{1,4})")
# Most cells of most files: the year first, in ASCII.
_PLAIN = re.compile(
    r"([0-9]{4})([/-])([0-9]{1,2})\2([0-9]{1,2})(?:[ T]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?)?"
)
_COMPACT = re.compile(r"(1[34]\d\d|19\d\d|2[01]\d\d)(\d\d)(\d\d)")
_SERIAL = re.compile(r"(\d{5})(?:\.(\d+))?")
_TIME = re.compile(
    r"(?:ساعت\s*|\bat\s+)?(?<![\d/\-.])(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?\s*(am|pm|a\.m\.|p\.m\.|ق\.?ظ|ب\.?ظ)?"
    r"\s*(z|utc|[+\-]\d{2}:?\d{2})?(?![\d:])",
    re.IGNORECASE,
)
# Serial 0 of Excel: it believes in 29 February 1900, so every later day counts from the one before.
_EXCEL_ZERO = date(1899, 12, 30)
_FIRST_SERIAL, _LAST_SERIAL = 18264, 80000
MAX_LENGTH = 60


class DayError(ValueError):
    """A day that cannot be read; `code` is one of empty, not_a_day, bad_year, bad_month, bad_day, bad_time,
    ambiguous (01/02/2024 without knowing whether day or month comes first)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def parse_day(text: object, calendar: str = "jalali", *, day_first: bool | None = None) -> date:
    """Return the Gregorian date of a written day; a time beside it is checked and dropped.

    `calendar` decides two-digit years only (03/02/01 is 1403 where it is "jalali"); `day_first` decides
    01/02/2024 and is not needed where one number is over 12. Raise DayError.
    """
    return _parse(text, calendar, day_first)[0]


def parse_moment(
    text: object, calendar: str = "jalali", tz: str = "UTC", *, day_first: bool | None = None
) -> tuple[date, time | None]:
    """Return day and time of day in the time zone `tz`; the time is None where none is written.

    A moment that names its own offset (…Z, …+03:30) is turned into `tz`. Raise DayError.
    """
    day, clock, offset = _parse(text, calendar, day_first)
    if clock is None or offset is None:
        return day, clock
    local = datetime.combine(day, clock, UTC) - offset
    local = local.astimezone(ZoneInfo(str(tz)))
    return local.date(), local.time()


def _parse(
    value: object, calendar: str, day_first: bool | None
) -> tuple[date, time | None, timedelta | None]:
    if isinstance(value, datetime):
        # A spreadsheet's date cell arrives as midnight; nobody buys at midnight sharp.
        clock = value.time() if value.time() != time(0) else None
        return _parse(value.date(), calendar, day_first)[0], clock, value.utcoffset() if clock else None
    if isinstance(value, date):
        # LibreOffice keeps 1403/02/01 as a date of the Middle Ages.
        return (value if value.year >= 1500 else _make(value.year, value.month, value.day)), None, None
    return _parse_text("" if value is None else str(value), calendar, day_first)


# Files name the same few hundred days over and over.
@lru_cache(maxsize=16384)
def _parse_text(
    raw: str, calendar: str, day_first: bool | None
) -> tuple[date, time | None, timedelta | None]:
    if match := _PLAIN.fullmatch(raw):
        year, _mark, month, day, hour, minute, second = match.groups()
        clock = _clock(hour, minute, second, None, None)[0] if hour else None
        return _make(int(year), int(month), int(day)), clock, None
    text = without_marks(ascii_digits(raw)).strip().lstrip("'").strip()
    if not text:
        raise DayError("empty")
    if len(text) > MAX_LENGTH:
        raise DayError("not_a_day")
    if serial := _SERIAL.fullmatch(text):
        return _excel(serial[1], serial[2])
    clock = offset = None
    # The "T" of ISO stands between digits; elsewhere it may be a letter of a month.
    text = re.sub(r"(?<=\d)[Tt](?=\d)", " ", text)
    if found := _TIME.search(text):
        clock, offset = _clock(*found.groups())
        text = f"{text[: found.start()]} {text[found.end() :]}"
    text = text.strip(" ,،-–—|؛")
    if not text:
        raise DayError("not_a_day")
    return _day(text, calendar, day_first), clock, offset


def _excel(whole: str, fraction: str | None) -> tuple[date, time | None, None]:
    if not _FIRST_SERIAL <= int(whole) <= _LAST_SERIAL:
        raise DayError("not_a_day")
    seconds = round(float(f"0.{fraction or 0}") * 86400)
    clock = (datetime.min + timedelta(seconds=min(seconds, 86399))).time() if seconds else None
    return _EXCEL_ZERO + timedelta(days=int(whole)), clock, None


def _clock(
    hour: str, minute: str, second: str | None, half: str | None, zone: str | None
) -> tuple[time, timedelta | None]:
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            raise DayError("bad_time")
        afternoon = half[0] in "pPب"
        hours = hours % 12 + (12 if afternoon else 0)
    if hours > 23 or int(minute) > 59 or int(second or 0) > 59:
        raise DayError("bad_time")
    return time(hours, int(minute), int(second or 0)), _offset(zone)


def _offset(zone: str | None) -> timedelta | None:
    if not zone:
        return None
    if zone.lower() in ("z", "utc"):
        return timedelta(0)
    digits = zone[1:].replace(":", "")
    if int(digits[:2]) > 14 or int(digits[2:]) > 59:
        raise DayError("bad_time")
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -size if zone[0] == "-" else size


def _day(text: str, calendar: str, day_first: bool | None) -> date:
    if match := _COMPACT.fullmatch(text):
        return _make(int(match[1]), int(match[2]), int(match[3]))
    if match := _NUMERIC.fullmatch(text):
        return _numeric(match[1], match[3], match[4], calendar, day_first)
    return _worded(text, calendar)


def _numeric(first: str, middle: str, last: str, calendar: str, day_first: bool | None) -> date:
    if len(first) == 4 and len(last) <= 2:
        return _make(int(first), int(middle), int(last))
    if len(last) == 4 and len(first) <= 2:
        return _day_or_month_first(int(last), int(first), int(middle), day_first)
    if len(first) <= 2 and len(last) <= 2:
        if calendar == "jalali":
            # The year comes first in Persian, and 03 is 1403: nobody's sales are from 1303 (or from 2003).
            return _make((1400 if int(first) < 50 else 1300) + int(first), int(middle), int(last))
        year = int(last) + (2000 if int(last) < 70 else 1900)
        return _day_or_month_first(year, int(first), int(middle), day_first)
    raise DayError("not_a_day")


def _day_or_month_first(year: int, first: int, second: int, day_first: bool | None) -> date:
    if 1300 <= year < 1500:
        # Written the other way round, a Jalali day still comes before its month.
        return _make(year, second, first)
    if day_first is None:
        if first <= 12 and second <= 12 and first != second:
            raise DayError("ambiguous")
        day_first = first > 12 or second <= 12
    return _make(year, second, first) if day_first else _make(year, first, second)


def _worded(text: str, calendar: str) -> date:
    """Read «۵ فروردین ۱۴۰۳», "12 Nov 2024", "November 12, 2024", with or without the day of the week."""
    numbers: list[str] = []
    month: tuple[str, int] | None = None
    for token in re.findall(r"\d+|[^\W\d_]+(?:\u200c[^\W\d_]+)*", text):
        word = fold(token)
        if word.isdecimal():
            numbers.append(word)
        elif word in _MONTHS and month is None:
            month = _MONTHS[word]
        elif word not in _FILLERS:
            raise DayError("not_a_day")
    if month is None or len(numbers) != 2 or re.search(r"[^\w\s\u200c,،.\-/]", text):
        raise DayError("not_a_day")
    day, year = numbers
    if len(day) == 4:
        day, year = year, day
    if len(day) > 2 or len(year) not in (2, 4):
        raise DayError("not_a_day")
    number = int(year)
    if len(year) == 2:
        centuries = (1400, 1300, 50) if month[0] == "jalali" else (2000, 1900, 70)
        number += centuries[0] if number < centuries[2] else centuries[1]
    if (month[0] == "jalali") != (1300 <= number < 1500):
        raise DayError("bad_year")
    return _make(number, month[1], int(day))


@lru_cache(maxsize=8192)
def _make(year: int, month: int, day: int) -> date:
    if not (1300 <= year < 1500 or 1900 <= year < 2200):
        raise DayError("bad_year")
    if not 1 <= month <= 12:
        raise DayError("bad_month")
    try:
        return JalaliDate(year, month, day).to_gregorian() if year < 1500 else date(year, month, day)
    except ValueError as error:
        raise DayError("bad_day") from error


def format_day(day: date, presentation: Presentation, style: str = "short") -> str:
    """Return a day in the reader's calendar and digits.

    Styles: short «۲۴ آبان ۱۴۰۵» / "15 Nov 2026", long (with its weekday), month, day (without the year),
    numeric «۱۴۰۵/۰۸/۲۴» / "2026-11-15" (what a form field is given back).
    """
    if isinstance(day, datetime):
        day = day.date()
    year, month, number = day.year, day.month, day.day
    if presentation.is_jalali:
        jalali = JalaliDate.to_jalali(day)
        year, month, number = jalali.year, jalali.month, jalali.day
    if style == "numeric":
        mark = "/" if presentation.is_jalali else "-"
        return _digits(f"{year}{mark}{month:02}{mark}{number:02}", presentation)
    name = _month_name(month, presentation, whole=style in ("long", "month"))
    if style == "month":
        return _digits(f"{name} {year}", presentation)
    if style == "day":
        return _digits(f"{number} {name}", presentation)
    text = _digits(f"{number} {name} {year}", presentation)
    if style == "long":
        if presentation.is_persian:
            return f"{_WEEKDAYS_FA[day.weekday()]} {text}"
        return f"{_WEEKDAYS_EN[day.weekday()]}, {text}"
    return text


def _month_name(month: int, presentation: Presentation, whole: bool) -> str:
    if presentation.is_jalali:
        return JALALI_MONTHS[month - 1]
    if presentation.is_persian:
        return _GREGORIAN_FA[month - 1]
    return _GREGORIAN_EN[month - 1] if whole else _GREGORIAN_EN[month - 1][:3]


def _digits(text: str, presentation: Presentation) -> str:
    return persian_digits(text) if presentation.is_persian else text


def local(moment: datetime, presentation: Presentation) -> datetime:
    """Return a moment on the shop's clock; a naive one is taken to be there already."""
    return moment if moment.tzinfo is None else moment.astimezone(ZoneInfo(presentation.time_zone))


def format_moment(moment: datetime, presentation: Presentation, style: str = "short") -> str:
    """Return day and time on the shop's clock: «۲۴ آبان ۱۴۰۵، ۱۸:۳۰» / "15 Nov 2026, 18:30"."""
    comma = "،" if presentation.is_persian else ","
    day = format_day(local(moment, presentation).date(), presentation, style)
    return f"{day}{comma} {format_clock(moment, presentation)}"


def format_clock(moment: datetime, presentation: Presentation) -> str:
    """Return the time of day on the shop's clock: «۱۸:۳۰»."""
    return _digits(local(moment, presentation).strftime("%H:%M"), presentation)
