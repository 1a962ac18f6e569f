"""Lists of goods."""

from __future__ import annotations

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from loyalty.ui.tables import BaseTable

PER_PAGE = 12


def _cell(name: str, classes: str = "ba-num", **kwargs) -> tables.TemplateColumn:
    attrs = {"td": {"class": classes}, "th": {"class": classes}} if classes else {}
    return tables.TemplateColumn(
        template_name=f"segmentation/cells/_goods_{name}.html", attrs=attrs, **kwargs
    )


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
