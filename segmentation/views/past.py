"""The boards as of a past day: the people of every group by then, counted from what is remembered."""

from __future__ import annotations

import datetime
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
# The money of a day is that of the last run up to so many days before it.
NEAR = datetime.timedelta(days=7)


class DayForm(forms.Form):
    on = DayField(label=gettext_lazy("As of a day"), required=False)


def board(request: HttpRequest, kind: str, run: ScoreRun) -> HttpResponse | None:
    """Return the board of `kind` as of the day asked for; None where none, today or a later one is."""
    form = DayForm(request.GET)
    today = request.shop.today()
    if "on" not in request.GET or (form.is_valid() and not (form.cleaned_data["on"] or today) < today):
        return None
    context = {"run": run, "form": form, "earlier": earlier(today), "tab": BOARDS[kind][2], "kind": kind}
    if not form.is_valid():
        return render(request, "segmentation/board_then.html", context, status=UNPROCESSABLE)
    day = form.cleaned_data["on"]
    money = _money(kind, day)
    rows = _rows(kind, day, run, money)
    context |= {
        # As the reader writes days, whatever the address held.
        "form": DayForm(initial={"on": day}),
        "day": day,
        "rows": rows,
        "knows": any(row["then"].customers for row in rows),
        "money_on": money and money.as_of,
    }
    return render(request, "segmentation/board_then.html", context)


def a_month_ago(request: HttpRequest) -> str:
    """Return the day that the boards of today lead to, as addresses have it."""
    return (request.shop.today() - datetime.timedelta(days=30)).isoformat()


def earlier(today: datetime.date) -> list[tuple[int, str]]:
    """Return the days to choose from: how long ago, and the day as addresses have it."""
    return [(ago, (today - datetime.timedelta(days=ago)).isoformat()) for ago in EARLIER_DAYS]


def _money(kind: str, day: datetime.date) -> ScoreRun | None:
    runs = ScoreRun.objects.filter(as_of__lte=day, as_of__gt=day - NEAR)
    return runs.order_by("-as_of", "-pk").first()


def _rows(kind: str, day: datetime.date, run: ScoreRun, money: ScoreRun | None) -> list[dict[str, Any]]:
    choices, words, _tab = BOARDS[kind]
    counted = moves.counts(moves.KINDS[kind], [day])[day]
    sums = money.sums[kind] if money else {}
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
