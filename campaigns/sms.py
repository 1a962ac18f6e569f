"""How long a text message is: alphabets, pages, hidden characters, the line that lets people stop.

A page is 140 octets: 160 letters of the GSM alphabet, or 70 of UCS-2 as soon as one character is outside it
(any Persian letter is). A longer text loses 6 octets a page to the header that joins the parts: 153 or 67.
Source: 3GPP TS 23.038 (alphabets) and 23.040 §9.2.3.24 (concatenation). The Iranian table "70, 64, 67, 67" is
the same rule told as the room each further page adds: 70, 134 − 70, 201 − 134.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Written as an escape and a letter: two septets each.
GSM_EXTENSION = frozenset("^{}\\[~]|€\f")

# {alphabet: (room of a text that fits one page, room of each page of a longer one)}
ROOM = {"gsm": (160, 153), "ucs2": (70, 67)}

# The half-space is good Persian, so it is counted but not pointed out.
HALF_SPACE = "\u200c"
_LOOKS_EMPTY = frozenset("\u00a0\u00ad\u034f\u115f\u1160\u180e\u2007\u202f\u3164\ufeff")

OPT_OUT = {"fa": "لغو۱۱", "en": "Reply STOP to opt out"}
# A text that goes out without the way to stop is the worse slip: "Stop by", "non-stop" and a booking that was
# cancelled ("لغو") say nothing of it, so only a whole instruction counts.
_HAS_OPT_OUT = {
    "fa": re.compile(r"(?<![\w\u200c])لغو[\s:،]*(?:ارسال\s*)?(?:11|۱۱|١١)\s*$"),
    "en": re.compile(
        r"\b(?:reply|text|txt|send)[ \t]*[ \t:\"'“‘]STOP\b(?!-)[\"'”’]?(?:[ \t]+to\b|[ \t]*[.,;!)]|\s*$)",
        re.I,
    ),
}


@dataclass(frozen=True)
class Length:
    """The size of one text: `units` are septets (gsm) or UTF-16 units (ucs2), `room` what is left on its last
    page."""

    alphabet: str
    units: int
    pages: int
    room: int


def measure(text: str) -> Length:
    """Return the length of `text` as the network counts it; an empty text still takes one page."""
    alphabet = "gsm" if all(char in GSM or char in GSM_EXTENSION for char in text) else "ucs2"
    alone, joined = ROOM[alphabet]
    widths = [_width(char, alphabet) for char in text]
    units = sum(widths)
    if units <= alone:
        return Length(alphabet, units, 1, alone - units)
    pages, used = 1, 0
    for width in widths:
        # An emoji or an escaped letter is never cut in two: the unit before it stays empty.
        if used + width > joined:
            pages, used = pages + 1, 0
        used += width
    return Length(alphabet, units, pages, joined - used)


def pages(text: str) -> int:
    """Return how many pages `text` is billed as."""
    return measure(text).pages


def _width(char: str, alphabet: str) -> int:
    if alphabet == "gsm":
        return 2 if char in GSM_EXTENSION else 1
    return 2 if ord(char) > 0xFFFF else 1


def hidden(text: str) -> list[str]:
    """Return the Unicode names of characters that are paid for but not seen, each once, in order."""
    return list(dict.fromkeys(_name(char) for char in text if _is_hidden(char)))


def _is_hidden(char: str) -> bool:
    if char in "\n\r" or char == HALF_SPACE:
        return False
    return char in _LOOKS_EMPTY or unicodedata.category(char) in ("Cc", "Cf", "Co", "Cn", "Zl", "Zp")


def _name(char: str) -> str:
    return unicodedata.name(char, f"U+{ord(char):04X}")


def costly(text: str) -> list[str]:
    """Return the few characters that push an otherwise Latin text into the 70-letter alphabet, each once.

    Empty where the text is Latin throughout, or written in another script to begin with.
    """
    outside = list(dict.fromkeys(char for char in text if char not in GSM and char not in GSM_EXTENSION))
    if any(unicodedata.category(char) == "Lo" for char in outside):
        return []
    return outside


def says_how_to_stop(text: str, language: str) -> bool:
    """Whether `text` tells its reader how to stop, in the words of the shop's language."""
    return bool(_HAS_OPT_OUT[language if language in OPT_OUT else "en"].search(text.rstrip()))


def with_opt_out(text: str, language: str) -> str:
    """Return `text` ending in the way to stop, in the shop's language.

    Iran: the regulator asks for «لغو۱۱» at the end of every such text (CRA, Shahrivar 1401); elsewhere opting
    out must be as easy as a reply.
    """
    return f"{text.rstrip()}\n{OPT_OUT.get(language, OPT_OUT['en'])}".lstrip("\n")
