"""Who went from which group to which between two days, with the people behind every number."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.tiers import services as tiers
from loyalty.tiers.models import Tier
from loyalty.ui import charts, dates, presentation, sheets
from loyalty.ui.charts import Chart, Series
from loyalty.ui.pages import UNPROCESSABLE

from .. import flow, history, moves
from ..charts import QUADRANT_TOKENS, TOKENS, people
from ..forms.changes import DEFAULT_KIND, PRESETS, ChangesForm
from ..models import ScoreHistory, ScoreRun, segment_labels
from ..moves import NONE, Flow, Kind, Migration

LABELS = {
    "segment": gettext_lazy("Segment"),
    "stage": gettext_lazy("Stage"),
    "quadrant": gettext_lazy("Value and frequency"),
    "tier": gettext_lazy("Tier"),
}
# What the list of customers calls the lack of a group.
NOBODYS = "none"
# Where there are many groups, their lines need colours that can be told apart; none of them blames.
LINES = (
    "brand",
    "loyal",
    "vip",
    "gold",
    "new",
    "risk",
    "silver",
    "bronze",
    "inactive",
    "lost",
    "ink-3",
    "line-2",
)


def tier_kind() -> Kind:
    """Return the tiers as a kind whose past is kept; they stand above the room that counts changes."""
    held = "from_on <= {day} AND (until_on IS NULL OR until_on > {day})"
    rows = "FROM tiers_tiermembership WHERE shop_id = %(shop_id)s AND undone_at IS NULL"

    def on(day: str) -> str:
        return f"coalesce(max(tier_id) FILTER (WHERE {held.format(day=day)})::text, '')"

    return Kind(
        "tier",
        f"SELECT customer_id, {on('%(first)s::date')} AS before, {on('%(last)s::date')} AS after {rows} GROUP BY 1",
        f"""SELECT day, tier_id::text AS value, count(*) AS customers
FROM unnest(%(days)s::date[]) AS day CROSS JOIN LATERAL (
    SELECT tier_id {rows} AND {held.format(day="day")}) AS member GROUP BY 1, 2""",
        [(str(tier.pk), tier.name) for tier in Tier.objects.order_by("programme", "-rank")],
    )


def kind_named(name: str) -> Kind:
    return tier_kind() if name == "tier" else moves.KINDS[name]


def kept_since(name: str) -> datetime.date | None:
    """Return the first day of which the groups of a kind are remembered."""
    return tiers.kept_since() if name == "tier" else history.kept_since()


@dataclass(frozen=True)
class Place:
    """One number of the page and the query string of its people."""

    customers: int
    amount: int
    query: str
    share: float | None = None


class Page:
    """A migration in the words, links and pictures of the screen."""

    def __init__(self, found: Migration, today: datetime.date):
        self.found, self.today = found, today
        named = segment_labels() if found.kind.name == "segment" else dict(found.kind.choices)
        self.labels: dict[str, Any] = named | {NONE: _("In no group yet")}
        used = {key for flow_ in found.flows for key in (flow_.before, flow_.after)}
        self.order = [key for key, _label in found.kind.choices if key in used] + [NONE] * (NONE in used)

    def was(self, key: str, day: datetime.date, mark: str = "") -> str:
        return f"{self.found.kind.name}:{mark}{key or NOBODYS}@{day.isoformat()}"

    def query(self, before: str, after: str) -> str:
        """Return the query string of those who went from `before` to `after`."""
        return self._query([self.was(before, self.found.first)], after)

    def _query(self, were: list[str], after: str, mark: str = "") -> str:
        if self.found.last == self.today and after and not mark:
            return urlencode([*(("was", one) for one in were), (self.found.kind.name, after)])
        return urlencode([("was", one) for one in [*were, self.was(after, self.found.last, mark)]])

    @property
    def heads(self) -> list[Any]:
        return [(self.labels[key], self.found.after[key]) for key in self._columns]

    @property
    def _columns(self) -> list[str]:
        """The groups that anybody is in on the last day: an empty column says nothing."""
        return [key for key in self.order if self.found.after.get(key)]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The matrix: a row for every group of the first day, a cell for every one of the last."""
        return [
            {
                "label": self.labels[before],
                "customers": self.found.before.get(before, 0),
                "cells": [self._cell(before, after) for after in self._columns],
            }
            for before in self.order
            if self.found.before.get(before)
        ]

    def _cell(self, before: str, after: str) -> dict[str, Any]:
        found = self.found.flow(before, after)
        return {
            "place": self.place(found),
            "stayed": before == after,
            "after": self.labels[after],
        }

    def place(self, found: Flow) -> Place:
        whole = self.found.before.get(found.before)
        share = found.customers / whole if whole else None
        return Place(found.customers, found.amount, self.query(found.before, found.after), share)

    @property
    def turns(self) -> list[dict[str, Any]]:
        """Every group with who entered and who left; both open their people."""
        first = self.found.first
        return [
            {
                "turn": turn,
                "label": self.labels[turn.key],
                "before": urlencode({"was": self.was(turn.key, first)}),
                "entered": self._query([self.was(turn.key, first, "!")], turn.key),
                "left": self._query([self.was(turn.key, first)], turn.key, "!"),
                "after": self._query([], turn.key),
            }
            for turn in self.found.turns
            if turn.before or turn.after
        ]

    @property
    def drawing(self) -> dict[str, Any]:
        flows = {(one.before, one.after): one.customers for one in self.found.flows}
        drawn = flow.draw(flows, self.order, mirrored=presentation.current().is_persian)
        return {
            "height": drawn.height,
            "width": drawn.width,
            "ribbons": [
                {
                    "ribbon": one,
                    "query": self.query(one.before, one.after),
                    "before": self.labels[one.before],
                    "after": self.labels[one.after],
                    "stayed": one.before == one.after,
                }
                for one in drawn.ribbons
            ],
            "nodes": [{"node": node, "label": self.labels[node.key]} for node in drawn.nodes],
        }

    @property
    def largest(self) -> dict[str, Any] | None:
        found = self.found.largest
        return found and {
            "place": self.place(found),
            "before": self.labels[found.before],
            "after": self.labels[found.after],
        }

    def chart(self) -> Chart | None:
        """Return the people of each group from week to week; a point opens its list."""
        days = moves.weeks(self.found.first, self.found.last)
        if len(days) < 2:
            return None
        counted = moves.counts(self.found.kind, days)
        name = self.found.kind.name
        shown = presentation.current()
        keys = [
            key for key, _label in self.found.kind.choices if any(key in week for week in counted.values())
        ]
        series = [
            Series(
                self.labels[key],
                [counted[day].get(key, 0) for day in days],
                _colour(name, key, number),
                [people(**_on(name, key, day, self.today)) for day in days],
            )
            for number, key in enumerate(keys)
        ]
        words = [dates.format_day(day, shown, "day") for day in days]
        label = _("People of each group, week by week")
        return charts.line("changes-weeks", label, words, series, x_title=_("Day"))

    def table(self) -> Iterator[list[Any]]:
        """Yield the flows as rows of a file."""
        for found in self.found.flows:
            place = self.place(found)
            yield [
                str(self.labels[found.before]),
                str(self.labels[found.after]),
                found.customers,
                None if place.share is None else round(place.share, 4),
                sheets.amount(found.amount),
            ]


FILE_HEADS = (
    gettext_lazy("On the first day"),
    gettext_lazy("On the last day"),
    gettext_lazy("People"),
    gettext_lazy("Share of the group"),
    gettext_lazy("Net spend"),
)


def _on(kind: str, key: str, day: datetime.date, today: datetime.date) -> dict[str, str]:
    return {kind: key} if day == today else {kind: key, "on": day.isoformat()}


def _colour(kind: str, key: str, number: int) -> str:
    if kind == "stage":
        return {"prospect": "line-2", "returned": "vip"}.get(key) or TOKENS.get(key, key)
    return QUADRANT_TOKENS[key] if kind == "quadrant" else LINES[number % len(LINES)]


def changes(request: HttpRequest) -> HttpResponse:
    today, run = request.shop.today(), ScoreRun.objects.current()
    form = ChangesForm(request.GET, kinds=list(LABELS.items()), today=today)
    if run is None or not ScoreHistory.objects.exists():
        return render(request, "segmentation/changes.html", {"run": run, "form": form})
    context = {"run": run, "form": form, "today": today}
    if not form.is_valid():
        context |= _choices(request.GET, today, DEFAULT_KIND)
        return render(request, "segmentation/changes.html", context, status=UNPROCESSABLE)
    asked, since = form.cleaned_data, kept_since(form.cleaned_data["kind"])
    kind = kind_named(asked["kind"])
    context |= {"kind": kind.name, "since": since, **_choices(request.GET, today, kind.name, asked)}
    if since is None or since >= asked["last"]:
        return render(request, "segmentation/changes.html", context)
    # Of an earlier day everybody would seem to be new.
    context["is_cut"] = asked["first"] < since
    asked["first"] = max(asked["first"], since)
    page = Page(moves.migration(kind, asked["first"], asked["last"]), today)
    if (wanted := request.GET.get("export")) in sheets.KINDS:
        name = f"changes-{kind.name}-{asked['first']}-{asked['last']}"
        return sheets.response(wanted, name, _("Changes"), FILE_HEADS, page.table())
    context |= {"page": page, "found": page.found, "chart": page.chart()}
    # The days as they were understood, an empty one too.
    context["form"] = ChangesForm(None, kinds=list(LABELS.items()), today=today, initial=asked)
    return render(request, "segmentation/changes.html", context)


def _choices(query: QueryDict, today: datetime.date, kind: str, asked: dict | None = None) -> dict[str, Any]:
    """Return the links that change one thing: the kinds, and the spans of time."""
    kept = {name: query[name] for name in ("first", "last") if query.get(name)}
    spans = [
        {
            "label": label,
            "query": urlencode({"kind": kind, "first": first.isoformat()}),
            "is_current": bool(asked) and (asked["first"], asked["last"]) == (first, today),
        }
        for days, label in PRESETS
        if (first := today - datetime.timedelta(days=days))
    ]
    kinds = [
        {"label": label, "query": urlencode({"kind": name, **kept}), "is_current": name == kind}
        for name, label in LABELS.items()
    ]
    return {"kinds": kinds, "spans": spans}
