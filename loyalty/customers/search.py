"""Finding people by whatever one has of them: some digits, a card or customer number, words of a name."""

from __future__ import annotations

import phonenumbers
from django.db.models import BooleanField, Case, Q, Value, When

from loyalty.shops.scope import current_shop
from loyalty.ui.phones import PhoneError, normalize
from loyalty.ui.text import ascii_digits, fold, sort_key, without_marks

from .models.customer import CustomerQuerySet

_SEPARATORS = str.maketrans("", "", " -–.()+/")


def number_in(text: str) -> str:
    """Return the digits of a text that is nothing but a number ("۰۹۱۲ ۱۲۳", "+98 912…"), otherwise ""."""
    digits = without_marks(ascii_digits(text)).strip().translate(_SEPARATORS)
    return digits if digits.isdecimal() else ""


def find(people: CustomerQuerySet, text: str) -> CustomerQuerySet:
    """Return those of `people` that `text` may mean.

    Words may be joined or parted otherwise than in the name: its key has no spaces.
    A number is a whole phone, its last or first digits, or exactly a card or customer number; every condition
    is an equality or a range, so that indexes work under row-level security. Anything else is words that all
    occur in the name, or exactly a card number, customer number or e-mail address.
    """
    exact = without_marks(ascii_digits(text)).strip()
    found = Q(card_number=exact) | Q(external_id=exact)
    if digits := number_in(text):
        return people.filter(found | Q(card_number=digits) | Q(external_id=digits) | _by_phone(text, digits))
    if "@" in exact:
        found |= Q(email__iexact=exact)
    if words := fold(text).split():
        found |= Q(*(Q(name_search__contains=word) for word in words))
    return people.filter(found)


def _by_phone(text: str, digits: str) -> Q:
    region = current_shop().phone_region
    try:
        return Q(phone=normalize(text, region))
    except PhoneError:
        found = _range("phone_reversed", digits[::-1])
        if digits[0] == "0" and digits[1:]:
            country = phonenumbers.country_code_for_region(region)
            found |= _range("phone", f"+{country}{digits[1:]}")
        return found


def _range(column: str, prefix: str) -> Q:
    """Say "begins with these digits" without LIKE, which cannot use an index under row-level security."""
    return Q(**{f"{column}__gte": prefix, f"{column}__lt": prefix[:-1] + chr(ord(prefix[-1]) + 1)})


def best_first(people: CustomerQuerySet, text: str) -> CustomerQuerySet:
    """Order people found by a name: those whose name begins like `text` first, each part in Persian order."""
    key = sort_key(text)
    # Sort keys are lower-case letters and digits: whatever the collation, "…zz" is above all that begin so.
    begins = When(name_sort__gte=key, name_sort__lt=f"{key}zz", then=Value(False))
    begins_otherwise = Case(begins, default=Value(True), output_field=BooleanField())
    return people.order_by(begins_otherwise, "name_sort", "pk")
