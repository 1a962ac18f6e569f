"""A shop that may send at any hour, and people to write to."""

from __future__ import annotations

import datetime

import pytest
from django.urls import reverse

from campaigns import dispatch
from campaigns.models import Campaign
from loyalty.customers.models import ConsentEvent, Customer
from loyalty.shops.models import Shop
from loyalty.shops.scope import scope
from loyalty.ui.text import search_key, sort_key
from tests import factories
from tests.factories import make_staff

NEVER_QUIET = {"quiet_from": datetime.time(0), "quiet_until": datetime.time(0)}


def make_people(count: int, consent: str | None = "in", **fields) -> list[Customer]:
    """Create people with phones, and their last word on messages; the shop's scope is open."""
    people = [factories.CustomerFactory.build(**fields) for _ in range(count)]
    for one in people:
        one.name_search, one.name_sort = search_key(one.name), sort_key(one.name)
    Customer.objects.bulk_create(people)
    if consent:
        ConsentEvent.objects.bulk_create(
            ConsentEvent(customer=one, action=consent, source="import") for one in people
        )
    return people


def make_campaign(**fields) -> Campaign:
    """Create a draft to everybody, without hold-out unless told otherwise; the shop's scope is open."""
    fields = {"name": "بازگشت", "text": "سلام", "holdout_share": 0, **fields}
    return Campaign.objects.create(**fields)


@pytest.fixture
def club(db) -> Shop:
    """A shop without quiet hours. Its scope is closed: sending opens and commits scopes of its own."""
    return factories.make_shop(**NEVER_QUIET)


@pytest.fixture
def in_club(club):
    """The same shop with its scope open, for what happens inside one request."""
    with scope(club):
        yield club


@pytest.fixture
def visitor(club, client):
    """A marketer of the club, with its scope closed: each request opens its own."""
    client.force_login(make_staff(club, "marketer").user)
    return client


def people(club, count=5, **fields):
    with scope(club):
        return make_people(count, **fields)


def running(club, count=5, **fields):
    with scope(club):
        make_people(count)
        campaign = make_campaign(**fields)
        return dispatch.launch(campaign, None, campaign.version)


def get(visitor, route, *args, query="", **headers):
    return visitor.get(reverse(f"campaigns:{route}", args=args) + query, headers=headers)


def post(visitor, route, *args, data=None, **headers):
    return visitor.post(reverse(f"campaigns:{route}", args=args), data or {}, headers=headers)


HTMX = {"HX-Request": "true"}
