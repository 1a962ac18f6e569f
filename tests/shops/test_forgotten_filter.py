"""A forgotten filter finds nothing of another shop: in a request, a task, a command and an export.

The last test asks the same with the guard off, and sees the other shop.
"""

from __future__ import annotations

import csv
import io
from io import StringIO

import pytest
from celery import shared_task
from django.core.management.base import BaseCommand
from django.db import connections
from django.http import HttpResponse
from django.urls import path

from loyalty.access import EVERYONE, REGISTRY, Access
from loyalty.customers.models import Customer
from loyalty.shops.commands import ShopCommand
from loyalty.shops.scope import scope
from loyalty.shops.tasks import shop_task
from tests import factories

NAMES = ["Ours 1", "Ours 2"]


def everybody() -> list[str]:
    """The mistake: nobody said whose."""
    return sorted(Customer.objects.values_list("name", flat=True))


def export_view(request):
    lines = io.StringIO()
    csv.writer(lines).writerows([name] for name in everybody())
    return HttpResponse(lines.getvalue(), content_type="text/csv")


@shared_task
def careless_task() -> list[str]:
    return everybody()


@shop_task
def shops_task(shop) -> list[str]:
    return everybody()


@shop_task(opens_scope=False)
def task_in_steps(shop) -> list[list[str]]:
    before = everybody()
    with scope(shop):
        return [before, everybody()]


class CarelessCommand(BaseCommand):
    def handle(self, *args, **options):
        self.stdout.write(",".join(everybody()))


class CarefulCommand(ShopCommand):
    def work(self, shop, **options):
        return ",".join(everybody()), {"names": everybody()}


urlpatterns = [path("export/", export_view, name="careless_export")]


@pytest.fixture
def ours(db):
    """Our shop with two people and an owner, another with one; nothing is in scope."""
    shop, other = factories.make_shop(), factories.make_shop()
    for each, names in ((shop, NAMES), (other, ["Theirs"])):
        with scope(each):
            for name in names:
                factories.CustomerFactory(name=name)
    return factories.make_staff(shop, "owner")


def test_a_request_and_an_export_find_their_own_shop_only(ours, client, settings, monkeypatch):
    settings.ROOT_URLCONF = __name__
    monkeypatch.setitem(REGISTRY, "careless_export", Access(EVERYONE))
    client.force_login(ours.user)
    assert client.get("/export/").content.decode().split() == " ".join(NAMES).split()


def test_a_task_without_a_shop_finds_nobody(ours):
    assert careless_task() == []


def test_a_shops_task_finds_its_own_shop_only(ours):
    assert shops_task(ours.shop_id) == NAMES
    assert task_in_steps(ours.shop_id) == [[], NAMES]


def test_a_command_without_a_shop_finds_nobody(ours):
    out = StringIO()
    CarelessCommand(stdout=out).handle()
    assert out.getvalue().strip() == ""


def test_a_shops_command_finds_its_own_shop_only(ours):
    out = StringIO()
    CarefulCommand(stdout=out).handle(shop=ours.shop.slug, as_json=False)
    assert out.getvalue().strip() == ",".join(NAMES)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_same_question_leaks_without_the_policies(ours):
    def policies(word: str) -> None:
        with connections["owner"].cursor() as cursor:
            cursor.execute(f"ALTER TABLE customers_customer {word} ROW LEVEL SECURITY")

    policies("DISABLE")
    try:
        assert careless_task() == [*NAMES, "Theirs"]
        assert shops_task(ours.shop_id) == [*NAMES, "Theirs"]
    finally:
        policies("ENABLE")
    assert careless_task() == []
