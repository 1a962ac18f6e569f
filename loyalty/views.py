"""The overview: what matters today."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from loyalty.access import COUNTER


def overview(request: HttpRequest) -> HttpResponse:
    """Show the owner and the marketer how things stand; a clerk's place is the counter."""
    if request.staff.role == COUNTER:
        return redirect("counter:counter")
    return render(request, "overview.html")
