"""The editor of tiers: the rules in force, others to try, who would move; apply, undo; benefits."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.messages import ERROR
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django_htmx.http import replace_url

from loyalty.ui.pages import UNPROCESSABLE, go, notice, page_or_fragment, wants_fragment
from loyalty.ui.past import a_month_ago, asked
from loyalty.ui.templatetags.ui import num

from . import editing, preset, services
from .draft import Change, Draft, Perk, changes
from .forms import BenefitForm, DraftForm
from .models import Benefit, Programme, ProgrammeVersion, Tier, TierMembership

VERSIONS_SHOWN = 8


def programme(request: HttpRequest) -> HttpResponse:
    found = services.active_programme()
    if found is None:
        has_sales = preset.has_buyers(request.shop.today())
        return render(request, "tiers/programme_empty.html", {"has_sales": has_sales})
    if then := _then(request, found):
        return then
    form = _form(request, found)
    context = _tried(request, form) | {"form": form}
    if not wants_fragment(request):
        context |= {"people": _people(found), "history": _history(found), "programme": found}
        context["a_month_ago"] = a_month_ago(request)
    status = UNPROCESSABLE if form.errors else 200
    response = page_or_fragment(request, "tiers/programme.html", "tiers/_preview.html", context, status)
    if wants_fragment(request):
        query = f"?{urlencode(form.as_query())}" if context["is_changed"] else ""
        replace_url(response, reverse("tiers:programme") + query)
    return response


def _then(request: HttpRequest, found: Programme) -> HttpResponse | None:
    """Return who was in which tier on the day asked for; None where none, today or a later one is."""
    then = asked(request)
    if then.is_now:
        return None
    since = services.kept_since()
    context = {"since": since, "is_kept": bool(then.day and since and since <= then.day)}
    if context["is_kept"]:
        people = services.people_on(found, then.day)
        context["tiers"] = _people(found)
        for tier in context["tiers"].values():
            tier.people_then = people.get(tier.pk, 0)
            tier.change = tier.people - tier.people_then
    return then.render("tiers/then.html", context)


def _form(request: HttpRequest, found: Programme) -> DraftForm:
    return DraftForm(request.GET, Draft.of(found), request.shop.today())


def _tried(request: HttpRequest, form: DraftForm) -> dict:
    """Return what the screen says of the rules being tried: nothing tried, wrong, or a preview."""
    is_changed = form.is_bound and (bool(form.errors) or form.draft() != form.base)
    shown = None
    if is_changed and not form.errors:
        shown = editing.preview(form.draft(), request.shop.today())
    draft = shown.draft if shown else form.base
    return {
        "is_changed": is_changed,
        "preview": shown,
        "tiers": {level.rank: level for level in draft.levels},
        "draft": draft,
        "warnings": [(draft.level(rank), code) for rank, code in draft.warnings()],
        "query": urlencode(form.as_query()),
    }


def _people(found: Programme) -> dict[int, Tier]:
    """Return {rank: the tier, knowing `people` (how many are in it) and `falling` (those in grace)}."""
    # Grouped over memberships: by a tier's own key one cannot group, its key in the database has the shop.
    now = TierMembership.objects.filter(is_current=True, tier__programme=found).order_by()
    counts = now.values_list("tier").annotate(Count("pk"), Count("falls_on"))
    known = {tier: (people, falling) for tier, people, falling in counts}
    tiers = list(found.tiers.all())
    for tier in tiers:
        tier.people, tier.falling = known.get(tier.pk, (0, 0))
    return {tier.rank: tier for tier in tiers}


@dataclass(frozen=True)
class Past:
    """A version in the history: what it changed, and whether it can be undone now."""

    version: ProgrammeVersion
    changes: list[Change]
    metric: str
    is_in_force: bool


def _history(found: Programme) -> list[Past]:
    versions = list(found.versions.select_related("created_by")[: VERSIONS_SHOWN + 1])
    in_force = services.current_version(found)
    past = []
    for place, version in enumerate(versions[:VERSIONS_SHOWN]):
        before = next((old for old in versions[place + 1 :] if _was_live(old, version)), None)
        after = Draft.from_json(version.rules)
        made = changes(Draft.from_json(before.rules), after) if before else []
        past.append(Past(version, made, after.metric, version == in_force))
    return past


def _was_live(old: ProgrammeVersion, version: ProgrammeVersion) -> bool:
    return old.undone_at is None or old.undone_at > version.applied_at


def movers(request: HttpRequest) -> HttpResponse:
    found = services.active_programme()
    form = found and _form(request, found)
    if not form or not form.is_bound or not form.is_valid():
        return redirect("tiers:programme")
    page = request.GET.get("page", "1")
    number = int(page) if page.isdecimal() and len(page) < 7 else 1
    shown = editing.preview(form.draft(), request.shop.today(), max(number, 1))
    context = {
        "preview": shown,
        "draft": shown.draft,
        "tiers": {level.rank: level for level in shown.draft.levels},
        "page": Paginator(range(shown.moving), editing.PAGE).get_page(number),
        "query": urlencode(form.as_query()),
    }
    return page_or_fragment(request, "tiers/movers.html", "tiers/_movers.html", context)


def apply(request: HttpRequest) -> HttpResponse:
    found = services.active_programme()
    if found is None:
        raise Http404
    form = DraftForm(request.POST, Draft.of(found), request.shop.today())
    if form.is_valid():
        try:
            version = editing.apply(form.draft(), request.user, request.shop.today())
        except ValidationError as refused:
            notice(request, " ".join(refused.messages), level=ERROR)
        else:
            _say_applied(request, version)
            return redirect("tiers:programme")
    # The page with what was typed says what is wrong with it.
    return redirect(f"{reverse('tiers:programme')}?{urlencode(form.as_query())}")


def _say_applied(request: HttpRequest, version: ProgrammeVersion) -> None:
    words = _("Applied: %(up)s moved up, %(down)s will move down after the days of grace.")
    back = reverse("tiers:undo", args=[version.number])
    notice(request, words % {"up": num(version.moved_up), "down": num(version.moved_down)}, undo=back)


def undo(request: HttpRequest, number: int) -> HttpResponse:
    found = services.active_programme()
    version = found and found.versions.filter(number=number).first()
    if version is None:
        raise Http404
    # By number, so that a second click does not undo the version before as well.
    if version == services.current_version(found):
        try:
            editing.undo(request.user, request.shop.today())
            notice(request, _("Undone. Everybody is where they were."))
        except ValidationError as refused:
            notice(request, " ".join(refused.messages), level=ERROR)
    else:
        notice(request, _("This change is no longer the last one."), level=ERROR)
    return redirect("tiers:programme")


def start(request: HttpRequest) -> HttpResponse:
    done = services.review_shop(request.shop.today())
    if done.customers:
        notice(request, _("Your tiers are ready. Change whatever you like; you see first who would move."))
    return redirect("tiers:programme")


def benefit_add(request: HttpRequest, rank: int) -> HttpResponse:
    tier = get_object_or_404(Tier, programme__is_active=True, rank=rank)
    return _benefit(request, tier, BenefitForm(request.POST or None))


def benefit_edit(request: HttpRequest, pk: int) -> HttpResponse:
    benefit = _active_benefit(pk)
    share = None if benefit.value_share is None else str(benefit.value_share)
    perk = Perk(benefit.kind, benefit.text, share, benefit.cost_amount, benefit.period, benefit.pk)
    return _benefit(request, benefit.tier, BenefitForm(request.POST or None, perk), benefit)


def _benefit(
    request: HttpRequest, tier: Tier, form: BenefitForm, benefit: Benefit | None = None
) -> HttpResponse:
    back = _where_from(request)
    if request.method == "POST" and form.is_valid():
        draft = editing.with_perk(Draft.of(tier.programme), tier.rank, form.value())
        _apply_benefits(request, draft, _("The benefit is saved."))
        return go(request, back)
    context = {"form": form, "tier": tier, "benefit": benefit, "back": back}
    status = UNPROCESSABLE if form.errors else 200
    page, fragment = "tiers/benefit_form.html", "tiers/_benefit_dialog.html"
    return page_or_fragment(request, page, fragment, context, status)


def benefit_remove(request: HttpRequest, pk: int) -> HttpResponse:
    benefit = _active_benefit(pk)
    draft = editing.without_perk(Draft.of(benefit.tier.programme), benefit.pk)
    _apply_benefits(request, draft, _("The benefit is taken off."))
    return go(request, _where_from(request))


def _active_benefit(pk: int) -> Benefit:
    others = Benefit.objects.exclude(kind=Benefit.Kind.DISCOUNT).select_related("tier__programme")
    return get_object_or_404(others, pk=pk, is_active=True, tier__programme__is_active=True)


def _apply_benefits(request: HttpRequest, draft: Draft, said: str) -> None:
    """Put benefits in force at once: they move nobody, and can be undone like any other version."""
    try:
        version = editing.apply(draft, request.user, request.shop.today())
    except ValidationError as refused:
        if refused.error_list[0].code != "unchanged":
            raise
        return
    notice(request, said, undo=reverse("tiers:undo", args=[version.number]))


def _where_from(request: HttpRequest) -> str:
    """Return the editor's address with whatever was being tried there."""
    home = reverse("tiers:programme")
    asked = request.POST.get("back") or (request.htmx and request.htmx.current_url_abs_path) or ""
    is_ours = url_has_allowed_host_and_scheme(asked, None) and asked.split("?")[0] == home
    return asked if is_ours else home
