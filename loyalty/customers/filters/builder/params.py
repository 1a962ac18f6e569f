"""What a condition may be told: numbers, amounts, days, words, and choices from what the shop has.

A parameter reads what was typed (`field`), checks what was stored (`load`) and says it in words (`say`). What
is stored is plain JSON: an integer, a string, or a list of either.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from loyalty.ui import dates, money
from loyalty.ui.fields import AmountField, DayField, NumberField
from loyalty.ui.presentation import current
from loyalty.ui.templatetags.ui import num
from loyalty.ui.text import clean_name

from ...forms import ATTRIBUTE_LENGTH

MOST_VALUES = 50
# As long as anything may be that is written down of a person.
MOST_LETTERS = ATTRIBUTE_LENGTH
# A name and a code, as they are offered for a product.
MOST_TYPED = 2 * MOST_LETTERS
# From so many choices on a person types and is shown what fits, instead of reading boxes.
MANY = 14
# Before the key that a chosen row sends. What a person types has none: a code of digits is no key.
KEY = "key:"


class Unreadable(ValueError):
    """Raised for a stored value that is not what the parameter takes."""


class Gone(LookupError):
    """Raised for a stored choice that the shop does not have any more."""


Choices = Sequence[tuple[Any, Any]]


@dataclass(frozen=True)
class Param:
    """One value of a condition. `label` stands before its box and `unit` after it."""

    name: str
    label: Any = ""
    unit: Any = ""
    required: bool = True
    # What a sentence says where nothing was chosen.
    anything: Any = "…"

    kind = "text"

    def field(self) -> forms.Field:
        """Return the form field that reads what a person types."""
        raise NotImplementedError

    def load(self, raw: Any) -> Any:
        """Return the value of a stored one; raise Unreadable or Gone."""
        raise NotImplementedError

    def dump(self, value: Any) -> Any:
        """Return what is stored for a value as the form read it."""
        return value

    def show(self, value: Any) -> Any:
        """Return what stands in the box for a value."""
        return self.field().prepare_value(value)

    def say(self, value: Any) -> str:
        return str(value)


@dataclass(frozen=True)
class Number(Param):
    """A whole number. `unit` is a sign or word shown in the box; `counted` says in a sentence what it counts,
    with %(number)s, its plural chosen by `n`."""

    least: int = 0
    most: int = 1_000_000
    counted: Any = ""

    kind = "number"

    def field(self) -> forms.Field:
        return NumberField(min_value=self.least, max_value=self.most, required=self.required)

    def load(self, raw: Any) -> int:
        if not isinstance(raw, int) or isinstance(raw, bool) or not self.least <= raw <= self.most:
            raise Unreadable(self.name)
        return raw

    def say(self, value: int) -> str:
        return str(self.counted % {"n": value, "number": num(value)}) if self.counted else num(value)


@dataclass(frozen=True)
class Amount(Param):
    """Money in minor units; may be below zero, for a person's profit can be."""

    kind = "amount"
    most = 10**15

    def field(self) -> forms.Field:
        return AmountField(required=self.required, signed=True)

    def load(self, raw: Any) -> int:
        if not isinstance(raw, int) or isinstance(raw, bool) or abs(raw) > self.most:
            raise Unreadable(self.name)
        return raw

    def say(self, value: int) -> str:
        return money.format_amount(value, current())


@dataclass(frozen=True)
class Day(Param):
    """A day, typed in the reader's calendar and stored as ISO."""

    kind = "day"

    def field(self) -> forms.Field:
        return DayField(required=self.required)

    def load(self, raw: Any) -> datetime.date:
        try:
            return datetime.date.fromisoformat(raw)
        except (TypeError, ValueError) as error:
            raise Unreadable(self.name) from error

    def dump(self, value: datetime.date) -> str:
        return value.isoformat()

    def say(self, value: datetime.date) -> str:
        return dates.format_day(value, current())


class _NameField(forms.CharField):
    """Words as the form of a person keeps them: otherwise a name typed in both places is two."""

    def to_python(self, value: Any) -> str:
        return clean_name(super().to_python(value))


@dataclass(frozen=True)
class Text(Param):
    """One free word or name."""

    kind = "text"
    # What the shop has, to choose from while typing.
    known: Callable[[], list[str]] | None = None

    def field(self) -> forms.Field:
        return _NameField(max_length=MOST_LETTERS, required=self.required)

    def load(self, raw: Any) -> str:
        if not isinstance(raw, str) or not raw.strip() or len(raw) > MOST_LETTERS or "\0" in raw:
            raise Unreadable(self.name)
        return raw

    def say(self, value: str) -> str:
        return _("“%(text)s”") % {"text": value}


class _ManyField(forms.Field):
    """Several values of one name; what was left empty is left out."""

    widget = forms.SelectMultiple

    def __init__(self, param: Words, **options):
        self.param = param
        super().__init__(**options)

    def to_python(self, value: list[str] | None) -> list:
        found = []
        for text in value or []:
            one = self.param.read(str(text)[:MOST_TYPED])
            if one not in ("", None) and one not in found:
                found.append(one)
        if len(found) > MOST_VALUES:
            raise forms.ValidationError(_("This is too much at once."))
        return found


@dataclass(frozen=True)
class Words(Param):
    """Several free words, any of which will do. `known` returns those in use, to choose from while typing."""

    known: Callable[[], list[str]] | None = None

    kind = "words"

    def field(self) -> forms.Field:
        return _ManyField(self, required=self.required)

    def read(self, text: str) -> Any:
        """Return the value of what was typed or sent by a box; raise ValidationError."""
        word = clean_name(text)
        if len(word) > MOST_LETTERS:
            raise forms.ValidationError(_("At most %(most)s letters.") % {"most": num(MOST_LETTERS)})
        return word

    def load(self, raw: Any) -> list:
        if not isinstance(raw, list) or len(raw) > MOST_VALUES or (self.required and not raw):
            raise Unreadable(self.name)
        return [self.load_one(one) for one in raw]

    def load_one(self, raw: Any) -> Any:
        if not isinstance(raw, str) or not raw or len(raw) > MOST_LETTERS or "\0" in raw:
            raise Unreadable(self.name)
        return raw

    def options(self) -> list[tuple[Any, str]]:
        """Return what may be chosen, with its name."""
        return [(word, word) for word in (self.known() if self.known else [])]

    def sent(self, value: Any) -> str:
        """Return what the box of a choice sends, to be read again."""
        return str(value)

    def show(self, value: Any) -> list:
        return value or []

    def say(self, value: list) -> str:
        return _(" or ").join(value)


@dataclass(frozen=True)
class Choice(Words):
    """Some of a fixed set of words."""

    choices: Callable[[], Choices] | Choices = ()
    # What a sentence calls them, where that is not the name on the box.
    told: Mapping[Any, Any] = made(default_factory=dict)

    kind = "choices"

    def options(self) -> list[tuple[Any, str]]:
        found = self.choices() if callable(self.choices) else self.choices
        return [(value, str(label)) for value, label in found]

    def read(self, text: str) -> Any:
        """Return the choice whose key or name was sent; raise ValidationError."""
        if not text.strip():
            return None
        wanted = clean_name(text)
        for value, label in self.options():
            if text == str(value) or wanted == clean_name(label):
                return value
        raise forms.ValidationError(_("“%(text)s” is not among the choices.") % {"text": text})

    def load_one(self, raw: Any) -> Any:
        if raw not in {value for value, _label in self.options()}:
            raise Unreadable(self.name)
        return raw

    def say(self, value: list) -> str:
        names = dict(self.options()) | self.told
        return _(" or ").join(str(names.get(one, one)) for one in value)

    @property
    def are_many(self) -> bool:
        return len(self.options()) > MANY


@dataclass(frozen=True)
class Row(Choice):
    """Some rows of the shop, by their key. `what` names one ("a product"). The choices are only the first so many:
    `find` returns the keys of whatever is called so, and `labels` what tells one apart from its namesakes."""

    what: Any = ""
    find: Callable[[str], list[int]] | None = None
    names: Callable[[list[int]], dict[int, str]] | None = None
    labels: Callable[[list[int]], dict[int, str]] | None = None
    # How a sentence speaks of them, with %(names)s.
    spoken: Any = "%(names)s"

    def sent(self, value: int) -> str:
        return f"{KEY}{value}"

    def read(self, text: str) -> int | None:
        if not text.strip():
            return None
        found = self._chosen(text) if text.startswith(KEY) else self._called(clean_name(text))
        if len(found) > 1:
            raise forms.ValidationError(
                _("More than one is called “%(text)s”: choose one from the list.") % {"text": text}
            )
        if not found:
            raise forms.ValidationError(_("“%(text)s” is not among the choices.") % {"text": text})
        return found[0]

    def _chosen(self, text: str) -> list[int]:
        number = text.removeprefix(KEY)
        is_key = number.isascii() and number.isdecimal() and len(number) < 19
        return list(self.named([int(number)])) if is_key else []

    def _called(self, name: str) -> list[int]:
        found = self.find(name) if self.find else []
        return found or [value for value, label in self.options() if clean_name(label) == name]

    def load(self, raw: Any) -> list[int]:
        if not isinstance(raw, list) or len(raw) > MOST_VALUES or (self.required and not raw):
            raise Unreadable(self.name)
        if not all(isinstance(one, int) and not isinstance(one, bool) for one in raw):
            raise Unreadable(self.name)
        if len(self.named(raw)) < len(set(raw)):
            raise Gone(self.what)
        return raw

    def named(self, keys: list[int]) -> dict[int, str]:
        """Return {key: name} of those of `keys` that are still there."""
        if self.names:
            return self.names(keys)
        return {value: label for value, label in self.options() if value in set(keys)}

    def say(self, value: list[int]) -> str:
        names = self.named(value)
        return str(self.spoken) % {"names": _(" or ").join(names.get(one, "…") for one in value)}


@dataclass(frozen=True)
class OneOf(Param):
    """Exactly one of a fixed set of words, in a select."""

    choices: Choices = ()

    kind = "select"

    def field(self) -> forms.Field:
        return forms.ChoiceField(choices=self.choices, required=self.required)

    def load(self, raw: Any) -> str:
        if raw not in {value for value, _label in self.choices}:
            raise Unreadable(self.name)
        return raw

    def say(self, value: str) -> str:
        return str(dict(self.choices)[value])
