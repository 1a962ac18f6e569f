"""The {words} a merchant may put into a text, and what stands there for one person.

A list of known words and one regular expression: no str.format, which reads attributes and pads to gigabytes,
and no template engine, which calls methods. What a value contains is never looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

# {name: {language: how it is written there}}; every spelling is understood in every language.
SPELLINGS: dict[str, dict[str, str]] = {
    "name": {"en": "name", "fa": "نام"},
    "first_name": {"en": "first_name", "fa": "نام کوچک"},
    "tier": {"en": "tier", "fa": "سطح"},
    "gap_to_next_tier": {"en": "gap_to_next_tier", "fa": "فاصله تا سطح بعد"},
    "last_order_day": {"en": "last_order_day", "fa": "آخرین خرید"},
    "points": {"en": "points", "fa": "امتیاز"},
    "shop": {"en": "shop", "fa": "فروشگاه"},
}
# What is said where we do not know, chosen to read well in the middle of a sentence.
FALLBACKS: dict[str, dict[str, str]] = {
    "en": {
        "name": "customer",
        "first_name": "customer",
        "tier": "member",
        "gap_to_next_tier": "a little",
        "last_order_day": "a while ago",
        "points": "0",
        "shop": "us",
    },
    "fa": {
        "name": "مشتری",
        "first_name": "مشتری",
        "tier": "عضو باشگاه",
        "gap_to_next_tier": "کمی",
        "last_order_day": "چندی پیش",
        "points": "۰",
        "shop": "ما",
    },
}
MAX_TEXT = 900  # characters; gateways refuse longer ones
MAX_PLACEHOLDERS = 10
MAX_VALUE = 60

_BRACED = re.compile(r"\{([^{}]*)\}")
_KNOWN = {spelling: name for name, spellings in SPELLINGS.items() for spelling in spellings.values()}


class PlaceholderError(ValueError):
    """Why a text cannot be sent: `code` is unknown, brace, too_long or too_many; `word` is the culprit."""

    def __init__(self, code: str, word: str = ""):
        super().__init__(f"{code}: {word}")
        self.code, self.word = code, word


def check(text: str) -> list[str]:
    """Return the names of the placeholders in `text`, each once, in order; raise PlaceholderError."""
    if len(text) > MAX_TEXT:
        raise PlaceholderError("too_long", str(len(text)))
    words = [match[1] for match in _BRACED.finditer(text)]
    for word in words:
        if _name(word) is None:
            raise PlaceholderError("unknown", word.strip()[:40])
    rest = _BRACED.sub("", text)
    if "{" in rest or "}" in rest:
        raise PlaceholderError("brace", "{" if "{" in rest else "}")
    if len(words) > MAX_PLACEHOLDERS:
        raise PlaceholderError("too_many", str(len(words)))
    return list(dict.fromkeys(_name(word) for word in words))


def fill(text: str, values: Mapping[str, str | None], language: str) -> str:
    """Return `text` with each placeholder replaced from `values`, or by the language's fallback where that is
    empty.

    At most MAX_TEXT + MAX_PLACEHOLDERS × MAX_VALUE characters, whatever the values hold. Raises
    PlaceholderError.
    """
    check(text)
    fallbacks = FALLBACKS.get(language, FALLBACKS["en"])

    def word(match: re.Match) -> str:
        name = _name(match[1])
        return _plain(values.get(name) or "") or fallbacks[name]

    return _BRACED.sub(word, text)


def spelled(name: str, language: str) -> str:
    """Return the placeholder as a person of `language` writes it, braces included."""
    spellings = SPELLINGS[name]
    return "{%s}" % spellings.get(language, spellings["en"])  # noqa: UP031


def needs(names: Iterable[str], text: str) -> bool:
    """Whether `text` uses any placeholder of `names`."""
    return bool(set(names) & set(check(text)))


def _name(word: str) -> str | None:
    # A half-space or a doubled space inside {آخرین خرید} is a slip of the finger, not another word.
    return _KNOWN.get(" ".join(word.replace("\u200c", " ").split()))


def _plain(value: str) -> str:
    """A value on one line, without characters that cannot be printed, cut to MAX_VALUE."""
    value = value[: 4 * MAX_VALUE]
    return " ".join("".join(c if c.isprintable() or c == "\u200c" else " " for c in value).split())[
        :MAX_VALUE
    ]
