"""Every condition is said in a sentence that a person would say, in both languages."""

from __future__ import annotations

import random
import re

import pytest

from campaigns.models import Campaign
from loyalty.customers.filters.builder import words
from loyalty.customers.filters.builder.fields import FIELDS
from loyalty.customers.filters.builder.tree import parse
from loyalty.customers.models import Product
from loyalty.ui.text import ascii_digits
from segmentation.models import OwnSegment

from . import world

OPS = [(one.key, op.key) for one in FIELDS.values() for op in one.ops]


def said(asked: dict) -> dict[str, str]:
    return words.in_both(parse(world.definition({"join": "all", "not": False, "of": [asked]})))


def without_names(sentence: str, asked: dict) -> str:
    """Return a sentence with what the shop itself calls things left out: those digits are its own."""
    called = {str(one) for model in (Product, Campaign, OwnSegment) for one in model.objects.all()}
    for name in called | {asked["values"].get("name") or "…"}:
        sentence = sentence.replace(name, "name")
    return sentence


def numbers(asked: dict) -> set[str]:
    """Return every number that was asked for."""
    given = [value if isinstance(value, list) else [value] for value in asked["values"].values()]
    return {str(one) for some in given for one in some if isinstance(one, int)}


@pytest.mark.parametrize(("key", "op"), OPS, ids=lambda value: value)
def test_a_condition_ends_with_what_is_counted_and_speaks_in_its_own_digits(made, key, op):
    chance = random.Random(f"{key}{op}")
    for _ in range(8):
        asked = world.question(chance, made, key, op)
        for language, sentence in said(asked).items():
            plain = without_names(sentence, asked).removesuffix(".")
            assert ascii_digits(plain.split()[-1]) not in numbers(asked), sentence
            assert "…" not in plain, sentence
            if language == "fa":
                assert not re.search("[0-9]", plain), sentence


@pytest.mark.parametrize(
    ("key", "op", "values", "english", "persian"),
    [
        (
            "birthday",
            "any",
            {"days": 7},
            "whose birthday is in the next 7 days",
            "تولدشان در ۷ روز آینده است",
        ),
        ("m_score", "any", {"values": [5, 4]}, "who score 5 or 4 for money", "امتیاز مبلغشان ۵ یا ۴ است"),
        ("orders", "at_most", {"max": 1}, "who made at most 1 purchase", "حداکثر ۱ خرید داشته‌اند"),
        (
            "orders",
            "between",
            {"min": 1, "max": 1},
            "who made exactly 1 purchase",
            "درست ۱ خرید داشته‌اند",
        ),
        (
            "orders",
            "between",
            {"min": 1, "max": 3, "within": 30},
            "who made between 1 and 3 purchases in the last 30 days",
            "در ۳۰ روز گذشته بین ۱ و ۳ خرید داشته‌اند",
        ),
        ("age", "at_least", {"min": 30}, "who are at least 30 years old", "سنشان دست‌کم ۳۰ سال است"),
        ("gender", "any", {"values": ["female"]}, "who are women", "زن هستند"),
        ("last_order", "in_last", {"days": 1}, "in the last 1 day", "در ۱ روز گذشته"),
        ("received", "any", {}, "who received any campaign", "کمپینی گرفته‌اند"),
        ("attribute", "any", {"name": "رنگ"}, "“رنگ”: whatever it is", "«رنگ»: هر چه باشد"),
    ],
)
def test_a_condition_in_words(made, key, op, values, english, persian):
    found = said({"field": key, "op": op, "not": False, "values": values})
    assert english in found["en"]
    assert persian in found["fa"]


def test_a_persian_sentence_says_که_once(made):
    asked = [
        {"field": "gender", "op": "any", "not": number > 0, "values": {"values": ["male"]}}
        for number in range(2)
    ]
    inner = {"join": "any", "not": True, "of": asked}
    tree = parse(world.definition({"join": "all", "not": False, "of": [*asked, inner]}))
    assert words.in_both(tree)["fa"].split().count("که") == 1
