"""Products and categories: what is sold to whom, what came first and last, what goes together, what to expect."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_tables2 import RequestConfig

from loyalty.ui import money, presentation, sheets
from loyalty.ui.pages import page_or_fragment

from .. import goods
from ..models import GoodsFavourite, GoodsFigure, GoodsPair, GoodsRun
from ..tables import PER_PAGE, GoodsTable

BY = {"category": gettext_lazy("Categories"), "product": gettext_lazy("Products")}
PAIRS_SHOWN = 10
EXPECTED_SHOWN = 10


def products(request: HttpRequest) -> HttpResponse:
    run = GoodsRun.objects.first()
    if run is None or not run.buyers:
        return render(request, "segmentation/products_empty.html")
    kind = _kind(request)
    figures = GoodsFigure.objects.filter(**{f"{kind}__isnull": False})
    figures = figures.select_related("category", "product__category")
    favourites = _of_kind(GoodsFavourite, kind).order_by("segment", "-index", "pk")
    pairs = _of_kind(GoodsPair, kind).select_related(f"other_{kind}").order_by("-lift", "pk")
    if (wanted := request.GET.get("export")) in sheets.KINDS:
        return _file(request, wanted, figures.order_by("-amount", "pk"), favourites, pairs)
    table = GoodsTable(figures, order_by="-amount")
    RequestConfig(request, paginate={"per_page": PER_PAGE, "silent": True}).configure(table)
    context = {
        "run": run,
        "kind": kind,
        "kinds": BY,
        "table": table,
        "rules": goods,
        "favourites": [
            (segment, list(rows)) for segment, rows in groupby(favourites, key=lambda row: row.segment)
        ],
        "pairs": pairs[:PAIRS_SHOWN],
        "expected": figures.filter(expected_quantity__gt=0).order_by("-expected_quantity", "pk")[
            :EXPECTED_SHOWN
        ],
    }
    return page_or_fragment(request, "segmentation/products.html", "segmentation/_goods_table.html", context)


def _kind(request: HttpRequest) -> str:
    """Return what is asked for; categories where there are any."""
    asked = request.GET.get("by", "")
    if asked in BY:
        return asked
    return "category" if GoodsFigure.objects.filter(category__isnull=False).exists() else "product"


def _of_kind(model, kind: str):
    return model.objects.filter(**{f"{kind}__isnull": False}).select_related(kind)


def _file(request: HttpRequest, wanted: str, figures, favourites, pairs) -> HttpResponse:
    """Return the table that `?table=` names; that of the goods where it names none."""
    name = request.GET.get("table", "")
    if name == "favourites":
        heads, rows = FAVOURITE_HEADS, _favourite_rows(favourites)
    elif name == "pairs":
        heads, rows = PAIR_HEADS, _pair_rows(pairs)
    elif name == "demand":
        heads, rows = DEMAND_HEADS, _demand_rows(figures)
    else:
        name, heads, rows = "goods", _heads(), _rows(figures)
    return sheets.response(wanted, f"products-{name}", _("Products"), heads, rows)


FAVOURITE_HEADS = (
    gettext_lazy("Segment"),
    gettext_lazy("Name"),
    gettext_lazy("People"),
    gettext_lazy("Share of the segment's money"),
    gettext_lazy("Index (shop = 100)"),
)
PAIR_HEADS = (
    gettext_lazy("Name"),
    gettext_lazy("Bought with"),
    gettext_lazy("People who bought both"),
    gettext_lazy("Share of all buyers"),
    gettext_lazy("Lift"),
)
DEMAND_HEADS = (
    gettext_lazy("Code"),
    gettext_lazy("Name"),
    gettext_lazy("Category"),
    gettext_lazy("Units expected in 30 days"),
    gettext_lazy("Units sold in 12 months"),
)


def _heads() -> list[str]:
    unit = money.unit_label(presentation.current())
    return [
        _("Code"),
        _("Name"),
        _("Category"),
        _("People"),
        _("Orders"),
        _("Units"),
        _("Net sales (%(unit)s)") % {"unit": unit},
        _("Profit where the cost is known (%(unit)s)") % {"unit": unit},
        _("Margin"),
        _("First purchase of"),
        _("Of them came again"),
        _("Last purchase so far of"),
        _("Of them are away"),
        _("Away, against the shop"),
        _("Orders at a discount"),
        _("Units expected in 30 days"),
    ]


def _rows(figures) -> Iterator[list]:
    for row in figures:
        yield [
            *_names(row),
            row.buyers,
            row.orders,
            row.quantity,
            sheets.amount(row.amount),
            sheets.amount(row.profit_amount),
            _rounded(row.margin_share),
            row.first_buyers,
            _rounded(row.again_share),
            row.last_buyers,
            row.away_buyers,
            _rounded(row.away_lift),
            _rounded(row.discounted_share),
            _rounded(row.expected_quantity, 1),
        ]


def _names(row: GoodsFigure) -> tuple[str, str, str]:
    if row.product is None:
        return "", str(row.category), str(row.category)
    return row.product.sku, str(row.product), str(row.product.category or "")


def _favourite_rows(favourites) -> Iterator[list]:
    for row in favourites:
        yield [row.get_segment_display(), str(row.goods), row.buyers, _rounded(row.share), round(row.index)]


def _pair_rows(pairs) -> Iterator[list]:
    for row in pairs:
        yield [str(row.goods), str(row.other), row.buyers, _rounded(row.support), _rounded(row.lift)]


def _demand_rows(figures) -> Iterator[list]:
    for row in figures.filter(expected_quantity__gt=0).order_by("-expected_quantity", "pk"):
        yield [*_names(row), _rounded(row.expected_quantity, 1), row.quantity]


def _rounded(number: float | None, places: int = 4) -> float | None:
    return None if number is None else round(number, places)
