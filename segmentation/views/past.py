"""The boards as of a past day: the people of every group by then, counted from what is remembered."""

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

from .. import boards, facts, moves, plays
from ..models import Quadrant, ScoreRun, Segment, Stage

BOARDS = {
    "segment": (Segment, plays.SEGMENTS, "segments"),
    "stage": (Stage, plays.STAGES, "stages"),
    "quadrant": (Quadrant, plays.QUADRANTS, "quadrants"),
}
EARLIER_DAYS = (7, 30, 91, 365)
# The money and the pictures of a day are those of the last run up to so many days before it.
NEAR = datetime.timedelta(days=7)


class DayForm(forms.Form):
    on = DayField(label=gettext_lazy("As of a day"), required=False)


@dataclass(frozen=True)
class Asked:
    """The past day that an address asks for with `on`: `day` is None where it asks for none, for today or for a
    later one, and where the day cannot be read."""

    request: HttpRequest
    form: DayForm
    day: datetime.date | None

    @property
    def earlier(self) -> list[tuple[int, str]]:
        """The days to choose from: how long ago, and the day as addresses have it."""
        today = self.request.shop.today()
        return [(ago, (today - datetime.timedelta(days=ago)).isoformat()) for ago in EARLIER_DAYS]

    def render(self, template: str, context: dict[str, Any]) -> HttpResponse:
        """Answer with a page that `segmentation/_days.html` is part of."""
        status = UNPROCESSABLE if self.form.errors else 200
        return render(self.request, template, context | {"asked": self}, status=status)


def asked(request: HttpRequest) -> Asked:
    form = DayForm({"on": request.GET.get("on", "")})
    day = form.cleaned_data["on"] if form.is_valid() else None
    if day is None or day >= request.shop.today():
        return Asked(request, form, None)
    # As the reader writes days, whatever the address held.
    return Asked(request, DayForm(initial={"on": day}), day)


def board(request: HttpRequest, kind: str, run: ScoreRun) -> HttpResponse | None:
    """Return the board of `kind` as of the day asked for; None where none, today or a later one is."""
    found = asked(request)
    if found.day is None and not found.form.errors:
        return None
    context = {"run": run, "tab": BOARDS[kind][2], "kind": kind}
    if found.day is not None:
        then = run_of(found.day)
        rows = _rows(kind, found.day, run, then)
        context |= {"rows": rows, "knows": any(row["then"].customers for row in rows), "then": then}
    return found.render("segmentation/board_then.html", context)


def a_month_ago(request: HttpRequest) -> str:
    """Return the day that the boards of today lead to, as addresses have it."""
    return (request.shop.today() - datetime.timedelta(days=30)).isoformat()


def run_of(day: datetime.date) -> ScoreRun | None:
    """Return the last run of the week up to `day`, from which money and pictures are; None without one."""
    runs = ScoreRun.objects.filter(as_of__lte=day, as_of__gt=day - NEAR)
    return runs.order_by("-as_of", "-pk").first()


def _rows(kind: str, day: datetime.date, run: ScoreRun, then: ScoreRun | None) -> list[dict[str, Any]]:
    choices, words, _tab = BOARDS[kind]
    counted = moves.counts(moves.KINDS[kind], [day])[day]
    sums = then.sums[kind] if then else {}
    people, spent = sum(counted.values()), sum(amount for _count, amount in sums.values())
    groups = {}
    for key, customers in counted.items():
        amount = sums.get(key, [0, 0])[1]
        share = amount / spent if spent > 0 else None
        groups[key] = facts.Group(key, customers, amount, customers / people, share)
    now = {key: customers for key, (customers, _amount) in run.sums[kind].items()}
    return [
        row
        | {
            "then": row["group"],
            "now": now.get(row["key"], 0),
            "change": now.get(row["key"], 0) - row["group"].customers,
        }
        for row in boards.rows(kind, choices, words, groups, run)
    ]
