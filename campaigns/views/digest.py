"""The week in sentences."""

from __future__ import annotations

from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from campaigns import digest as weekly
from segmentation.models import ScoreRun

# In a large shop the lists are counted once in some minutes.
KEPT_SECONDS = 600


def digest(request: HttpRequest) -> HttpResponse:
    today, run = request.shop.today(), ScoreRun.objects.current()
    if run is None or not run.buyers:
        return render(request, "segmentation/empty.html")
    found = None
    if run.buyers > weekly.NEAR_BUYERS:
        key = f"digest:{request.shop.pk}:{run.pk}:{today}"
        found = caches["figures"].get_or_set(key, lambda: weekly.look(today), KEPT_SECONDS)
    return render(request, "campaigns/digest.html", {"week": weekly.week_of(today, found), "run": run})
