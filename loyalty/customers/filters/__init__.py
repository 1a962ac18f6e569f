"""Which people: the one definition of a list, read from a query string, for screens, files and campaigns."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property

from django import forms
from django.db.models import F
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty.shops.scope import current_shop
from loyalty.ui.dates import format_day
from loyalty.ui.money import format_amount
from loyalty.ui.past import EARLIER_DAYS
from loyalty.ui.presentation import current
from loyalty.ui.text import persian_digits, without_marks
from segmentation import overlay

from .. import search
from ..models import Customer
from ..models.customer import CustomerQuerySet
from .conditions import CONDITIONS as PLAIN
from .conditions import Condition
from .day import BOUGHT, TIMELESS, is_known, is_laid, laid_for
from .due import DUE
from .gaps import GAPS
from .habits import HABITS
from .likeness import LIKENESS
from .memory import CONDITIONS as MEMORY
from .memory import ON
from .outlook import OUTLOOK
from .own import OWN_SEGMENTS
from .query import as_query, is_empty
from .then import TIER, Was, kept_since, known
from .worth import WORTH, rfm_score

# In the order in which they are said.
CONDITIONS = (*MEMORY, *PLAIN, *GAPS, LIKENESS, *HABITS, *DUE, *OUTLOOK, *OWN_SEGMENTS, *WORTH)
MAX_TEXT = 100
# What stands in the form above the list at once.
BOXED = {"q", ON, "tier", "stage", "segment", "consent"}
# What gets a box when the further conditions are opened.
MORE = {
    *("spent_min", "spent_max", "recency_max", "recency_min", "orders_min", "orders_max", "birthday"),
    *("city", "province", "tag", "quadrant", "gender", "late", "near", "own"),
}
RFM = "rfm"
# Column of the list → (fields to sort by, whether they stand in the score).
SORTS = {
    "name": (("name_sort", "pk"), False),
    "spent": (("score__monetary_amount", "score__customer"), True),
    "orders": (("score__frequency", "score__customer"), True),
    "last": (("score__last_order_on", "score__customer"), True),
    "joined": (("joined_on", "pk"), False),
    # By the RFM score with the shop's weights: worked out for the purpose, so no index serves it.
    "segment": ((RFM, "score__customer"), True),
}
DEFAULT_SORT = "-spent"
# What stands in the address of a list beside its conditions.
BESIDE = {"sort", "page"}
# What a list of a past day can be sorted by where its scores are not laid over today's.
TIMELESS_SORTS = ("name", "joined")


@dataclass(frozen=True)
class Chip:
    """One condition in force, in words, and the query string of the list without it."""

    name: str
    text: str
    without: str


class CustomerFilter:
    """The people meant by `data`: a QueryDict, a mapping, or a query string as campaigns keep it.

    `qs` are these people in no order; `rows(start, stop)` a stretch of them in the order asked for. What
    cannot be read is left out and said in `problems`; nothing in `data` raises. `today` is the shop's day.
    With `on`, a day before today, segment, stage, quadrant and tier are those of that day, and within
    `on_its_day()` so is all else that has a past.
    """

    def __init__(self, data: QueryDict | Mapping | str = "", *, today: datetime.date | None = None):
        self.data = as_query(data)
        self.today = today or current_shop().today()

    @cached_property
    def form(self) -> forms.Form:
        """The bound form of all parameters, for drawing the panel."""
        fields = {condition.name: condition.field() for condition in CONDITIONS}
        text = forms.CharField(required=False, max_length=MAX_TEXT)
        form = type("CustomerFilterForm", (forms.Form,), {"q": text, **fields})(self.data)
        for condition in CONDITIONS:
            form.fields[condition.name].label = condition.label
        form.full_clean()
        return form

    @cached_property
    def active(self) -> list[tuple[Condition, object]]:
        """The conditions in force, with their values as read."""
        values = self.form.cleaned_data
        return [
            (condition, values[condition.name])
            for condition in CONDITIONS
            if not is_empty(values.get(condition.name))
            # As of today is simply today.
            and not (condition.name == ON and values[ON] >= self.today)
        ]

    @property
    def text(self) -> str:
        return without_marks(self.form.cleaned_data.get("q", ""))

    @property
    def is_everyone(self) -> bool:
        return not self.active and not self.text

    @cached_property
    def on(self) -> datetime.date | None:
        """The past day as of which the list is, None for today's."""
        day = self.form.cleaned_data.get(ON)
        return day if day and day < self.today else None

    @cached_property
    def asks_for_groups(self) -> set[str]:
        """The kinds of groups that the list asks for."""
        return {condition.name for condition, _value in self.active if condition.then}

    def carried(self, *, in_more: bool) -> list[tuple[str, str]]:
        """Return name and value of what is in force and has no box on the list's page.

        `in_more` are those that get one when the further conditions are opened.
        """
        return [
            (name, value)
            for name, values in QueryDict(self.query).lists()
            for value in values
            if name not in BOXED and (name in MORE) is in_more
        ]

    @property
    def carried_always(self) -> list[tuple[str, str]]:
        return self.carried(in_more=False)

    @property
    def carried_till_opened(self) -> list[tuple[str, str]]:
        return self.carried(in_more=True)

    @property
    def earlier(self) -> list[tuple[int, str]]:
        """The same list some days ago: (days, query string)."""
        days = [(ago, self.today - datetime.timedelta(days=ago)) for ago in EARLIER_DAYS]
        return [(ago, self._query(ON, **{ON: day.isoformat()})) for ago, day in days]

    def on_its_day(self) -> AbstractContextManager[None]:
        """Let these people be asked for within the block as of their day, whatever the conditions: it is laid over
        the present where the shop is not too large for that. Outside of it those that take it are left out.
        """
        wanted = self.data.get("sort", "").removeprefix("-")
        return laid_for(self.active, self.on, is_sorted=wanted in set(SORTS) - set(TIMELESS_SORTS))

    @property
    def sorts(self) -> Collection[str]:
        """The columns by which the list can be sorted."""
        return (
            SORTS if self.on is None or is_laid(self.on) or overlay.is_whole_on(self.on) else TIMELESS_SORTS
        )

    @property
    def unkept(self) -> list[Condition]:
        """The conditions in force of which nothing is known as of the past day: they are left out."""
        if self.on is None:
            return []
        return [condition for condition, value in self.active if not is_known(condition, value, self.on)]

    @cached_property
    def qs(self) -> CustomerQuerySet:
        people = Customer.objects.with_consent()
        if self.on and not self.asks_for_groups and not BOUGHT & {one.name for one, _value in self.active}:
            people = people.filter(known(self.on))
        for condition, value in self.active:
            if condition in self.unkept:
                continue
            if self.on and condition.then:
                people = people.filter(condition.then(value, self.on))
            else:
                is_then = self.on and condition.name not in TIMELESS
                people = people.filter(condition.where(value, self.on if is_then else self.today))
        return search.find(people, self.text) if self.text else people

    def settle(self) -> list[str]:
        """Return the obstacles. Those found as of a day that takes its scores are known by their keys from here on:
        with a past day laid over the present nothing can be written.
        """
        with self.on_its_day():
            if self.on and is_laid(self.on):
                keys = list(self.qs.order_by().values_list("pk", flat=True))
                self.qs = Customer.objects.with_consent().filter(pk__in=keys)
            return self.obstacles

    @property
    def can_compare(self) -> bool:
        """Whether the past day's people can be held against today's: both are asked for by groups alone."""
        return bool(self.on and self.asks_for_groups) and not is_laid(self.on)

    @property
    def is_everyone_then(self) -> bool:
        return len(self.active) == 1 and not self.text

    @cached_property
    def as_of_today(self) -> CustomerFilter:
        """The same conditions, as they are met today."""
        return CustomerFilter(self._query(ON), today=self.today)

    def elsewhere(self, most: int) -> int:
        """Return how many of the past day's people do not meet the conditions today; count up to `most`."""
        moved = self.qs.exclude(pk__in=self.as_of_today.qs.order_by().values("pk"))
        return moved.order_by().values("pk")[:most].count()

    @property
    def still_query(self) -> str:
        """The query string of those who met the conditions on the past day and do so today."""
        were = [
            str(Was(condition.name, tuple(value), self.on))
            for condition, value in self.active
            if condition.then
        ]
        kept = QueryDict(self.as_of_today.query, mutable=True)
        kept.setlist("was", [*kept.getlist("was"), *were])
        return kept.urlencode()

    @property
    def sort(self) -> str:
        """The column sorted by, with "-" before it for the largest first; "" is best match first."""
        asked = self.data.get("sort", "")
        if asked.removeprefix("-") in (SORTS if self.on is None or is_laid(self.on) else TIMELESS_SORTS):
            return asked
        if self.text:
            return ""
        return TIMELESS_SORTS[0] if self.on else DEFAULT_SORT

    def rows(self, start: int, stop: int) -> list[Customer]:
        """Return the people from `start` to `stop` with their scores; those without a value come last."""
        if not self.sort:
            return list(search.best_first(self.qs, self.text).select_related("score")[start:stop])
        fields, in_score = SORTS[self.sort.removeprefix("-")]
        descends = self.sort.startswith("-")
        people = self.qs.select_related("score")
        if fields[0] == RFM:
            people = people.annotate(**{RFM: rfm_score()})
        if in_score:
            # Only an inner join can follow the index of the scores. It leaves out whoever has no score yet,
            # but they come last anyway: only where it runs short must the slow join of everybody decide.
            order = [f"-{field}" if descends else field for field in fields]
            scored = people.filter(score__isnull=False, **{f"{fields[0]}__isnull": False})
            found = list(scored.order_by(*order)[start:stop])
            if len(found) == stop - start:
                return found
        order = [
            F(field).desc(nulls_last=True) if descends else F(field).asc(nulls_last=True) for field in fields
        ]
        return list(people.order_by(*order, "pk")[start:stop])

    def count(self, most: int) -> int:
        """Return how many people there are, but stop counting at `most`."""
        return self.qs.order_by().values("pk")[:most].count()

    @cached_property
    def query(self) -> str:
        """The query string of these people: conditions in force only, neither sorting nor page."""
        return self._query()

    def _query(self, without: str = "", **added: str) -> str:
        kept = QueryDict(mutable=True)
        spelled = {
            condition.name: condition.spell(value) for condition, value in self.active if condition.spell
        }
        for name in ("q", *(condition.name for condition, _value in self.active)):
            values = spelled.get(name) or self.data.getlist(name)
            if name != without and values and name in self.form.cleaned_data:
                kept.setlist(name, values)
        kept.update(added)
        return kept.urlencode()

    @cached_property
    def chips(self) -> list[Chip]:
        sort = {"sort": self.data["sort"]} if self.sort == self.data.get("sort") else {}
        return [
            Chip(condition.name, self._say(condition, value), self._query(condition.name, **sort))
            for condition, value in self.active
        ]

    def _say(self, condition: Condition, value: object, *, at_length: bool = False) -> str:
        if at_length and condition.tell:
            return str(condition.words) % {"value": condition.tell(value)}
        if condition.say:
            return str(condition.words) % {"value": condition.say(value)}
        return str(condition.words) % {
            "value": _in_words(condition.name, self.form.fields[condition.name], value)
        }

    def describe(self) -> str:
        """Return one sentence that says who these people are, in the visitor's language."""
        said = [
            self._say(condition, value, at_length=True)
            for condition, value in self.active
            if condition not in self.unkept
        ]
        if self.text:
            said.insert(0, _("Found by “%(text)s”") % {"text": self.text})
        if not said:
            return _("Everyone in the club")
        return _("Customers with: %(conditions)s") % {"conditions": _("; ").join(said)}

    @cached_property
    def problems(self) -> list[str]:
        """Whole sentences about what could not be read and was left out."""
        unread = [
            _("“%(value)s” could not be read for “%(name)s”, so that condition was left out.")
            % {"value": ", ".join(self.data.getlist(name))[:60], "name": _name_of(name)}
            for name in self.form.errors
        ]
        doubts = [
            sentence
            for condition, value in self.active
            if condition.doubts
            for sentence in condition.doubts(value)
        ]
        return [*unread, *doubts, *self._forgotten()]

    def _forgotten(self) -> list[str]:
        """Say which conditions nobody knows as of the past day, and that a day lies before all memory."""
        said = [
            _("“%(name)s” is not kept for past days, so that condition was left out.")
            % {"name": condition.label}
            for condition in self.unkept
        ]
        if self.on is None:
            return said
        since = kept_since(TIER if self.asks_for_groups == {TIER} else "stage")
        if since is None or self.on < since:
            said.append(_("Nothing is kept of a day that early, so nobody is found."))
        return said

    @property
    def obstacles(self) -> list[str]:
        """Whole sentences that say why nothing should be done with all of these people; [] where all is well.

        Whoever only looks may add what they like to an address. But a condition with a slip in its name is
        none, and without it the list is of more people than were meant.
        """
        unknown = [name for name in self.data if name not in self.form.fields and name not in BESIDE]
        return [
            *self.problems,
            *(_("There is no condition named “%(name)s”.") % {"name": name[:60]} for name in unknown),
        ]

    @property
    def refusals(self) -> list[str]:
        """Whole sentences that say why nobody should be written to by this list; [] where all is well."""
        if self.on is None:
            return self.obstacles
        return [
            *self.obstacles,
            _(
                "This list is as of %(day)s. Some of these people have come back since, or moved on: write to "
                "those of them who are still there."
            )
            % {"day": format_day(self.on, current())},
        ]


def _name_of(name: str) -> str:
    return {condition.name: condition.label for condition in CONDITIONS}.get(name) or _("Search")


def _in_words(name: str, field: forms.Field, value: object) -> str:
    if name == "id":
        return _number(ngettext("%(count)s person", "%(count)s people", len(value)) % {"count": len(value)})
    if isinstance(field, forms.MultipleChoiceField):
        labels = {str(key): str(label) for key, label in field.choices}
        return _(" or ").join(labels[str(one)] for one in value)
    if isinstance(value, list):
        return _(" or ").join(value)
    if name.startswith("spent_"):
        return format_amount(value, current())
    return _number(str(value))


def _number(text: str) -> str:
    return persian_digits(text) if current().language == "fa" else text
