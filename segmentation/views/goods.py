"""Products and categories: what is sold to whom, what came first and last, what goes together, what to expect."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from django.core.cache import caches
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_tables2 import RequestConfig

from loyalty.customers.models import Customer
from loyalty.shops.models import Shop
from loyalty.ui import money, presentation, sheets
from loyalty.ui.pages import page_or_fragment

from .. import goods, past
from ..models import GoodsFavourite, GoodsFigure, GoodsPair, GoodsRun, ScoreRun
from ..tables import PER_PAGE, GoodsTable
from .files import rounded
from .past import dated, named
from .whom import Whom, choices

BY = {"category": gettext_lazy("Categories"), "product": gettext_lazy("Products")}
PAIRS_SHOWN = 10
EXPECTED_SHOWN = 10
KEPT_SECONDS = 600


@dataclass(frozen=True)
class Report:
    """What the page says of somebody: the rows are kept ones of everybody, or of a group that was counted."""

    computed_at: datetime.datetime
    away_share: float | None
    again_share: float | None
    one_in: int
    figures: QuerySet[GoodsFigure] | list[GoodsFigure]
    favourites: QuerySet[GoodsFavourite] | list[GoodsFavourite]
    pairs: QuerySet[GoodsPair] | list[GoodsPair]

    @property
    def expected(self) -> QuerySet[GoodsFigure] | list[GoodsFigure]:
        """The rows of which something is expected, most of it first."""
        if isinstance(self.figures, QuerySet):
            return self.figures.filter(expected_quantity__gt=0).order_by("-expected_quantity", "pk")
        found = [row for row in self.figures if row.expected_quantity]
        return sorted(found, key=lambda row: (-row.expected_quantity, row.goods.pk))


@dated()
def products(request: HttpRequest) -> HttpResponse:
    run = goods.run_on(request.asked.day) if request.asked.day else GoodsRun.objects.first()
    if run is None or not run.buyers:
        return render(request, "segmentation/products_empty.html")
    kind, whom = _kind(request), Whom.of(request)
    found = _found(request.shop, run, kind, whom)
    if (wanted := request.GET.get("export")) in sheets.KINDS:
        return _file(request, wanted, found)
    table = GoodsTable(found.figures, order_by="-amount")
    RequestConfig(request, paginate={"per_page": PER_PAGE, "silent": True}).configure(table)
    context = {
        "run": run,
        "whom": whom,
        "choices": choices(),
        "kind": kind,
        "kinds": BY,
        "table": table,
        "rules": goods,
        "found": found,
        "favourites": [
            (segment, list(rows)) for segment, rows in groupby(found.favourites, key=lambda row: row.segment)
        ],
        "pairs": found.pairs[:PAIRS_SHOWN],
        "expected": found.expected[:EXPECTED_SHOWN],
    }
    return page_or_fragment(request, "segmentation/products.html", "segmentation/_goods_table.html", context)


def _found(shop: Shop, run: GoodsRun, kind: str, whom: Whom) -> Report:
    favourites = _of_kind(GoodsFavourite, kind).order_by("segment", "-index", "pk")
    if not whom.kind and not whom.on:
        figures = _of_kind(GoodsFigure, kind).select_related("category", "product__category")
        pairs = _of_kind(GoodsPair, kind).select_related(f"other_{kind}").order_by("-lift", "pk")
        return Report(
            run.computed_at, run.away_share, run.again_share, run.one_in, figures, favourites, pairs
        )
    people = Customer.objects.all() if whom.people is None else whom.people
    since = f"{whom.on}:{ScoreRun.objects.current().pk}" if whom.on else run.computed_at.isoformat()
    key = f"goods:{shop.pk}:{kind}:{whom.value}:{since}"
    counted = caches["figures"].get_or_set(key, lambda: goods.of(people, run, kind), KEPT_SECONDS)
    for row in counted.figures:
        row.of, row.is_nobody_away = f"{whom.filter.query}&", counted.away_share == 0
        row.opens_last = past.one_in() == 1
        if whom.kind == "stage":
            # Of one stage all are away or nobody is; asked of two, the list would take in the other one.
            row.away_query = ""
    return Report(
        counted.computed_at,
        counted.away_share,
        counted.again_share,
        counted.one_in,
        counted.figures,
        counted.favourites
        if whom.on
        else favourites.filter(segment=whom.key if whom.kind == "segment" else ""),
        counted.pairs,
    )


def _kind(request: HttpRequest) -> str:
    """Return what is asked for; categories where there are any."""
    asked = request.GET.get("by", "")
    if asked in BY:
        return asked
    return "category" if GoodsFigure.objects.filter(category__isnull=False).exists() else "product"


def _of_kind(model, kind: str):
    return model.objects.filter(**{f"{kind}__isnull": False}).select_related(kind)


def _file(request: HttpRequest, wanted: str, found: Report) -> HttpResponse:
    """Return the table that `?table=` names; that of the goods where it names none."""
    name = request.GET.get("table", "")
    if name == "favourites":
        heads, rows = FAVOURITE_HEADS, _favourite_rows(found.favourites)
    elif name == "pairs":
        heads, rows = PAIR_HEADS, _pair_rows(found.pairs)
    elif name == "demand":
        heads, rows = DEMAND_HEADS, _demand_rows(found.expected)
    else:
        name, heads, rows = "goods", _heads(), _rows(sorted(found.figures, key=lambda row: -row.amount))
    return sheets.response(wanted, named(request, f"products-{name}"), _("Products"), heads, rows)


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
            rounded(row.margin_share),
            row.first_buyers,
            rounded(row.again_share),
            row.last_buyers,
            row.away_buyers,
            rounded(row.away_lift),
            rounded(row.discounted_share),
            rounded(row.expected_quantity, 1),
        ]


def _names(row: GoodsFigure) -> tuple[str, str, str]:
    if row.product is None:
        return "", str(row.category), str(row.category)
    return row.product.sku, str(row.product), str(row.product.category or "")


def _favourite_rows(favourites) -> Iterator[list]:
    for row in favourites:
        yield [row.get_segment_display(), str(row.goods), row.buyers, rounded(row.share), round(row.index)]


def _pair_rows(pairs) -> Iterator[list]:
    for row in pairs:
        yield [str(row.goods), str(row.other), row.buyers, rounded(row.support), rounded(row.lift)]


def _demand_rows(expected) -> Iterator[list]:
    for row in expected:
        yield [*_names(row), rounded(row.expected_quantity, 1), row.quantity]
