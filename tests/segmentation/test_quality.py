"""Data quality: what is not known is counted as its list counts it, and said with what it costs."""

import csv
import datetime
import io

import pytest
from django.urls import reverse

from loyalty.customers.filters import CustomerFilter
from loyalty.customers.models import ConsentEvent, Customer, OrderLine, Product, ProductCategory
from loyalty.shops.scope import scope
from segmentation import quality
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory, RefundFactory


@pytest.fixture
def books(shop, monkeypatch):
    monkeypatch.setattr(type(shop), "today", lambda self: TODAY)
    day = TODAY - datetime.timedelta(days=20)
    whole = CustomerFactory(
        name="Sara", birth_on=datetime.date(1990, 1, 1), city="Yazd", gender="female", email="s@example.com"
    )
    ConsentEvent.objects.create(customer=whole, action="out", source="counter")
    bare = CustomerFactory(name="Ali", phone=None)
    twin = CustomerFactory(name="Sara", birth_on=datetime.date(1990, 1, 1), email="s@example.com")
    CustomerFactory(name="Old", birth_on=datetime.date(1850, 1, 1), email="o@example.com")
    OrderFactory(customer=whole, on=day, net_amount=3_000_000, cost_amount=1_000_000)
    sale = OrderFactory(customer=bare, on=day, net_amount=2_000_000)
    RefundFactory(order=sale, on=day, amount=500_000)
    OrderFactory(customer=bare, on=TODAY - datetime.timedelta(days=400), net_amount=9_000_000)
    OrderFactory(customer=None, on=day, net_amount=5_000_000, cost_amount=1)
    OrderFactory(customer=twin, on=TODAY + datetime.timedelta(days=3), net_amount=7_000_000)
    OrderFactory(customer=whole, on=day, status="cancelled")
    category = ProductCategory.objects.create(name="Sweets")
    gaz = Product.objects.create(sku="G", name="Gaz", category=category)
    OrderLine.objects.create(order=sale, line_no=1, product=gaz, unit_amount=1, net_amount=1_500_000)
    OrderLine.objects.create(order=sale, line_no=2, unit_amount=1, net_amount=500_000, cost_amount=1)
    return shop


def test_each_gap_says_what_its_people_bought_in_a_year(books):
    found = quality.quality(TODAY)
    assert found.customers == 4
    phone = found.gaps["phone"]
    # Last year's order and the guest's are not theirs of these 12 months; the refund is taken off.
    assert (phone.customers, phone.amount, phone.known_share) == (1, 1_500_000, 0.75)
    consent = found.gaps["consent"]
    assert (consent.customers, consent.amount) == (3, 1_500_000)


def test_a_gap_counts_whom_its_list_opens(books):
    found = quality.quality(TODAY)
    for key, gap in found.gaps.items():
        query = "consent=none" if key == "consent" else f"missing={key}"
        assert CustomerFilter(query, today=TODAY).qs.count() == gap.customers, key
    for key, count in found.twins.items():
        assert CustomerFilter(f"twin={key}", today=TODAY).qs.count() == count == 2


def test_sales_of_unknown_cost_are_a_share_and_never_zero_cost(books):
    orders = quality.quality(TODAY).orders
    assert (orders.orders, orders.amount) == (3, 10_000_000)
    assert (orders.uncosted_orders, orders.uncosted_amount) == (1, 2_000_000)
    assert orders.costed_share == pytest.approx(0.8)
    assert (orders.guest_orders, orders.guest_amount) == (1, 5_000_000)


def test_the_goods_of_unknown_cost_are_named(books):
    found = quality.quality(TODAY)
    assert [(one.category, one.product, one.amount) for one in found.goods] == [("Sweets", "Gaz", 1_500_000)]
    assert found.goods[0].share == pytest.approx(0.15)


def test_what_cannot_be_right_is_named_one_by_one(books):
    found = quality.quality(TODAY)
    assert [order.net_amount for order in quality.orders_that("future", TODAY)] == [7_000_000]
    assert found.strange_births == [Customer.objects.get(name="Old").pk]


@pytest.mark.parametrize("language", ["fa", "en"])
def test_each_number_of_orders_opens_as_many(books, as_owner, language):
    orders = quality.quality(TODAY).orders
    counted = {
        "customer": orders.guest_orders,
        "cost": orders.uncosted_orders,
        "lines": orders.lineless_orders,
        "future": orders.future_orders,
    }
    words = {"accept-language": language}
    said = as_owner.get(reverse("segmentation:data_quality"), headers=words).content.decode()
    for lack, count in counted.items():
        url = reverse("segmentation:quality_orders", args=[lack])
        assert f'<a href="{url}">' in said
        page = as_owner.get(url, headers=words)
        assert page.content.decode().count("<tr role=") - 1 == count > 0, lack
        text = b"".join(as_owner.get(url, {"export": "csv"})).decode("utf-8-sig")
        assert len(text.splitlines()) - 1 == count
    assert as_owner.get(reverse("segmentation:quality_orders", args=["love"])).status_code == 404


def test_goods_of_unknown_cost_are_a_file_of_all_of_them(books, as_owner, monkeypatch):
    monkeypatch.setattr(quality, "MOST_NAMED", 0)
    asked = {"export": "csv", "table": "goods"}
    answer = as_owner.get(reverse("segmentation:data_quality"), asked, headers={"accept-language": "en"})
    rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))
    assert [(row["Product"], row["Category"], row["Sold in 12 months"]) for row in rows] == [
        ("Gaz", "Sweets", "150000")
    ]


def test_same_names_without_a_birth_date_are_no_twins(shop):
    CustomerFactory.create_batch(2, name="Reza")
    assert quality.quality(TODAY).twins == {"birth": 0, "email": 0}
    assert CustomerFilter("twin=birth&twin=email", today=TODAY).qs.count() == 0


def test_another_shops_gaps_are_its_own(books, other_shop):
    with scope(other_shop):
        assert quality.quality(TODAY).customers == 0


@pytest.mark.parametrize("language", ["fa", "en"])
def test_the_page_says_what_each_gap_costs(books, as_owner, language):
    page = as_owner.get(reverse("segmentation:data_quality"), headers={"accept-language": language})
    said = page.content.decode()
    assert page.status_code == 200
    for query in ("missing=phone", "consent=none", "missing=birth", "twin=birth"):
        assert f"/customers/?{query}" in said
    if language == "en":
        assert "1 customer without a mobile number bought for 150,000 toman in 12 months" in said
        assert "Profit is known for 80% of the sales" in said


def test_an_empty_shop_is_not_called_wholly_known(shop, as_marketer):
    page = as_marketer.get(reverse("segmentation:data_quality"), headers={"accept-language": "en"})
    assert page.status_code == 200
    assert "100%" not in page.content.decode()
    assert reverse("ingest:import_list") in page.content.decode()


def test_the_file_lists_every_field(books, as_owner):
    answer = as_owner.get(reverse("segmentation:data_quality"), {"export": "xlsx"})
    assert answer.status_code == 200
    text = b"".join(as_owner.get(reverse("segmentation:data_quality"), {"export": "csv"})).decode("utf-8-sig")
    assert text.count("\n") == 1 + len(quality.FIELDS) + 4


def test_who_mends_the_books_sees_the_number_fall_at_once(books, as_owner):
    before = as_owner.get(reverse("segmentation:data_quality")).context["quality"].gaps["phone"].customers
    Customer.objects.filter(phone=None).update(phone="+989990000001")
    after = as_owner.get(reverse("segmentation:data_quality")).context["quality"].gaps["phone"].customers
    assert (before, after) == (1, 0)


def test_a_clerk_has_no_business_with_the_reports(books, as_clerk):
    for name in ("people", "data_quality"):
        assert as_clerk.get(reverse(f"segmentation:{name}")).status_code == 403
