"""The books themselves: what is not known, what each gap costs, and the one place where it is mended."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from django.core.cache import caches
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_tables2 import RequestConfig

from loyalty.customers.filters.gaps import TWINS, UNKNOWN
from loyalty.shops.scope import current_shop_id
from loyalty.ui import sheets
from loyalty.ui.pages import page_or_fragment

from .. import quality
from ..quality import Gap, Quality
from ..tables import QualityOrderTable
from .past import dated, named

KEPT_SECONDS = 600
# Up to so many customers everything is added up anew for each visit.
AT_ONCE = 20_000
HEADS = (
    gettext_lazy("About"),
    gettext_lazy("Known"),
    gettext_lazy("Not known"),
    gettext_lazy("Their net spend in 12 months"),
)


GOODS_HEADS = (
    gettext_lazy("Product"),
    gettext_lazy("Category"),
    gettext_lazy("Sold in 12 months"),
    gettext_lazy("Share of sales"),
)
# What the page counts among the orders.
ORDERS = {
    "customer": gettext_lazy("Orders of guests"),
    "cost": gettext_lazy("Orders with goods of unknown cost"),
    "lines": gettext_lazy("Orders that do not say what was bought"),
    "future": gettext_lazy("Orders dated after today"),
}
ORDER_HEADS = (
    gettext_lazy("Order"),
    gettext_lazy("Customer"),
    gettext_lazy("Day"),
    gettext_lazy("Net amount"),
    gettext_lazy("Cost of goods"),
)
# The newest that the screen turns over; whoever wants them all takes the file.
MOST_ORDERS = 1_000


@dated(scores=False)
def data_quality(request: HttpRequest) -> HttpResponse:
    found, computed_at = _kept(request)
    if not found.customers and not (found.orders.orders or found.orders.future_orders):
        return render(request, "segmentation/empty.html")
    if (kind := request.GET.get("export")) in sheets.KINDS:
        return _file(request, kind, found)
    then = {"on": request.asked.day.isoformat()} if request.asked.day else {}
    gaps = [
        {"gap": gap, "label": _label(gap), "query": urlencode(_asked_for(gap) | then)}
        for gap in sorted(found.gaps.values(), key=lambda gap: gap.known_share)
    ]
    context = {
        "quality": found,
        "gaps": gaps,
        "found": found.gaps,
        "twins": [
            {"label": TWINS[key][0], "count": count, "query": urlencode({"twin": key, **then})}
            for key, count in found.twins.items()
            if count
        ],
        "strange_births": found.strange_births
        and urlencode({"id": found.strange_births, **then}, doseq=True),
        "orders_that": {
            lack: reverse("segmentation:quality_orders", args=[lack]) + request.then_only for lack in ORDERS
        },
        "computed_at": computed_at,
    }
    return render(request, "segmentation/data_quality.html", context)


@dated(scores=False)
def quality_orders(request: HttpRequest, lack: str) -> HttpResponse:
    if lack not in ORDERS:
        raise Http404("Nothing of the kind is counted.")
    orders = quality.orders_that(lack, request.asked.today).select_related("customer")
    if (kind := request.GET.get("export")) in sheets.KINDS:
        name = named(request, f"orders-{lack}")
        return sheets.response(kind, name, str(ORDERS[lack]), ORDER_HEADS, _order_rows(orders))
    table = QualityOrderTable(orders[:MOST_ORDERS])
    RequestConfig(request, paginate={"per_page": table.Meta.per_page, "silent": True}).configure(table)
    context = {"title": ORDERS[lack], "table": table, "lack": lack, "most": MOST_ORDERS}
    return page_or_fragment(
        request, "segmentation/quality_orders.html", "segmentation/_quality_orders.html", context
    )


def _kept(request: HttpRequest) -> tuple[Quality, datetime.datetime]:
    """Return the figures and when they were added up: a large shop's takes seconds, so they are kept a while."""
    today = request.asked.today
    key = f"quality:{current_shop_id()}:{today}"
    kept = caches["figures"].get(key)
    if kept is None:
        kept = quality.quality(today), timezone.now()
        # Who mends a small shop's books sees the number fall at once.
        if kept[0].customers > AT_ONCE:
            caches["figures"].set(key, kept, KEPT_SECONDS)
    return kept


def _label(gap: Gap) -> str:
    return _("Consent asked for") if gap.key == "consent" else str(UNKNOWN[gap.key][0])


def _asked_for(gap: Gap) -> dict[str, str]:
    """Return the condition of the people of whom it is not known."""
    return {"consent": "none"} if gap.key == "consent" else {"missing": gap.key}


def _file(request: HttpRequest, kind: str, found: Quality) -> HttpResponse:
    """Return the table that `?table=goods` names, or that of the gaps."""
    if request.GET.get("table") == "goods":
        goods = quality.uncosted(request.asked.today, found.orders.amount)
        rows = ([one.product, one.category, sheets.amount(one.amount), round(one.share, 4)] for one in goods)
        name = named(request, "goods-of-unknown-cost")
        return sheets.response(kind, name, _("Data quality"), GOODS_HEADS, rows)
    return sheets.response(kind, named(request, "data-quality"), _("Data quality"), HEADS, _rows(found))


def _order_rows(orders) -> Iterator[list]:
    for order in orders.iterator():
        amounts = [sheets.amount(order.net_amount), sheets.amount(order.cost_amount)]
        yield [
            order.external_id,
            order.customer and str(order.customer),
            order.placed_on.isoformat(),
            *amounts,
        ]


def _rows(found: Quality) -> Iterator[list]:
    for gap in found.gaps.values():
        yield [_label(gap), round(gap.known_share, 4), gap.customers, sheets.amount(gap.amount)]
    orders = found.orders
    for label, missing, amount in (
        (_("Orders with a customer"), orders.guest_orders, orders.guest_amount),
        (_("Orders with a cost"), orders.uncosted_orders, orders.uncosted_amount),
        (_("Orders with their goods"), orders.lineless_orders, None),
    ):
        share = 1 - missing / orders.orders if orders.orders else None
        yield [label, share and round(share, 4), missing, None if amount is None else sheets.amount(amount)]
    yield [str(ORDERS["future"]), None, orders.future_orders, None]
