"""What each parameter of a list of customers means: how it is read, whom it takes in, and how it is said."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.shops.scope import current_shop
from loyalty.tiers.models import Tier, TierMembership
from loyalty.ui.fields import AmountField, NumberField
from loyalty.ui.templatetags.ui import num
from loyalty.ui.text import clean_name
from segmentation.models import Quadrant, Stage, segment_choices

from ..anniversaries import births_due
from ..models import Customer
from .near import one_purchase_away
from .then import TIER, in_group

MOST_VALUES = 200
MOST_DAYS = 36_500
# Those who may be late without having gone quiet: an inactive customer is another finding.
IN_TOUCH = (Stage.NEW, Stage.ACTIVE, Stage.LOYAL, Stage.RETURNED, Stage.AT_RISK)
# Values beside the keys of tiers, and beside the actions of a consent.
NO_TIER = NEVER_ASKED = "none"
CONSENTS = (
    ("in", gettext_lazy("Agreed")),
    ("out", gettext_lazy("Declined")),
    (NEVER_ASKED, gettext_lazy("Never asked")),
)

Where = Callable[[Any, datetime.date], Q]


@dataclass(frozen=True)
class Condition:
    """One parameter. `where` gets the value as read and the shop's day; `words` may hold %(value)s.

    `then` says the same of a past day, where that is kept. `say` puts the value into words and `spell` into
    addresses, where the plain way will not do. `tell` says it at length, where a sentence has the room;
    `doubts` returns whole sentences on what keeps a value that was read from meaning anybody.
    """

    name: str
    field: Callable[[], forms.Field]
    where: Where
    words: str
    then: Where | None = None
    say: Callable[[Any], str] | None = None
    spell: Callable[[Any], list[str]] | None = None
    tell: Callable[[Any], str] | None = None
    doubts: Callable[[Any], list[str]] | None = None

    @property
    def label(self) -> str:
        """The words with a gap where the value goes: what stands on the box it is typed into."""
        return str(self.words) % {"value": "…"}


class ManyField(forms.Field):
    """Several words or keys of one parameter (`city=…&city=…`); nothing given is an empty list."""

    widget = forms.SelectMultiple

    def __init__(self, *, coerce: Callable[[str], Any] = clean_name, **kwargs):
        self.coerce = coerce
        super().__init__(required=False, **kwargs)

    def to_python(self, value: list[str] | None) -> list:
        try:
            found = [one for one in map(self.coerce, value or []) if one]
        except ValueError as error:
            raise forms.ValidationError(_("This is not something to look for.")) from error
        if len(found) > MOST_VALUES:
            raise forms.ValidationError(_("This is too much at once."))
        return found


def key(text: str) -> int:
    """Return a primary key; raise ValueError for what cannot be one."""
    number = int(text)
    if not 0 < number < 2**63:
        raise ValueError(text)
    return number


def one_of(name: str, column: str, choices, words: str, then: Where | None = None) -> Condition:
    return Condition(
        name,
        lambda: forms.MultipleChoiceField(choices=choices, required=False),
        lambda values, today: Q(**{f"{column}__in": values}),
        words,
        then,
    )


def group(name: str, choices, words: str) -> Condition:
    """A group that a customer is in today, and that is kept for past days."""
    return one_of(name, f"score__{name}", choices, words, partial(in_group, name))


def written(name: str, words: str, lookup: str = "in") -> Condition:
    """Free words in a column of the person's own."""
    return Condition(
        name.rstrip("s"), ManyField, lambda values, today: Q(**{f"{name}__{lookup}": values}), words
    )


def count(name: str, where: Where, words: str, **limits) -> Condition:
    limits = {"min_value": 0, "max_value": MOST_DAYS, **limits}
    return Condition(name, lambda: NumberField(required=False, **limits), where, words)


def compared(name: str, column: str, words: str) -> Condition:
    return count(name, lambda value, today: Q(**{column: value}), words)


def amount(name: str, column: str, words: str) -> Condition:
    return Condition(
        name, lambda: AmountField(required=False), lambda value, today: Q(**{column: value}), words
    )


def flag(name: str, where: Where, words: str) -> Condition:
    return Condition(name, lambda: forms.BooleanField(required=False), where, words)


def tier_choices() -> list[tuple[str, str]]:
    tiers = Tier.objects.filter(programme__is_active=True).order_by("rank", "pk")
    return [*((str(tier.pk), tier.name) for tier in tiers), (NO_TIER, _("No tier yet"))]


def in_tier(values: list[str], today: datetime.date) -> Q:
    members = TierMembership.objects.filter(is_current=True)
    found = Q(pk__in=members.filter(tier__in=[one for one in values if one != NO_TIER]).values("customer"))
    return found | ~Q(pk__in=members.values("customer")) if NO_TIER in values else found


def score_choices() -> list[tuple[str, str]]:
    return [(str(score), num(score)) for score in range(5, 0, -1)]


def has_said(values: list[str], today: datetime.date) -> Q:
    """Over the annotation of `Customer.objects.with_consent()`."""
    found = Q(consent__in=[one for one in values if one != NEVER_ASKED])
    return found | Q(consent__isnull=True) if NEVER_ASKED in values else found


def can_be_reached(value: bool, today: datetime.date) -> Q:
    """As `Customer.objects.reachable_by_sms()`, over the annotation of `with_consent()`."""
    return Q(phone__isnull=False, consent="in")


def is_late(value: bool, today: datetime.date) -> Q:
    return Q(score__stage__in=IN_TOUCH, score__expected_on__lt=today)


def bought_since(days: int, today: datetime.date) -> Q:
    return Q(score__last_order_on__gte=today - datetime.timedelta(days=days))


def bought_until(days: int, today: datetime.date) -> Q:
    return Q(score__last_order_on__lte=today - datetime.timedelta(days=days))


def born_until(years: int, today: datetime.date) -> datetime.date:
    """Return the last day on which somebody was born who is `years` old today."""
    try:
        return today.replace(year=today.year - years)
    except ValueError:
        return today.replace(year=today.year - years, day=28)


def is_near(value: bool, today: datetime.date) -> Q:
    return Q(pk__in=list(one_purchase_away(today)))


def has_birthday(days: int, today: datetime.date) -> Q:
    return Q(birth_on__in=births_due(today, days, current_shop().calendar))


# In the order in which they are said.
CONDITIONS = (
    Condition(
        "id",
        lambda: ManyField(coerce=key),
        lambda values, today: Q(pk__in=values),
        gettext_lazy("Chosen by hand: %(value)s"),
    ),
    Condition(
        "tier",
        lambda: forms.MultipleChoiceField(choices=tier_choices, required=False),
        in_tier,
        gettext_lazy("Tier: %(value)s"),
        partial(in_group, TIER),
    ),
    flag("near", is_near, gettext_lazy("One purchase from the next tier")),
    group("stage", Stage.choices, gettext_lazy("Stage: %(value)s")),
    group("segment", segment_choices, gettext_lazy("Segment: %(value)s")),
    group("quadrant", Quadrant.choices, gettext_lazy("Value and frequency: %(value)s")),
    one_of("r", "score__r_score", score_choices, gettext_lazy("Recency score: %(value)s")),
    one_of("f", "score__f_score", score_choices, gettext_lazy("Frequency score: %(value)s")),
    one_of("m", "score__m_score", score_choices, gettext_lazy("Money score: %(value)s")),
    count("recency_max", bought_since, gettext_lazy("Bought in the last %(value)s days")),
    count("recency_min", bought_until, gettext_lazy("No purchase for %(value)s days")),
    flag("late", is_late, gettext_lazy("Later than usual for them")),
    amount("spent_min", "score__monetary_amount__gte", gettext_lazy("Spent at least %(value)s")),
    amount("spent_max", "score__monetary_amount__lte", gettext_lazy("Spent at most %(value)s")),
    compared("orders_min", "score__frequency__gte", gettext_lazy("At least %(value)s purchases")),
    compared("orders_max", "score__frequency__lte", gettext_lazy("At most %(value)s purchases")),
    compared("days_min", "score__lifetime_order_days__gte", gettext_lazy("Came on at least %(value)s days")),
    Condition(
        "consent",
        lambda: forms.MultipleChoiceField(choices=CONSENTS, required=False),
        has_said,
        gettext_lazy("Messages: %(value)s"),
    ),
    flag("reachable", can_be_reached, gettext_lazy("Can be reached by SMS")),
    written("city", gettext_lazy("City: %(value)s")),
    written("province", gettext_lazy("Province: %(value)s")),
    written("neighbourhood", gettext_lazy("Neighbourhood: %(value)s")),
    written("job", gettext_lazy("Job: %(value)s")),
    written("tags", gettext_lazy("Tag: %(value)s"), "overlap"),
    one_of("gender", "gender", Customer.Gender.choices, gettext_lazy("Gender: %(value)s")),
    count(
        "age_min",
        lambda years, today: Q(birth_on__lte=born_until(years, today)),
        gettext_lazy("At least %(value)s years old"),
        max_value=130,
    ),
    count(
        "age_max",
        lambda years, today: Q(birth_on__gt=born_until(years + 1, today)),
        gettext_lazy("At most %(value)s years old"),
        max_value=130,
    ),
    count(
        "birthday",
        has_birthday,
        gettext_lazy("Birthday in the next %(value)s days"),
        min_value=1,
        max_value=31,
    ),
)
