"""Everything that happened with a person, newest first, from all the places it is written down in."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from loyalty.shops.scope import current_shop
from loyalty.tiers.models import TierMembership

from ..models import Customer

PAGE = 15
# Nobody reads further down than this.
MOST_PAGES = 40


@dataclass(frozen=True)
class Event:
    """One thing that happened: its kind names the template's words, `what` is the row itself."""

    kind: str
    at: datetime.datetime
    what: Any


def page_of(customer: Customer, number: int) -> tuple[list[Event], bool]:
    """Return the events of a page (from 1) and whether there are older ones.

    Each source gives its newest rows up to the end of the page and the merge decides: a handful of queries,
    whatever the page.
    """
    number = min(max(number, 1), MOST_PAGES)
    end = number * PAGE
    events = sorted(_newest(customer, end + 1), key=lambda event: event.at, reverse=True)
    return events[end - PAGE : end], len(events) > end and number < MOST_PAGES


def _newest(customer: Customer, most: int) -> Iterable[Event]:
    yield from (Event("order", row.placed_at, row) for row in customer.orders.all()[:most])
    yield from (
        Event("refund", row.refunded_at, row) for row in customer.refunds.select_related("order")[:most]
    )
    yield from (
        Event("message", row.sent_at or row.created_at, row)
        for row in customer.messages.select_related("campaign")[:most]
    )
    yield from (
        Event("consent", row.occurred_at, row)
        for row in customer.consent_events.select_related("actor")[:most]
    )
    yield from (Event("interaction", row.occurred_at, row) for row in customer.interactions.all()[:most])
    yield from _tiers(customer, most)


def _tiers(customer: Customer, most: int) -> Iterable[Event]:
    members = TierMembership.objects.filter(customer=customer, undone_at=None).select_related("tier")
    for row in members[:most]:
        # A tier is entered on a day; it is told after what happened that day.
        at = datetime.datetime.combine(row.from_on, datetime.time(23, 59), current_shop().zone)
        yield Event("tier", at, row)
