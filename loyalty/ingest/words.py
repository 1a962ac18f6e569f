"""What tills write into cells, in Persian and English: a status, yes and no, and words for nobody and nothing.

Written as people write them; `statuses.py` folds them before comparing.
"""

from __future__ import annotations

STATUSES: dict[str, tuple[str, ...]] = {
    "completed": (
        "تکمیل شده", "تکمیل", "کامل", "کامل شده", "انجام شده", "انجام شد", "پرداخت شده", "پرداخت شد", "موفق",
        "تحویل شده", "تحویل داده شده", "تحویل شد", "ارسال شده", "ارسال شد", "بسته شده", "نهایی", "نهایی شده",
        "تسویه", "تسویه شده", "فروش", "فاکتور فروش", "قطعی", "تایید شده", "تایید", "completed", "complete",
        "paid", "delivered", "fulfilled", "shipped", "success", "successful", "succeeded", "closed", "done",
        "sale", "sold", "payment", "invoiced", "captured", "partially refunded", "partially_refunded",
        "partial refund", "in transit", "sales", "sales order", "بخشی مرجوع شده", "مرجوعی جزئی", "ok", "yes",
        "archived", "locked",
    ),
    "processing": (
        "در حال انجام", "در حال پردازش", "در حال بررسی", "در انتظار", "در انتظار پرداخت",
        "در انتظار بررسی", "پرداخت نشده", "معلق", "جاری", "باز", "ثبت شده", "در حال آماده سازی",
        "آماده ارسال", "در حال ارسال", "تسویه نشده", "processing", "pending", "on hold", "on-hold", "open",
        "unpaid", "awaiting payment", "awaiting shipment", "in progress", "new", "authorized",
        "partially paid", "partially_paid", "unfulfilled", "confirmed", "placed", "sent",
    ),
    "cancelled": (
        "لغو شده", "لغو شد", "لغو", "کنسل", "کنسل شده", "کنسل شد", "انصراف", "ابطال", "ابطال شده", "باطل",
        "باطل شده", "ناموفق", "رد شده", "حذف شده", "منقضی", "پیش نویس", "پیش فاکتور", "cancelled",
        "canceled", "cancel", "void", "voided", "failed", "declined", "rejected", "expired", "deleted",
        "trash", "abandoned", "draft", "checkout draft", "quotation",
    ),
    "refunded": (
        "مرجوعی", "مرجوع", "مرجوع شده", "مرجوع شد", "برگشتی", "برگشت", "برگشت خورده", "برگشت داده شده",
        "بازگشتی", "بازپرداخت", "بازپرداخت شده", "مسترد", "مسترد شده", "عودت", "عودت داده شده", "استرداد",
        "refunded", "returned", "return", "fully refunded",
    ),
    # Not an order that came back but a paper of its own that gives money back, with its own number and day.
    "refund_row": (
        "برگشت از فروش", "فاکتور برگشت", "فاکتور برگشت از فروش", "سند برگشت", "فاکتور مرجوعی", "refund",
        "credit note", "sales return", "return invoice", "chargeback", "charged back",
    ),
}  # fmt: skip

# A name that stands for nobody: tills write it when the clerk asked no one's name.
NOBODY = (
    "مشتری متفرقه", "متفرقه", "مشتری عمومی", "عمومی", "مشتری نقدی", "نقدی", "مشتری گذری", "گذری", "مهمان",
    "مشتری مهمان", "مشتری", "ناشناس", "بدون نام", "نامشخص", "مشتری ناشناس", "guest", "walk in", "walk-in",
    "walkin", "walk in customer", "cash customer", "cash sale", "anonymous", "unknown", "none", "no name",
    "n/a", "default customer", "customer",
)  # fmt: skip
# Written where nothing is known.
BLANKS = (
    "-", "--", "—", "_", ".", "nan", "null", "none", "nil", "n/a", "#n/a", "na", "ندارد", "نامشخص", "خالی",
    "0",
)  # fmt: skip
YES = (
    "بله", "بلی", "آری", "دارد", "فعال", "موافق", "عضو", "yes", "y", "true", "1", "in", "subscribed",
    "opted in", "agree",
)  # fmt: skip
NO = (
    "خیر", "نه", "ندارد", "غیرفعال", "غیر فعال", "مخالف", "لغو", "no", "n", "false", "0", "out",
    "unsubscribed", "opted out", "لغو عضویت",
)  # fmt: skip
MARRIED = (
    "متاهل", "متأهل", "ازدواج کرده", "married", "yes", "بله",
)  # fmt: skip
SINGLE = (
    "مجرد", "single", "unmarried", "never married", "no", "خیر",
)  # fmt: skip
NEITHER = (
    "مطلقه", "طلاق گرفته", "جدا شده", "همسر فوت شده", "بیوه", "سایر", "divorced", "widowed", "separated", "other",
)  # fmt: skip
WOMEN = (
    "زن", "خانم", "مونث", "بانو", "دختر", "female", "f", "woman", "mrs", "ms",
)  # fmt: skip
MEN = (
    "مرد", "آقا", "آقای", "مذکر", "پسر", "male", "m", "man", "mr",
)  # fmt: skip
