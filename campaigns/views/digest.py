"""The week in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import digest as weekly
from loyalty.ui import sheets
from segmentation.models import ScoreRun

# In a large shop the lists are counted once in some minutes.
KEPT_SECONDS = 600
HEADS = (
    gettext_lazy("Finding"),
    gettext_lazy("People"),
    gettext_lazy("Money at stake"),
    gettext_lazy("Stability index"),
    gettext_lazy("People in the digest before"),
)


def digest(request: HttpRequest) -> HttpResponse:
    today, run = request.shop.today(), ScoreRun.objects.current()
    if run is None or not run.buyers:
        return render(request, "segmentation/empty.html", {"heading": _("The week in sentences")})
    found = None
    if run.buyers > weekly.NEAR_BUYERS:
        key = f"digest:{request.shop.pk}:{run.pk}:{today}"
        found = caches["figures"].get_or_set(key, lambda: weekly.look(today), KEPT_SECONDS)
    week = weekly.week_of(today, found)
    if (kind := request.GET.get("export")) in sheets.KINDS:
        return sheets.response(
            kind, f"week-{today.isoformat()}", _("The week in sentences"), HEADS, _rows(week)
        )
    return render(request, "campaigns/digest.html", {"week": week, "run": run})


def _rows(week: weekly.Week) -> Iterator[list]:
    for finding in week.findings:
        name = render_to_string("campaigns/_digest_name.html", {"finding": finding}).strip()
        people = None if finding.index is not None else finding.count
        yield [name, people, sheets.amount(finding.amount), finding.index, finding.before]
