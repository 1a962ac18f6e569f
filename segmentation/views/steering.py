"""The owner's choices about scoring: tried as a draft, previewed, applied, and gone back from."""

from __future__ import annotations

from functools import partial

from django.contrib.messages import ERROR
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from loyalty.ui.pages import STOP_POLLING, UNPROCESSABLE, go, notice, page_or_fragment, wants_fragment

from .. import boards, drafting, presets, schemes, tasks, value_volume
from ..forms import BoundariesForm, MapForm, NamesForm, ValueForm
from ..models import SchemeVersion, ScoreRun

# Up to so many buyers the whole shop is scored while the owner waits.
AT_ONCE = 20_000


def scheme(request: HttpRequest) -> HttpResponse:
    run = ScoreRun.objects.current()
    cuts = run.cuts if run and run.buyers else None
    form = BoundariesForm(_sent(request), tried=drafting.rules_tried(), cuts=cuts)
    if form.is_valid():
        return _try(request, form)
    context = {"form": form, "run": run, "steps": boards.steps(run) if cuts else []}
    return _page(request, "segmentation/scheme.html", context)


def scheme_names(request: HttpRequest) -> HttpResponse:
    form = NamesForm(_sent(request), tried=drafting.rules_tried())
    if form.is_valid():
        return _try(request, form)
    return _page(request, "segmentation/scheme_names.html", {"form": form})


def scheme_map(request: HttpRequest) -> HttpResponse:
    form = MapForm(_sent(request), tried=drafting.rules_tried())
    status = UNPROCESSABLE if form.errors else 200
    rules = form.tried
    if form.is_valid():
        rules = form.rules()
        drafting.keep(rules, request.user)
        if not wants_fragment(request):
            return redirect(f"{reverse('segmentation:scheme_map')}?segment={form.cleaned_data['segment']}")
    chosen = request.POST.get("segment") or request.GET.get("segment")
    context = {"form": form, "draft": SchemeVersion.objects.draft(), **schemes.map_of(rules, chosen)}
    page, fragment = "segmentation/scheme_map.html", "segmentation/_scheme_map.html"
    return page_or_fragment(request, page, fragment, context, status)


def scheme_value(request: HttpRequest) -> HttpResponse:
    form = ValueForm(_sent(request), tried=drafting.rules_tried())
    if form.is_valid():
        return _try(request, form)
    run = ScoreRun.objects.current()
    context = {
        "form": form,
        "unknown": value_volume.unknown_parts(run.cuts) if run and "basis" in run.cuts else [],
        "presets": schemes.presets_of(form.tried),
        "questions": presets.QUESTIONS,
        "suggestion": presets.suggest(request.GET.dict()),
    }
    return _page(request, "segmentation/scheme_value.html", context)


def scheme_preview(request: HttpRequest) -> HttpResponse:
    draft = SchemeVersion.objects.draft()
    if draft is None:
        return go(request, "segmentation:scheme")
    return _previewed(request, draft)


def scheme_apply(request: HttpRequest) -> HttpResponse:
    draft = SchemeVersion.objects.draft()
    if draft is None:
        return go(request, "segmentation:scheme")
    note = request.POST.get("note", "")[:200].strip()
    applied = drafting.apply(draft, request.shop.today(), note=note, at_once=_is_small())
    _say_applied(request, applied)
    return go(request, "segmentation:segment_list")


def scheme_undo(request: HttpRequest) -> HttpResponse:
    try:
        draft = drafting.undo(request.user)
    except ValidationError as refused:
        notice(request, refused.message, level=ERROR)
        return go(request, "segmentation:scheme_versions")
    if draft is None:
        notice(request, _("This is how it stands already."))
    else:
        _say_applied(request, drafting.apply(draft, request.shop.today(), at_once=_is_small()))
    return go(request, "segmentation:scheme_versions")


def scheme_discard(request: HttpRequest) -> HttpResponse:
    drafting.discard()
    notice(request, _("The draft is gone. Nothing has changed."))
    return go(request, "segmentation:scheme")


def scheme_refresh(request: HttpRequest) -> HttpResponse:
    try:
        drafting.keep_refresh(request.user)
    except ValidationError as refused:
        notice(request, refused.message, level=ERROR)
    return go(request, "segmentation:scheme_preview")


def scheme_restore(request: HttpRequest, number: int) -> HttpResponse:
    version = get_object_or_404(SchemeVersion.objects.applied(), number=number)
    try:
        draft = drafting.restore(version, request.user)
    except ValidationError as refused:
        notice(request, refused.message, level=ERROR)
        return go(request, "segmentation:scheme_versions")
    if draft is None:
        notice(request, _("This is how it stands already."))
    return go(request, "segmentation:scheme_preview" if draft else "segmentation:scheme_versions")


def scheme_versions(request: HttpRequest) -> HttpResponse:
    context = {"versions": schemes.history()}
    return _page(request, "segmentation/scheme_versions.html", context)


def _sent(request: HttpRequest):
    return request.POST if request.method == "POST" else None


def _page(request: HttpRequest, template: str, context: dict) -> HttpResponse:
    form = context.get("form")
    status = UNPROCESSABLE if form and form.errors else 200
    return render(request, template, {"draft": SchemeVersion.objects.draft(), **context}, status=status)


def _try(request: HttpRequest, form) -> HttpResponse:
    """Keep what was typed as the draft and show what it would do: here for htmx, on its page otherwise."""
    draft = drafting.keep(form.rules(), request.user)
    if draft is None:
        notice(request, _("This is how it stands already."))
        return go(request, request.path)
    if wants_fragment(request):
        return _previewed(request, draft)
    return redirect("segmentation:scheme_preview")


def _previewed(request: HttpRequest, draft: SchemeVersion) -> HttpResponse:
    found, is_waiting = _found(request, draft), False
    if found is None:
        found, is_waiting = {}, True
    context = {"draft": draft, "is_waiting": is_waiting, **schemes.laid_out(draft, found)}
    page, fragment = "segmentation/scheme_preview.html", "segmentation/_scheme_preview.html"
    is_polled = request.method == "GET" and wants_fragment(request) and not is_waiting
    return page_or_fragment(request, page, fragment, context, STOP_POLLING if is_polled else 200)


def _found(request: HttpRequest, draft: SchemeVersion) -> dict | None:
    """Return the preview of today; None while a worker is at it."""
    today, run, kept = request.shop.today(), ScoreRun.objects.current(), draft.preview or {}
    asked = {"as_of": today.isoformat(), "run": run and run.pk}
    # A night in between, or other rules, and it would be of people who have moved on.
    if asked.items() <= kept.items():
        return kept if "moves" in kept else None
    if _is_small():
        return drafting.preview(draft, today)
    draft.preview = asked
    draft.save(update_fields=["preview"])
    transaction.on_commit(partial(tasks.preview_scheme.delay, request.shop.pk, draft.pk, today.isoformat()))
    return None


def _is_small() -> bool:
    run = ScoreRun.objects.current()
    return run is None or run.buyers <= AT_ONCE


def _say_applied(request: HttpRequest, applied: drafting.Applied) -> None:
    day, said = request.shop.today().isoformat(), _("Applied. All customers are scored anew.")
    if applied is drafting.Applied.IS_LATER:
        transaction.on_commit(partial(tasks.score_shop.delay, request.shop.pk, day))
        said = _("Applied. All customers are being scored anew; this takes a minute or two.")
    elif applied is drafting.Applied.IS_SCORED:
        # The past is told by the same rules, but nobody need wait for that.
        transaction.on_commit(partial(tasks.look_back.delay, request.shop.pk, day))
    else:
        said = _("Applied. Nobody changes group by it.")
    notice(request, said, undo=reverse("segmentation:scheme_undo"))
