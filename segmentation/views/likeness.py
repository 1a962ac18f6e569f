"""Groups by likeness: who is alike, said in words, beside the RFM segments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.core.cache import caches
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.customers.filters import builder
from loyalty.customers.filters.builder.ideas import ask
from loyalty.customers.filters.builder.tree import ALL, VERSION
from loyalty.shops import audit
from loyalty.ui import sheets
from loyalty.ui.charts import formatter
from loyalty.ui.dates import format_day
from loyalty.ui.pages import UNPROCESSABLE, go, notice
from loyalty.ui.presentation import current
from loyalty.ui.templatetags.ui import num

from .. import likeness, likeness_runs, own, past, tasks
from ..models import LikenessRun, OwnSegment, ScoreRun, Segment, segment_choices
from .past import dated, named

KEPT_SECONDS = 3_600
# Up to so many buyers the groups are worked out while the visitor waits.
AT_ONCE = 20_000

# (fact, direction) → what it says of people who are more so than others.
TRAITS = {
    ("recency_days", "low"): gettext_lazy("were here lately"),
    ("recency_days", "high"): gettext_lazy("have not been here for long"),
    ("order_days", "high"): gettext_lazy("come often"),
    ("order_days", "low"): gettext_lazy("come seldom"),
    ("monetary_amount", "high"): gettext_lazy("spend much in all"),
    ("monetary_amount", "low"): gettext_lazy("spend little in all"),
    ("margin_share", "high"): gettext_lazy("choose goods with a good margin"),
    ("margin_share", "low"): gettext_lazy("choose goods with a small margin"),
    ("gap_days", "high"): gettext_lazy("let much time pass between visits"),
    ("gap_days", "low"): gettext_lazy("let little time pass between visits"),
    ("discount_share", "high"): gettext_lazy("buy with more discount than others"),
    ("discount_share", "low"): gettext_lazy("buy with less discount than others"),
    ("basket_amount", "high"): gettext_lazy("buy much at a time"),
    ("basket_amount", "low"): gettext_lazy("buy little at a time"),
}
FACTS = {
    "recency_days": gettext_lazy("Days since the last order"),
    "order_days": gettext_lazy("Order days"),
    "monetary_amount": gettext_lazy("Net spend"),
    "margin_share": gettext_lazy("Margin"),
    "gap_days": gettext_lazy("Days between visits"),
    "discount_share": gettext_lazy("Discount"),
    "basket_amount": gettext_lazy("Spend per order day"),
}
AMOUNTS = {"monetary_amount", "basket_amount"}
# From so much agreement of two halves the groups hold, below that less they would fall otherwise tomorrow.
FIRM, FAIR = 0.8, 0.5
# From so wide a silhouette on the groups are kept well apart (Kaufman and Rousseeuw, 1990, table 4).
APART, LOOSE = 0.5, 0.25


class LikenessForm(forms.Form):
    """How many groups; nothing is as many as are best kept apart."""

    groups = forms.TypedChoiceField(
        label=gettext_lazy("Number of groups"),
        coerce=int,
        empty_value=None,
        required=False,
        choices=lambda: [
            ("", _("As many as the data suggest")),
            *((str(k), num(k)) for k in range(likeness.FEWEST_GROUPS, likeness.MOST_GROUPS + 1)),
        ],
    )


@dataclass(frozen=True)
class Shown:
    """One group on the screen; `share` is of the people in groups, `amount_share` of their net spend."""

    run: int | None
    number: int
    customers: int
    share: float
    amount: int
    amount_share: float | None
    sentence: str
    medians: dict[str, float | None]
    query: str
    segments: list[tuple[str, int, str]]


@dated()
def clusters(request: HttpRequest) -> HttpResponse:
    run = past.current_run()
    if run is None or not run.buyers:
        return render(request, "segmentation/empty.html")
    if past.laid():
        return _then(request, run)
    form = LikenessForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        _start(request, run, form.cleaned_data["groups"])
        return redirect("segmentation:clusters")
    found = likeness_runs.latest()
    groups = _shown(found, likeness_runs.sums(found)) if found else []
    if groups and (kind := request.GET.get("export")) in sheets.KINDS:
        return sheets.response(kind, "groups-by-likeness", _("Groups by likeness"), _heads(), _rows(groups))
    last = LikenessRun.objects.first()
    context = _context(run, found, groups) | {
        "form": form,
        "under_way": likeness_runs.under_way(),
        "failure": last.failure if last else "",
    }
    return render(
        request, "segmentation/clusters.html", context, status=UNPROCESSABLE if form.errors else 200
    )


def _then(request: HttpRequest, run: ScoreRun) -> HttpResponse:
    """Return the groups of the past day: worked out for the page, and not kept."""
    key = f"likeness:{request.shop.pk}:{run.as_of}:{ScoreRun.objects.current().pk}"
    found, sums = caches["figures"].get_or_set(key, likeness_runs.found_then, KEPT_SECONDS)
    groups = _shown(found, sums)
    if groups and (kind := request.GET.get("export")) in sheets.KINDS:
        name = named(request, "groups-by-likeness")
        return sheets.response(kind, name, _("Groups by likeness"), _heads(), _rows(groups))
    context = _context(run, found if groups else None, groups) | {"failure": found.failure}
    return render(request, "segmentation/clusters.html", context)


def _context(run: ScoreRun, found: LikenessRun | None, groups: list[Shown]) -> dict[str, Any]:
    return {
        "run": run,
        "likeness": found,
        "groups": groups,
        "crossed": _crossed(groups),
        "fewest": likeness.FEWEST_PEOPLE,
        "compared": likeness.COMPARED,
        "apart": found and _grade(found.silhouette, APART, LOOSE),
        "holds": found and _grade(found.stability, FIRM, FAIR),
        "facts": [label for name, label in FACTS.items() if found and name in found.used],
    }


def _start(request: HttpRequest, run: ScoreRun, groups: int | None) -> None:
    if likeness_runs.under_way():
        notice(request, _("The groups are being worked out already."))
        return
    begun = likeness_runs.begin(run.as_of, groups)
    audit.record("segmentation.likeness", groups=groups)
    if run.buyers > AT_ONCE:
        transaction.on_commit(partial(tasks.find_likeness.delay, request.shop.pk, begun.pk))
        notice(request, _("The groups are being worked out; this takes a minute or two."))
        return
    likeness_runs.work_out(begun)


def cluster_keep(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Freeze one group as a segment of the shop's own, which stays when newer groupings replace this one."""
    run = get_object_or_404(LikenessRun, pk=pk)
    if number not in {group["number"] for group in run.groups}:
        raise Http404("There is no such group.")
    name = _("Like each other: group %(number)s of %(day)s") % {
        "number": formatter("number")(number),
        "day": format_day(run.as_of, current()),
    }
    asked = ask("likeness", values=[likeness_runs.key_of(run.pk, number)])
    definition = {"version": VERSION, "root": {"join": ALL, "not": False, "of": [asked]}}
    segment = OwnSegment(name=name, kind=OwnSegment.Kind.FROZEN, definition=definition)
    people = builder.customers_of(builder.parse(definition), request.shop.today())
    try:
        own.save(segment, lambda: people, request.user)
    except ValidationError as refusal:
        notice(request, " ".join(refusal.messages), level=messages.ERROR)
        return go(request, "segmentation:clusters")
    notice(request, _("The segment “%(name)s” is saved.") % {"name": segment.name})
    return go(request, "segmentation:own_segment_detail", segment.pk)


def _grade(value: float, good: float, fair: float) -> str:
    return "good" if value >= good else "fair" if value >= fair else "poor"


def sentence(traits: list[tuple[str, str]]) -> str:
    """Return what sets a group apart in one line of plain words."""
    said = [str(TRAITS[fact, direction]) for fact, direction in traits]
    return _(", ").join(said) if said else _("are like the average of the shop in everything")


def _shown(found: LikenessRun, sums: likeness_runs.Sums) -> list[Shown]:
    people = sum(count for count, _spent in sums.values())
    spent = sum(amount for _count, amount in sums.values())
    shown = []
    for group in found.groups:
        number = group["number"]
        inside = {segment: both for (one, segment), both in sums.items() if one == number}
        count, amount = sum(one for one, _spent in inside.values()), sum(one for _n, one in inside.values())
        # Groups that are not kept open nobody's list.
        query = {"likeness": f"{found.pk}-{number}"} if found.pk else {}
        shown.append(
            Shown(
                run=found.pk,
                number=number,
                customers=count,
                share=count / people if people else 0,
                amount=amount,
                amount_share=amount / spent if spent > 0 else None,
                sentence=sentence([tuple(trait) for trait in group["traits"]]),
                medians=group["medians"],
                query=urlencode(query),
                segments=[
                    (
                        segment,
                        inside.get(segment, (0, 0))[0],
                        urlencode({**query, "segment": segment} if query else {}),
                    )
                    for segment in Segment.values
                ],
            )
        )
    return shown


def _crossed(groups: list[Shown]) -> list[dict]:
    """Return a row for each RFM segment with the people of each group in it and the query of their list."""
    return [
        {"label": label, "cells": [group.segments[at][1:] for group in groups]}
        for at, (_segment, label) in enumerate(segment_choices())
    ]


def _heads() -> list[str]:
    return [
        _("Group"),
        _("What sets it apart"),
        _("People"),
        _("Net spend"),
        *(_("%(fact)s, middle") % {"fact": label} for label in FACTS.values()),
        *(label for _value, label in segment_choices()),
    ]


def _rows(groups: list[Shown]) -> Iterator[list]:
    for group in groups:
        yield [
            group.number,
            group.sentence,
            group.customers,
            sheets.amount(group.amount),
            *(_cell(name, group.medians[name]) for name in FACTS),
            *(count for _segment, count, _query in group.segments),
        ]


def _cell(name: str, value: float | None):
    if value is None:
        return None
    return sheets.amount(round(value)) if name in AMOUNTS else round(value, 4)
