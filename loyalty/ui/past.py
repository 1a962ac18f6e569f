"""A page as of a past day: the day that its address asks for with `on`."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from loyalty.ui.fields import DayField
from loyalty.ui.pages import UNPROCESSABLE

EARLIER_DAYS = (7, 30, 91, 365)


class DayForm(forms.Form):
    on = DayField(label=gettext_lazy("As of a day"), required=False)


@dataclass(frozen=True)
class Asked:
    """What an address asks for: `day` is None where it asks for no day, for today or for a later one, and where
    the day cannot be read."""

    request: HttpRequest
    form: DayForm
    day: datetime.date | None

    @property
    def today(self) -> datetime.date:
        """The day that the page is of."""
        return self.day or self.request.shop.today()

    @property
    def is_now(self) -> bool:
        return self.day is None and not self.form.errors

    @property
    def earlier(self) -> list[tuple[int, str]]:
        """The days to choose from: how long ago, and the day as addresses have it."""
        today = self.request.shop.today()
        return [(ago, (today - datetime.timedelta(days=ago)).isoformat()) for ago in EARLIER_DAYS]

    @property
    def a_month_ago(self) -> str:
        return a_month_ago(self.request)

    def render(self, template: str, context: dict[str, Any]) -> HttpResponse:
        """Answer with a page that `ui/_days.html` is part of."""
        status = UNPROCESSABLE if self.form.errors else 200
        return render(self.request, template, context | {"asked": self}, status=status)


def asked(request: HttpRequest) -> Asked:
    form = DayForm({"on": request.GET.get("on", "")})
    day = form.cleaned_data["on"] if form.is_valid() else None
    if day is None or day >= request.shop.today():
        return Asked(request, form, None)
    # As the reader writes days, whatever the address held.
    return Asked(request, DayForm(initial={"on": day}), day)


def a_month_ago(request: HttpRequest) -> str:
    """Return the day that pages of today lead to, as addresses have it."""
    return (request.shop.today() - datetime.timedelta(days=30)).isoformat()
