"""The owner's choices about scoring, and what follows when they change."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from loyalty.shops import audit
from loyalty.ui.pages import UNPROCESSABLE, go, notice

from .. import boards, services, tasks
from ..forms import SchemeForm
from ..models import Scheme, ScoreRun

# Up to so many buyers the whole shop is scored while the owner waits.
AT_ONCE = 20_000


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
