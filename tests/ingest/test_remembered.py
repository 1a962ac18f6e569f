"""What was said of one file helps with the next one like it, but never against what that file's rows prove."""

from __future__ import annotations

import pytest

from loyalty.customers.models import Order
from loyalty.ingest import runs
from loyalty.ingest.models import RememberedMapping
from tests.ingest.bring import bring, receive


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def lines(*rows: str) -> str:
    return "Invoice,Mobile,Date,Product,Amount (rial),Discount %\n" + "\n".join(rows) + "\n"


FIRST = lines("1,09990000001,03/04/2024,A,80,20", "2,09990000002,13/04/2024,B,80,20")


@pytest.mark.parametrize(
    ("rows", "setting", "proven"),
    [
        (("3,09990000001,03/04/2024,A,80,20", "4,09990000001,04/27/2024,A,80,20"), "day_first", False),
        (
            ("3,09990000001,03/04/2024,A,80,0.2", "4,09990000001,13/04/2024,A,80,0.05"),
            "discount_rates",
            "share",
        ),
        (("3,09990000001,03/04/2024,A,80,20", "3,09990000001,03/04/2024,B,90,20"), "row_kind", "line"),
        (
            ("531,09990000001,03/04/2024,A,80,20", "532,,03/04/2024,B,90,20", "C533,,03/04/2024,B,90,20"),
            "cancel_prefix",
            "C",
        ),
    ],
)
def test_what_the_rows_prove_stands_above_what_is_remembered(shop, rows, setting, proven):
    bring(FIRST)
    before = getattr(runs.mapping_of(receive(FIRST)), setting)
    assert before != proven
    assert getattr(runs.mapping_of(receive(lines(*rows))), setting) == proven


def test_a_discount_kept_as_a_share_is_read_as_one_after_a_file_with_percents(shop):
    bring(FIRST)
    bring(lines("9,09990000001,2024-04-13,A,80,0.2"))
    assert Order.objects.get(external_id="9").discount_amount == 20


def test_what_no_row_tells_stays_as_it_was_said(shop):
    bring(FIRST, {"day_first": False, "discount_rates": "share", "row_kind": "line", "cancel_prefix": "R"})
    silent = runs.mapping_of(receive(lines("9,09990000001,03/04/2024,A,80,")))
    assert (silent.day_first, silent.discount_rates, silent.row_kind, silent.cancel_prefix) == (
        False,
        "share",
        "line",
        "R",
    )


def test_who_says_that_rows_are_orders_although_numbers_repeat_is_believed_next_time_too(shop):
    repeated = lines("3,09990000001,03/04/2024,A,80,20", "3,09990000001,03/04/2024,B,90,20")
    bring(repeated, {"row_kind": "order"})
    assert RememberedMapping.objects.get().mapping["row_kind"] == "order"
    assert runs.mapping_of(receive(repeated)).row_kind == "order"


def test_words_source_and_columns_are_remembered(shop):
    bring(FIRST, {"source": "till", "status_words": {"posted": "completed"}})
    known = runs.mapping_of(receive(FIRST))
    assert (known.source, known.status_words) == ("till", {"posted": "completed"})
