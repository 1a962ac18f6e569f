"""Conditions on what is not known of a person, or known twice, and on how and when they came to the club."""

from __future__ import annotations

import datetime

from django import forms
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy

from ..models import Customer
from .conditions import Condition, ManyField, count

# What a shop may not know of a person → the condition under which it does not.
UNKNOWN = {
    "name": (gettext_lazy("Name"), Q(name="")),
    "phone": (gettext_lazy("Mobile"), Q(phone=None)),
    "email": (gettext_lazy("E-mail"), Q(email="")),
    "birth": (gettext_lazy("Birth date"), Q(birth_on=None)),
    "gender": (gettext_lazy("Gender"), Q(gender="")),
    "province": (gettext_lazy("Province"), Q(province="")),
    "city": (gettext_lazy("City"), Q(city="")),
    "neighbourhood": (gettext_lazy("Neighbourhood"), Q(neighbourhood="")),
    "job": (gettext_lazy("Job"), Q(job="")),
    "acquired": (gettext_lazy("How they found us"), Q(acquired_by="")),
    "joined": (gettext_lazy("Joined on"), Q(joined_on=None, score__first_order_on=None)),
}
# Phones, card numbers and customer numbers cannot be double; these can.
TWINS = {
    "birth": (gettext_lazy("Same name and birth date"), ("name_search", "birth_on"), {"birth_on": None}),
    "email": (gettext_lazy("Same e-mail"), ("email",), {"email": ""}),
}


def joined_by(day: datetime.date) -> Q:
    """Whoever was there on `day`: a person who never joined by hand is there from the first order on."""
    return Q(joined_on__lte=day) | Q(joined_on=None, score__first_order_on__lte=day)


def joined_after(day: datetime.date) -> Q:
    return Q(joined_on__gt=day) | Q(joined_on=None, score__first_order_on__gt=day)


def lacks(values: list[str], today: datetime.date) -> Q:
    """Whoever lacks all of `values`."""
    found = Q()
    for value in values:
        lacking = UNKNOWN[value][1]
        # Whose first order is of a later day had not joined by then.
        found &= (
            lacking | Q(joined_on=None, score__first_order_on__gt=today) if value == "joined" else lacking
        )
    return found


def is_twin(values: list[str], today: datetime.date) -> Q:
    """Whoever shares what `values` name with somebody else of the shop."""
    found = Q()
    for value in values:
        _label, fields, unknown = TWINS[value]
        others = Customer.objects.filter(**{field: OuterRef(field) for field in fields})
        has_twin = Exists(others.exclude(pk=OuterRef("pk")))
        found |= Q(has_twin) & ~Q(**unknown) & (~Q(name_search="") if "name_search" in fields else Q())
    return found


GAPS = (
    Condition(
        "missing",
        lambda: forms.MultipleChoiceField(
            choices=[(key, label) for key, (label, _where) in UNKNOWN.items()], required=False
        ),
        lacks,
        gettext_lazy("Not known: %(value)s"),
    ),
    Condition(
        "twin",
        lambda: forms.MultipleChoiceField(
            choices=[(key, label) for key, (label, *_rest) in TWINS.items()], required=False
        ),
        is_twin,
        gettext_lazy("Perhaps there twice: %(value)s"),
    ),
    Condition(
        "acquired",
        ManyField,
        lambda values, today: Q(acquired_by__in=values),
        gettext_lazy("Found us by: %(value)s"),
    ),
    count(
        "joined_min",
        lambda days, today: joined_by(today - datetime.timedelta(days=days)),
        gettext_lazy("With us for at least %(value)s days"),
    ),
    count(
        "joined_max",
        lambda days, today: joined_after(today - datetime.timedelta(days=days + 1)) & joined_by(today),
        gettext_lazy("With us for at most %(value)s days"),
    ),
)
