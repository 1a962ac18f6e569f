"""The segments' screens: the map, the stages, value against volume, who makes the sales, and the window."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from loyalty.shops import audit
from loyalty.ui.pages import UNPROCESSABLE, go, notice

from . import boards, charts, facts, lifecycle, plays, services, tasks, value_volume
from .forms import SchemeForm
from .models import Quadrant, Scheme, ScoreRun, Segment, Stage

# Up to so many buyers the whole shop is scored while the owner waits.
AT_ONCE = 20_000


def segment_list(request: HttpRequest) -> HttpResponse:
    run = ScoreRun.objects.current()
    if run is None or not run.buyers:
        return render(request, "segmentation/empty.html")
    figure = "score" if request.GET.get("figure") == "score" else "sales"
    segments = boards.rows("segment", Segment, plays.SEGMENTS, facts.groups("segment", run.as_of), run)
    context = {
        "run": run,
        "figure": figure,
        "grid": boards.grid(facts.grid(), run, figure),
        "segments": segments,
        "urgent": boards.urgent(segments),
    }
    return render(request, "segmentation/segment_list.html", context)


def stage_list(request: HttpRequest) -> HttpResponse:
    run = ScoreRun.objects.current()
    if run is None or not run.buyers:
        return render(request, "segmentation/empty.html")
    weeks = facts.trend("stage", run, services.TREND_WEEKS)
    context = {
        "run": run,
        "stages": boards.rows("stage", Stage, plays.STAGES, facts.groups("stage", run.as_of), run),
        "chart": charts.stages(weeks),
        "weeks": weeks,
        "change": boards.change(weeks),
        "rules": lifecycle,
    }
    return render(request, "segmentation/stage_list.html", context)


def quadrant_list(request: HttpRequest) -> HttpResponse:
    run = ScoreRun.objects.current()
    if run is None or not run.buyers:
        return render(request, "segmentation/empty.html")
    groups, points = facts.groups("quadrant", run.as_of), facts.points(run.buyers)
    context = {
        "run": run,
        "quadrants": boards.rows("quadrant", Quadrant, plays.QUADRANTS, groups, run),
        "chart": charts.value_volume(points, run.cuts, groups),
        "drawn": len(points),
        "weights": value_volume.WEIGHTS,
    }
    return render(request, "segmentation/quadrant_list.html", context)


def pareto(request: HttpRequest) -> HttpResponse:
    run = ScoreRun.objects.current()
    found = facts.pareto() if run and run.buyers else None
    if found is None:
        return render(request, "segmentation/empty.html")
    context = {
        "run": run,
        "pareto": found,
        "chart": charts.pareto(found),
        "top_20": charts.spent_at_least(found.least_amount_20),
        "most_80": charts.spent_at_least(found.least_amount_80),
    }
    return render(request, "segmentation/pareto.html", context)


def scheme(request: HttpRequest) -> HttpResponse:
    sent = request.POST if request.method == "POST" else None
    form = SchemeForm(sent, instance=Scheme.objects.first())
    if form.is_valid():
        chosen = form.save()
        audit.record("segmentation.window_chosen", window_days=chosen.window_days)
        _score_again(request)
        return go(request, "segmentation:segment_list")
    run = ScoreRun.objects.current()
    context = {"form": form, "run": run, "steps": boards.steps(run) if run and run.buyers else []}
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "segmentation/scheme.html", context, status=status)


def _score_again(request: HttpRequest) -> None:
    run, day = ScoreRun.objects.current(), request.shop.today()
    if run and run.buyers > AT_ONCE:
        later = partial(tasks.score_shop.delay, request.shop.pk, day.isoformat())
        transaction.on_commit(later)
        notice(request, _("Saved. All customers are being scored anew; this takes a minute or two."))
        return
    services.score_shop(day)
    services.look_back(day, refresh=True)
    notice(request, _("Saved. All customers are scored anew."))
