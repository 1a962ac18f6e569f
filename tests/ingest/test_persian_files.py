"""The same 255 messy Persian rows in four encodings and formats, compared with the truth row by row."""

from __future__ import annotations

import datetime
import json

import pytest

from loyalty.customers.models import Customer, Order
from tests.ingest.bring import bring_file, tally
from tests.shared_data import shared

FILES = ("orders_utf8_bom_comma.csv", "orders_utf16_tab.txt", "orders_cp1256_semicolon.csv", "orders.xlsx")
REASONS = {
    "phone_is_landline": "phone_landline",
    "phone_scientific_notation": "phone_lost_digits",
    "phone_too_short": "phone_too_short",
    "phone_missing": "phone_empty",
    "date_invalid_month": "date_bad_month",
    "date_invalid_1402_is_not_leap": "date_bad_day",
    "amount_negative": "amount_negative",
    "amount_not_a_number": "amount_not_a_number",
}


@pytest.mark.parametrize("name", FILES)
def test_every_row_is_read_as_the_truth_says(shop, name):
    truth = json.loads(shared("persian/truth.json").read_text())
    run = bring_file(shared(f"persian/{name}"))
    assert tally(run) == (241, 0, 6, 0, 8)

    rejects = {reject.line_no: reject.reason for reject in run.rejects.all()}
    # The header is line 1.
    expected = {
        line: REASONS[row["error"]] for line, row in enumerate(truth["rows"], 2) if row["error"] in REASONS
    }
    assert rejects == expected

    orders = {order.external_id: order for order in Order.objects.select_related("customer")}
    good = [row for row in truth["rows"] if row["phone"]]
    assert orders.keys() == {row["order_no"] for row in good}
    for row in good:
        order = orders[row["order_no"]]
        assert (
            order.customer.name, order.customer.phone, order.customer.city,
            order.placed_on, order.net_amount, order.status,
        ) == (
            row["name"], row["phone"], row["city"],
            datetime.date.fromisoformat(row["date"]), row["amount_rial"], row["status"],
        )  # fmt: skip

    summary = truth["summary"]
    assert Customer.objects.count() == summary["unique_customers"]
    completed = [order.net_amount for order in orders.values() if order.status == "completed"]
    assert (len(completed), sum(completed)) == (summary["completed_orders"], summary["completed_rial"])


def test_the_same_file_again_changes_nothing(shop):
    path = shared("persian/orders_utf8_bom_comma.csv")
    bring_file(path)
    before = list(Order.objects.order_by("pk").values())
    assert tally(bring_file(path)) == (0, 0, 247, 0, 8)
    assert list(Order.objects.order_by("pk").values()) == before


def test_the_same_orders_in_another_encoding_change_nothing(shop):
    bring_file(shared("persian/orders_utf8_bom_comma.csv"))
    assert tally(bring_file(shared("persian/orders_cp1256_semicolon.csv"))) == (0, 0, 247, 0, 8)
