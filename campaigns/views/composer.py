"""Writing a campaign: text, audience and price while one types; saving, trying and confirming it."""

from __future__ import annotations

import datetime
from decimal import Decimal

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns import drafts, placeholders, plays, preview
from campaigns.audiences import STEPS, Audience, Waterfall
from campaigns.forms import CampaignForm, TestPhoneForm, people_query, without_page
from campaigns.models import Campaign
from campaigns.tables import people_table
from loyalty.customers.filters import CustomerFilter
from loyalty.shops.models import Shop
from loyalty.ui.pages import UNPROCESSABLE, go, notice, page_or_fragment

# Of a year that no campaign is planned for; a larger number would be no moment at all.
LAST_SECOND = 2**33
# What stands in the address of a new campaign beside its people.
BEGINNINGS = {"like", "play"}


def campaign_create(request: HttpRequest) -> HttpResponse:
    """A new draft for the list of customers in the query string (or in the form that comes back)."""
    if request.method == "POST":
        return _save(request, Campaign())
    people = CustomerFilter({name: values for name, values in request.GET.lists() if name not in BEGINNINGS})
    if people.refusals:
        for sentence in people.refusals:
            notice(request, sentence, level=messages.WARNING)
        return redirect(f"{reverse('customers:customer_list')}?{people.query}")
    return _compose(request, CampaignForm(instance=_beginning(request.GET, request.shop)))


def campaign_edit(request: HttpRequest, pk: int) -> HttpResponse:
    campaign = get_object_or_404(Campaign, pk=pk)
    if not campaign.is_draft:
        return redirect("campaigns:campaign_detail", pk)
    if request.method == "POST":
        return _save(request, campaign)
    return _compose(request, CampaignForm(instance=campaign), confirm="confirm" in request.GET)


def _beginning(query: QueryDict, shop: Shop) -> Campaign:
    """Return an unsaved campaign: after a play, like an earlier one, or empty."""
    campaign = Campaign(audience=without_page(query.urlencode()))
    if like := Campaign.objects.filter(pk=_number(query.get("like"))).first():
        campaign.name, campaign.kind, campaign.text = like.name, like.kind, like.text
        campaign.holdout_share, campaign.offer_cost_amount = like.holdout_share, like.offer_cost_amount
        campaign.result_window_days = like.result_window_days
    elif play := plays.play(query.get("play", "")):
        campaign.kind, campaign.name, campaign.text = play.kind, play.name_for(shop), play.text_for(shop)
    return campaign


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else None


def _save(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Save the draft, then do what was pressed: stay, try it on a phone, or ask whether to send it."""
    form = CampaignForm(request.POST, instance=campaign)
    phone = TestPhoneForm(request.POST) if request.POST.get("then") == "test" else None
    if not form.is_valid() or (phone and not phone.is_valid()):
        return _compose(request, form, phone=phone, status=UNPROCESSABLE)
    try:
        campaign = drafts.save_draft(form.fill(), request.user)
    except ValidationError as error:
        form.add_error(None, error)
        return _compose(request, form, status=UNPROCESSABLE)
    address = reverse("campaigns:campaign_edit", args=[campaign.pk])
    if request.POST.get("then") == "confirm":
        return go(request, f"{address}?confirm=1")
    if phone:
        _try(request, campaign, phone.cleaned_data["phone"])
    else:
        notice(request, _("The draft is saved."))
    return go(request, address)


def _try(request: HttpRequest, campaign: Campaign, phone: str) -> None:
    try:
        was_taken = drafts.send_test(campaign, phone)
    except ValidationError as error:
        notice(request, " ".join(error.messages), level=messages.WARNING)
        return
    if was_taken:
        notice(request, _("The test is on the sandbox phone."))
    else:
        notice(request, _("The gateway did not take the test."), level=messages.WARNING)


def _compose(
    request: HttpRequest,
    form: CampaignForm,
    *,
    phone: TestPhoneForm | None = None,
    confirm: bool = False,
    status: int = 200,
) -> HttpResponse:
    shown = _preview(request.shop, _draft_values(form))
    context = _shown(shown) | {
        "form": form,
        "campaign": form.instance,
        "phone_form": phone or TestPhoneForm(),
        "opens_test": bool(phone),
        "words": [placeholders.spelled(name, request.shop.language) for name in placeholders.SPELLINGS],
        "confirm": confirm and shown.can_be_sent,
    }
    return render(request, "campaigns/campaign_form.html", context, status=status)


def _shown(shown: preview.Preview) -> dict:
    """Return what the parts beside the text draw, and the address of the names behind each step."""
    percent = int(shown.audience.share * 100)
    return {
        "preview": shown,
        "percent": percent,
        "seen_counts": ",".join(str(shown.waterfall.steps[step]) for step in STEPS),
        "people_query": people_query(shown.audience),
    }


def _draft_values(form: CampaignForm) -> dict:
    """Return what stands in a form, read leniently: a preview is shown even while half a number is typed."""
    if form.is_bound:
        form.is_valid()
    cleaned = getattr(form, "cleaned_data", {})
    values = {name: form[name].value() for name in ("key", "text", "respects_quiet_hours")}
    campaign = form.instance
    return values | {
        "audience": form.asked,
        "percent": cleaned.get("holdout_percent", int(campaign.holdout_share * 100)),
        "offer_cost_amount": cleaned.get("offer_cost_amount", campaign.offer_cost_amount),
        "window_days": cleaned.get("result_window_days") or campaign.result_window_days,
        "start": cleaned.get("scheduled_at") or campaign.scheduled_at or timezone.now(),
    }


def _preview(shop: Shop, values: dict, waterfall: Waterfall | None = None) -> preview.Preview:
    share = Decimal(values["percent"] or 0) / 100
    audience = Audience(shop, values["audience"], values["key"], share, timezone.now(), values["start"])
    return preview.build(
        audience,
        (values["text"] or "").replace("\r\n", "\n").rstrip(),
        offer_cost_amount=values["offer_cost_amount"],
        window_days=values["window_days"],
        start=values["start"],
        respects_quiet_hours=bool(values["respects_quiet_hours"]),
        waterfall=waterfall,
    )


def campaign_preview(request: HttpRequest) -> HttpResponse:
    """What stands beside the text while one types. Changes nothing; POST keeps the text out of addresses."""
    form = CampaignForm(request.POST)
    values = _draft_values(form)
    shown = _preview(request.shop, values, _seen(request.POST, values))
    is_other = values["audience"] != request.POST.get("audience", "")
    context = _shown(shown) | {"form": form, "is_other_audience": is_other}
    return render(request, "campaigns/_campaign_preview.html", context)


def _seen(data: QueryDict, values: dict) -> Waterfall | None:
    """Return the counts that the page already shows, while the list and the hold-out they are of stand."""
    counts = [_number(one) for one in data.get("seen_counts", "").split(",")]
    of = (data.get("seen_percent"), data.get("seen_audience"))
    if of != (str(values["percent"]), values["audience"]) or None in counts or len(counts) != len(STEPS):
        return None
    return Waterfall(sum(counts), dict(zip(STEPS, counts, strict=True)))


def campaign_people(request: HttpRequest) -> HttpResponse:
    """The names behind one step of a waterfall that is not launched yet."""
    step = request.GET.get("step", "") if request.GET.get("step") in STEPS else ""
    percent = min(_number(request.GET.get("percent")) or 0, 50)
    begins = min(_number(request.GET.get("begins")) or 0, LAST_SECOND)
    audience = Audience(
        request.shop,
        without_page(request.GET.urlencode()),
        request.GET.get("key", "")[:36],
        Decimal(percent) / 100,
        timezone.now(),
        datetime.datetime.fromtimestamp(begins, datetime.UTC),
    )
    waterfall = audience.waterfall()
    context = {
        "audience": audience,
        "step": step,
        "waterfall": waterfall,
        "bars": preview.bars(waterfall),
        "table": people_table(request, audience.people(step)),
    }
    return page_or_fragment(
        request, "campaigns/campaign_people.html", "campaigns/_people_table.html", context
    )


def campaign_delete(request: HttpRequest, pk: int) -> HttpResponse:
    campaign = get_object_or_404(Campaign, pk=pk)
    try:
        drafts.delete_draft(campaign)
    except ValidationError as error:
        notice(request, " ".join(error.messages), level=messages.ERROR)
        return go(request, "campaigns:campaign_detail", pk)
    notice(request, _("The draft is deleted."))
    return go(request, "campaigns:campaign_list")
