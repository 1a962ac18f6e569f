"""Phones: one person, one number, however it was typed; and never two people in one."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.ui import phones
from loyalty.ui.text import persian_digits
from tests.shared_data import shared

NUMBER = st.builds(
    lambda prefix, rest: f"{prefix}{rest:08d}",
    st.sampled_from(["90", "91", "92", "93", "94", "99"]),
    st.integers(0, 10**8 - 1),
)
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
WRITINGS = [
    lambda n: f"0{n}",
    lambda n: n,
    lambda n: f"+98{n}",
    lambda n: f"0098{n}",
    lambda n: f"98{n}",
    lambda n: f"(0{n[:3]}) {n[3:6]}-{n[6:]}",
    lambda n: f"0{n[:3]}-{n[3:6]}-{n[6:]}",
    lambda n: f"+98 (0){n[:3]} {n[3:6]} {n[6:]}",
    lambda n: f"'0{n}",
    lambda n: f"\u200e0{n}\u200f",
    lambda n: f"  0{n[:3]} {n[3:]} ",
    lambda n: persian_digits(f"0{n}"),
    lambda n: f"0{n}".translate(ARABIC),
    lambda n: f"{n}.0",
    lambda n: f"0{n} - 02188776655",
    lambda n: f"02188776655، 0{n}",
    lambda n: f"0{n}/0{n}",
    lambda n: f"همراه: 0{n}",
    lambda n: f"0{n} (منزل)",
]


def code_of(raw, region="IR"):
    with pytest.raises(phones.PhoneError) as caught:
        phones.normalize(raw, region)
    return caught.value.code


@given(NUMBER, st.sampled_from(WRITINGS))
def test_every_way_of_writing_a_number_gives_the_same_one(number, write):
    assert phones.normalize(write(number)) == f"+98{number}"


@given(NUMBER, NUMBER, st.sampled_from(WRITINGS), st.sampled_from(WRITINGS))
def test_two_numbers_are_never_merged(one, other, write_one, write_other):
    same = phones.normalize(write_one(one)) == phones.normalize(write_other(other))
    assert same == (one == other)


@given(NUMBER)
def test_what_we_show_is_read_back_as_the_same_number(number):
    e164 = f"+98{number}"
    assert phones.normalize(phones.national(e164)) == phones.normalize(e164) == e164


@given(st.text(max_size=40))
def test_any_text_is_a_number_or_a_reason(raw):
    try:
        found = phones.normalize(raw)
    except phones.PhoneError as error:
        assert error.code in phones.PhoneError.__doc__
    else:
        assert phones.normalize(found) == found


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "empty"),
        ("   ", "empty"),
        (None, "empty"),
        ("'", "empty"),
        ("ندارد", "not_a_number"),
        ("---", "not_a_number"),
        ("0912 12x 4567", "not_a_number"),
        ("0912123", "too_short"),
        ("0", "too_short"),
        ("88776655", "too_short"),
        ("02188776655", "landline"),
        ("+98 21 8877 6655", "landline"),
        ("9.12E+09", "lost_digits"),
        ("9.12345E+09", "lost_digits"),
        ("+447911123456", "foreign_or_invalid"),
        ("+9121234567", "foreign_or_invalid"),
        ("091212345678", "foreign_or_invalid"),
        ("09812345678", "foreign_or_invalid"),
        ("9" * 5000, "not_a_number"),
    ],
)
def test_what_cannot_be_used_says_why(raw, code):
    assert code_of(raw) == code


def test_a_spreadsheet_that_kept_all_digits_is_believed():
    assert phones.normalize("9.121234567E+09") == "+989121234567"
    assert phones.normalize(9121234567.0) == phones.normalize(9121234567) == "+989121234567"


@pytest.mark.parametrize("raw", ["07911 123456", "+44 7911 123456", "0044 7911 123456", "(07911) 123-456"])
def test_another_region_reads_its_own_numbers(raw):
    assert phones.normalize(raw, "GB") == "+447911123456"


def test_numbers_set_aside_for_invented_people_pass():
    assert phones.normalize("07700 900123", "GB") == "+447700900123"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("020 7946 0018", "landline"),
        ("0800 123456", "foreign_or_invalid"),
        ("1111111111", "foreign_or_invalid"),
        ("+989121234567", "foreign_or_invalid"),
        ("123", "too_short"),
        ("07911", "too_short"),
    ],
)
def test_another_region_refuses_what_takes_no_message(raw, code):
    assert code_of(raw, "GB") == code


def test_a_masked_number_hides_its_middle():
    assert phones.mask("+989121234567") == "0912 ••• 45 67"
    assert phones.mask("+447700900123") == "0770 ••• 01 23"
    assert phones.mask("") == phones.national("") == ""
    assert "123" not in phones.mask("+989121234567").replace(" ", "")


def test_a_stored_number_is_shown_as_its_country_writes_it():
    assert phones.national("+989121234567") == "0912 123 4567"
    assert phones.national("+447700900123") == "07700 900123"
    assert phones.national("not stored by us") == "not stored by us"


def test_half_a_million_rows_take_seconds():
    began = time.perf_counter()
    for number in range(50_000):
        phones.normalize(f"0912 1{number:06d}")
    assert time.perf_counter() - began < 5


def test_an_adversarial_cell_takes_no_time():
    for raw in ("9" * 50_000, "0912-" * 20, "+98 " * 25, "(" * 99 + "1", "0 " * 49):
        began = time.perf_counter()
        with pytest.raises(phones.PhoneError):
            phones.normalize(raw)
        assert time.perf_counter() - began < 0.5


def test_the_messy_persian_file_gives_its_true_numbers():
    import csv

    truth = json.loads(shared("persian/truth.json").read_text(encoding="utf-8"))["rows"]
    with shared("persian/orders_utf8_bom_comma.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(truth) == 255
    codes = {"phone_is_landline": "landline", "phone_scientific_notation": "lost_digits"}
    codes |= {"phone_too_short": "too_short", "phone_missing": "empty"}
    for row, expected in zip(rows, truth, strict=True):
        if expected["error"] in codes:
            assert code_of(row["شماره تماس"]) == codes[expected["error"]]
        elif expected["phone"]:
            assert phones.normalize(row["شماره تماس"]) == expected["phone"]
