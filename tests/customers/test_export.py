"""Taking a list of customers away as a file."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest
from django.urls import reverse
from python_calamine import CalamineWorkbook

from loyalty.customers import services
from loyalty.customers.models import Customer
from loyalty.shops.models import AuditEntry
from loyalty.shops.scope import scope
from loyalty.ui.sheets import DANGEROUS, neutral
from segmentation import services as segmentation
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory

EXPORT = reverse("customers:customer_export")
pytestmark = pytest.mark.django_db


def take(client, kind: str, people: str = "") -> bytes:
    response = client.post(EXPORT, {"format": kind, "people": people}, HTTP_ACCEPT_LANGUAGE="en")
    assert response.status_code == 200
    assert f'.{kind}"' in response["Content-Disposition"]
    return b"".join(response.streaming_content)


def rows(client, kind: str, people: str = "") -> list[list]:
    content = take(client, kind, people)
    if kind == "csv":
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


@pytest.fixture
def people(shop):
    ann = CustomerFactory(name="علی", phone="+989990004321", city="شیراز", tags=["a", "b"])
    OrderFactory(customer=ann, on=TODAY, net_amount=1_234_560)
    services.give_consent(ann, evidence="on paper")
    CustomerFactory(name="مینا", phone=None, city="تهران")
    segmentation.score_shop(TODAY)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_holds_everybody_of_the_list_with_all_that_is_known(as_owner, people, kind):
    head, *found = rows(as_owner, kind)
    by_head = dict(zip(head, found[0], strict=True))
    assert len(found) == 2
    assert by_head["name"] == "علی"
    assert by_head["mobile"] == "09990004321"
    assert by_head["tags"] == "a, b"
    assert by_head["consent to messages"] == "Agreed"
    assert float(by_head["Spend (toman)"]) == 123_456
    assert by_head["Last purchase"] == "2026-11-23"
    assert by_head["Profit (toman)"] == ""
    assert [row[1] for row in rows(as_owner, kind, "city=تهران")[1:]] == ["مینا"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_that_a_file_was_made_is_in_the_audit_list_without_any_number(as_owner, people, kind):
    take(as_owner, kind, "q=09990004321&city=شیراز")
    entry = AuditEntry.objects.get(action="customers.exported")
    assert (entry.target, entry.details) == (kind, {"rows": 1, "conditions": ["city", "q"]})


@pytest.mark.parametrize("start", DANGEROUS)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_cell_is_calculated(as_owner, shop, start, kind):
    text = f"{start}1+1"
    Customer.objects.bulk_create(
        [
            Customer(
                name="x",
                city=text.replace("\x00", ""),
                job=f" {text}".replace("\x00", ""),
                attributes={"a": "b"},
            )
        ]
    )
    content = take(as_owner, kind)
    if kind == "xlsx":
        sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
        assert b"<f>" not in sheet
    found = dict(zip(*rows(as_owner, kind), strict=True))
    if start != "\x00":
        assert found["city"].startswith("'")
        assert found["job"].startswith("'")


def test_a_cell_is_neutralised_once_and_otherwise_left_alone():
    assert neutral("=1+1") == "'=1+1"
    assert neutral("  @x") == "'  @x"
    assert neutral("\x00=1") == "'=1"
    for harmless in ("علی", "0912", "a=b", "", "1-2"):
        assert neutral(harmless) == harmless


def test_our_own_numbers_stay_numbers(as_owner, shop):
    customer = CustomerFactory()
    order = OrderFactory(customer=customer, on=TODAY, net_amount=10)
    services.refund_order(order, amount=10, refunded_at=order.placed_at)
    segmentation.score_shop(TODAY)
    head, found = rows(as_owner, "xlsx")
    assert isinstance(found[head.index("Spend (toman)")], float)


def test_only_the_owner_takes_people_away(as_marketer, people):
    assert as_marketer.post(EXPORT, {"format": "csv"}).status_code == 403
    assert not AuditEntry.objects.filter(action="customers.exported").exists()


@pytest.mark.parametrize(
    "data",
    [
        {"format": "pdf"},
        {},
        {"format": "csv", "people": "stage=nonsense"},
        {"format": "csv", "people": "city=شیراز&stgae=lost"},
    ],
)
def test_what_cannot_be_read_is_refused_in_words(as_owner, people, data):
    response = as_owner.post(EXPORT, data, follow=True, HTTP_ACCEPT_LANGUAGE="en")
    assert "ba-toast-bad" in response.content.decode()
    assert not AuditEntry.objects.filter(action="customers.exported").exists()


def test_a_file_holds_nobody_of_another_shop(as_owner, people, other_shop):
    with scope(other_shop):
        CustomerFactory(name="theirs")
    assert "theirs" not in str(rows(as_owner, "csv"))


def test_a_file_takes_no_more_queries_for_more_people(as_owner, people):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    taken = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            take(as_owner, "csv")
        taken.append(len(queries))
        for _ in range(20):
            CustomerFactory()
    assert taken[0] == taken[1]
