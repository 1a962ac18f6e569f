"""Own segments seen from elsewhere: several of them as overlapping sets, and all of them from one person."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from loyalty.customers.filters import builder
from loyalty.customers.filters.builder import compiling, looking
from loyalty.customers.models import Customer
from loyalty.ui import sheets
from loyalty.ui.pages import page_or_fragment

from ..models import OwnSegment

# With five sets there are 31 regions, more than anybody reads.
MOST_SETS = 4


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
    segments = [one for one in OwnSegment.objects.kept() if not builder.problems_of(one)]
    view = compiling.frame(request.shop.today())
    person = Customer.objects.filter(pk=pk)
    rows = [
        {"segment": one, "is_in": person.filter(compiling.of_segment(one, view)).exists()} for one in segments
    ]
    rows.sort(key=lambda row: not row["is_in"])
    context = {"customer": customer, "rows": rows}
    return page_or_fragment(
        request, "segmentation/own_segment_places.html", "segmentation/_own_places.html", context
    )


def own_segment_why(request: HttpRequest, pk: int, customer: int) -> HttpResponse:
    """Why one person is in a segment, or why not: every condition with their own value."""
    segment = get_object_or_404(OwnSegment.objects.kept(), pk=pk)
    person = get_object_or_404(Customer.objects.select_related("score"), pk=customer)
    root = builder.parse(segment.definition)
    view = compiling.frame(request.shop.today())
    q = compiling.of_segment(segment, view) if not builder.problems_of(segment) else None
    context = {
        "segment": segment,
        "customer": person,
        "is_in": q is not None and Customer.objects.filter(pk=customer).filter(q).exists(),
        "reason": looking.why(root, person, request.shop.today()),
        "problems": builder.problems_of(segment),
    }
    return page_or_fragment(
        request, "segmentation/own_segment_why.html", "segmentation/_own_why.html", context
    )
