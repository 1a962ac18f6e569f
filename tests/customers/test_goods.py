"""What goods cost: who sees it, who writes it, and from when it counts."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from loyalty.customers import services
from loyalty.customers.models import Product, ProductCategory
from loyalty.shops.models import AuditEntry
from tests.conftest import TODAY
from tests.factories import CustomerFactory

ENGLISH = {"headers": {"accept-language": "en"}}
NOON = datetime.datetime.combine(TODAY, datetime.time(12), datetime.UTC)


@pytest.fixture
def goods(shop):
    fruit = ProductCategory.objects.create(name="Fruit", margin_share=Decimal("0.35"))
    bread = ProductCategory.objects.create(name="Bread")
    Product.objects.create(sku="A1", name="Apple", category=fruit)
    Product.objects.create(sku="B1", name="Barley bread", category=bread)
    Product.objects.create(sku="C1", name="Coffee", cost_amount=1_200_000)
    return Product.objects


def names(client, **query) -> list[str]:
    page = client.get(reverse("customers:goods_list"), query, **ENGLISH)
    return [row.record.name for row in page.context["table"].rows]


def test_products_are_listed_with_their_cost_or_what_stands_in_for_it(as_marketer, goods):
    text = as_marketer.get(reverse("customers:goods_list"), **ENGLISH).content.decode()
    assert names(as_marketer) == ["Apple", "Barley bread", "Coffee"]
    for name in ("یخ", "گز", "پسته", "آش", "وانیل", "هل"):
        Product.objects.create(sku=name, name=name)
    assert names(as_marketer)[3:] == ["آش", "پسته", "گز", "وانیل", "هل", "یخ"]
    assert "by a margin of 35%" in text
    assert "120,000" in text
    assert "counts for the sales that come in from then on" in text


@pytest.mark.parametrize("route", ["product_edit", "category_edit"])
def test_only_the_owner_is_led_to_where_one_writes(client, owner, marketer, goods, route):
    listed = reverse("customers:goods_list" if route == "product_edit" else "customers:category_list")
    pk = (goods if route == "product_edit" else ProductCategory.objects).first().pk
    for staff, is_led in ((owner, True), (marketer, False)):
        client.force_login(staff.user)
        page = client.get(listed).content.decode()
        assert (reverse(f"customers:{route}", args=[pk]) in page) == is_led


def test_products_are_found_by_name_code_category_and_the_lack_of_a_cost(as_owner, goods):
    assert names(as_owner, q="coff") == names(as_owner, q="c1") == ["Coffee"]
    assert names(as_owner, q="fruit") == ["Apple"]
    assert names(as_owner, unknown="1") == ["Barley bread"]
    assert (
        "No such product"
        in as_owner.get(reverse("customers:goods_list"), {"q": "zzz"}, **ENGLISH).content.decode()
    )


def test_the_owner_writes_a_cost_and_takes_it_out(as_owner, goods):
    apple = goods.get(sku="A1")
    url = reverse("customers:product_edit", args=[apple.pk])
    assert as_owner.post(url, {"cost": "۲۵٬۰۰۰"}).url == reverse("customers:goods_list")
    apple.refresh_from_db()
    assert apple.cost_amount == 250_000
    assert as_owner.post(url, {"cost": "-5"}).status_code == 422
    as_owner.post(url, {"cost": ""})
    apple.refresh_from_db()
    assert apple.cost_amount is None
    said = AuditEntry.objects.filter(action="customers.cost_set").order_by("pk")
    assert [entry.details["cost_amount"] for entry in said] == [250_000, None]


def test_the_owner_writes_a_margin_in_percent(as_owner, goods):
    bread = ProductCategory.objects.get(name="Bread")
    url = reverse("customers:category_edit", args=[bread.pk])
    assert as_owner.post(url, {"margin": "12.5"}).url == reverse("customers:category_list")
    bread.refresh_from_db()
    assert bread.margin_share == Decimal("0.125")
    assert "12.5" in as_owner.get(url, **ENGLISH).content.decode()
    assert as_owner.post(url, {"margin": "120"}).status_code == 422
    listed = as_owner.get(reverse("customers:category_list"), **ENGLISH).context["table"]
    assert [(row.record.name, row.record.goods, row.record.uncosted) for row in listed.rows] == [
        ("Bread", 1, 1),
        ("Fruit", 1, 1),
    ]


def test_a_changed_cost_leaves_recorded_purchases_as_they_are(shop, goods):
    coffee = goods.get(sku="C1")

    def bought():
        line = services.Line(coffee, Decimal(1), 2_000_000)
        return services.record_order(CustomerFactory(), placed_at=NOON, gross_amount=2_000_000, lines=[line])

    before = bought()
    services.set_cost(coffee, 1_500_000)
    before.refresh_from_db()
    assert (before.cost_amount, bought().cost_amount) == (1_200_000, 1_500_000)


def test_an_empty_shop_says_where_products_come_from(as_owner, shop):
    text = as_owner.get(reverse("customers:goods_list"), **ENGLISH).content.decode()
    assert "They come with a file of sales" in text
    assert reverse("ingest:import_list") in text
