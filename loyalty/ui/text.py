"""Persian and Latin text: digits of every script, names as people write them, keys to search and to sort by.

Two keyboards write one name in different letters (ي and ی, ك and ک), and a word is glued with a half-space, a
space or nothing. `clean_name` tidies what is shown; `fold`, `search_key` and `sort_key` are never shown, only compared.
"""

from __future__ import annotations

import re
import sys
import unicodedata

ZWNJ = "\u200c"
# Every decimal digit of every script, so that ٤ and ４ are read like ۴ and 4 (but not ², which is no digit).
_TO_ASCII = {
    code: str(unicodedata.decimal(chr(code)))
    for code in range(128, sys.maxunicode + 1)
    if unicodedata.category(chr(code)) == "Nd"
}
_TO_PERSIAN = {ord("0") + value: chr(ord("۰") + value) for value in range(10)}
# Marks that steer the direction of text, join letters or take no room. They come along when copying.
INVISIBLE = (
    "\u200b\u200d\u200e\u200f\u061c\u2060\u2066\u2067\u2068\u2069\u202a\u202b\u202c\u202d\u202e\ufeff\u00ad"
)
TATWEEL = "\u0640"
_REMOVED = dict.fromkeys(map(ord, INVISIBLE + TATWEEL))
_DISPLAY = {**_REMOVED, ord("ي"): "ی", ord("ى"): "ی", ord("ك"): "ک"}
_PRESENTATION_FORMS = re.compile("[\ufb50-\ufdff\ufe70-\ufefc]+")
# Line breaks, NUL (which PostgreSQL refuses), and halves of surrogate pairs (which UTF-8 refuses).
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\\s]+")
_LOOSE_ZWNJ = re.compile(rf"{ZWNJ}{{2,}}|(?<![^\W\d_]){ZWNJ}+|{ZWNJ}+(?![^\W\d_])")
# After taking hamza and harakat off by decomposition (أ → ا, ئ → ي, é → e), these still look or sound alike.
_FOLDED = {
    **_REMOVED,
    ord(ZWNJ): None,
    **dict.fromkeys(map(ord, "يىېےۍ"), "ی"),
    **dict.fromkeys(map(ord, "كڪګ"), "ک"),
    **dict.fromkeys(map(ord, "ةۀەہھۃ"), "ه"),
    **dict.fromkeys(map(ord, "ٱ"), "ا"),
    **dict.fromkeys(map(ord, "ۋۆۇ"), "و"),
    ord("ء"): None,
    **_TO_ASCII,
}
# Persian order: آ before ا, and و before ه (Unicode and Arabic have it the other way).
ALPHABET = "آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"


def ascii_digits(text: str) -> str:
    """Return the text with every decimal digit, of whatever script, as 0–9."""
    return text if text.isascii() else text.translate(_TO_ASCII)


def persian_digits(text: str) -> str:
    """Return the text with 0–9 as ۰–۹."""
    return text.translate(_TO_PERSIAN)


def without_marks(text: str) -> str:
    """Return the text without invisible direction and joining marks, and without tatweel."""
    return text if text.isascii() else text.translate(_REMOVED)


def clean_name(text: str) -> str:
    """Return a name as it is shown: Persian letters, single spaces, half-spaces only between letters."""
    if not text.isascii():
        text = _PRESENTATION_FORMS.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
        text = unicodedata.normalize("NFC", text).translate(_DISPLAY)
        # Only now: taking a mark away may have left a half-space without its letter.
        text = _LOOSE_ZWNJ.sub(lambda match: ZWNJ if _between_letters(match) else "", text)
    return _CONTROLS.sub(" ", text).strip()


def _between_letters(match: re.Match[str]) -> bool:
    text, start, end = match.string, match.start(), match.end()
    return start > 0 and end < len(text) and text[start - 1].isalpha() and text[end].isalpha()


def fold(text: str) -> str:
    """Return the key by which two spellings of the same words are found: lower case, one form per letter.

    Half-spaces disappear, hamza, harakat and accents come off, digits are 0–9, spaces are single.
    """
    if text.isascii():
        text = text.lower()
    else:
        # Twice, because lower-casing may bring a mark and decomposing may bring a capital.
        text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()).casefold()
        text = "".join(char for char in text if not unicodedata.combining(char)).translate(_FOLDED)
    return _CONTROLS.sub(" ", text).strip()


def search_key(name: str) -> str:
    """Return what of a name is searched: folded and without spaces, for «محمد رضا» is also written «محمدرضا»."""
    return fold(name).replace(" ", "")


# Letters and digits only: they keep their order in every database collation, C or not.
_SORT = {
    " ": "0",
    **{str(value): f"1{value}" for value in range(10)},
    **{letter: f"{'abcd'[index // 10]}{index % 10}" for index, letter in enumerate(ALPHABET)},
    **{chr(code): f"q{chr(code)}" for code in range(ord("a"), ord("z") + 1)},
}


def sort_key(text: str) -> str:
    """Return a string of a–z and 0–9 whose order is: space, digits, Persian, Latin, everything else."""
    # Folding would make آ and ا one letter, yet a Persian list begins with آ.
    parts = fold(unicodedata.normalize("NFC", text).replace("آ", "\ue000")).replace("\ue000", "آ")
    return "".join(_SORT.get(char) or f"z{ord(char):06x}" for char in parts)
