"""Which people: the one definition of a list, read from a query string, for screens, files and campaigns."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from django import forms
from django.db.models import F
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty.shops.scope import current_shop
from loyalty.ui.money import format_amount
from loyalty.ui.presentation import current
from loyalty.ui.text import persian_digits, without_marks

from .. import search
from ..models import Customer
from ..models.customer import CustomerQuerySet
from .conditions import CONDITIONS as PLAIN
from .conditions import Condition
from .gaps import GAPS

# In the order in which they are said.
CONDITIONS = (*PLAIN, *GAPS)
MAX_TEXT = 100
# Column of the list → (fields to sort by, whether they stand in the score).
SORTS = {
    "name": (("name_sort", "pk"), False),
    "spent": (("score__monetary_amount", "score__customer"), True),
    "orders": (("score__frequency", "score__customer"), True),
    "last": (("score__last_order_on", "score__customer"), True),
    "joined": (("joined_on", "pk"), False),
}
DEFAULT_SORT = "-spent"


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
            if values.get(condition.name) not in (None, "", False, [])
        ]

    @property
    def text(self) -> str:
        return without_marks(self.form.cleaned_data.get("q", ""))

    @property
    def is_everyone(self) -> bool:
        return not self.active and not self.text

    @cached_property
    def qs(self) -> CustomerQuerySet:
        people = Customer.objects.with_consent()
        for condition, value in self.active:
            people = people.filter(condition.where(value, self.today))
        return search.find(people, self.text) if self.text else people

    @property
    def sort(self) -> str:
        """The column sorted by, with "-" before it for the largest first; "" is best match first."""
        asked = self.data.get("sort", "")
        if asked.removeprefix("-") in SORTS:
            return asked
        return "" if self.text else DEFAULT_SORT

    def rows(self, start: int, stop: int) -> list[Customer]:
        """Return the people from `start` to `stop` with their scores; those without a value come last."""
        if not self.sort:
            return list(search.best_first(self.qs, self.text).select_related("score")[start:stop])
        fields, in_score = SORTS[self.sort.removeprefix("-")]
        descends = self.sort.startswith("-")
        people = self.qs.select_related("score")
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
        for name in ("q", *(condition.name for condition, _value in self.active)):
            values = self.data.getlist(name)
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

    def _say(self, condition: Condition, value: object) -> str:
        return str(condition.words) % {
            "value": _in_words(condition.name, self.form.fields[condition.name], value)
        }

    def describe(self) -> str:
        """Return one sentence that says who these people are, in the visitor's language."""
        said = [self._say(condition, value) for condition, value in self.active]
        if self.text:
            said.insert(0, _("Found by “%(text)s”") % {"text": self.text})
        if not said:
            return _("Everyone in the club")
        return _("Customers with: %(conditions)s") % {"conditions": _("; ").join(said)}

    @cached_property
    def problems(self) -> list[str]:
        """Whole sentences about what could not be read and was left out."""
        return [
            _("“%(value)s” could not be read for “%(name)s”, so that condition was left out.")
            % {"value": ", ".join(self.data.getlist(name))[:60], "name": _name_of(name)}
            for name in self.form.errors
        ]


def as_query(data: QueryDict | Mapping | str) -> QueryDict:
    """Return `data` as a QueryDict without empty values, which a form sends for every box left alone.

    A value of a mapping may be a list.
    """
    if isinstance(data, str):
        data = QueryDict(data.removeprefix("?"))
    given = data.lists() if isinstance(data, QueryDict) else data.items()
    query = QueryDict(mutable=True)
    for name, value in given:
        values = [str(one).strip() for one in (value if isinstance(value, list | tuple) else [value])]
        if any(values):
            query.setlist(name, [one for one in values if one])
    return query


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
