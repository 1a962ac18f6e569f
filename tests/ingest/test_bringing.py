"""Rows into the shop's tables: added, updated, unchanged, refused; refunds, lines, people and products."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from loyalty.customers.models import (
    Customer,
    Order,
    OrderLine,
    Product,
    ProductCategory,
    Refund,
)
from loyalty.shops.scope import scope
from tests.ingest.bring import bring, tally

HEAD = "Mobile,Customer name,Order no,Date,Amount (rial),Status\n"


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def orders(*rows: str, **mapping) -> tuple[int, int, int, int, int]:
    """Bring rows of HEAD in; return (added, updated, unchanged, left out, refused)."""
    return tally(bring(HEAD + "\n".join(rows) + "\n", mapping or None))


def lines(*rows: str, **mapping) -> tuple[int, int, int, int, int]:
    head = "Invoice,Mobile,Date,Product code,Product name,Category,Quantity,Unit price,Status\n"
    return tally(bring(head + "\n".join(rows) + "\n", {"row_kind": "line", "unit": "rial", **mapping}))


NADIA = "09990000001,Nadia,1,2026-01-01,1000,completed"
SAM = "09990000002,Sam,2,2026-01-02,2000,completed"


def test_the_same_file_again_changes_nothing(shop):
    assert orders(NADIA, SAM) == (2, 0, 0, 0, 0)
    before = [list(model.objects.order_by("pk").values()) for model in (Customer, Order, Refund)]
    assert orders(NADIA, SAM) == (0, 0, 2, 0, 0)
    assert [list(model.objects.order_by("pk").values()) for model in (Customer, Order, Refund)] == before


def test_a_fixed_file_corrects_only_what_differs(shop):
    orders(NADIA, SAM)
    updated_at = Customer.objects.get(name="Sam").updated_at
    assert orders(NADIA.replace("1000", "1500"), SAM) == (0, 1, 1, 0, 0)
    assert list(Order.objects.order_by("external_id").values_list("net_amount", flat=True)) == [1500, 2000]
    assert orders(NADIA.replace("Nadia", "Nadia Example"), SAM)[:3] == (0, 1, 1)
    assert Customer.objects.get(phone="+989990000001").name == "Nadia Example"
    assert Customer.objects.get(name="Sam").updated_at == updated_at


def test_an_order_belongs_to_its_customer_source_and_day(shop):
    orders("09990000001,Nadia,1,1405/01/02 01:30,1000,completed", source="till")
    order = Order.objects.get()
    assert (order.source, order.external_id, order.placed_on) == ("till", "1", datetime.date(2026, 3, 22))
    assert order.placed_at.isoformat() == "2026-03-21T22:00:00+00:00"
    assert order.customer.name_sort
    assert orders("09990000001,Nadia,1,1405/01/02,1000,completed", source="web") == (1, 0, 0, 0, 0)


def test_two_rows_alike_are_one_order_and_a_contradicted_one_is_refused(shop):
    assert orders(NADIA, NADIA, SAM) == (2, 0, 1, 0, 0)
    assert orders(NADIA, NADIA.replace("1000", "3000")) == (0, 1, 0, 0, 1)
    assert Order.objects.get(external_id="1").net_amount == 3000
    run = bring(HEAD + NADIA + "\n" + NADIA.replace("1000", "3000") + "\n")
    assert tally(run) == (0, 0, 1, 0, 1)
    assert [(row.line_no, row.reason) for row in run.rejects.all()] == [(2, "order_repeated")]


def test_orders_without_a_number_are_known_again_and_equal_ones_are_counted_apart(shop):
    head = "Mobile,Date,Amount (rial)\n"
    rows = "09990000001,2026-01-01,1000\n09990000001,2026-01-01,1000\n09990000002,2026-01-01,1000\n"
    assert tally(bring(head + rows)) == (3, 0, 0, 0, 0)
    assert tally(bring(head + rows)) == (0, 0, 3, 0, 0)
    assert tally(bring(head + rows + "09990000001,2026-01-01,1000\n")) == (1, 0, 3, 0, 0)
    assert tally(bring(head + rows, {"duplicates": "drop", "source": "other"})) == (2, 0, 0, 1, 0)


def test_a_file_whose_amounts_are_torn_by_their_own_commas_brings_nothing_in(shop):
    rows = "".join(f"0999000000{n},{n},2026-01-01,1{n}0,000\n" for n in range(9))
    run = bring("Mobile,Order no,Date,Amount (rial)\n" + rows)
    assert tally(run) == (0, 0, 0, 0, 9)
    assert {row.reason for row in run.rejects.all()} == {"too_many_cells"}


def test_guests_are_counted_and_nobody_is_invented(shop):
    head = "Mobile,Order no,Date,Amount (rial)\n"
    assert tally(bring(head + ",1,2026-01-01,1000\n09990000001,2,2026-01-01,500\n")) == (2, 0, 0, 0, 0)
    assert Customer.objects.count() == 1
    assert Order.objects.get(external_id="1").customer is None
    # Once the file says who it was, the order is theirs; a file that no longer says so takes nothing away.
    bring(head + "09990000001,1,2026-01-01,1000\n")
    assert Order.objects.get(external_id="1").customer.phone == "+989990000001"
    assert tally(bring(head + ",1,2026-01-01,1000\n")) == (0, 0, 1, 0, 0)


def test_statuses_decide_what_is_paid_and_given_back(shop):
    orders(
        NADIA,
        "09990000001,Nadia,2,2026-01-02,2000,cancelled",
        "09990000001,Nadia,3,2026-01-03,3000,processing",
        "09990000001,Nadia,4,2026-01-04,4000,returned",
    )
    paid = {order.external_id: order.is_paid for order in Order.objects.all()}
    assert paid == {"1": True, "2": False, "3": False, "4": True}
    refund = Refund.objects.get()
    assert (refund.amount, refund.order.external_id, refund.customer.name) == (4000, "4", "Nadia")
    assert str(refund.refunded_on) == "2026-01-04"
    # It was not returned after all.
    assert orders("09990000001,Nadia,4,2026-01-04,4000,completed") == (0, 1, 0, 0, 0)
    assert not Refund.objects.exists()


def test_a_file_without_a_status_leaves_the_known_one_alone(shop):
    orders("09990000001,Nadia,1,2026-01-04,4000,returned")
    assert tally(bring("Mobile,Order no,Date,Amount (rial)\n09990000001,1,2026-01-04,4000\n")) == (
        0,
        0,
        1,
        0,
        0,
    )
    assert Refund.objects.count() == 1


def test_lines_make_an_order_wherever_they_stand(shop):
    first = "10,09990000001,2026-01-01,A,Apple,Fruit,2,100,"
    second = "10,09990000001,2026-01-01,B,Bread,,1,300,"
    other = "11,09990000002,2026-01-02,A,Apple,Fruit,1,100,"
    assert lines(first, other, second) == (3, 0, 0, 0, 0)
    order = Order.objects.get(external_id="10")
    assert (order.gross_amount, order.net_amount) == (500, 500)
    assert list(
        order.lines.values_list("line_no", "product__sku", "quantity", "unit_amount", "net_amount")
    ) == [
        (1, "A", 2, 100, 200),
        (2, "B", 1, 300, 300),
    ]
    assert Product.objects.get(sku="A").category == ProductCategory.objects.get(name="Fruit")
    assert lines(first, other, second) == (0, 0, 3, 0, 0)


def test_a_corrected_line_changes_its_order_and_a_dropped_one_goes(shop):
    rows = ["10,09990000001,2026-01-01,A,Apple,,2,100,", "10,09990000001,2026-01-01,B,Bread,,1,300,"]
    lines(*rows)
    assert lines(rows[0].replace("2,100", "3,100"), rows[1]) == (0, 2, 0, 0, 0)
    assert Order.objects.get().net_amount == 600
    assert lines(rows[0].replace("2,100", "3,100")) == (0, 1, 0, 0, 0)
    assert Order.objects.get().net_amount == 300
    assert OrderLine.objects.count() == 1
    assert lines(rows[0].replace("2,100", "3,100"), "10,09990000001,2026-01-01,C,Cheese,,1,50,")[1] == 2


def test_identical_lines_are_both_bought_unless_the_mapping_says_once(shop):
    row = "10,09990000001,2026-01-01,A,Apple,,2,100,"
    assert lines(row, row) == (2, 0, 0, 0, 0)
    assert Order.objects.get().net_amount == 400
    assert lines(row, row, source="once", duplicates="drop") == (1, 0, 0, 1, 0)
    assert Order.objects.get(source="once").net_amount == 200


def test_a_negative_quantity_gives_money_back_from_its_own_order(shop):
    sold, back = "10,09990000001,2026-01-01,A,Apple,,5,100,", "10,09990000001,2026-01-03,A,Apple,,-2,100,"
    assert lines(back, sold) == (2, 0, 0, 0, 0)
    refund = Refund.objects.get()
    assert (refund.amount, refund.order.external_id, str(refund.refunded_on)) == (200, "10", "2026-01-03")
    assert Order.objects.get().net_amount == 500
    assert lines(back, sold) == (0, 0, 2, 0, 0)


def test_a_cancellation_of_its_own_number_is_the_customers_refund(shop):
    cancelled = "C12,09990000001,2026-01-05,A,Apple,,-1,100,", "C12,09990000001,2026-01-05,B,Bread,,-1,300,"
    assert lines("12,09990000001,2026-01-01,A,Apple,,1,100,", *cancelled) == (3, 0, 0, 0, 0)
    refund = Refund.objects.get()
    assert (refund.external_id, refund.amount, refund.order, refund.customer.phone) == (
        "C12",
        400,
        None,
        "+989990000001",
    )
    assert Order.objects.count() == 1
    assert lines(*cancelled, cancellations="ignore", source="other") == (0, 0, 0, 2, 0)


def test_a_return_that_names_its_order_is_tied_to_it_also_when_it_comes_first(shop):
    head = "Mobile,Order no,Original order,Date,Amount (rial),Status\n"
    back = ",R1,77,2026-02-01,300,برگشت از فروش\n"
    bring(head + back + "09990000001,77,,2026-01-01,1000,\n")
    refund = Refund.objects.get()
    assert (refund.order.external_id, refund.customer.phone, refund.amount) == ("77", "+989990000001", 300)


def books() -> tuple[dict, dict]:
    """Return {number: status} of the orders and {number: (amount, its order)} of the refunds."""
    returns = Refund.objects.select_related("order")
    return (
        dict(Order.objects.values_list("external_id", "status")),
        {it.external_id: (it.amount, it.order and it.order.external_id) for it in returns},
    )


def test_a_return_that_was_a_sale_all_along_becomes_one_and_a_sale_a_return(shop):
    note = NADIA.replace("completed", "credit note")
    assert orders(note) == (1, 0, 0, 0, 0)
    assert books() == ({}, {"1": (1000, None)})
    assert orders(NADIA) == (1, 0, 0, 0, 0)
    assert books() == ({"1": "completed"}, {})
    assert orders(note) == (1, 0, 0, 0, 0)
    assert books() == ({"1": "cancelled"}, {"1": (1000, None)})
    assert orders(note) == (0, 0, 1, 0, 0)
    assert orders(NADIA.replace("completed", "returned"))[:3] == (0, 1, 0)
    assert books() == ({"1": "refunded"}, {"order:1": (1000, "1")})
    orders(note)
    assert books() == ({"1": "cancelled"}, {"1": (1000, None)})
    # Also where the fixed file knows no statuses at all.
    bring("Mobile,Order no,Date,Amount (rial)\n09990000001,1,2026-01-01,1000\n")
    assert books() == ({"1": "completed"}, {})


def test_a_return_line_that_a_fixed_file_no_longer_has_is_taken_out(shop):
    sold, back = "10,09990000001,2026-01-01,A,Apple,,5,100,", "10,09990000001,2026-01-03,A,Apple,,-2,100,"
    lines(sold, back)
    assert lines(sold) == (0, 1, 0, 0, 0)
    assert books() == ({"10": "completed"}, {})
    assert lines(sold, back) == (1, 0, 1, 0, 0)
    # Where returns are left out, nothing is said about them.
    assert lines(sold, back, cancellations="ignore") == (0, 0, 1, 1, 0)
    assert books() == ({"10": "completed"}, {"10": (200, "10")})


def test_a_return_that_another_file_told_stays_whatever_comes_again(shop):
    sold, back = "10,09990000001,2026-01-01,A,Apple,,5,100,", "10,09990000001,2026-01-03,A,Apple,,-2,100,"
    whole = back.replace("-2", "-5").replace("01-03", "01-01")
    for returned, amount in ((back, 200), (whole, 500)):
        lines(sold)
        assert lines(returned)[:2] != (0, 0)
        assert books() == ({"10": "completed"}, {"10": (amount, "10")})
        assert lines(sold) == (0, 0, 1, 0, 0)
        assert lines(returned) == (0, 0, 1, 0, 0)
        assert books() == ({"10": "completed"}, {"10": (amount, "10")})


def test_a_partial_return_by_its_status_leaves_its_sale_alone(shop):
    orders(NADIA)
    orders(NADIA.replace("completed", "credit note").replace("1000", "400"))
    assert books() == ({"1": "completed"}, {"1": (400, "1")})
    orders(NADIA)
    assert books() == ({"1": "completed"}, {"1": (400, "1")})


def test_a_return_without_money_is_left_out(shop):
    assert lines("10,09990000001,2026-01-01,A,Apple,,-5,0,") == (0, 0, 0, 1, 0)
    assert not Refund.objects.exists()


def test_costs_are_known_or_unknown_and_never_taken_away(shop):
    head = "Mobile,Order no,Date,Amount (rial),Cost\n"
    bring(head + "09990000001,1,2026-01-01,1000,600\n09990000001,2,2026-01-01,1000,\n", {"unit": "rial"})
    assert dict(Order.objects.values_list("external_id", "cost_amount")) == {"1": 600, "2": None}
    assert tally(bring(head + "09990000001,1,2026-01-01,1000,\n", {"unit": "rial"})) == (0, 0, 1, 0, 0)
    assert Order.objects.get(external_id="1").cost_amount == 600


def test_what_the_file_does_not_say_of_a_cost_the_product_says_or_its_categorys_margin(shop):
    fruit = ProductCategory.objects.create(name="Fruit", margin_share=Decimal("0.3"))
    Product.objects.create(sku="A", cost_amount=60)
    Product.objects.create(sku="B", category=fruit)
    Product.objects.create(sku="C")
    rows = [
        "1,09990000001,2026-01-01,A,,,2.5,100,",
        "1,09990000001,2026-01-01,B,,,1,105,",
        "2,09990000001,2026-01-02,A,,,1,100,",
        "2,09990000001,2026-01-02,C,,,1,100,",
        "C900,09990000001,2026-01-03,A,,,-2,100,",
    ]
    lines(*rows)
    costs = dict(Order.objects.values_list("external_id", "cost_amount"))
    # 2.5 × 60, and 105 less 30 %, halves rounded up; one unknown cost leaves its order unknown.
    assert costs == {"1": 150 + 74, "2": None}
    assert list(OrderLine.objects.order_by("pk").values_list("cost_amount", flat=True)) == [150, 74, 60, None]
    assert Refund.objects.get().cost_amount == 120
    # A changed cost or margin counts from now on; only what was unknown is filled.
    Product.objects.update(cost_amount=50)
    assert lines(*rows)[:3] == (0, 2, 3)
    assert dict(Order.objects.values_list("external_id", "cost_amount")) == {"1": 224, "2": 110}
    assert lines(*rows) == (0, 0, 5, 0, 0)


def test_a_cost_in_the_file_stands_above_the_products(shop):
    Product.objects.create(sku="A", cost_amount=60)
    head = "Order no,Mobile,Date,Product code,Quantity,Unit price,Cost\n"
    bring(head + "1,09990000001,2026-01-01,A,1,100,40\n1,09990000001,2026-01-01,A,2,100,\n", {
        "row_kind": "line", "unit": "rial",
    })  # fmt: skip
    assert Order.objects.get().cost_amount == 40 + 120


def test_no_cost_is_made_of_a_margin_where_lines_have_no_money(shop):
    ProductCategory.objects.create(name="Fruit", margin_share=Decimal("0.3"))
    head = "Order no,Mobile,Date,Product code,Category,Order total\n"
    rows = "1,09990000001,2026-01-01,A,Fruit,500\n1,09990000001,2026-01-01,B,Fruit,\n"
    bring(head + rows, {"row_kind": "line", "unit": "rial"})
    assert (Order.objects.get().net_amount, Order.objects.get().cost_amount) == (500, None)


def test_an_orders_own_total_stands_above_its_lines(shop):
    head = "Name,Financial Status,Created at,Total,Taxes,Discount Amount,Refunded Amount,"
    head += "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Phone\n"
    first = "#1,partially_refunded,2026-01-01 10:00:00 +0330,1090,90,50,200,1,Apple,600,A,'+989990000001\n"
    run = bring(head + first + "#1,,,,,,,2,Bread,250,B,\n", {"unit": "rial"})
    assert tally(run) == (2, 0, 0, 0, 0)
    order = Order.objects.get()
    assert (order.external_id, order.status, order.customer.phone) == ("1", "completed", "+989990000001")
    assert (order.gross_amount, order.discount_amount, order.net_amount, order.tax_amount) == (
        1050,
        50,
        1000,
        90,
    )
    assert Refund.objects.get().amount == 200


TOTALS = (
    "Invoice,Mobile,Date,Product,Quantity,Unit price,Order total,Order tax,Order discount,Refunded amount\n"
)


@pytest.mark.parametrize(
    ("sums", "reason"),
    [
        (",,99,", "order_below_zero"),
        (",11,,", None),
        ("10,50,,", "order_below_zero"),
        ("10,2,,500", "order_refund_over_amount"),
        # What is given back may hold the tax.
        ("10,2,,10", None),
    ],
)
def test_an_order_whose_own_sums_cannot_be_is_refused_with_all_its_rows(shop, sums, reason):
    bring(TOTALS + "1,09990000001,2026-01-01,A,1,10,,,,\n", {"unit": "rial", "row_kind": "line"})
    row = f"1,09990000001,2026-01-01,A,1,10,{sums}\n"
    run = bring(TOTALS + row + "1,09990000001,2026-01-01,B,0,10,,,,\n2,,2026-01-01,A,1,10,,,,\n", {
        "unit": "rial", "row_kind": "line",
    })  # fmt: skip
    assert tally(run) == ((1, 0, 0, 0, 2) if reason else (1, 2, 0, 0, 0))
    assert [(row.line_no, row.reason) for row in run.rejects.all()] == [(2, reason), (3, reason)][
        : run.rejected
    ]
    order = Order.objects.get(external_id="1")
    paid = order.net_amount - sum(order.refunds.values_list("amount", flat=True))
    # What was known of it stays.
    assert (paid, order.lines.count()) == (10, 1) if reason else paid >= 0


def test_lines_that_add_up_to_more_than_a_shop_can_sell_are_refused(shop):
    rows = "".join(f"1,09990000001,2026-01-01,A,1,{'9' * 15}\n" for _ in range(9_500))
    run = bring("Invoice,Mobile,Date,Product,Quantity,Unit price\n" + rows, {"unit": "rial"})
    assert tally(run) == (0, 0, 0, 0, 9_500)
    assert set(run.rejects.values_list("reason", flat=True)) == {"order_too_large"}


def test_returns_that_add_up_to_more_than_a_shop_can_sell_are_refused(shop):
    rows = "".join(f"1,09990000001,2026-01-01,A,-1,{'9' * 15}\n" for _ in range(9_500))
    run = bring("Invoice,Mobile,Date,Product,Quantity,Unit price\n" + rows, {"unit": "rial"})
    assert tally(run) == (0, 0, 0, 0, 9_500)
    assert run.rejects.count() == 9_500
    assert not Refund.objects.exists()


def test_nothing_is_given_back_of_an_order_that_was_never_paid(shop):
    head = "Mobile,Order no,Date,Amount (rial),Status,Refunded amount\n"
    bring(head + "09990000001,1,2026-01-01,1000,cancelled,400\n")
    assert not Refund.objects.exists()


def test_text_that_a_database_cannot_hold_never_arrives(shop):
    rows = b"09990000001,N\x00l,1,2026-01-01,1,\n09990000002,\xe2\x80\xaeevil\xe2\x80\xac,2,2026-01-01,1,\n"
    assert tally(bring(HEAD.encode() + rows)) == (1, 0, 0, 0, 1)
    assert Customer.objects.get().name == "evil"


def test_one_shops_rows_stay_in_that_shop(shop, other_shop):
    orders(NADIA)
    with scope(other_shop):
        run = bring("Mobile,Customer name,Order no,Date,Total\n09990000009,Kim,1,2026-01-01,12.50\n")
        assert tally(run) == (1, 0, 0, 0, 0)
        assert Order.objects.get().net_amount == 1250
        assert Customer.objects.get().phone == "+989990000009"
    assert Order.objects.get().net_amount == 1000
