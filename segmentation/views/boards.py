"""The boards: the map of recency and frequency, the stages, value against volume, who makes the sales."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from loyalty.ui import presentation
from loyalty.ui.past import a_month_ago

from .. import boards, charts, concentration, facts, lifecycle, plays, regulars, services, valued
from ..models import Quadrant, ScoreRun, Segment, Stage
from . import files, past


def segment_list(request: HttpRequest) -> HttpResponse:
    run = ScoreRun.objects.current()
    if run is None or not run.buyers:
        return render(request, "segmentation/empty.html")
    if then := past.board(request, "segment", run):
        return then
    figure = "score" if request.GET.get("figure") == "score" else "sales"
    segments = boards.rows("segment", Segment, plays.SEGMENTS, facts.groups("segment", run.as_of), run)
    context = {
        "run": run,
        "a_month_ago": a_month_ago(request),
        "figure": figure,
        "grid": boards.grid(facts.grid(), run, figure),
        "segments": segments,
        "urgent": boards.urgent(segments),
    }
    return files.answer(request, "segment_list", _("RFM map"), context)


def stage_list(request: HttpRequest) -> HttpResponse:
    run = ScoreRun.objects.current()
    if run is None or not run.buyers:
        return render(request, "segmentation/empty.html")
    if then := past.board(request, "stage", run):
        return then
    weeks = facts.trend("stage", run, services.TREND_WEEKS)
    context = {
        "run": run,
        "a_month_ago": a_month_ago(request),
        "stages": boards.rows("stage", Stage, plays.STAGES, facts.groups("stage", run.as_of), run),
        "chart": charts.stages(weeks),
        "weeks": weeks,
        "change": boards.change(weeks),
        "rules": lifecycle,
        "regulars": regulars.regulars(request.shop.today()),
    }
    return files.answer(request, "stage_list", _("Lifecycle"), context)


def quadrant_list(request: HttpRequest) -> HttpResponse:
    run = ScoreRun.objects.current()
    if run is None or not run.buyers:
        return render(request, "segmentation/empty.html")
    if then := past.board(request, "quadrant", run):
        return then
    groups, points = facts.groups("quadrant", run.as_of), facts.points(run.buyers, run.as_of)
    promising, first = valued.promising(request.shop, run.as_of)
    dependence = valued.dependence(request.shop)
    words = plays.quadrants(dependence.hang_most)
    context = {
        "run": run,
        "a_month_ago": a_month_ago(request),
        "quadrants": boards.rows("quadrant", Quadrant, words, groups, run),
        "chart": charts.value_volume(points, run.cuts, groups),
        "drawn": len(points),
        "weights": services.rules_of_shop().value_weights,
        "unknown": dict(valued.unknown(run)),
        "promising": promising,
        "first": first,
        "dependence": dependence,
        "months": valued.migration(request.shop, run.as_of, presentation.current().calendar),
    }
    return files.answer(request, "quadrant_list", _("Value and frequency"), context)


def pareto(request: HttpRequest) -> HttpResponse:
    run = ScoreRun.objects.current()
    found = concentration.now() if run and run.buyers else None
    if found is None:
        return render(request, "segmentation/empty.html")
    if then := past.pareto(request):
        return then
    context = {
        "run": run,
        "a_month_ago": a_month_ago(request),
        "pareto": found,
        "chart": charts.pareto(found),
        "top_20": charts.spent_at_least(found.least_amount_20),
        "most_80": charts.spent_at_least(found.least_amount_80),
    }
    return files.answer(request, "pareto", _("Pareto"), context)
