"""Files to take away: the rows that were refused, and a sample of what a file may look like."""

from __future__ import annotations

import csv
import io

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from . import wording
from .models import ImportRun

# A spreadsheet would calculate a cell that begins so.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", ";", "|")
SAMPLES = {
    "fa": (
        ("نام مشتری", "موبایل", "شهر", "شماره فاکتور", "تاریخ", "مبلغ (تومان)", "تخفیف", "وضعیت"),
        ("نگار فرضی", "09990000001", "تهران", "1001", "1405/08/12", "850000", "0", "تکمیل شده"),
        ("کاوه نمونه", "09990000002", "شیراز", "1002", "1405/08/12 18:40", "1240000", "60000", "تکمیل شده"),
        ("نگار فرضی", "09990000001", "تهران", "1003", "1405/08/20", "420000", "0", "مرجوعی"),
    ),
    "en": (
        ("Customer name", "Mobile", "City", "Order number", "Date", "Total", "Discount", "Status"),
        ("Nadia Example", "07700 900001", "York", "1001", "2026-11-03", "42.50", "0", "completed"),
        ("Sam Sample", "07700 900002", "Leeds", "1002", "2026-11-03 18:40", "118.00", "6.00", "completed"),
        ("Nadia Example", "07700 900001", "York", "1003", "2026-11-11", "21.00", "0", "returned"),
    ),
}


def sample() -> bytes:
    """Return a small file of orders in the reader's language; Excel needs the mark to see that it is UTF-8."""
    return _csv(SAMPLES["fa" if (get_language() or "").startswith("fa") else "en"])


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
