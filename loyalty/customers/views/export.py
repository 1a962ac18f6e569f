"""A list of customers as a file: everything known about each, safe to open in a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.db.models import Prefetch
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from loyalty.shops.scope import current_shop
from loyalty.tiers.models import TierMembership
from loyalty.ui import dates, money, phones, sheets
from loyalty.ui.presentation import current
from loyalty.ui.text import ascii_digits
from segmentation.models import CustomerScore, ScoreSpan

from ..filters import CustomerFilter
from ..filters.then import KINDS, remember
from ..models import ConsentEvent, Customer

CHUNK = 2_000


def _day(day) -> str:
    return ascii_digits(dates.format_day(day, current(), "numeric")) if day else ""


def _phone(customer: Customer) -> str:
    # 0912… and not +98912…: a plus would have to be neutralised, and 09… is how people type it.
    return "".join(char for char in phones.national(customer.phone or "") if char.isdigit())


def _score(read: Callable[[CustomerScore], Any]) -> Callable[[Customer], Any]:
    def cell(customer: Customer) -> Any:
        score = getattr(customer, "score", None)
        value = read(score) if score else ""
        return "" if value is None else value

    return cell


def _tier(customer: Customer) -> str:
    return next((member.tier.name for member in customer.current_memberships), "")


def _consent(customer: Customer) -> str:
    return str(ConsentEvent.Action(customer.consent).label) if customer.consent else ""


COLUMNS: tuple[tuple[str, Callable[[Customer], Any]], ...] = (
    (gettext_lazy("customer number"), lambda c: c.external_id or ""),
    (gettext_lazy("name"), lambda c: c.name),
    (gettext_lazy("mobile"), _phone),
    (gettext_lazy("card number"), lambda c: c.card_number or ""),
    (gettext_lazy("e-mail"), lambda c: c.email),
    (gettext_lazy("birth date"), lambda c: _day(c.birth_on)),
    (gettext_lazy("gender"), lambda c: str(c.get_gender_display())),
    (gettext_lazy("province"), lambda c: c.province),
    (gettext_lazy("city"), lambda c: c.city),
    (gettext_lazy("neighbourhood"), lambda c: c.neighbourhood),
    (gettext_lazy("job"), lambda c: c.job),
    (gettext_lazy("marital status"), lambda c: str(c.get_marital_status_display())),
    (gettext_lazy("wedding date"), lambda c: _day(c.wedding_on)),
    (gettext_lazy("education"), lambda c: c.education),
    (gettext_lazy("income band"), lambda c: c.income_band),
    (gettext_lazy("tags"), lambda c: ", ".join(c.tags)),
    (gettext_lazy("custom attributes"), lambda c: ", ".join(f"{k}: {v}" for k, v in c.attributes.items())),
    (gettext_lazy("note"), lambda c: c.note),
    (gettext_lazy("joined on"), lambda c: _day(c.joined_on)),
    (gettext_lazy("how they found us"), lambda c: c.acquired_by),
    (gettext_lazy("consent to messages"), _consent),
    (gettext_lazy("Tier"), _tier),
    (gettext_lazy("Segment"), _score(lambda s: str(s.get_segment_display()))),
    (gettext_lazy("Stage"), _score(lambda s: str(s.get_stage_display()))),
    (gettext_lazy("Value and frequency"), _score(lambda s: str(s.get_quadrant_display()))),
    (pgettext_lazy("score", "R"), _score(lambda s: s.r_score)),
    (pgettext_lazy("score", "F"), _score(lambda s: s.f_score)),
    (pgettext_lazy("score", "M"), _score(lambda s: s.m_score)),
    (gettext_lazy("First purchase"), _score(lambda s: _day(s.first_order_on))),
    (gettext_lazy("Last purchase"), _score(lambda s: _day(s.last_order_on))),
    (gettext_lazy("Purchases"), _score(lambda s: s.frequency)),
    (gettext_lazy("Spend"), _score(lambda s: sheets.amount(s.monetary_amount))),
    (gettext_lazy("Profit"), _score(lambda s: sheets.amount(s.profit_amount))),
)


def write(people: CustomerFilter, kind: str) -> tuple[IO[bytes], int]:
    """Return a temporary file at its start, in CSV or XLSX, and the number of people in it.

    Raise ValidationError where they do not fit into one sheet. The file goes when it is closed.
    """
    if kind == "xlsx" and people.count(sheets.MOST_ROWS) >= sheets.MOST_ROWS:
        raise ValidationError(_("A sheet holds about a million rows; take the CSV file instead."))
    return sheets.write(kind, current_shop().name, _heads(people), _rows(people))


def _heads(people: CustomerFilter) -> list[str]:
    unit = money.unit_label(current())
    heads = [f"{head} ({unit})" if cell in AMOUNTS else str(head) for head, cell in COLUMNS]
    if people.on:
        heads += [f"{head} ({_day(people.on)})" for head in (*KINDS.values(), *BOUGHT)]
        heads.append(f"{_('Spend')} ({unit}, {_day(people.on)})")
    return heads


BOUGHT = (gettext_lazy("Last purchase"), gettext_lazy("Purchases"))


AMOUNTS = tuple(cell for _head, cell in COLUMNS[-2:])


def _rows(people: CustomerFilter) -> Iterator[list[Any]]:
    """Yield one row a person, a chunk at a time: a million people never stand in memory together."""
    members = TierMembership.objects.filter(is_current=True).select_related("tier")
    found = people.qs.order_by("pk").select_related("score")
    found = found.prefetch_related(Prefetch("tier_memberships", members, to_attr="current_memberships"))
    rows = found.iterator(chunk_size=CHUNK)
    while chunk := list(islice(rows, CHUNK)):
        if people.on:
            remember(chunk, people.on)
        for customer in chunk:
            row = [cell(customer) for _head, cell in COLUMNS]
            yield [*row, *_then(customer)] if people.on else row


def _then(customer: Customer) -> list[Any]:
    """The groups of the past day in the order of KINDS, then BOUGHT and the spend by then."""
    span, tier = customer.then or ScoreSpan(stage=""), customer.tier_then
    groups = [span.get_segment_display(), span.get_stage_display(), span.get_quadrant_display()]
    spent = customer.spent_then
    bought = [_day(spent.last_order_on), spent.frequency, sheets.amount(spent.monetary_amount)]
    return [*map(str, groups), tier.name if tier else "", *bought]
