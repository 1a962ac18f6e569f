"""The list of customers on the screen, and what one does with all of it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from loyalty.customers import services, tables
from loyalty.customers.models import Customer
from loyalty.shops.models import AuditEntry
from segmentation import services as segmentation
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory

LIST = reverse("customers:customer_list")
TAG = reverse("customers:customer_tag")
pytestmark = pytest.mark.django_db
ENGLISH = {"HTTP_ACCEPT_LANGUAGE": "en"}
# What people and tills write into a name, and what must not come out of it.
NASTY = (
    "<script>alert(1)</script>",
    '"onmouseover="alert(1)',
    "'><img src=x onerror=alert(1)>",
    "{{ 7|add:7 }}{% now 'Y' %}",
    "\u202egnp.exe",
    "javascript:alert(1)",
)


def page(client, query: str = "", **headers) -> str:
    response = client.get(f"{LIST}?{query}", **ENGLISH, **headers)
    assert response.status_code == 200
    return response.content.decode()


def test_an_empty_shop_is_told_what_to_do_first(as_owner):
    html = page(as_owner)
    assert "Nobody is in the club yet" in html
    assert reverse("ingest:import_add") in html


def test_a_list_shows_names_and_masked_phones(as_owner):
    CustomerFactory(name="سارا نمونه", phone="+989990004321")
    html = page(as_owner)
    assert "سارا نمونه" in html
    assert "0999 ••• 43 21" in html
    assert "9990004321" not in html


def test_nobody_found_offers_to_clear_the_filters(as_owner):
    CustomerFactory()
    html = page(as_owner, "q=nobody")
    assert "No one matches “nobody”" in html
    assert "Clear filters" in html


def test_htmx_gets_the_list_alone_and_a_restored_page_the_whole(as_owner):
    CustomerFactory()
    fragment = page(as_owner, HTTP_HX_REQUEST="true")
    assert "<html" not in fragment
    assert 'id="people"' in fragment
    restored = page(as_owner, HTTP_HX_REQUEST="true", HTTP_HX_HISTORY_RESTORE_REQUEST="true")
    assert "<html" in restored


def test_what_could_not_be_read_is_said_above_the_list(as_owner):
    CustomerFactory()
    html = page(as_owner, "stage=nonsense&recency_min=abc")
    assert html.count("so that condition was left out") == 2


@pytest.mark.parametrize(
    "query", ["page=0", "page=999999", "page=x", "page=-1", "sort=password", "sort=-", "sort="]
)
def test_a_page_that_is_not_there_is_no_error(as_owner, query):
    CustomerFactory(name="Somebody")
    assert "Somebody" in page(as_owner, query)


def test_pages_hold_25_and_all_are_reached_once(as_owner):
    for number in range(60):
        CustomerFactory(name=f"Person {number:02}")
    seen = [name for n in (1, 2, 3) for name in _names(page(as_owner, f"sort=name&page={n}"))]
    assert len(seen) == 60 == len(set(seen))
    assert seen == sorted(seen)


def _names(html: str) -> list[str]:
    return [part.split("<")[0] for part in html.split("<bdi>") if part.startswith("Person ")]


def test_a_great_many_people_are_not_counted_to_the_last(as_owner, monkeypatch):
    for module in (tables, __import__("loyalty.customers.views.lists", fromlist=["x"])):
        monkeypatch.setattr(module, "MOST_COUNTED", 3)
    for _ in range(5):
        CustomerFactory()
    html = page(as_owner)
    assert "more than 3 people in the club" in html
    assert "More than 3 people" in html


def fill(count: int) -> None:
    for _ in range(count):
        customer = CustomerFactory()
        OrderFactory(customer=customer, on=TODAY)
        services.give_consent(customer, evidence="on paper")
    segmentation.score_shop(TODAY)


def test_a_longer_list_takes_no_more_queries(as_owner, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    taken = []
    for count in (5, 45):
        fill(count)
        page(as_owner)
        with CaptureQueriesContext(connection) as queries:
            page(as_owner)
        taken.append(len(queries))
    assert taken[0] == taken[1] <= 20


@pytest.mark.parametrize("name", NASTY)
def test_nothing_in_a_name_becomes_markup(as_owner, name):
    customer = CustomerFactory(
        name=name, city=name[:80], tags=[name[:40]], note=name, attributes={name: name}, job=name, email=""
    )
    OrderFactory(customer=customer, on=TODAY, branch=name[:80], channel=name[:40])
    services.record_interaction(customer, kind="note", text=name)
    services.withdraw_consent(customer, evidence=name)
    addresses = [
        f"{LIST}?q={name}&city={name}",
        reverse("customers:customer_filter"),
        reverse("customers:customer_detail", args=[customer.pk]),
        reverse("customers:customer_edit", args=[customer.pk]),
        reverse("customers:customer_history", args=[customer.pk]),
        reverse("customers:order_add", args=[customer.pk]),
    ]
    for address in addresses:
        html = as_owner.get(address, **ENGLISH).content.decode()
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert '"onmouseover="' not in html
        assert name[0] != "{" or "{{ 7|add:7 }}" in html


def test_a_tag_is_put_on_everybody_of_the_list(as_marketer):
    CustomerFactory(city="شیراز")
    CustomerFactory(city="تهران")
    response = as_marketer.post(TAG, {"people": "city=شیراز", "tag": "جنوب"})
    assert response.status_code == 302
    assert Customer.objects.filter(tags=["جنوب"], city="شیراز").count() == 1
    assert Customer.objects.exclude(tags=[]).count() == 1
    assert AuditEntry.objects.get().details["rows"] == 1


@pytest.mark.parametrize("asked", ["stage=nonsense", "city=شیراز&stgae=lost"])
def test_a_list_that_cannot_be_read_is_not_tagged(as_marketer, asked):
    CustomerFactory()
    as_marketer.post(TAG, {"people": asked, "tag": "x"})
    assert not Customer.objects.exclude(tags=[]).exists()


def test_the_conditions_offer_the_words_in_use(as_marketer):
    CustomerFactory(city="شیراز", tags=["دوستان"])
    CustomerFactory(city="تهران", tags=["دوستان", "همسایه"])
    html = as_marketer.get(reverse("customers:customer_filter"), HTTP_HX_REQUEST="true").content.decode()
    for word in ("شیراز", "تهران", "دوستان", "همسایه"):
        assert html.count(f'value="{word}"') == 1
