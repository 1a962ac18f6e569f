"""The books themselves: what is not known, what each gap costs, and the one place where it is mended."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.customers.filters.gaps import TWINS, UNKNOWN
from loyalty.shops.scope import current_shop_id
from loyalty.ui import sheets

from .. import quality
from ..quality import Gap, Quality

KEPT_SECONDS = 600
# Up to so many customers everything is added up anew for each visit.
AT_ONCE = 20_000
HEADS = (
    gettext_lazy("About"),
    gettext_lazy("Known"),
    gettext_lazy("Not known"),
    gettext_lazy("Their net spend in 12 months"),
)


def data_quality(request: HttpRequest) -> HttpResponse:
    found, computed_at = _kept(request)
    if (kind := request.GET.get("export")) in sheets.KINDS:
        return sheets.response(kind, "data-quality", _("Data quality"), HEADS, _rows(found))
    gaps = [
        {"gap": gap, "label": _label(gap), "query": _query(gap)}
        for gap in sorted(found.gaps.values(), key=lambda gap: gap.known_share)
    ]
    context = {
        "quality": found,
        "gaps": gaps,
        "found": found.gaps,
        "twins": [
            {"label": TWINS[key][0], "count": count, "query": urlencode({"twin": key})}
            for key, count in found.twins.items()
            if count
        ],
        "strange_births": urlencode([("id", key) for key in found.strange_births]),
        "has_gaps": bool(found.customers or found.orders.orders or found.oddities),
        "computed_at": computed_at,
    }
    return render(request, "segmentation/data_quality.html", context)


def _kept(request: HttpRequest) -> tuple[Quality, datetime.datetime]:
    """Return the figures and when they were added up: a large shop's takes seconds, so they are kept a while."""
    today = request.shop.today()
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


def _query(gap: Gap) -> str:
    """Return the query string of the people of whom it is not known."""
    return urlencode({"consent": "none"} if gap.key == "consent" else {"missing": gap.key})


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
