"""Names and digits: what two keyboards write differently is found as one, and shown in one way."""

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.ui import text

PERSIAN = st.text(alphabet=text.ALPHABET + "يكىةأإئؤء \u200c\u200f\u0640\u064b\u0651ۀ", max_size=30)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("عـلی رضا", "علی رضا"),
        ("اسرا\u200c رودگر", "اسرا رودگر"),
        ("  سوگند   تنزيلي ", "سوگند تنزیلی"),
        ("ابوالفضل كمالي", "ابوالفضل کمالی"),
        ("\u200fزینب رضا زاده", "زینب رضا زاده"),
        ("علی\u200cرضا", "علی\u200cرضا"),
        ("علی\u200c\u200cرضا", "علی\u200cرضا"),
        ("\u200cعلی\u200c", "علی"),
        ("ﻋﻠﻲ", "علی"),
        ("line\nbreak\x00 and\u00a0space", "line break and space"),
        ("half \ud800 pair", "half pair"),
        ("", ""),
    ],
)
def test_a_name_is_shown_in_persian_letters_and_single_spaces(raw, shown):
    assert text.clean_name(raw) == shown


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("علي", "علی"),
        ("كاوه", "کاوه"),
        ("علی\u200cرضا", "علیرضا"),
        ("أحمد", "احمد"),
        ("رؤیا", "رویا"),
        ("فاطمة", "فاطمه"),
        ("مُحَمَّد", "محمد"),
        ("آرش", "ارش"),
        ("José GARCÍA", "jose garcia"),
        ("پلاک ۱۲", "پلاک 12"),
        ("پلاک ١٢", "پلاک 12"),
    ],
)
def test_two_spellings_are_found_by_one_key(one, other):
    assert text.fold(one) == text.fold(other)


def test_different_names_keep_different_keys():
    assert len({text.fold(name) for name in ("علی", "عالی", "عالیه", "علا")}) == 4


def test_persian_sorts_in_persian_order_then_latin():
    names = [
        "آرش",
        "احمد",
        "بهار",
        "پژمان",
        "تینا",
        "چنگیز",
        "ژاله",
        "کاوه",
        "گلی",
        "لادن",
        "وحید",
        "هادی",
        "یاسر",
    ]
    assert sorted(names, key=text.sort_key) == names
    mixed = ["7 Rooz", "آرش", "یاسر", "Adam", "zed", "Ωmega"]
    assert sorted(set(mixed), key=text.sort_key) == mixed


def test_the_whole_alphabet_is_in_order():
    assert sorted(text.ALPHABET, key=text.sort_key) == list(text.ALPHABET)
    assert len(set(text.ALPHABET)) == 33


def test_a_shorter_name_comes_before_its_continuation():
    names = ["علی", "علی اکبری", "علی زاده", "علیرضا"]
    assert sorted(names, key=text.sort_key) == names


def test_sort_keys_hold_their_order_in_any_collation():
    key = text.sort_key("آرش Ωmega 12")
    assert set(key) <= set(string.ascii_lowercase + string.digits)


def test_every_decimal_digit_becomes_ascii_and_nothing_else_does():
    assert text.ascii_digits("۱٢３४") == "1234"
    assert text.ascii_digits("²½Ⅷ①") == "²½Ⅷ①"
    assert text.persian_digits("12٬345 a") == "۱۲٬۳۴۵ a"


@given(st.text())
def test_any_text_at_all_can_be_a_name(raw):
    shown = text.clean_name(raw)
    assert text.clean_name(shown) == shown
    assert text.fold(text.fold(raw)) == text.fold(raw)
    assert "\x00" not in shown
    shown.encode("utf-8")
    text.sort_key(raw).encode("ascii")


@given(PERSIAN)
def test_tidying_a_name_never_changes_who_is_found(raw):
    assert text.fold(text.clean_name(raw)) == text.fold(raw)
    assert text.clean_name(text.clean_name(raw)) == text.clean_name(raw)


@given(PERSIAN, PERSIAN)
def test_names_that_are_one_name_sort_together(one, other):
    same = text.fold(one.replace("آ", "ا")) == text.fold(other.replace("آ", "ا"))
    if text.sort_key(one) == text.sort_key(other):
        assert same


@given(st.text(alphabet="0123456789۰۱۲۳۴۵۶۷۸۹", max_size=20))
def test_digits_go_there_and_back(raw):
    assert text.ascii_digits(text.persian_digits(raw)) == text.ascii_digits(raw)
    assert all(unicodedata.category(char) == "Nd" for char in raw)
