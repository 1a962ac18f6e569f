"""From where conditions look at a person, and the two ways of being true that they know.

Unknown counts as "no", so that "not in Tehran" takes in those whose city nobody knows: a condition and its
opposite always split the club in two. SQL knows three values, hence `is_not`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import BooleanField, Case, Q, QuerySet, Value, When
from django.db.models.expressions import RawSQL

from loyalty.shops.models import Shop

NOBODY = Q(pk__in=[])
EVERYBODY = ~Q(pk__in=[])


@dataclass(frozen=True)
class Frame:
    """The row that is asked, and the day. `person` and `score` are the ways from it to either table."""

    shop: Shop
    today: datetime.date
    person: str = ""
    score: str = "score__"
    key: str = "pk"
    # How an own segment that a condition asks for is found: looked up on the shelf, and worked out once.
    resolve: Callable[[int, Frame], Q] | None = field(default=None, compare=False)
    shelf: Any = field(default=None, compare=False)
    resolved: dict[int, tuple[Q, set[str]]] = field(default_factory=dict, compare=False)
    # The tables that were asked: whoever asks the scores alone need not join the people.
    used: set[str] = field(default_factory=set, compare=False)

    def of_person(self, **lookups: Any) -> Q:
        self.used.add("person")
        return Q(**{f"{self.person}{name}": value for name, value in lookups.items()})

    def of_score(self, **lookups: Any) -> Q:
        self.used.add("score")
        return Q(**{f"{self.score}{name}": value for name, value in lookups.items()})

    def among(self, customers: QuerySet) -> Q:
        """Those whose key `customers` (a queryset of one column without NULL) holds."""
        self.used.add("key")
        return Q(**{f"{self.key}__in": customers})

    def in_sql(self, sql: str, params: Sequence[Any]) -> Q:
        """Those whose key a statement of ours returns; it never holds what a person typed, only `params`."""
        self.used.add("key")
        return Q(**{f"{self.key}__in": RawSQL(sql, tuple(params))})

    def ago(self, days: int) -> datetime.date:
        return self.today - datetime.timedelta(days=days)


def is_not(q: Q) -> Q:
    """Everybody for whom `q` is not true: false or unknown."""
    return Q(Case(When(q, then=Value(False)), default=Value(True), output_field=BooleanField()))


def as_boolean(q: Q) -> Case:
    """Return `q` as a column that is never NULL."""
    return Case(When(q, then=Value(True)), default=Value(False), output_field=BooleanField())
