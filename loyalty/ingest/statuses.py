"""What a till's words mean: an order's status, yes and no, woman and man, and names that stand for nobody."""

from __future__ import annotations

from loyalty.ui.text import fold

from .columns import key
from .words import MARRIED, MEN, NEITHER, NO, NOBODY, SINGLE, STATUSES, WOMEN, YES


def _joined(word: str) -> str:
    """Return what of a word is compared: «تکمیل شده», «تکمیل‌شده» and «تکمیلشده» are one."""
    return key(word).replace(" ", "")


_STATUSES = {_joined(word): status for status, words in STATUSES.items() for word in words}
_GENDERS = {**{_joined(word): "female" for word in WOMEN}, **{_joined(word): "male" for word in MEN}}
_MARITAL = {
    _joined(word): status
    for status, words in (("married", MARRIED), ("single", SINGLE), ("other", NEITHER))
    for word in words
}
_CONSENTS = {**{_joined(word): "in" for word in YES}, **{_joined(word): "out" for word in NO}}
_NOBODY = frozenset(map(_joined, NOBODY))
# What "wc-completed" has beside the word itself.
_PREFIXES = ("wc", "status", "وضعیت")


def status_of(word: str, own: dict[str, str]) -> str | None:
    """Return the order status a word stands for, by the shop's `own` words first; None for an unknown one."""
    name = _joined(word)
    for own_word, status in own.items():
        if _joined(own_word) == name:
            return status
    if found := _STATUSES.get(name):
        return found
    for prefix in _PREFIXES:
        if name.startswith(prefix) and (found := _STATUSES.get(name.removeprefix(prefix))):
            return found
    return None


def gender_of(word: str) -> str:
    """Return "female", "male" or "" for a word that is neither."""
    return _GENDERS.get(_joined(word), "")


def marital_of(word: str) -> str:
    """Return "married", "single", "other" or "" for a word that is none."""
    return _MARITAL.get(_joined(word), "")


def consent_of(word: str) -> str:
    """Return "in", "out" or "" for a word that says neither."""
    return _CONSENTS.get(_joined(word), "")


def is_nobody(name: str) -> bool:
    """Whether a name is what tills write when nobody's name was asked («مشتری متفرقه», "Walk-in")."""
    return _joined(name) in _NOBODY or not fold(name)
