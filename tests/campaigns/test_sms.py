"""A person can check these by hand: the tables are those of the operators."""

import pytest

from campaigns import sms


@pytest.mark.parametrize(
    ("letters", "pages"),
    [(0, 1), (1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4), (268, 4), (269, 5)],
)
def test_persian_pages_follow_the_iranian_table(letters, pages):
    assert sms.pages("س" * letters) == pages


@pytest.mark.parametrize(("letters", "pages"), [(160, 1), (161, 2), (306, 2), (307, 3), (459, 3), (460, 4)])
def test_latin_pages_hold_160_then_153(letters, pages):
    assert sms.pages("a" * letters) == pages


def test_the_iranian_table_is_the_room_each_further_page_adds():
    total, table = 0, [70, 64, 67, 67]
    for page, room in enumerate(table, 1):
        total += room
        assert sms.pages("ب" * total) == page
        assert sms.pages("ب" * (total + 1)) == page + 1


def test_one_character_outside_the_alphabet_makes_the_whole_text_ucs2():
    assert sms.measure("a" * 71).alphabet == "gsm"
    assert sms.measure("a" * 70 + "’") == sms.Length("ucs2", 71, 2, 134 - 71)


def test_extension_characters_cost_two():
    assert sms.measure("€" * 80) == sms.Length("gsm", 160, 1, 0)
    assert sms.pages("€" * 80 + "a") == 2


def test_an_escaped_letter_is_not_cut_at_the_end_of_a_page():
    text = "a" * 152 + "€" + "a" * 151
    # 152 + 2 + 151 = 305 septets would fit 306, but the euro must move to the second page whole.
    assert sms.measure(text) == sms.Length("gsm", 305, 2, 0)
    assert sms.pages(text + "a") == 3


def test_an_emoji_counts_two_units_and_is_not_cut():
    assert sms.measure("س" * 68 + "🌸").units == 70
    assert sms.pages("س" * 69 + "🌸") == 2
    assert sms.measure("س" * 66 + "🌸" + "س" * 65) == sms.Length("ucs2", 133, 2, 0)
    assert sms.measure("👨‍👩‍👧‍👦").units == 11


def test_the_half_space_counts_but_is_not_pointed_out():
    assert sms.measure("می‌شود").units == 6
    assert sms.hidden("می‌شود") == []


def test_hidden_characters_are_named():
    assert sms.hidden("a\u200bb\u00a0c\u200b\u200e") == [
        "ZERO WIDTH SPACE",
        "NO-BREAK SPACE",
        "LEFT-TO-RIGHT MARK",
    ]
    assert sms.hidden("line\nbreak") == []


def test_what_makes_a_latin_text_dear_is_shown():
    assert sms.costly("Don’t miss it – now") == ["’", "–"]
    assert sms.costly("plain text") == []
    assert sms.costly("متن فارسی – ساده") == []


@pytest.mark.parametrize("end", ["لغو۱۱", "لغو 11", "لغو: ارسال ۱۱", "لغو11\n"])
def test_a_persian_text_that_says_how_to_stop_is_left_alone(end):
    assert sms.says_how_to_stop("سلام\n" + end, "fa")


@pytest.mark.parametrize(
    "text",
    ["Text stop to leave", "Reply STOP", "Hi. Reply 'STOP' to opt out.", "Send STOP, any time", "txt:STOP"],
)
def test_an_english_text_that_says_how_to_stop_is_left_alone(text):
    assert sms.says_how_to_stop(text, "en")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Stop by this week for a free coffee"),
        ("en", "Non-stop music tonight"),
        ("en", "Don't stop now"),
        ("en", "A present from Stop & Go"),
        ("en", "We text. Stop by!"),
        ("en", "Call or text\nStop to say hello"),
        ("en", "Reply stop-start or hybrid"),
        ("en", "Send stop signs to us"),
        ("fa", "نوبت شما لغو شد"),
        ("fa", "قرار ساعت ۱۱ لغو شد، ساعت ۱۲ بیایید"),
        ("fa", "لغو۱۱ را فراموش کنید و بیایید"),
        ("fa", "بی‌لغو ۱۱"),
    ],
)
def test_a_text_that_only_sounds_like_it_does_not_say_how_to_stop(language, text):
    assert not sms.says_how_to_stop(text, language)


def test_the_way_to_stop_is_added_and_counted():
    assert sms.with_opt_out("سلام ", "fa") == "سلام\nلغو۱۱"
    assert sms.with_opt_out("Hello", "en") == "Hello\nReply STOP to opt out"
    assert sms.with_opt_out("", "en") == "Reply STOP to opt out"
    assert sms.measure(sms.with_opt_out("س" * 64, "fa")) == sms.Length("ucs2", 70, 1, 0)
    assert sms.pages(sms.with_opt_out("س" * 65, "fa")) == 2
