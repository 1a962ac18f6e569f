"""Own segments seen from elsewhere: several of them as overlapping sets, and all of them from one person."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from loyalty.customers.filters import builder
from loyalty.customers.filters.builder import compiling, looking
from loyalty.customers.filters.builder.frames import Frame
from loyalty.customers.models import Customer
from loyalty.shops.scope import current_shop
from loyalty.ui import sheets
from loyalty.ui.pages import page_or_fragment

from ..models import OwnSegment

# With five sets there are 31 regions, more than anybody reads.
MOST_SETS = 4
# All segments are asked about one person, and their page does not wait long for the answer.
PLACES_BUDGET_MS = 2_000


def own_segment_overlap(request: HttpRequest) -> HttpResponse:
    """Two to four segments as overlapping sets: who is in exactly which of them."""
    kept = list(OwnSegment.objects.kept())
    asked = [key for key in request.GET.getlist("segment") if key.isascii() and key.isdecimal()]
    chosen = [segment for segment in kept if str(segment.pk) in asked][:MOST_SETS]
    problems = [sentence for segment in chosen for sentence in builder.problems_of(segment)]
    regions = [] if problems or len(chosen) < 2 else _regions(chosen, request.shop.today())
    export = request.GET.get("export")
    if export in ("csv", "xlsx") and regions:
        return _sheet(export, chosen, regions)
    context = {
        "segments": kept,
        "chosen": chosen,
        "problems": problems,
        "regions": regions,
        "is_too_slow": regions is None,
        "query": urlencode([("segment", segment.pk) for segment in chosen]),
    }
    return render(request, "segmentation/own_segment_overlap.html", context)


def _regions(chosen: list[OwnSegment], today) -> list[dict] | None:
    view = compiling.frame(today)
    try:
        cells = looking.overlap([compiling.of_segment(segment, view) for segment in chosen])
    except looking.TooSlow:
        return None
    fullest = max((cell.people for cell in cells), default=0)
    return [
        {
            "cell": cell,
            "sets": list(zip(chosen, cell.holds, strict=True)),
            "share": cell.people / fullest,
            "query": _query(chosen, cell.holds),
        }
        for cell in cells
    ]


def _query(chosen: list[OwnSegment], holds: tuple[bool, ...]) -> str:
    """Return the query string of the list of one region."""
    return urlencode(
        [
            ("own_all" if inside else "own_none", segment.pk)
            for segment, inside in zip(chosen, holds, strict=True)
        ]
    )


def _sheet(kind: str, chosen: list[OwnSegment], regions: list[dict]) -> HttpResponse:
    heads = [*(segment.name for segment in chosen), _("People"), _("Net spend"), _("Profit")]
    rows = [
        [
            *(_("yes") if inside else _("no") for _segment, inside in region["sets"]),
            region["cell"].people,
            sheets.amount(region["cell"].spent_amount),
            sheets.amount(region["cell"].profit_amount),
        ]
        for region in regions
    ]
    return sheets.response(kind, "overlap", _("Overlapping segments"), heads, rows)


def own_segment_places(request: HttpRequest, pk: int) -> HttpResponse:
    """In which own segments one person is; for their page, fetched when it is looked at."""
    customer = get_object_or_404(Customer, pk=pk)
    segments = list(OwnSegment.objects.kept())
    view = compiling.frame(request.shop.today(), compiling.Shelf(segments))
    budget = looking.Budget(PLACES_BUDGET_MS)
    rows = [_place(customer, segment, view, budget) for segment in segments]
    rows.sort(key=lambda row: (bool(row["problems"]), not row["is_in"]))
    context = {"customer": customer, "rows": rows}
    return page_or_fragment(
        request, "segmentation/own_segment_places.html", "segmentation/_own_places.html", context
    )


def _place(customer: Customer, segment: OwnSegment, view: Frame, budget: looking.Budget) -> dict:
    problems = builder.problems_of(segment, view.shelf)
    is_in = None if problems else _is_in(customer, segment, view, budget)
    return {"segment": segment, "problems": problems, "is_in": is_in}


def _is_in(customer: Customer, segment: OwnSegment, view: Frame, budget: looking.Budget) -> bool | None:
    """Return whether a person is in a segment that resolves; None where finding out takes too long."""
    try:
        with budget.patience():
            return Customer.objects.filter(compiling.of_segment(segment, view), pk=customer.pk).exists()
    except looking.TooSlow:
        return None


def own_segment_why(request: HttpRequest, pk: int, customer: int) -> HttpResponse:
    """Why one person is in a segment, or why not: every condition with their own value."""
    segment = get_object_or_404(OwnSegment.objects.kept(), pk=pk)
    person = get_object_or_404(Customer.objects.select_related("score", "outlook"), pk=customer)
    view = compiling.frame(request.shop.today())
    budget = looking.Budget(PLACES_BUDGET_MS)
    context = {"customer": person, "reason": _reason(person, segment, budget)}
    context |= _place(person, segment, view, budget)
    return page_or_fragment(
        request, "segmentation/own_segment_why.html", "segmentation/_own_why.html", context
    )


def _reason(customer: Customer, segment: OwnSegment, budget: looking.Budget) -> looking.Reason | None:
    """Return why a person is in a segment, or why not; None where finding out takes too long."""
    try:
        with budget.patience():
            return looking.why(builder.parse(segment.definition), customer, current_shop().today())
    except looking.TooSlow:
        return None
