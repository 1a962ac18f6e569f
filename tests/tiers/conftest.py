"""A small programme of round numbers, and people who spend them."""

from __future__ import annotations

import datetime

import pytest

from loyalty.tiers import preset, services
from loyalty.tiers.draft import Draft
from loyalty.tiers.models import Programme, Tier, TierMembership
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory


@pytest.fixture
def programme(shop):
    """Silver from 1,000, gold from 5,000 and two orders, VIP from 20,000 and three; 30 days of grace."""
    made = preset.create(TODAY)
    for rank, threshold, orders in ((2, 1_000, 0), (3, 5_000, 2), (4, 20_000, 3)):
        Tier.objects.filter(programme=made, rank=rank).update(threshold_amount=threshold, min_orders=orders)
    made.versions.update(rules=Draft.of(made).to_json())
    return made


def day(ago: int) -> datetime.date:
    return TODAY - datetime.timedelta(days=ago)


def buyer(*amounts: int, on: datetime.date = TODAY, **fields):
    """Make a customer with one order per amount on the day."""
    customer = CustomerFactory(**fields)
    for amount in amounts:
        OrderFactory(customer=customer, net_amount=amount, on=on)
    return customer


def rank_of(customer) -> int | None:
    now = customer.tier_memberships.filter(is_current=True).select_related("tier").first()
    return now and now.tier.rank


def history(customer) -> list[tuple]:
    rows = customer.tier_memberships.filter(undone_at=None).order_by("pk").select_related("tier")
    return [(row.tier.rank, row.reason, row.from_on, row.until_on) for row in rows]


def everything() -> list[tuple]:
    """Return all that memberships say, for comparing before with after."""
    fields = ("pk", "customer_id", "tier_id", "from_on", "until_on", "is_current", "falls_on", "reason")
    return list(TierMembership.objects.filter(undone_at=None).order_by("pk").values_list(*fields))


__all__ = ["Programme", "buyer", "day", "everything", "history", "programme", "rank_of", "services"]
