"""One row as a sale: people, days, amounts, statuses and returns as tills write them."""

from __future__ import annotations

import datetime
import time

import pytest

from loyalty.ingest.cells import Context, identifier
from loyalty.ingest.mapping import Mapping, MappingError
from loyalty.ingest.outcomes import Ignored, Rejected, Row, excerpt
from loyalty.ingest.reading.files import Record
from loyalty.ingest.rows import RowReader

CONTEXT = Context("IRR", "toman", "Asia/Tehran", "IR", datetime.date(2026, 11, 23))
BASE = {"phone": "09990000001", "date": "1405/08/12", "amount": "1000"}


def reader(fields, context=CONTEXT, **settings) -> RowReader:
    columns = {field: (field,) for field in fields}
    return RowReader(Mapping(columns=columns, calendar="jalali", **settings), list(fields), context)


def read(cells: dict, context=CONTEXT, **settings) -> Row | Rejected | Ignored:
    return reader(cells, context, **settings).read(Record(2, list(cells.values())))


@pytest.mark.parametrize(
    ("cells", "settings"),
    [({"phone": "1"}, {}), ({"date": "1"}, {}), ({"date": "1", "quantity": "1"}, {}), ({"amount": "1"}, {})],
)
def test_without_a_day_or_an_amount_there_is_nothing_to_read(cells, settings):
    with pytest.raises(MappingError, match="missing_field"):
        reader(cells, **settings)


def test_a_column_that_the_file_lacks_is_named():
    with pytest.raises(MappingError) as error:
        RowReader(Mapping(columns={"date": ("Day",), "amount": ("Total",)}), ["Total"], CONTEXT)
    assert error.value.details == {"name": "Day"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"date": ""}, "date_empty"),
        ({"date": "soon"}, "date_not_a_day"),
        ({"date": "1405/07/31"}, "date_bad_day"),
        ({"date": "1405/13/01"}, "date_bad_month"),
        ({"date": "1405/09/04"}, "date_in_future"),
        ({"date": "1303/01/01"}, "date_too_long_ago"),
        ({"date": "1903-01-01"}, "date_too_long_ago"),
        ({"amount": ""}, "amount_empty"),
        ({"amount": "NaN"}, "amount_not_a_number"),
        ({"amount": "Infinity"}, "amount_not_a_number"),
        ({"amount": "1_000"}, "amount_not_a_number"),
        ({"amount": "0x10"}, "amount_not_a_number"),
        ({"amount": "²"}, "amount_not_a_number"),
        ({"amount": "1e309"}, "amount_lost_digits"),
        ({"amount": "1E+6000000"}, "amount_lost_digits"),
        ({"amount": "9" * 5000}, "amount_too_large"),
        ({"amount": "-1000"}, "amount_negative"),
        ({"refund_amount": "1001"}, "refund_over_amount"),
        ({"order_amount": "-5"}, "amount_negative"),
        ({"order_tax": "-5"}, "tax_negative"),
        ({"profit": "1001"}, "cost_negative"),
        # Each cell is credible, and what they come to is more than a bigint holds.
        ({"amount": "", "quantity": "1000000000", "unit_price": "9" * 14}, "amount_too_large"),
        ({"amount": "9" * 14, "discount_rate": "99.99"}, "amount_too_large"),
        ({"amount": "9" * 14, "quantity": "0.001"}, "amount_too_large"),
        ({"amount": "£10"}, "amount_other_currency"),
        ({"phone": "021-88776655"}, "phone_landline"),
        ({"phone": "9.12E+09"}, "phone_lost_digits"),
        ({"status": "posted"}, "status_unknown"),
        ({"quantity": "many"}, "quantity_not_a_number"),
        ({"discount_rate": "101"}, "rate_not_a_rate"),
        ({"discount_amount": "1e3"}, "amount_lost_digits"),
        ({"order_id": "x" * 101}, "number_too_long"),
    ],
)
def test_a_bad_cell_refuses_its_row_and_says_which(changes, reason):
    started = time.process_time()
    outcome = read({**BASE, **changes})
    assert isinstance(outcome, Rejected)
    assert (outcome.line_no, outcome.reason) == (2, reason)
    assert outcome.column in {**BASE, **changes}
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("amount", "rial"),
    [
        ("-0", 0),
        ("1000", 10_000),
        ("۱٬۰۰۰", 10_000),
        ("1,000 ریال", 1_000),
        ("۱۲ هزار تومان", 120_000),
        ('="1000"', 10_000),
    ],
)
def test_amounts_are_read_in_any_digits_and_units(amount, rial):
    assert read({**BASE, "amount": amount}).net == rial


def test_a_day_may_be_tomorrow_but_no_later():
    assert isinstance(read({**BASE, "date": "2026-11-24"}), Row)
    assert read({**BASE, "date": "2026-11-25"}).reason == "date_in_future"


def test_a_time_without_a_zone_is_the_shops():
    row = read({**BASE, "date": "2024-06-06 01:30"})
    assert (row.placed_at, row.placed_on) == ("2024-06-05T22:00:00+00:00", "2024-06-06")
    row = read({**BASE, "date": "2024-06-05 22:00 +0000"})
    assert (row.placed_at, row.placed_on) == ("2024-06-05T22:00:00+00:00", "2024-06-06")


def test_date_and_time_may_stand_in_two_columns():
    assert read({**BASE, "date": "1403/03/17", "time": "01:30"}).placed_at == "2024-06-05T22:00:00+00:00"
    assert read({**BASE, "date": "1403/03/17", "time": "morning"}).placed_on == "2024-06-06"


@pytest.mark.parametrize(
    ("cells", "key"),
    [
        ({}, "p+989990000001"),
        ({"external_id": "77"}, "p+989990000001"),
        ({"phone": "", "external_id": "۷۷"}, "e77"),
        ({"phone": "", "external_id": "17850.0"}, "e17850"),
        ({"phone": "021-88776655", "external_id": "77"}, "e77"),
        ({"phone": "", "external_id": "0", "card_number": "5"}, "c5"),
        ({"phone": "", "email": "Nadia@Example.com"}, "enadia@example.com"),
        ({"phone": "", "email": f"{'n' * 60}@{'x' * 60}.example"}, None),
        ({"phone": "-", "external_id": "nan"}, None),
        ({"phone": "", "name": "مشتری متفرقه"}, None),
        ({"phone": "", "name": "Walk-in"}, None),
        ({"phone": "", "name": "مشتری‌متفرقه"}, None),
    ],
)
def test_a_person_is_known_by_phone_then_number_then_card(cells, key):
    assert read({**BASE, **cells}).person == key


def test_a_name_without_any_number_is_refused_or_counted_as_a_guests():
    cells = {**BASE, "phone": "", "name": "Nadia"}
    assert read(cells).reason == "phone_empty"
    assert read(cells, unknown_people="guest").person is None
    del cells["phone"]
    assert read(cells).reason == "person_unknown"


def test_a_refused_row_brings_nobody_in():
    rows = reader({**BASE, "name": ""})
    rows.read(Record(2, ["09990000001", "1405/08/12", "free", "Nadia"]))
    assert rows.take_people() == {}
    rows.read(Record(3, ["09990000001", "1405/08/12", "5", "Nadia"]))
    assert rows.take_people()["p+989990000001"]["name"] == "Nadia"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("", "completed"), ("تکمیل شده", "completed"), ("تكميل شده", "completed"), ("Paid", "completed"),
        ("wc-completed", "completed"), ("در حال انجام", "processing"), ("on-hold", "processing"),
        ("لغو شده", "cancelled"),
        ("تکمیل‌شده", "completed"), ("لغو‌شده", "cancelled"), ("مرجوع‌شده", "refunded"), ("پرداخت‌نشده", "processing"),
        ("تحویل‌داده‌شده", "completed"), ("برگشت‌از‌فروش", "refund_row"), ("لغوشده", "cancelled"),
        ("كنسل شد", "cancelled"), ("voided", "cancelled"), ("مرجوعی", "refunded"), ("مرجوعي", "refunded"),
    ],
)  # fmt: skip
def test_statuses_are_understood_in_both_languages_and_keyboards(word, status):
    assert read({**BASE, "status": word}).status == status


def test_the_shop_may_say_what_a_word_means():
    assert read({**BASE, "status": "Posted"}, status_words={"posted": "processing"}).status == "processing"


def test_a_returned_order_gives_its_whole_amount_back_unless_a_column_says_how_much():
    assert read({**BASE, "status": "مرجوعی"}).refund_amount == 10_000
    assert read({**BASE, "status": "مرجوعی", "refund_amount": "400"}).refund_amount == 4_000
    assert read({**BASE, "refund_amount": "400"}).refund_amount == 4_000


@pytest.mark.parametrize(
    ("cells", "settings"),
    [
        ({"quantity": "-1"}, {}),
        ({"amount": "-1000", "status": "refund"}, {}),
        ({"amount": "-1000", "status": "returned"}, {}),
        ({"amount": "1000", "status": "برگشت از فروش"}, {}),
        ({"order_id": "C123"}, {"cancel_prefix": "C"}),
        ({"amount": "-1000"}, {"negative_amounts": "refund"}),
    ],
)
def test_returns_are_recognised_and_their_amount_is_positive(cells, settings):
    row = read({**BASE, **cells}, **settings)
    assert row.is_refund
    assert (row.net, row.quantity >= 0) == (10_000, True)
    assert isinstance(read({**BASE, **cells}, **settings, cancellations="ignore"), Ignored)


def test_a_number_that_merely_begins_like_a_cancellation_is_an_order():
    assert not read({**BASE, "order_id": "CASH-7"}, cancel_prefix="C").is_refund


def test_a_sale_without_a_number_always_gets_the_same_stand_in():
    first, again = read(BASE), read(BASE)
    assert first.order_key is None
    assert first.base == again.base
    assert read({**BASE, "amount": "1001"}).base != first.base
    assert read({**BASE, "date": "1405/08/13"}).base != first.base


def test_follow_up_lines_lean_on_the_line_above():
    fields = {"order_id": "", "phone": "", "date": "", "sku": "", "quantity": "", "unit_price": ""}
    lines = reader(fields, row_kind="line")
    rows = [
        lines.read(Record(number, cells))
        for number, cells in enumerate(
            [
                ["1", "09990000001", "1405/08/12", "A", "1", "500"],
                ["1", "", "", "B", "2", "100"],
                ["", "", "", "C", "1", "50"],
                ["2", "", "1405/08/13", "A", "1", "500"],
                ["", "09990000002", "1405/08/13", "A", "1", "500"],
                ["", "", "", "B", "1", "500"],
            ],
            2,
        )
    ]
    assert [getattr(row, "order_key", None) for row in rows[:4]] == ["1", "1", "1", "2"]
    assert [row.person for row in rows[:4]] == ["p+989990000001"] * 3 + [None]
    assert rows[4].order_key is None
    assert rows[5].reason == "date_empty"


def test_a_reader_that_skipped_rows_goes_on_as_if_it_had_read_them():
    fields = {"order_id": "", "phone": "", "date": "", "sku": "", "quantity": "", "unit_price": ""}
    records = [
        Record(2, ["1", "09990000001", "1405/08/12", "A", "1", "500"]),
        Record(3, ["", "", "", "B", "1", "500"]),
        Record(4, ["", "", "", "C", "1", "500"]),
    ]
    whole, resumed = reader(fields, row_kind="line"), reader(fields, row_kind="line")
    outcomes = [whole.read(record) for record in records]
    for record in records[:2]:
        resumed.skip(record)
    assert resumed.read(records[2]) == outcomes[2]


def test_an_amount_that_its_own_comma_tore_in_two_is_refused():
    header = ["phone", "amount", "date", "#4"]
    rows = RowReader(
        Mapping(columns={name: (name,) for name in header[:3]}, calendar="jalali"), header, CONTEXT
    )

    def outcome(*cells):
        read = rows.read(Record(2, list(cells)))
        return getattr(read, "reason", None) or read.net

    assert outcome("09990000001", "100", "000", "1405/08/12") == "too_many_cells"
    assert outcome("09990000001", "۱۰۰", "۰۰۰", "1405/08/12") == "too_many_cells"
    assert outcome("09990000001", "100", "1405/08/12", "") == 1000
    assert outcome("09990000001", "100", "1405/08/12", "500") == 1000, "a column of its own"
    header[1:3] = ["date", "amount"]
    rows = RowReader(
        Mapping(columns={name: (name,) for name in header[:3]}, calendar="jalali"), header, CONTEXT
    )
    assert outcome("09990000001", "1405/08/12", "100", "000") == "too_many_cells"
    assert outcome("09990000001", "1405/08/12", "100", "paid") == 1000


def test_free_rows_count_unless_the_mapping_leaves_them_out():
    assert read({**BASE, "amount": "0"}).net == 0
    assert isinstance(read({**BASE, "amount": "0"}, free_rows="drop"), Ignored)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("۱۱۶۸", "1168"),
        (" #1001 ", "1001"),
        ("17850.0", "17850"),
        ("A-17.0", "A-17.0"),
        ("\u200e12", "12"),
        ("'007", "007"),
    ],
)
def test_numbers_are_compared_in_ascii_and_without_marks(text, number):
    assert identifier(text) == number


def test_an_excerpt_holds_no_whole_number_in_any_digits():
    text = excerpt(["Nadia", "09121234567", "۰۹۱۲ ۱۲۳ ۴۵۶۷", "+98-912-123-4567", "x" * 500])
    assert "1234567" not in text
    assert "۴۵۶" not in text
    assert len(text) <= 160


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("rial", (1_000_000, 200_000)),
        # The shop knows better what its till writes than the till does.
        ("toman", (10_000_000, 200_000)),
    ],
)
def test_each_column_is_read_in_the_unit_it_names(unit, expected):
    header = ["تاریخ", "مبلغ (ریال)", "تخفیف (تومان)"]
    columns = dict(zip(("date", "amount", "discount_amount"), [(name,) for name in header], strict=True))
    row = RowReader(Mapping(columns=columns, unit=unit), header, CONTEXT).read(
        Record(2, ["1405/08/12", "1000000", "20000"])
    )
    assert (row.net, row.discount) == expected


@pytest.mark.parametrize(("rate", "paid"), [("0.15", 850), ("15%", 850), ("1", 0), ("۰٫۱۲۵", 875)])
def test_a_rate_that_a_workbook_keeps_as_a_share_is_one(rate, paid):
    cells = {"date": "1405/08/01", "gross": "1000", "discount_rate": rate}
    assert read(cells, discount_rates="share", unit="rial").net == paid


@pytest.mark.parametrize(("discount", "off"), [("10%", 100), ("٪۱۰", 100), ("۱۲٫۵ ٪", 125), ("10", 10)])
def test_a_discount_with_a_percent_sign_is_a_rate(discount, off):
    cells = {"date": "1405/08/01", "gross": "1000", "discount_amount": discount}
    assert read(cells, unit="rial").discount == off


def test_no_share_is_more_than_the_whole():
    cells = {"date": "1405/08/01", "gross": "1000", "discount_rate": "1.5"}
    assert read(cells, discount_rates="share").reason == "rate_not_a_rate"
