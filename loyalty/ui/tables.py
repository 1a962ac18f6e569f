"""Lists: sorted by any column and always by the key as well, with links that work with and without htmx."""

from __future__ import annotations

from typing import Any

import django_tables2
from django.db.models import F, Func, QuerySet, Value
from django.db.models.expressions import OrderBy
from django.db.models.functions import Collate, Lower

from loyalty.ui.text import ALPHABET


def in_persian_order(column: str) -> Collate:
    """Return what to order a text by: the embedded PostgreSQL has no ICU, and would put پ چ ژ ک گ ی last."""
    ordered = "".join(chr(0xE000 + place) for place in range(len(ALPHABET)))
    return Collate(Func(Lower(column), Value(ALPHABET), Value(ordered), function="translate"), "C")


class BaseTable(django_tables2.Table):
    """The one look of every list; on a phone each row becomes a card, labelled by its column heads.

    `caption` says to a screen reader what is listed. `empty_…` fill the empty state; give `empty_action` as
    (label, address). `nulls_last` names the columns whose unknown values stay below, whichever way they sort.
    """

    caption: Any = ""
    empty_icon = "list-search"
    empty_title: Any = ""
    empty_sentence: Any = ""
    empty_action: tuple[Any, str] | None = None
    nulls_last: tuple[str, ...] = ()

    class Meta:
        template_name = "ui/_table.html"
        order_by_field = "sort"
        page_field = "page"
        per_page = 50
        attrs = {"class": "ba-table ba-cards"}

    @property
    def order_by(self) -> Any:
        return self._order_by

    @order_by.setter
    def order_by(self, value: Any) -> None:
        django_tables2.Table.order_by.fset(self, value)
        rows = getattr(self.data, "data", None)
        if isinstance(rows, list):
            # As far as rows differ in nothing else they stay in their order.
            for name in {str(term).lstrip("-") for term in self._order_by or ()} & {*self.nulls_last}:
                rows.sort(key=lambda row: getattr(row, name) is None)
        if isinstance(rows, QuerySet) and not rows.query.is_sliced:
            self.data.data = self._with_key(rows)

    def _with_key(self, rows: QuerySet) -> QuerySet:
        """Order also by the key: without it, pages of equal values repeat some rows and miss others."""
        ordering = list(
            rows.query.order_by or (rows.model._meta.ordering if rows.query.default_ordering else ())
        )
        known = {self._bare(term) for term in ordering}
        ordering = [self._unknown_below(term) for term in ordering]
        if not known & {"pk", rows.model._meta.pk.name}:
            ordering.append("pk")
        return rows.order_by(*ordering)

    @staticmethod
    def _bare(term: Any) -> str:
        return term.lstrip("-") if isinstance(term, str) else ""

    def _unknown_below(self, term: Any) -> Any:
        # PostgreSQL calls an unknown value the largest: by profit, people without one would come first.
        columns = {
            str(accessor).lstrip("-") for name in self.nulls_last for accessor in self._accessors(name)
        }
        if not isinstance(term, str) or term.lstrip("-") not in columns:
            return term
        return OrderBy(F(term.lstrip("-")), descending=term.startswith("-"), nulls_last=True)

    def _accessors(self, name: str) -> list[str]:
        return [accessor.for_queryset() for accessor in self.columns[name].order_by]
