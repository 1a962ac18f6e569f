"""Lists of goods, and of orders that lack something."""

from __future__ import annotations

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from loyalty.ui.tables import BaseTable

PER_PAGE = 12


def _cell(name: str, classes: str = "ba-num", of: str = "goods", **kwargs) -> tables.TemplateColumn:
    attrs = {"td": {"class": classes}, "th": {"class": classes}} if classes else {}
    return tables.TemplateColumn(template_name=f"segmentation/cells/_{of}_{name}.html", attrs=attrs, **kwargs)


class GoodsTable(BaseTable):
    """Products or categories with what was sold, and what came before and after."""

    caption = _("Products and categories")
    nulls_last = ("margin_share", "again_share", "away_lift", "discounted_share", "expected_quantity")

    name = _cell("name", "", verbose_name=_("Name"), orderable=False)
    buyers = _cell("buyers", verbose_name=_("People"))
    orders = _cell("orders", verbose_name=_("Orders"))
    amount = _cell("amount", verbose_name=_("Net sales"))
    margin_share = _cell("margin", verbose_name=_("Margin"))
    again_share = _cell("again", verbose_name=_("Came again after it"))
    away_lift = _cell("away", verbose_name=_("Away after it"))
    discounted_share = _cell("discounted", verbose_name=_("At a discount"))
    expected_quantity = _cell("expected", verbose_name=_("Expected, 30 days"))

    class Meta(BaseTable.Meta):
        # A row is a card of nine lines on a phone.
        per_page = PER_PAGE


class QualityOrderTable(BaseTable):
    """The newest orders that lack something: a stretch of them, which no column can sort."""

    caption = _("Orders")

    number = _cell("number", "", "order", verbose_name=_("Order"))
    customer = _cell("customer", "", "order", verbose_name=_("Customer"))
    placed_on = _cell("day", of="order", verbose_name=_("Day"))
    net_amount = _cell("net", of="order", verbose_name=_("Net amount"))
    cost_amount = _cell("cost", of="order", verbose_name=_("Cost of goods"))

    class Meta(BaseTable.Meta):
        per_page = 25
        orderable = False
