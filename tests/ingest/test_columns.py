"""Which column is what: Persian and English names, the exports of others, and a mapping as a document."""

from __future__ import annotations

import csv
import json

import pytest

from loyalty.ingest import columns, synonyms
from loyalty.ingest.mapping import Mapping, MappingError, from_json, signature
from tests.shared_data import shared


def fields(header: str, rows=()) -> dict[str, tuple[str, ...]]:
    return columns.recognise(header.split(","), rows).mapping.columns


@pytest.mark.parametrize("field", synonyms.NAMES)
def test_every_name_in_the_list_is_recognised_as_its_field(field):
    for name in synonyms.NAMES[field]:
        found = columns.field_of(name)
        assert found, name
        # One name may be claimed twice; then the first field in the list has it.
        first = next(
            other for other, names in synonyms.NAMES.items() if columns.key(name) in map(columns.key, names)
        )
        assert found[0] == first


def test_letters_and_spaces_of_other_keyboards_are_the_same_name():
    for name in (
        "مبلغ (تومان)",
        "مبلغ  (تومان)",
        "مَبلغ",
        "مبـلغ",
        "Total Amount",
        "total_amount",
        "TOTAL-AMOUNT",
    ):
        assert columns.field_of(name)[0] == "amount", name
    assert columns.field_of("كد مشتري")[0] == "external_id"


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("بهای تمام‌شده", "cost"), ("بهای تمام‌شدهٔ کالا", "cost"), ("شماره‌فاکتور", "order_id"), ("تلفن‌همراه", "phone"),
        ("نام‌و‌نام‌خانوادگی", "name"), ("OrderNumber", "order_id"), ("UnitPrice", "unit_price"),
    ],
)  # fmt: skip
def test_a_half_space_or_none_is_as_good_as_a_space(header, field):
    assert columns.field_of(header)[0] == field


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("مبلغ (تومان)", ("IRR", "toman")),
        ("مبلغ به ریال", ("IRR", "rial")),
        ("Total (GBP)", ("GBP", "")),
        ("Price £", ("GBP", "")),
        ("Amount", None),
    ],
)
def test_a_unit_is_read_from_the_header(header, unit):
    assert columns.unit_of_header(header) == unit


def test_a_name_alone_is_the_whole_name_and_beside_a_last_name_the_first():
    assert fields("نام,موبایل,تاریخ,مبلغ")["name"] == ("نام",)
    both = fields("نام,نام خانوادگی,موبایل,تاریخ,مبلغ")
    assert (both["first_name"], both["last_name"]) == (("نام",), ("نام خانوادگی",))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Mobile,Date,Amount,Name", {"name": ("Name",)}),
        ("Mobile,Date,Amount,Name,Surname", {"first_name": ("Name",), "last_name": ("Surname",)}),
        ("Mobile,Date,Amount,Customer,Name", {"name": ("Customer",)}),
        ("Mobile,Date,Product,Quantity,Price,Name", {"name": ("Name",)}),
        ("Mobile,Date,SKU,Name,Quantity,Price", {"name": None, "first_name": None}),
        ("Telephone number,Date of purchase,VAT amount,Total", {
            "phone": ("Telephone number",), "date": ("Date of purchase",), "tax": ("VAT amount",),
        }),
        ("تاریخ شمسی,شماره,مبلغ", {"date": ("تاریخ شمسی",), "order_id": ("شماره",)}),
        ("شماره,شماره فاکتور,تاریخ,مبلغ", {"order_id": ("شماره فاکتور",)}),
        ("Date,Total,Discount%", {"discount_rate": ("Discount%",)}),
        ("تاریخ,مبلغ,مبلغ تخفیف (٪)", {"discount_rate": ("مبلغ تخفیف (٪)",)}),
        ("Date,Total,Discount,Paid?", {"amount": ("Total",)}),
    ],
)  # fmt: skip
def test_names_that_need_their_company(header, expected):
    found = fields(header)
    assert {name: found.get(name) for name in expected} == expected


def test_a_column_called_number_is_the_phone_where_it_holds_phones():
    header = ["شماره", "تاریخ", "مبلغ"]
    phones = [[f"0999000000{n}", "1405/01/01", "5"] for n in range(5)]
    assert columns.recognise(header, phones).mapping.columns == {
        "phone": ("شماره",),
        "date": ("تاریخ",),
        "amount": ("مبلغ",),
    }
    orders = [[f"10{n}", "1405/01/01", "5"] for n in range(5)]
    assert columns.recognise(header, orders).mapping.columns["order_id"] == ("شماره",)


def test_a_price_is_of_one_piece_where_there_is_a_quantity():
    assert fields("Date,Mobile,Quantity,Price")["unit_price"] == ("Price",)
    assert fields("Date,Mobile,Price")["amount"] == ("Price",)
    assert fields("تاریخ,موبایل,تعداد,قیمت")["unit_price"] == ("قیمت",)


def test_due_dates_and_shipping_are_not_the_date_of_the_order():
    found = fields("شماره فاکتور,نام مشتری,شماره تماس,شرح,مبلغ,مبلغ دریافتی,تاریخ صدور,تاریخ سررسید")
    assert (found["date"], found["amount"], found["note"]) == (("تاریخ صدور",), ("مبلغ",), ("شرح",))


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("مبلغ,تخفیف,مبلغ نهایی", "100,20,80", ("مبلغ نهایی", "مبلغ")),
        ("مبلغ کل,تخفیف,مبلغ قابل پرداخت", "100,20,80", ("مبلغ قابل پرداخت", "مبلغ کل")),
        ("جمع کل,تخفیف,مالیات,مبلغ نهایی", "100,20,8,88", ("مبلغ نهایی", "جمع کل")),
        ("Amount,Discount,Total", "100,20,80", ("Total", "Amount")),
        ("Total,Discount,Amount paid", "100,20,80", ("Amount paid", "Total")),
        ("Total,Discount %,Amount paid", "100,20,80", ("Amount paid", "Total")),
        # The rows know better than the names.
        ("Total,Discount,Amount", "100,20,80", ("Amount", "Total")),
        ("مبلغ نهایی,تخفیف,مبلغ", "۱۰۰٬۰۰۰,۲۰٬۰۰۰,۸۰٬۰۰۰", ("مبلغ", "مبلغ نهایی")),
        ("مبلغ,تخفیف,مبلغ نهایی سفارش تلفنی", "100,20,80", ("مبلغ نهایی سفارش تلفنی", "مبلغ")),
        # Neither is the other before its discount.
        ("Amount,Discount,Total", "100,20,300", ("Total", None)),
        # Sold on credit: a part has been paid.
        ("Total,Amount paid", "100,20", ("Total", None)),
    ],
)
def test_of_two_amounts_beside_a_discount_the_one_after_it_was_paid(header, row, expected):
    found = fields(header, [row.split(","), row.split(",")])
    assert (found["amount"], found.get("gross")) == ((expected[0],), expected[1] and (expected[1],))


LINES = "Invoice,Product,Quantity,Unit price,Total"


@pytest.mark.parametrize(
    ("header", "rows", "field"),
    [
        (LINES, ["1,A,2,50,150", "1,B,1,50,150", "2,A,1,50,50"], "order_amount"),
        (LINES, ["1,A,2,50,100", "1,B,1,50,50", "2,A,1,50,50"], "amount"),
        # Of two lines of one piece each at one price the sums tell.
        (LINES, ["1,A,1,50,50", "1,B,1,50,50"], "amount"),
        ("Invoice,Product,Total", ["1,A,9", "1,B,9", "2,A,8", "2,B,8", "3,A,7", "3,C,7"], "order_amount"),
        ("Invoice,Product,Total", ["1,A,9", "1,B,9", "2,A,9", "2,B,9", "3,A,9", "3,C,9"], "amount"),
    ],
)
def test_a_total_that_stands_on_every_line_is_the_orders(header, rows, field):
    found = columns.recognise(header.split(","), [row.split(",") for row in rows]).mapping
    assert found.row_kind == "line"
    assert found.columns[field] == ("Total",)


def test_the_unit_of_a_file_is_that_of_the_amount():
    found = columns.recognise(["مبلغ (ریال)", "تخفیف (تومان)", "قیمت واحد (تومان)"], [])
    assert (found.mapping.unit, found.currencies) == ("rial", {"IRR"})
    assert columns.recognise(["Total", "Discount ($)", "Tax (GBP)"], []).currencies == {"GBP", "USD"}


def test_a_column_full_of_mobile_numbers_is_the_phone_whatever_its_name():
    rows = [["x", f"0999000000{n}", "1"] for n in range(5)]
    assert columns.recognise(["A", "B", "Total"], rows).mapping.columns["phone"] == ("B",)


def test_rows_of_goods_whose_order_number_repeats_are_lines():
    header = ["Invoice", "Product", "Quantity", "Unit price", "Date"]
    assert columns.recognise(header, [["1"], ["1"], ["2"]]).mapping.row_kind == "line"
    assert columns.recognise(["Invoice", "Total", "Date"], [["1"], ["1"]]).mapping.row_kind == "order"


def test_invoices_led_by_c_among_plain_numbers_are_cancellations():
    orders = [["536365"], ["536366"], ["C536379"]]
    assert columns.recognise(["Invoice", "Total"], orders).mapping.cancel_prefix == "C"
    assert columns.recognise(["Invoice", "Total"], [["C1001"], ["C1002"]]).mapping.cancel_prefix == ""


@pytest.mark.parametrize(
    ("export", "expected"),
    [
        (
            "shopify_orders_export",
            {
                "order_id": ("Name",),
                "product": ("Lineitem name",),
                "phone": ("Billing Phone", "Shipping Phone"),
            },
        ),
        (
            "woocommerce_advanced_order_export",
            {"order_id": ("Order Number",), "product": ("Name",), "net": ("Order Line (w/o tax)",)},
        ),
        (
            "square_transactions",
            {"order_id": ("Transaction ID",), "status": ("Event Type",), "time": ("Time",)},
        ),
    ],
)
def test_the_exports_of_known_makers_are_recognised(export, expected):
    document = json.loads(shared("payloads/csv_headers.json").read_text(encoding="utf-8"))
    header = next(csv.reader([document[export]["header"]]))
    found = columns.recognise(header, [])
    assert found.mapping.columns.items() >= expected.items()
    assert found.mapping.missing() == []
    assert found.mapping.row_kind == ("order" if export.startswith("square") else "line")


def test_a_mapping_survives_its_document():
    mapping = Mapping(
        columns={"phone": ("A", "B"), "amount": ("C",)}, row_kind="line", status_words={"posted": "completed"}
    )
    document = json.loads(json.dumps(mapping.as_json()))
    assert document["columns"] == {"phone": ["A", "B"], "amount": "C"}
    assert from_json(document) == mapping


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ([], "not_an_object"),
        ({"colums": {}}, "unknown_setting"),
        ({"columns": {"phon": "A"}}, "unknown_field"),
        ({"columns": {"phone": 3}}, "bad_columns"),
        ({"columns": []}, "bad_columns"),
        ({"row_kind": "both"}, "bad_choice"),
        ({"day_first": "yes"}, "bad_choice"),
        ({"status_words": {"posted": "sold"}}, "bad_choice"),
        ({"source": "x" * 41}, "bad_text"),
        ({"source": 5}, "bad_text"),
    ],
)
def test_a_mapping_that_makes_no_sense_says_which_part(document, code):
    with pytest.raises(MappingError) as error:
        from_json(document)
    assert error.value.code == code


def test_files_of_one_kind_share_a_signature_whatever_the_order_and_spelling():
    assert signature(["مشتري", "مبلغ"]) == signature(["مبلغ", "مشتری"])
    assert signature(["Mobile", "Total"]) != signature(["Mobile", "Total", "City"])


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["0.15", "0", "1"], "share"),
        (["۰٫۱۵", "0.05"], "share"),
        # One percent and none: nothing says that these are shares.
        (["0", "1"], "percent"),
        (["15", "0.5"], "percent"),
        (["15%", "0.5%"], "percent"),
        ([], "percent"),
    ],
)
def test_rates_are_shares_where_the_whole_column_is(cells, expected):
    rows = [["2026-01-01", "100", cell] for cell in cells]
    found = columns.recognise(["date", "gross", "discount %"], rows).mapping
    assert "discount_rate" in found.columns
    assert found.discount_rates == expected
