"""The owner's own segments: their list, the builder with its live figures, saving, versions, taking back."""

from __future__ import annotations

from copy import copy

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import trigger_client_event

from loyalty.customers.filters import builder
from loyalty.customers.filters.builder import compiling, editing, ideas, looking, words
from loyalty.customers.filters.builder.fields import groups
from loyalty.customers.models.customer import CustomerQuerySet
from loyalty.ui.pages import UNPROCESSABLE, go, notice

from .. import own
from ..forms.own import OwnSegmentForm
from ..models import OwnSegment, ScoreRun

# A list of segments counts each of them, and no page waits long for one or for all of them.
LIST_PATIENCE_MS, LIST_BUDGET_MS = 800, 2_000
EMPTY = {"version": 1, "root": {"join": "all", "not": False, "of": [{}]}}


def own_segment_list(request: HttpRequest) -> HttpResponse:
    segments = list(OwnSegment.objects.kept())
    shelf = compiling.Shelf(segments)
    budget = looking.Budget(LIST_BUDGET_MS, LIST_PATIENCE_MS)
    rows = [_row(segment, shelf, request.shop.today(), budget) for segment in segments]
    context = {"rows": rows, "ideas": _ideas()}
    return render(request, "segmentation/own_segment_list.html", context)


def _row(segment: OwnSegment, shelf: compiling.Shelf, today, budget: looking.Budget) -> dict:
    problems = builder.problems_of(segment, shelf)
    return {
        "segment": segment,
        "sentence": words.sentence(shelf.root(segment)),
        "problems": problems,
        "people": None if problems else _counted(segment, shelf, today, budget),
    }


def _counted(segment: OwnSegment, shelf: compiling.Shelf, today, budget: looking.Budget) -> int | None:
    """Return how many people are in a segment; None where counting them takes too long."""
    try:
        with budget.patience():
            if segment.is_frozen:
                return segment.members.count()
            return looking.count(shelf.root(segment), today, shelf)
    except looking.TooSlow:
        return None


def _ideas() -> list[dict]:
    found = [(idea, idea.root) for idea in ideas.IDEAS]
    return [{"idea": idea, "sentence": words.sentence(root)} for idea, root in found if root]


# ---------- The builder ----------


def own_segment_new(request: HttpRequest) -> HttpResponse:
    """An empty builder, or one that begins with an idea (`?idea=`)."""
    idea = ideas.BY_KEY.get(request.GET.get("idea", ""))
    segment = OwnSegment(definition=(idea and idea.definition) or EMPTY)
    if idea:
        segment.name = str(idea.name)
    return _build(request, segment)


def own_segment_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _build(request, get_object_or_404(OwnSegment.objects.kept(), pk=pk))


def _build(request: HttpRequest, segment: OwnSegment) -> HttpResponse:
    if request.method != "POST":
        draft = editing.draft_of(builder.parse(segment.definition), fresh="0_0" if not segment.pk else "")
        return _page(request, segment, OwnSegmentForm(instance=segment), draft)
    draft = editing.read(request.POST)
    if "do" in request.POST:
        # Without JavaScript the buttons of the tree send the whole form.
        return _page(request, segment, OwnSegmentForm(request.POST), editing.after(draft, request.POST["do"]))
    return _save(request, segment, draft)


def _save(request: HttpRequest, segment: OwnSegment, draft: editing.Draft) -> HttpResponse:
    before = copy(segment) if segment.pk else None
    form = OwnSegmentForm(request.POST, instance=segment)
    is_valid = form.is_valid()
    definition = builder.tree.dump(draft.root)
    # What the shop no longer has is in no box and does not come back from there: it was not taken out.
    if definition != builder.tree.dump(builder.parse(segment.definition)):
        segment.definition = definition
    is_kept = own.keeps_its_people(segment, before)
    problems = [] if is_kept else compiling.problems_within(draft.root, (segment.pk,))
    if is_valid and not problems and not draft.has_errors:
        try:
            own.save(segment, lambda: _meant_today(request, segment), request.user)
        except ValidationError as refusal:
            form.add_error("name", refusal.messages)
        else:
            notice(request, _("The segment “%(name)s” is saved.") % {"name": segment.name})
            return go(request, "segmentation:own_segment_detail", segment.pk)
    return _page(request, segment, form, draft, problems, UNPROCESSABLE)


def _page(
    request: HttpRequest,
    segment: OwnSegment,
    form: OwnSegmentForm,
    draft: editing.Draft,
    problems: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "segment": segment,
        "form": form,
        "draft": draft,
        "groups": list(groups()),
        "problems": problems,
        **_looked(request, draft.root),
    }
    return render(request, "segmentation/own_segment_form.html", context, status=status)


def own_segment_build(request: HttpRequest) -> HttpResponse:
    """The tree after one of its buttons was pressed, or a choice that changes which boxes there are."""
    draft = editing.after(editing.read(request.POST), request.POST.get("do", ""))
    context = {"draft": draft, "groups": list(groups())}
    answer = render(request, "segmentation/_own_tree.html", context)
    return trigger_client_event(answer, "tree-changed", after="settle")


def own_segment_preview(request: HttpRequest) -> HttpResponse:
    """What stands beside the tree while one builds; changes nothing."""
    draft = editing.read(request.POST)
    return render(request, "segmentation/_own_look.html", _looked(request, draft.root) | {"oob": True})


def _looked(request: HttpRequest, root: builder.Group) -> dict:
    """Return the figures of what can be asked already: a condition not filled in yet is left out, and said."""
    filled = builder.tree.filled(root)
    problems = compiling.problems_within(filled) if filled.of else []
    look = looking.Look(filled, request.shop.today()) if filled.of and not problems else None
    return {
        "look": look,
        "said": words.in_both(filled),
        "unfilled": [one.problem for one in root.conditions() if one.problem] if filled.of else [],
        "look_problems": problems,
        "run": ScoreRun.objects.current(),
    }


# ---------- One segment ----------


def own_segment_detail(request: HttpRequest, pk: int) -> HttpResponse:
    segment = get_object_or_404(OwnSegment, pk=pk)
    root, today = builder.parse(segment.definition), request.shop.today()
    problems = builder.problems_of(segment)
    people = compiling.of_segment(segment, compiling.frame(today)) if segment.is_frozen else None
    context = {
        "segment": segment,
        "said": words.in_both(root),
        "problems": problems,
        "look": None if problems else looking.Look(root, today, people),
        "versions": [
            {"version": version, "sentence": words.sentence(builder.parse(version.definition))}
            for version in segment.versions.select_related("created_by")[:20]
        ],
        "others": OwnSegment.objects.kept().exclude(pk=pk)[:20],
        "run": ScoreRun.objects.current(),
    }
    return render(request, "segmentation/own_segment_detail.html", context)


def own_segment_delete(request: HttpRequest, pk: int) -> HttpResponse:
    segment = get_object_or_404(OwnSegment.objects.kept(), pk=pk)
    own.delete(segment)
    said = _("The segment “%(name)s” is deleted. Lists and campaigns that ask for it find nobody.")
    undo = reverse("segmentation:own_segment_undelete", args=[pk])
    notice(request, said % {"name": segment.name}, undo=undo)
    return go(request, "segmentation:own_segment_list")


def own_segment_undelete(request: HttpRequest, pk: int) -> HttpResponse:
    segment = get_object_or_404(OwnSegment, pk=pk)
    return _saved(request, segment, lambda: own.bring_back(segment), _("The segment “%(name)s” is back."))


def own_segment_restore(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Save an earlier version again as the newest; a frozen one freezes who is meant today."""
    segment = get_object_or_404(OwnSegment.objects.kept(), pk=pk)
    version = get_object_or_404(segment.versions, number=number)
    segment.name, segment.kind = version.name, version.kind
    segment.definition = version.definition
    return _saved(
        request,
        segment,
        lambda: own.save(segment, lambda: _meant_today(request, segment), request.user),
        _("The segment “%(name)s” is as it was."),
    )


def own_segment_freeze(request: HttpRequest, pk: int) -> HttpResponse:
    """Freeze anew who is meant today."""
    segment = get_object_or_404(OwnSegment.objects.kept(), pk=pk)
    segment.kind = OwnSegment.Kind.FROZEN
    return _saved(
        request,
        segment,
        lambda: own.save(segment, lambda: _meant_today(request, segment), request.user, anew=True),
        _("“%(name)s” now holds the people it means today."),
    )


def _meant_today(request: HttpRequest, segment: OwnSegment) -> CustomerQuerySet:
    """Return whom a segment's conditions mean today; raise ValidationError where they cannot be asked any more.

    Saved all the same, a frozen segment would be emptied of its people.
    """
    root = builder.parse(segment.definition)
    if problems := compiling.problems_within(root, (segment.pk,)):
        raise ValidationError(problems)
    return builder.customers_of(root, request.shop.today())


def own_segment_duplicate(request: HttpRequest, pk: int) -> HttpResponse:
    origin = get_object_or_404(OwnSegment, pk=pk)
    name = _("%(name)s (copy)") % {"name": origin.name[:60]}
    taken = set(OwnSegment.objects.kept().values_list("name", flat=True))
    number = 2
    while name in taken:
        name, number = (
            _("%(name)s (copy %(number)s)") % {"name": origin.name[:60], "number": number},
            number + 1,
        )
    made = own.copy(origin, name, request.user)
    notice(request, _("This is a copy; change what you like."))
    return go(request, "segmentation:own_segment_edit", made.pk)


def _saved(request: HttpRequest, segment: OwnSegment, change, said: str) -> HttpResponse:
    try:
        change()
    except ValidationError as refusal:
        notice(request, " ".join(refusal.messages), level=messages.ERROR)
    else:
        notice(request, said % {"name": segment.name})
    return go(request, "segmentation:own_segment_detail", segment.pk)
