import time

import pytest

from campaigns import placeholders
from campaigns.placeholders import PlaceholderError, check, fill

VALUES = {"name": "سارا نمونه", "first_name": "سارا", "tier": "طلایی", "points": "۱۲۰"}


def test_known_words_are_replaced():
    assert fill("{first_name} عزیز، {points} امتیاز دارید.", VALUES, "fa") == "سارا عزیز، ۱۲۰ امتیاز دارید."


def test_a_word_may_be_spelled_in_persian_or_english():
    assert (
        fill("{نام} {name} {نام کوچک} {آخرین  خرید}", VALUES, "fa") == "سارا نمونه سارا نمونه سارا چندی پیش"
    )
    assert check("{سطح} {tier}") == ["tier"]


def test_what_is_not_known_reads_well():
    assert fill("Dear {name}", {}, "en") == "Dear customer"
    assert fill("{name} گرامی", {"name": "  "}, "fa") == "مشتری گرامی"


def test_every_placeholder_has_a_spelling_and_a_fallback_in_both_languages():
    for name in placeholders.SPELLINGS:
        for language in ("en", "fa"):
            assert check(placeholders.spelled(name, language)) == [name]
            assert placeholders.FALLBACKS[language][name]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{nmae} hello", "unknown"),
        ("{}", "unknown"),
        ("{ name", "brace"),
        ("name }", "brace"),
        ("{{name}}", "brace"),
        ("{name}" * 11, "too_many"),
        ("a" * 901, "too_long"),
    ],
)
def test_a_slip_is_refused_with_its_reason(text, code):
    with pytest.raises(PlaceholderError) as error:
        check(text)
    assert error.value.code == code


HOSTILE = [
    "{{7*7}}",
    "{c.__class__}",
    "{0.__globals__}",
    "{name.__class__.__mro__}",
    "{name:>10000000}",
    "{name!r}",
    "{n:>10000000}",
    "${x}",
    "#{7*7}",
    "{% debug %}",
    "{{ c.delete }}",
    "{{'a'|ljust:50000000}}",
    "{name\x00}",
    "{name}}",
    "{{name}",
    "{\u202ename}",
    "{NAME}",
    "{name|safe}",
    "{self}",
    "{__import__('os')}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_but_the_known_words_is_understood(text):
    with pytest.raises(PlaceholderError):
        fill(text, VALUES, "en")


def test_other_languages_of_templates_are_only_letters():
    assert fill("%(name)s %s <%= x %>", VALUES, "en") == "%(name)s %s <%= x %>"


def test_a_value_is_never_read_again():
    assert fill("{name}", {"name": "{points} {{x}}"}, "en") == "{points} {{x}}"


def test_a_length_bomb_is_impossible():
    bomb = dict.fromkeys(placeholders.SPELLINGS, "الف" * 1000000)
    text = "{name}" * 10 + "x" * (900 - 60)
    started = time.perf_counter()
    assert len(fill(text, bomb, "fa")) <= placeholders.MAX_TEXT + 10 * placeholders.MAX_VALUE
    with pytest.raises(PlaceholderError):
        check("{" * 1_000_000)
    assert time.perf_counter() - started < 0.5


def test_a_value_stays_on_one_line_and_shows_only_what_can_be_printed():
    assert fill("{name}", {"name": "Ali\r\n\x07  Sample\u202e"}, "en") == "Ali Sample"
    assert fill("{name}", {"name": "علی‌رضا"}, "fa") == "علی‌رضا"
