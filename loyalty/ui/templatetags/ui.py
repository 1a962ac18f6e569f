"""What templates say numbers, money, days and phones with: in the reader's language, unit and calendar."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.contrib.messages.storage.base import Message
from django.forms import BoundField
from django.http import HttpRequest
from django.template import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from loyalty.ui import dates, icons, money, pages, phones, presentation
from loyalty.ui.text import ZWNJ

register = template.Library()

NOTHING = "–"
ALM, LRI, FSI, PDI = "\u061c", "\u2066", "\u2068", "\u2069"
STAGES = {
    # stage: (its dot, its word). The word "lost" is for the code alone.
    "prospect": ("none", _("Before the first order")),
    "new": ("new", pgettext_lazy("stage", "New")),
    "active": ("active", pgettext_lazy("stage", "Active")),
    "loyal": ("loyal", pgettext_lazy("stage", "Loyal")),
    "returned": ("returned", pgettext_lazy("stage", "Returned")),
    "at_risk": ("risk", pgettext_lazy("stage", "At risk")),
    "inactive": ("inactive", pgettext_lazy("stage", "Inactive")),
    "lost": ("lost", pgettext_lazy("stage", "Away")),
}

# ---------- Numbers ----------


def _decimal(value: Any) -> Decimal | None:
    if value is None or value == "":
        return None
    number = Decimal(str(value))
    return number if number.is_finite() else None


@register.filter
def num(value: Any) -> str:
    """1234567 → ۱٬۲۳۴٬۵۶۷, rounded to a whole number."""
    return decimal(value, 0)


@register.filter
def decimal(value: Any, places: int = 1) -> str:
    """2.35 → 2.4; a trailing zero stays, so that numbers in a column line up."""
    number = _decimal(value)
    return NOTHING if number is None else money.format_number(number, presentation.current(), int(places))


@register.filter
def share(value: Any, places: int = 0) -> str:
    """0.418 → 42%; in Persian the sign always falls on the left of the digits."""
    number = _decimal(value)
    if number is None:
        return NOTHING
    text = money.format_number(number * 100, presentation.current(), int(places))
    return f"{ALM}{text}٪" if presentation.current().is_persian else f"{text}%"


@register.filter
def linked(value: Any, href: str) -> SafeString:
    """A number that opens its list, also within a sentence to be translated: `count=n|linked:href`."""
    return format_html('<a href="{}">{}</a>', href, num(value))


@register.filter
def signed(value: Any, places: int = 0) -> str:
    """38 → +38, -11 → −11, 0 → 0."""
    number = _decimal(value)
    if number is None:
        return NOTHING
    return _plus(number, money.format_number(number, presentation.current(), int(places)))


def _plus(number: Decimal | int, text: str) -> str:
    if number <= 0:
        return text
    if not presentation.current().is_persian:
        return f"+{text}"
    # Only the figure is turned: its unit, if there is one, goes on in Persian.
    figure, space, unit = text.partition(" ")
    return f"{LRI}+{figure}{PDI}{space}{unit}"


@register.filter
def pct(value: Any) -> int:
    """A share as a whole percentage between 0 and 100, for the size classes: `class="ba-p{{ x|pct }}"`."""
    number = _decimal(value)
    return 0 if number is None else max(0, min(100, round(number * 100)))


# ---------- Money: whole minor units in, the shop's unit out ----------


@register.filter(name="money")
def money_full(value: int | None) -> str:
    """12345670 → ۱٬۲۳۴٬۵۶۷ تومان."""
    return NOTHING if value is None else money.format_amount(int(value), presentation.current())


@register.filter
def money_compact(value: int | None) -> str:
    """3184000000 → ۳۱۸٫۴ میلیون تومان."""
    return NOTHING if value is None else money.format_amount(int(value), presentation.current(), compact=True)


@register.filter
def money_parts(value: int | None) -> tuple[str, str]:
    """3184000000 → (۳۱۸٫۴, میلیون تومان): a figure and its smaller unit."""
    return (NOTHING, "") if value is None else money.split_amount(int(value), presentation.current())


@register.filter
def money_plain(value: int | None) -> str:
    """12345670 → ۱٬۲۳۴٬۵۶۷, for a column whose head or foot names the unit."""
    return NOTHING if value is None else money.format_plain(int(value), presentation.current())


@register.filter
def money_short(value: int | None) -> str:
    """3184000000 → ۳۱۸٫۴ میلیون, for a table whose foot names the unit."""
    return NOTHING if value is None else money.format_short(int(value), presentation.current())


@register.filter
def money_signed(value: int | None) -> str:
    """89000000 → +8.9 M toman: an effect, in short."""
    return NOTHING if value is None else _plus(int(value), money_compact(value))


@register.simple_tag
def money_unit() -> str:
    """The name of the unit that amounts are shown in: تومان, toman, £."""
    return money.unit_label(presentation.current())


# ---------- Days ----------


@register.filter
def day(value: date | None, style: str = "short") -> str:
    """۲۴ آبان ۱۴۰۵ / 15 Nov 2026; a moment gives the shop's day. Styles as in `dates.format_day`."""
    if not value:
        return NOTHING
    shown = presentation.current()
    if isinstance(value, datetime):
        value = dates.local(value, shown).date()
    return dates.format_day(value, shown, style)


@register.filter
def day_long(value: date | None) -> str:
    """یکشنبه ۲۴ آبان ۱۴۰۵ / Sunday, 15 November 2026."""
    return day(value, "long")


@register.filter
def moment(value: datetime | None) -> str:
    """۲۴ آبان ۱۴۰۵، ۱۸:۳۰ / 15 Nov 2026, 18:30, on the shop's clock."""
    return dates.format_moment(value, presentation.current()) if value else NOTHING


@register.filter
def clock(value: datetime | None) -> str:
    """۱۸:۳۰, on the shop's clock."""
    return dates.format_clock(value, presentation.current()) if value else NOTHING


@register.filter
def ago(value: date | None) -> str:
    """“5 minutes ago”, “3 days ago”; from a month on, the day itself."""
    if not value:
        return NOTHING
    if not isinstance(value, datetime):
        today = dates.local(timezone.now(), presentation.current()).date()
        return _days_ago((today - value).days, value)
    passed = timezone.now() - value
    if passed < timedelta(minutes=1):
        return gettext("just now") if passed > -timedelta(minutes=1) else moment(value)
    minutes = int(passed.total_seconds() // 60)
    if minutes < 60:
        return ngettext("a minute ago", "%(n)s minutes ago", minutes) % {"n": num(minutes)}
    if minutes < 24 * 60:
        return ngettext("an hour ago", "%(n)s hours ago", minutes // 60) % {"n": num(minutes // 60)}
    return _days_ago(passed.days, value)


def _days_ago(days: int, value: date) -> str:
    if days == 0:
        return gettext("today")
    if not 0 < days < 31:
        return day(value)
    return gettext("yesterday") if days == 1 else gettext("%(n)s days ago") % {"n": num(days)}


# ---------- Phones ----------


def _left_to_right(text: str) -> str:
    # Groups of Persian digits change places in right-to-left text; an isolate holds them in their order.
    if not text or not presentation.current().is_persian:
        return text
    return f"{LRI}{money.persian_digits(text)}{PDI}"


@register.filter
def phone(value: str | None) -> str:
    """The whole number: 0912 123 4567. Only on the person's own page, and for roles that may."""
    return _left_to_right(phones.national(value or ""))


@register.filter
def phone_masked(value: str | None) -> str:
    """0912 ••• 45 67, for lists and for the counter."""
    return _left_to_right(phones.mask(value or ""))


# ---------- Words and pictures ----------


@register.filter
def digits(value: Any) -> str:
    """Any text in the reader's digits, ungrouped: order numbers, years, codes."""
    text = "" if value is None else str(value)
    return money.persian_digits(text) if presentation.current().is_persian else text


@register.filter
def isolated(value: Any) -> str:
    """A name within a sentence to be translated: one of the other direction must not turn what follows it."""
    return f"{FSI}{value}{PDI}" if value else ""


@register.filter
def code(value: Any) -> str:
    """A number that is a name (of an order, a customer, a card): in the reader's digits where it has nothing
    but digits and marks; one with letters stays as it is written, which is how it is looked up."""
    text = "" if value is None else str(value)
    return text if any(char.isalpha() for char in text) else digits(text)


@register.filter
def stage_dot(stage: str) -> str:
    """The colour class of a stage: "at_risk" → ba-c-risk."""
    return f"ba-c-{STAGES.get(stage, STAGES['prospect'])[0]}"


@register.filter
def stage_label(stage: str) -> str:
    """The word people see for a stage."""
    return str(STAGES.get(stage, STAGES["prospect"])[1])


@register.filter
def control(field: BoundField) -> SafeString:
    """A field's input in our look, whatever form it comes from; digits and addresses run left to right."""
    widget = field.field.widget
    kind = getattr(widget, "input_type", "")
    if kind in ("checkbox", "radio"):
        look = "form-check-input"
    else:
        look = "form-select" if kind == "select" else "form-control"
    attrs = {"class": " ".join(dict.fromkeys([*widget.attrs.get("class", "").split(), look]))}
    if kind in ("email", "password", "url", "tel") and "dir" not in widget.attrs:
        attrs["dir"] = "ltr"
    return field.as_widget(attrs=attrs)


@register.filter
def as_json(value: Any) -> str:
    """JSON for an attribute such as hx-vals; the template escapes it."""
    return json.dumps(value, ensure_ascii=False)


@register.filter
def undo_url(message: Message | None) -> str:
    """Where the button of a notice takes back what it tells of; empty for most."""
    return pages.undo_of(message) if message else ""


@register.simple_tag
def icon(name: str, classes: str = "", label: str = "") -> SafeString:
    """A Tabler icon: `{% icon "users" %}`, `{% icon "check" "ba-icon-s" label=word %}`."""
    return icons.svg(name, classes, str(label))


@register.simple_tag
def initial(name: str | None) -> str:
    """The letter in a person's round picture."""
    return next((char for char in (name or "") if char.isalnum() and char != ZWNJ), "•").upper()


@register.simple_tag(takes_context=True)
def sort_address(context: Context, table: Any, column: Any) -> str:
    """Where a column head leads: the same list by that column, or the other way round, from page one."""
    order = {table.prefixed_order_by_field: column.order_by_alias.next, table.prefixed_page_field: None}
    return query_replace(context, **order)


@register.simple_tag(takes_context=True)
def query_replace(context: Context, **changes: Any) -> str:
    """The current query string with changes, beginning with "?": `{% query_replace page=2 sort=None %}`."""
    request: HttpRequest = context["request"]
    query = request.GET.copy()
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        elif isinstance(value, (list, tuple)):
            query.setlist(name, [str(item) for item in value])
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}" if query else request.path
