"""Files to take away: the rows that were refused, and a sample of what a file may look like."""

from __future__ import annotations

import csv
import datetime
import io

import phonenumbers
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from persiantools.jdatetime import JalaliDate

from loyalty.shops.models import Shop
from loyalty.ui import money

from . import wording
from .models import ImportRun

# A spreadsheet would calculate a cell that begins so.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", ";", "|")
# What the reader reads; the days, phones and amounts are the shop's.
SAMPLES = {
    "fa": {
        "head": ("نام مشتری", "موبایل", "شهر", "شماره فاکتور", "تاریخ", "مبلغ", "تخفیف", "وضعیت"),
        "people": (("نگار فرضی", "تهران"), ("کاوه نمونه", "شیراز")),
        "statuses": ("تکمیل شده", "مرجوعی"),
    },
    "en": {
        "head": ("Customer name", "Mobile", "City", "Order number", "Date", "Total", "Discount", "Status"),
        "people": (("Nadia Example", "York"), ("Sam Sample", "Leeds")),
        "statuses": ("completed", "returned"),
    },
}
# (who, days ago, time, amount and discount where money has pence, the same where it has none, status)
ORDERS = (
    (0, 20, "", ("42.50", "0"), (850_000, 0), 0),
    (1, 20, " 18:40", ("118.00", "6.00"), (1_240_000, 60_000), 0),
    (0, 12, "", ("21.00", "0"), (420_000, 0), 1),
)
# Ranges that no operator has given to anybody; elsewhere the example of the numbering plan must do.
INVENTED = {"IR": "0999 000 000{}", "GB": "07700 90000{}"}


def sample(shop: Shop, today: datetime.date) -> bytes:
    """Return a small file of orders in the reader's language, as the shop's till would write it.

    Excel needs the mark at its beginning to see that it is UTF-8.
    """
    words = SAMPLES["fa" if (get_language() or "").startswith("fa") else "en"]
    head, unit = list(words["head"]), money.currency(shop.currency).unit(shop.display_unit)
    if shop.currency == "IRR":
        head[5] = f"{head[5]} ({unit.fa if words is SAMPLES['fa'] else unit.en})"
    rows = [head]
    for number, (who, ago, clock, with_pence, whole, status) in enumerate(ORDERS, 1001):
        name, city = words["people"][who]
        amounts = with_pence if unit.decimals else whole
        if unit.name == "rial":
            amounts = tuple(10 * amount for amount in amounts)
        day = _day(today - datetime.timedelta(days=ago), shop) + clock
        rows.append([name, _phone(who, shop), city, number, day, *amounts, words["statuses"][status]])
    return _csv(rows)


def _day(day: datetime.date, shop: Shop) -> str:
    return f"{JalaliDate.to_jalali(day):%Y/%m/%d}" if shop.calendar == "jalali" else day.isoformat()


def _phone(who: int, shop: Shop) -> str:
    if shop.phone_region in INVENTED:
        return INVENTED[shop.phone_region].format(who + 1)
    example = phonenumbers.example_number_for_type(shop.phone_region, phonenumbers.PhoneNumberType.MOBILE)
    return f"{example.national_number + who}" if example else ""


def refused_rows(run: ImportRun) -> bytes:
    """Return the refused rows of an import, each with its line and reason, safe to open in a spreadsheet."""
    head = (_("Line"), _("Reason"), _("Column"), _("How the row begins"))
    rows = run.rejects.values_list("line_no", "reason", "column", "excerpt").iterator(2000)
    return _csv(
        [head, *((line, wording.of_row(reason), column, text) for line, reason, column, text in rows)]
    )


def _csv(rows) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([_neutral(cell) if isinstance(cell, str) else cell for cell in row])
    return "\ufeff".encode() + text.getvalue().encode("utf-8", "replace")


def _neutral(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" ").startswith(DANGEROUS) else cell
