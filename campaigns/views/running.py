"""A campaign that was sent: launching it, watching it, stopping it, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import audiences, dispatch, preview, tasks
from campaigns.audiences import STEPS
from campaigns.models import Campaign
from campaigns.story import Story
from campaigns.tables import frozen_table
from loyalty.customers.filters import CustomerFilter
from loyalty.customers.search import find
from loyalty.shops.models import User
from loyalty.ui.pages import STOP_POLLING, go, notice, page_or_fragment, wants_fragment


def campaign_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The run and the result; htmx polls the run alone, and is told to stop when nothing moves any more."""
    campaign = get_object_or_404(Campaign.objects.select_related("launched_by"), pk=pk)
    if campaign.is_draft:
        return redirect("campaigns:campaign_edit", pk)
    story = Story(campaign, request.shop.today())
    context = {"campaign": campaign, "story": story}
    is_last = wants_fragment(request) and story.run.is_still
    response = page_or_fragment(
        request,
        "campaigns/campaign_detail.html",
        "campaigns/_progress.html",
        context,
        STOP_POLLING if is_last else 200,
    )
    # What stands around the progress (costs, funnel) was drawn before the sending.
    if is_last and campaign.is_over:
        response["HX-Refresh"] = "true"
    return response


def campaign_audience(request: HttpRequest, pk: int) -> HttpResponse:
    """Everybody a campaign was about, by step and by name: whom it reached, and why not."""
    campaign = get_object_or_404(Campaign.objects.exclude(state=Campaign.State.DRAFT), pk=pk)
    if not campaign.has_begun:
        return redirect(Story(campaign, request.shop.today()).people_address)
    step = request.GET.get("step", "") if request.GET.get("step") in STEPS else ""
    people = audiences.frozen_people(campaign, step).with_consent()
    text = request.GET.get("q", "").strip()[:100]
    waterfall = audiences.frozen_waterfall(campaign)
    context = {
        "campaign": campaign,
        "step": step,
        "text": text,
        "waterfall": waterfall,
        "bars": preview.bars(waterfall),
        "table": frozen_table(request, find(people, text) if text else people, campaign),
        "words": CustomerFilter(campaign.audience).describe(),
    }
    return page_or_fragment(
        request, "campaigns/campaign_audience.html", "campaigns/_people_table.html", context
    )


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def campaign_launch(request: HttpRequest, pk: int) -> HttpResponse:
    campaign = get_object_or_404(Campaign, pk=pk)
    token, expected = (_count(request.POST.get(name, "")) for name in ("token", "expected"))
    try:
        campaign = dispatch.launch(campaign, request.user, token, expected=expected)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return go(request, "campaigns:campaign_edit", pk)
    transaction.on_commit(partial(tasks.wake, request.shop.pk))
    return go(request, "campaigns:campaign_detail", pk)


def _change(request: HttpRequest, pk: int, change: Callable, said: str) -> HttpResponse:
    campaign = get_object_or_404(Campaign.objects.exclude(state=Campaign.State.DRAFT), pk=pk)
    try:
        change(campaign, request.user)
    except ValidationError as error:
        notice(request, " ".join(error.messages), level=messages.ERROR)
    else:
        notice(request, said)
        transaction.on_commit(partial(tasks.wake, request.shop.pk))
    return go(request, "campaigns:campaign_detail", pk)


def campaign_pause(request: HttpRequest, pk: int) -> HttpResponse:
    return _change(request, pk, dispatch.pause, _("Paused. What has not left yet waits."))


def campaign_resume(request: HttpRequest, pk: int) -> HttpResponse:
    return _change(request, pk, dispatch.resume, _("Sending goes on."))


def campaign_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    return _change(request, pk, dispatch.cancel, _("Stopped. What has not left yet will not be sent."))


DECISIONS = {
    "ask": gettext_lazy("The gateway is asked once more."),
    "resend": gettext_lazy("The uncertain messages are sent again."),
    "close": gettext_lazy("The uncertain messages count as not delivered."),
    "retry": gettext_lazy("What the gateway never took is sent again."),
}


def campaign_uncertain(request: HttpRequest, pk: int) -> HttpResponse:
    """What the owner decides about messages nobody can tell about, or the gateway never took."""
    decision = request.POST.get("decision", "")

    def decide(campaign: Campaign, by: User) -> None:
        if decision not in DECISIONS:
            raise ValidationError(_("Choose what to do with these messages."))
        dispatch.decide(campaign, decision, by)

    return _change(request, pk, decide, DECISIONS.get(decision, ""))
