"""The list of customers."""

from __future__ import annotations

from collections.abc import Callable

import django_tables2 as tables
from django.db.models import Prefetch, prefetch_related_objects
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_tables2.data import TableData

from loyalty.tiers.models import TierMembership
from loyalty.ui.dates import format_day
from loyalty.ui.money import unit_label
from loyalty.ui.presentation import current
from loyalty.ui.tables import BaseTable
from loyalty.ui.templatetags.ui import num
from segmentation.models import ScoreRun

from .filters import SORTS, CustomerFilter
from .filters.then import remember
from .models import Customer, Product

PER_PAGE = 25
NUMBER = {"th": {"class": "ba-num"}, "td": {"class": "ba-num"}}
# Counting stops here: beyond it nobody pages, and counting a million rows takes longer than showing 25.
MOST_COUNTED = 10_000


class People(TableData):
    """The rows of a filter as a table wants them: a length, and any stretch in the order asked for."""

    def __init__(self, people: CustomerFilter):
        super().__init__(people.qs)
        self.people = people
        self.counted = people.count(MOST_COUNTED + 1)

    @property
    def is_more(self) -> bool:
        """Whether there are more people than were counted."""
        return self.counted > MOST_COUNTED

    def __len__(self) -> int:
        return min(self.counted, MOST_COUNTED)

    def __getitem__(self, key: slice) -> list[Customer]:
        start, stop, _step = key.indices(len(self))
        rows = self.people.rows(start, stop)
        members = TierMembership.objects.filter(is_current=True).select_related("tier")
        prefetch_related_objects(rows, Prefetch("tier_memberships", members, to_attr="current_memberships"))
        if self.people.on:
            remember(rows, self.people.on)
        return rows

    def order_by(self, aliases) -> None:
        """The filter has ordered already."""


def _cell(name: str, classes: str = "", **kwargs) -> tables.TemplateColumn:
    cell = {"class": f"ba-people-{name} {classes}".strip()}
    attrs = {"td": cell, "th": {"class": classes} if classes else {}}
    return tables.TemplateColumn(template_name=f"customers/cells/_{name}.html", attrs=attrs, **kwargs)


def _to(route: str) -> Callable:
    """Return a link to the record's form for whoever may write."""
    return lambda record, table: reverse(route, args=[record.pk]) if table.may_write else None


class GoodsTable(BaseTable):
    """Products with what one piece costs the shop."""

    caption = gettext_lazy("Products")
    empty_icon = "package"
    name = tables.Column(
        verbose_name=gettext_lazy("Product"),
        empty_values=(),
        order_by=("name_order", "sku"),
        linkify=_to("customers:product_edit"),
    )
    sku = tables.TemplateColumn('<bdi dir="ltr">{{ value }}</bdi>', verbose_name=gettext_lazy("Code"))
    category = tables.Column(verbose_name=gettext_lazy("Category"), default="–", order_by="category_order")
    cost_amount = tables.TemplateColumn(
        template_name="customers/cells/_cost.html", verbose_name=gettext_lazy("Cost of one"), attrs=NUMBER
    )
    nulls_last = ("cost_amount",)

    class Meta(BaseTable.Meta):
        order_by = "name"

    def __init__(self, data, *, may_write: bool, is_searched: bool, **options):
        super().__init__(data, **options)
        self.may_write = may_write
        self.empty_title = _("No such product") if is_searched else _("No products yet")
        if not is_searched:
            self.empty_sentence = _("They come with a file of sales whose rows say what was bought.")
            self.empty_action = (_("Bring in your sales"), reverse("ingest:import_list"))

    def render_name(self, record: Product) -> str:
        return str(record)

    @property
    def foot_note(self) -> str:
        return _("amounts in %(unit)s") % {"unit": unit_label(current())}


class CategoryTable(BaseTable):
    """Categories with the margin that stands in for unknown costs."""

    caption = gettext_lazy("Categories")
    empty_icon = "category"
    empty_title = gettext_lazy("No categories yet")
    empty_sentence = gettext_lazy("They come with a file of sales that has a column for them.")
    name = tables.Column(
        verbose_name=gettext_lazy("Category"), order_by="name_order", linkify=_to("customers:category_edit")
    )
    goods = tables.TemplateColumn(
        "{% load ui %}{{ value|num }}", verbose_name=gettext_lazy("Products"), attrs=NUMBER
    )
    uncosted = tables.TemplateColumn(
        "{% load ui %}{{ value|num }}", verbose_name=gettext_lazy("Without a cost of their own"), attrs=NUMBER
    )
    margin_share = tables.TemplateColumn(
        "{% load ui %}{{ value|share }}", verbose_name=gettext_lazy("Margin"), attrs=NUMBER, default="–"
    )
    nulls_last = ("margin_share",)

    class Meta(BaseTable.Meta):
        order_by = "name"

    def __init__(self, data, *, may_write: bool, **options):
        super().__init__(data, **options)
        self.may_write = may_write


class CustomerTable(BaseTable):
    """One page of people with where they stand; whoever has no score yet has empty cells there."""

    caption = gettext_lazy("Customers")
    chosen = _cell("chosen", verbose_name=gettext_lazy("Choose"), orderable=False)
    name = _cell("name", verbose_name=gettext_lazy("Customer"))
    tier = _cell("tier", verbose_name=gettext_lazy("Tier"), orderable=False)
    segment = _cell("segment", verbose_name=gettext_lazy("Segment"))
    stage = _cell("stage", verbose_name=gettext_lazy("Stage"), orderable=False)
    last = _cell("last", verbose_name=gettext_lazy("Last purchase"))
    orders = _cell("orders", "ba-num", verbose_name=gettext_lazy("Purchases"))
    spent = _cell("spent", "ba-num", verbose_name=gettext_lazy("Spend"))

    class Meta(BaseTable.Meta):
        per_page = PER_PAGE
        attrs = {"class": "ba-table ba-people"}

    def __init__(self, data: People, **options):
        super().__init__(data, **options)
        for name in {*SORTS} & {*self.columns.names()} - {*data.people.sorts}:
            self.columns[name].column.orderable = False

    @property
    def foot_note(self) -> str:
        """What the numbers are: their span, their unit, and whether there are people beyond the last page."""
        run = ScoreRun.objects.current()
        days = run.window_days if run else None
        span = _("purchases of %(days)s days") % {"days": num(days)} if days else _("purchases of all time")
        if on := self.data.people.on:
            span = _("%(span)s up to %(day)s") % {"span": span, "day": format_day(on, current())}
        notes = [span, _("amounts in %(unit)s") % {"unit": unit_label(current())}]
        if self.data.is_more:
            notes.insert(0, _("there are more; narrow the list to reach them"))
        return " · ".join(notes)
