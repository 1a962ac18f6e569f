"""Which encoding a text file is in, from its first bytes and, where those are all ASCII, from the first
that are not.

Legacy code pages cannot be told apart by validity: nearly every byte is a letter in each of them. What
differs is whether the letters make Persian, so each candidate is read and weighed by letter frequency and
known words.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

import charset_normalizer

from .problems import FileProblem

SAMPLE_BYTES = 256 * 1024
BLOCK_BYTES = 1 << 20
BOMS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# In order of likelihood: the first of equals wins.
LEGACY = ("cp1256", "iso8859_6", "cp720", "mac_farsi", "cp1252")

# Share of each letter in Persian shop text, in per mille; ی and ک stand for their Arabic forms too.
FREQUENCY = {
    "ا": 140, "ی": 105, "ر": 85, "ن": 75, "م": 68, "د": 66, "ه": 60, "ت": 55, "و": 52, "ب": 38, "س": 36,
    "ش": 36, "ل": 32, "ک": 26, "ز": 22, "ف": 16, "ق": 13, "گ": 13, "ع": 12, "خ": 14, "ج": 12, "ح": 11, "پ": 9,
    "چ": 5, "ص": 6, "آ": 8, "ط": 4, "غ": 3, "ض": 3, "ذ": 2, "ث": 2, "ظ": 1, "ژ": 1, "ئ": 1, "أ": 1, "إ": 1,
    "ء": 1, "ة": 1,
}  # fmt: skip
ALIKE = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک"})
WORDS = frozenset(
    """
    نام مشتری مشتریان شماره تماس تلفن موبایل همراه شهر سفارش فاکتور تاریخ خرید مبلغ تومان ریال وضعیت کل کد
    قیمت تعداد تخفیف محصول کالا تکمیل شده لغو مرجوعی تهران شیراز اصفهان مشهد تبریز علی محمد رضا حسین فاطمه
    زهرا مریم خانم آقای فروش پرداخت استان ایمیل شعبه ردیف ساعت اسم العميل الطلب المبلغ التاريخ الهاتف
    """.translate(ALIKE).split()  # noqa: SIM905
)
ARABIC_WORD = re.compile(r"[\u0600-\u06ff\u200c]+")
MIXED_WORD = re.compile(r"[A-Za-zÀ-ÿ][\u0621-\u06cc]|[\u0621-\u06cc][A-Za-zÀ-ÿ]")
LATIN_ACCENT = re.compile(r"[A-Za-z]{2,}[À-ÿ]|[À-ÿ][A-Za-z]{2,}|[£€°®™–—‘’“”]")
UNLIKELY = re.compile(r"[\u2500-\u259f\u0080-\u009f\ufffd\x00-\x08\x0e-\x1f]")
LETTER_IN_WORD = re.compile(
    r"(?<=[\u0621-\u06cc])[^\w\s\u064b-\u0652\u200c\u200d.,;:|/()\-'\"«»،؛؟](?=[\u0621-\u06cc])"
)


def detect(path: Path) -> str:
    """Return the Python name of the encoding of the text file at `path`; raise FileProblem("binary") for no
    text.
    """
    with path.open("rb") as file:
        head = file.read(SAMPLE_BYTES)
    return of_sample(
        head if not head.isascii() or len(head) < SAMPLE_BYTES else _first_beyond_ascii(path) or head
    )


def _first_beyond_ascii(path: Path) -> bytes:
    """Return the lines around the first byte that is not ASCII, or nothing where there is none."""
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            if not block.isascii():
                first = next(index for index, byte in enumerate(block) if byte > 127)
                start = block.rfind(b"\n", 0, first) + 1
                return block[start : start + SAMPLE_BYTES]
    return b""


def of_sample(sample: bytes) -> str:
    """Return the encoding that makes sense of `sample`, the beginning of a text (it may end amid a
    character).
    """
    for mark, name in BOMS:
        if sample.startswith(mark):
            return name
    if b"\x00" in sample and (wide := _utf16_without_mark(sample)):
        return wide
    if _control_share(sample) > 0.05:
        raise FileProblem("binary")
    if _is_utf8(sample):
        return "utf-8"
    sample = sample.rpartition(b"\n")[0] or sample
    scores = {name: score(sample.decode(name, errors="replace")) for name in LEGACY}
    best = max(scores, key=scores.__getitem__)
    if scores[best] > 0:
        return best
    # Neither Persian, Arabic nor western: Cyrillic, Greek, Chinese … are the library's trade.
    guess = charset_normalizer.from_bytes(sample[: 64 * 1024]).best()
    return guess.encoding if guess else best


def score(text: str) -> float:
    """Weigh how likely `text` is to be what its writer saw; above 0 is credible."""
    points = 0.0
    letters = 0
    for word in ARABIC_WORD.findall(text.translate(ALIKE)):
        letters += len(word)
        points += sum(FREQUENCY.get(letter, -40) - 18 for letter in word) / 20
        if word in WORDS:
            points += 15
    points += 4 * len(LATIN_ACCENT.findall(text))
    points -= (
        8 * len(MIXED_WORD.findall(text))
        + 12 * len(UNLIKELY.findall(text))
        + 10 * len(LETTER_IN_WORD.findall(text))
    )
    return points


def _utf16_without_mark(sample: bytes) -> str | None:
    """Return the byte order of text whose every other byte is a page (0 for Latin, 6 for Persian)."""
    high = {0, 6}
    for offset, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        pages, others = sample[offset::2], sample[1 - offset :: 2]
        if (
            pages
            and sum(byte in high for byte in pages) > 0.7 * len(pages)
            and others.count(0) < 0.2 * len(others)
        ):
            return name
    return None


def _control_share(sample: bytes) -> float:
    """Return the share of bytes that no text has; a stray NUL in a row is that row's trouble, not the
    file's.
    """
    odd = sum(sample.count(byte) for byte in (*range(9), *range(14, 27), *range(28, 32)))
    return odd / len(sample) if sample else 0


def _is_utf8(sample: bytes) -> bool:
    """Whether the sample is UTF-8, but for an end cut amid a character and a few damaged bytes."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    text = decoder.decode(sample)
    damaged = sum("\ud800" <= letter <= "\udfff" for letter in text)
    if not damaged:
        return True
    wide = sum(letter > "\x7f" for letter in text) - damaged
    return wide > 10 * damaged
