"""Who they are and where they live: what the shop has written down about a person."""

from __future__ import annotations

import datetime

from django.db.models import F, Func, Q, TextField, Value
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy, pgettext_lazy

from loyalty.ui.templatetags.ui import num

from ....anniversaries import births_due
from ....models import Customer
from .. import known
from ..frames import NOBODY, Frame
from ..params import Choice, Number, Text, Words
from .base import DAYS, NOT_KNOWN, Field, Op, Values, any_of, bounds, day, in_day, words

OLDEST = 120
GENDERS = {
    Customer.Gender.FEMALE.value: pgettext_lazy("customers who are …", "women"),
    Customer.Gender.MALE.value: pgettext_lazy("customers who are …", "men"),
    Customer.Gender.OTHER.value: pgettext_lazy("customers who are …", "of another gender"),
}


# ---------- Age ----------


def born_until(years: int, today: datetime.date) -> datetime.date:
    """Return the last day on which somebody was born who is `years` old today."""
    try:
        return today.replace(year=today.year - years)
    except ValueError:
        return today.replace(year=today.year - years, day=28)


def _aged(frame: Frame, values: Values, least: int | None, most: int | None) -> Q:
    found = Q()
    if least is not None:
        found &= frame.of_person(birth_on__lte=born_until(least, frame.today))
    if most is not None:
        found &= frame.of_person(birth_on__gt=born_until(most + 1, frame.today))
    return found


def _age(customer: Customer, values: Values, frame: Frame) -> str:
    born = customer.birth_on
    if born is None:
        return str(NOT_KNOWN)
    years = frame.today.year - born.year - ((frame.today.month, frame.today.day) < (born.month, born.day))
    return num(years)


# ---------- Anniversaries ----------


def anniversary(key: str, label, said, denied, column: str) -> Field:
    """A day of the year that comes back, by the calendar of the shop."""

    def due(values: Values, frame: Frame) -> Q:
        days = births_due(frame.today, values["days"], frame.shop.calendar)
        return frame.of_person(**{f"{column}__in": days})

    days = Number("days", gettext_lazy("in the next"), gettext_lazy("days"), least=1, most=92, counted=DAYS)
    return Field(
        key,
        "dates",
        label,
        said,
        denied,
        any_of(due, days, gettext_lazy("in the next %(days)s")),
        lambda customer, values, frame: in_day(getattr(customer, column)),
    )


# ---------- Tags and attributes ----------


def _tagged(values: Values, frame: Frame) -> Q:
    return frame.of_person(tags__overlap=values["values"])


def _tags(customer: Customer, values: Values, frame: Frame) -> str:
    return _(", ").join(customer.tags) or _("no tag")


def _has_attribute(values: Values, frame: Frame) -> Q:
    """The name of an attribute is a value for the database like any other, hence the subquery."""
    name = values["name"]
    of = Customer.objects.filter(shop=frame.shop, attributes__has_key=name)
    if values.get("values"):
        # Not Django's key transform: it takes a name of digits ("1403", "۱۴۰۳") for a place in an array.
        path = (F("attributes"), Value(name))
        of = of.annotate(said=Func(*path, function="jsonb_extract_path_text", output_field=TextField()))
        of = of.filter(said__in=values["values"])
    return frame.among(of.order_by().values("pk"))


def _attribute(customer: Customer, values: Values, frame: Frame) -> str:
    found = customer.attributes
    said = found.get(values["name"]) if isinstance(found, dict) else None
    return str(NOT_KNOWN) if said is None else str(said)


# ---------- What is known at all ----------

# What may be missing: its test and its name.
KNOWABLE = {
    "phone": (Q(phone__isnull=False), gettext_lazy("mobile")),
    "name": (Q(name__gt=""), gettext_lazy("name")),
    "email": (Q(email__gt=""), gettext_lazy("e-mail")),
    "birth_on": (Q(birth_on__isnull=False), gettext_lazy("birth date")),
    "gender": (Q(gender__gt=""), gettext_lazy("gender")),
    "city": (Q(city__gt=""), gettext_lazy("city")),
    "neighbourhood": (Q(neighbourhood__gt=""), gettext_lazy("neighbourhood")),
    "job": (Q(job__gt=""), gettext_lazy("job")),
    "wedding_on": (Q(wedding_on__isnull=False), gettext_lazy("wedding date")),
}
_KNOWN = Choice("values", choices=[(key, label) for key, (_test, label) in KNOWABLE.items()])


def _is_known(values: Values, frame: Frame) -> Q:
    found = NOBODY
    for key in values["values"]:
        ((lookup, value),) = KNOWABLE[key][0].children
        found |= frame.of_person(**{lookup: value})
    return found


def _what_is_known(customer: Customer, values: Values, frame: Frame) -> str:
    has = [label for key, (_test, label) in KNOWABLE.items() if getattr(customer, key) not in ("", None)]
    return _(", ").join(str(label) for label in has) or str(NOT_KNOWN)


def _free(key: str, group: str, label, said, denied) -> Field:
    """Words in a column of the person's own, chosen from those in use or typed."""
    return words(key, group, label, said, denied, key, Words("values", known=known.words_in(key)))


PERSON = (
    words(
        "gender",
        "person",
        gettext_lazy("gender"),
        gettext_lazy("who are %(value)s"),
        gettext_lazy("who are not known to be %(value)s"),
        "gender",
        Choice("values", choices=Customer.Gender.choices, told=GENDERS),
    ),
    Field(
        "age",
        "person",
        gettext_lazy("age"),
        gettext_lazy("who are %(value)s old"),
        gettext_lazy("who are not known to be %(value)s old"),
        bounds(
            Number,
            most=OLDEST,
            unit=gettext_lazy("years"),
            counted=ngettext_lazy("%(number)s year", "%(number)s years", "n"),
        )(_aged),
        _age,
    ),
    _free(
        "job",
        "person",
        gettext_lazy("job"),
        gettext_lazy("whose job is %(value)s"),
        gettext_lazy("whose job is not %(value)s, or not known"),
    ),
    words(
        "marital_status",
        "person",
        gettext_lazy("marital status"),
        gettext_lazy("who are %(value)s by marital status"),
        gettext_lazy("who are not %(value)s by marital status, or it is not known"),
        "marital_status",
        Choice("values", choices=Customer.MaritalStatus.choices),
    ),
    _free(
        "education",
        "person",
        gettext_lazy("education"),
        gettext_lazy("whose education is %(value)s"),
        gettext_lazy("whose education is not %(value)s, or not known"),
    ),
    _free(
        "income_band",
        "person",
        gettext_lazy("income band"),
        gettext_lazy("whose income band is %(value)s"),
        gettext_lazy("whose income band is not %(value)s, or not known"),
    ),
    _free(
        "acquired_by",
        "person",
        gettext_lazy("how they found us"),
        gettext_lazy("who found us through %(value)s"),
        gettext_lazy("who are not known to have found us through %(value)s"),
    ),
    Field(
        "tag",
        "person",
        gettext_lazy("tag"),
        gettext_lazy("who have the tag %(value)s"),
        gettext_lazy("who do not have the tag %(value)s"),
        any_of(_tagged, Words("values", known=known.words_in("tags"))),
        _tags,
    ),
    Field(
        "attribute",
        "person",
        gettext_lazy("custom attribute"),
        gettext_lazy("with the attribute %(value)s"),
        gettext_lazy("without the attribute %(value)s"),
        (
            Op(
                "any",
                gettext_lazy("any of"),
                _has_attribute,
                (
                    Text("name", gettext_lazy("called"), known=known.words_in("attributes")),
                    Words(
                        "values",
                        gettext_lazy("is"),
                        required=False,
                        anything=gettext_lazy("whatever it is"),
                    ),
                ),
                gettext_lazy("%(name)s: %(values)s"),
            ),
        ),
        _attribute,
    ),
    Field(
        "known",
        "person",
        gettext_lazy("what we know"),
        gettext_lazy("of whom we know: %(value)s"),
        gettext_lazy("of whom we do not know: %(value)s"),
        any_of(_is_known, _KNOWN),
        _what_is_known,
    ),
    _free(
        "province",
        "place",
        gettext_lazy("province"),
        gettext_lazy("who live in the province %(value)s"),
        gettext_lazy("who do not live in the province %(value)s, or it is not known"),
    ),
    _free(
        "city",
        "place",
        gettext_lazy("city"),
        gettext_lazy("who live in %(value)s"),
        gettext_lazy("who do not live in %(value)s, or whose city is not known"),
    ),
    _free(
        "neighbourhood",
        "place",
        gettext_lazy("neighbourhood"),
        gettext_lazy("who live in the neighbourhood %(value)s"),
        gettext_lazy("who do not live in the neighbourhood %(value)s, or it is not known"),
    ),
    anniversary(
        "birthday",
        gettext_lazy("birthday"),
        gettext_lazy("whose birthday is %(value)s"),
        gettext_lazy("whose birthday is not %(value)s, or not known"),
        "birth_on",
    ),
    anniversary(
        "wedding",
        gettext_lazy("wedding anniversary"),
        gettext_lazy("whose wedding anniversary is %(value)s"),
        gettext_lazy("whose wedding anniversary is not %(value)s, or not known"),
        "wedding_on",
    ),
    day(
        "joined",
        "dates",
        gettext_lazy("joined the club"),
        gettext_lazy("who joined %(value)s"),
        gettext_lazy("who did not join %(value)s, or it is not known when"),
        "joined_on",
        is_score=False,
    ),
    day(
        "first_order",
        "dates",
        gettext_lazy("first purchase"),
        gettext_lazy("whose first purchase was %(value)s"),
        gettext_lazy("whose first purchase was not %(value)s"),
        "first_order_on",
        is_score=True,
    ),
    day(
        "last_order",
        "dates",
        gettext_lazy("last purchase"),
        gettext_lazy("whose last purchase was %(value)s"),
        gettext_lazy("whose last purchase was not %(value)s"),
        "last_order_on",
        is_score=True,
    ),
    day(
        "expected",
        "dates",
        gettext_lazy("expected next purchase"),
        gettext_lazy("whose next purchase is expected %(value)s"),
        gettext_lazy("whose next purchase is not expected %(value)s"),
        "expected_on",
        is_score=True,
        ahead=True,
    ),
)
