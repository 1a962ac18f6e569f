"""A shop of four people, somebody who looks at it, and a segment whose inner one is gone."""

from __future__ import annotations

import pytest

from loyalty.customers.models import Customer
from segmentation import own, reports, services
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory, make_staff

from .making import IN_TEHRAN, make


@pytest.fixture
def people(shop):
    CustomerFactory(name="یک", city="تهران", tags=["vip"])
    CustomerFactory(name="دو", city="تهران")
    CustomerFactory(name="سه", city="شیراز")
    CustomerFactory(name="چهار", city="")
    services.score_shop(TODAY)
    return shop


@pytest.fixture
def visitor(shop, client):
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    client.force_login(make_staff(shop, "marketer").user)
    return client


@pytest.fixture
def hollow(people):
    """A segment whose inner one was deleted."""
    OrderFactory(customer=Customer.objects.get(name="یک"), on=TODAY)
    services.score_shop(TODAY)
    reports.renew_week(TODAY)
    inner = make(IN_TEHRAN, name="inner")
    outer = make({"field": "own", "op": "any", "not": False, "values": {"values": [inner.pk]}}, name="outer")
    own.delete(inner)
    outer.inner = inner
    return outer
