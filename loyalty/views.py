"""The overview: what matters today."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from loyalty.overview import Overview


def overview(request: HttpRequest) -> HttpResponse:
    shown = Overview(request.shop, timezone.now())
    page = "overview.html" if shown.has_customers else "overview_empty.html"
    return render(request, page, {"overview": shown, "first_name": request.user.name.partition(" ")[0]})
