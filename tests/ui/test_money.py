"""Money: read from whatever a till or a person writes, exactly; written in the reader's unit and digits."""

import csv
import json
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.ui import money
from loyalty.ui.presentation import Presentation
from loyalty.ui.text import persian_digits
from tests.shared_data import shared

FA = Presentation("fa", "jalali", "IRR", "toman")
RIAL = Presentation("fa", "jalali", "IRR", "rial")
EN = Presentation("en", "gregorian", "IRR", "toman")
GB = Presentation("en", "gregorian", "GBP", "")


def code_of(raw, code="IRR", unit="toman"):
    with pytest.raises(money.AmountError) as caught:
        money.parse_amount(raw, code, unit)
    return caught.value.code


@pytest.mark.parametrize(
    ("raw", "rial"),
    [
        ("800000", 8_000_000),
        ("2.083.000", 20_830_000),
        ("802.000", 8_020_000),
        ("۱۶۵۵۰۰۰ تومان", 16_550_000),
        ("8,310,000 ریال", 8_310_000),
        ("ریال 8,310,000", 8_310_000),
        ("1543000.00", 15_430_000),
        ("589 هزار تومان", 5_890_000),
        ("589هزار", 5_890_000),
        ("۲٬۴۷۲٬۰۰۰", 24_720_000),
        ("481،000", 4_810_000),
        ("٤٨١٬٠٠٠", 4_810_000),
        ("1 250 000", 12_500_000),
        ("۱/۲۵۰/۰۰۰", 12_500_000),
        ("1.5 میلیون", 15_000_000),
        ("۱٫۲۵۰ میلیون تومان", 12_500_000),
        ("1,250 هزار تومان", 12_500_000),
        ("۱ میلیون و ۲۰۰ هزار تومان", 12_000_000),
        ("2 million toman", 20_000_000),
        ("۱۲٫۵", 125),
        ("12٬000", 120_000),
        ("'5000", 50_000),
        ("-0", 0),
        ("0", 0),
        (5000, 50_000),
        (5000.0, 50_000),
        (Decimal("5000.5"), 50_005),
    ],
)
def test_toman_are_read_from_any_writing(raw, rial):
    assert money.parse_amount(raw, "IRR", "toman") == rial


def test_without_a_unit_the_shops_own_counts():
    assert money.parse_amount("5,000", "IRR", "rial") == 5_000
    assert money.parse_amount("5,000", "IRR", "toman") == 50_000
    assert money.parse_amount("5,000 تومان", "IRR", "rial") == 50_000


@pytest.mark.parametrize(
    ("raw", "pence"),
    [
        ("£1,234.50", 123_450),
        ("1,234", 123_400),
        ("1.234", 123),
        ("2.555", 256),
        ("0.001", 0),
        ("12,50", 1_250),
        ("1.234,56", 123_456),
        ("12 GBP", 1_200),
        ("12.5 £", 1_250),
    ],
)
def test_pounds_are_read_with_their_pence(raw, pence):
    assert money.parse_amount(raw, "GBP") == pence


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "empty"),
        (None, "empty"),
        ("  '", "empty"),
        ("رایگان", "not_a_number"),
        ("NaN", "not_a_number"),
        ("Infinity", "not_a_number"),
        ("1_000", "not_a_number"),
        ("²", "not_a_number"),
        ("0x10", "not_a_number"),
        ("12 34", "not_a_number"),
        ("1,25,000", "not_a_number"),
        ("1--2", "not_a_number"),
        ("هزار", "not_a_number"),
        ("1 و 2", "not_a_number"),
        ("10 تومان ریال", "not_a_number"),
        ("12/5", "not_a_number"),
        ("5 $", "other_currency"),
        ("1e5", "lost_digits"),
        ("1.25E+06", "lost_digits"),
        ("1e309", "lost_digits"),
        ("1E+6000000", "lost_digits"),
        ("9" * 19, "too_large"),
        ("9" * 5000, "too_large"),
        ("999999 میلیارد", "too_large"),
        ("-120,000", "negative"),
        ("120,000-", "negative"),
        ("−120,000", "negative"),
        ("(120,000)", "negative"),
    ],
)
def test_what_is_no_amount_says_why_and_quickly(raw, code):
    began = time.perf_counter()
    assert code_of(raw) == code
    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize("raw", ["-120,000", "120,000-", "(120,000)", "\u2066−۱۲۰٬۰۰۰\u2069 تومان"])
def test_a_refund_column_may_be_negative(raw):
    assert money.parse_amount(raw, "IRR", "toman", signed=True) == -1_200_000


@given(st.text(max_size=70))
def test_any_text_is_an_amount_or_a_reason(raw):
    try:
        minor = money.parse_amount(raw, "IRR", "toman", signed=True)
    except money.AmountError as error:
        assert error.code in money.AmountError.__doc__
    else:
        assert abs(minor) <= money.MAX_MINOR


@given(st.integers(-money.MAX_MINOR, money.MAX_MINOR), st.sampled_from([FA, RIAL, EN, GB]))
def test_what_we_write_is_read_back_to_the_last_minor_unit(minor, presentation):
    for written in (money.format_amount(minor, presentation), money.format_plain(minor, presentation)):
        read = money.parse_amount(written, presentation.currency, presentation.display_unit, signed=True)
        assert read == minor


@given(st.integers(0, 10**12), st.sampled_from(["{:,}", "{}"]), st.booleans())
def test_separators_and_digits_change_nothing(toman, form, persian):
    written = form.format(toman)
    written = persian_digits(written.replace(",", "٬")) if persian else written
    assert money.parse_amount(written, "IRR", "toman") == toman * 10


def test_amounts_are_shown_in_the_readers_unit_and_digits():
    assert money.format_amount(12_345_670, FA) == "۱٬۲۳۴٬۵۶۷ تومان"
    assert money.format_amount(12_345_678, FA) == "۱٬۲۳۴٬۵۶۷٫۸ تومان"
    assert money.format_amount(12_345_678, RIAL) == "۱۲٬۳۴۵٬۶۷۸ ریال"
    assert money.format_amount(12_345_670, EN) == "1,234,567 toman"
    assert money.format_amount(123_450, GB) == "£1,234.50"
    assert money.format_amount(-850_000, FA) == "\u2066−۸۵٬۰۰۰\u2069 تومان"
    assert money.format_amount(-850_000, EN) == "−85,000 toman"
    assert money.format_amount(-5, GB) == "−£0.05"
    assert money.format_plain(123_450, GB) == "1,234.50"
    assert money.unit_label(FA) == "تومان"
    assert money.unit_label(GB) == "£"


def test_long_amounts_are_shortened_on_request():
    assert money.format_amount(3_184_000_000, FA, compact=True) == "۳۱۸٫۴ میلیون تومان"
    assert money.format_amount(3_860_000_000, EN, compact=True) == "386 M toman"
    assert money.format_amount(2_800_000, EN, compact=True) == "280,000 toman"
    assert money.format_amount(9_999_999_999, EN, compact=True) == "1 B toman"
    assert money.format_amount(250_000_000, GB, compact=True) == "£2.5 M"
    assert [money.format_short(3_184_000_000, shown) for shown in (FA, EN, GB)] == [
        "۳۱۸٫۴ میلیون",
        "318.4 M",
        "31.8 M",
    ]
    assert money.format_short(2_800_000, EN) == "280,000"
    assert money.format_amount(-34_000_000, FA, compact=True) == "\u2066−۳٫۴\u2069 میلیون تومان"


def test_a_currency_we_do_not_know_counts_in_hundredths():
    assert money.parse_amount("12.50", "XYZ") == 1_250
    assert money.format_amount(1_250, Presentation(currency="XYZ", display_unit="")) == "12.50 XYZ"


def test_the_messy_persian_file_gives_its_true_amounts():
    truth = json.loads(shared("persian/truth.json").read_text(encoding="utf-8"))["rows"]
    with shared("persian/orders_utf8_bom_comma.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    codes = {"amount_negative": "negative", "amount_not_a_number": "not_a_number"}
    for row, expected in zip(rows, truth, strict=True):
        if expected["error"] in codes:
            assert code_of(row["مبلغ (تومان)"]) == codes[expected["error"]]
        elif expected["amount_rial"] is not None:
            assert money.parse_amount(row["مبلغ (تومان)"], "IRR", "toman") == expected["amount_rial"]


@given(st.integers(0, 10**11 - 1), st.sampled_from(["", ".0", ".5", ".05", ".99"]), st.booleans())
def test_the_quick_way_agrees_with_the_long_way(whole, fraction, grouped):
    plain = f"{whole:,}{fraction}" if grouped else f"{whole}{fraction}"
    for code, unit in (("IRR", "toman"), ("IRR", "rial"), ("GBP", "")):
        # A leading apostrophe sends the same cell the long way.
        assert money.parse_amount(plain, code, unit) == money.parse_amount(f"'{plain}", code, unit)
