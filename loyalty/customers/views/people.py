"""One person: their page, adding and editing them, and what they said."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from loyalty import pipeline
from loyalty.ui.pages import UNPROCESSABLE, go, notice, page_or_fragment

from .. import services
from ..forms import ConsentForm, CustomerForm, InteractionForm, NewCustomerForm
from ..models import ConsentEvent, Customer
from . import history, timeline
from .profile import Profile


def posted(request: HttpRequest) -> QueryDict | None:
    """Return what was sent, even if it is nothing at all; None where a page was only asked for."""
    return request.POST if request.method == "POST" else None


def get_customer(pk: int) -> Customer:
    return get_object_or_404(Customer.objects.with_consent().select_related("score"), pk=pk)


def detail_context(request: HttpRequest, customer: Customer, **changes) -> dict:
    """Return what the person's page draws; `changes` puts a form with its slips in."""
    profile = Profile(customer, request.shop.today())
    return {
        "customer": customer,
        "profile": profile,
        "score": profile.score,
        "membership": profile.membership,
        "orders": profile.orders(request.GET.get("page")),
        "consent_form": ConsentForm(),
        "interaction_form": InteractionForm(),
        **changes,
    }


def customer_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "customers/customer_detail.html", detail_context(request, get_customer(pk)))


def customer_history(request: HttpRequest, pk: int) -> HttpResponse:
    customer = get_customer(pk)
    asked = request.GET.get("page", "1")
    number = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 4 else 1
    events, has_older = history.page_of(customer, number)
    context = {"customer": customer, "events": events, "older_page": number + 1 if has_older else None}
    if not request.htmx:
        context["lines"] = timeline.lines(customer, request.shop.today())
    return page_or_fragment(
        request, "customers/customer_history.html", "customers/_customer_history.html", context
    )


def customer_add(request: HttpRequest) -> HttpResponse:
    form = NewCustomerForm(posted(request))
    if request.method == "POST" and _saved(request, form):
        return go(request, "customers:customer_detail", form.instance.pk)
    status = UNPROCESSABLE if request.method == "POST" else 200
    return render(request, "customers/customer_add.html", {"form": form}, status=status)


def customer_edit(request: HttpRequest, pk: int) -> HttpResponse:
    customer = get_customer(pk)
    name = str(customer)
    form = CustomerForm(posted(request), instance=customer)
    if request.method == "POST" and _saved(request, form):
        return go(request, "customers:customer_detail", pk)
    context = {"form": form, "customer": customer, "name": name}
    status = UNPROCESSABLE if request.method == "POST" else 200
    return render(request, "customers/customer_edit.html", context, status=status)


def _saved(request: HttpRequest, form: CustomerForm) -> bool:
    """Save the person of a valid form, with the consent given along; put a refusal on the form."""
    is_new = form.instance.pk is None
    if not form.is_valid():
        return False
    try:
        customer = services.save_customer(form.instance, changed=form.changed_data)
        if form.cleaned_data.get("agrees"):
            services.give_consent(customer, evidence=form.cleaned_data["evidence"], by=request.user)
    except ValidationError as refusal:
        form.add_error(None, refusal.messages)
        return False
    if is_new:
        # Whoever is in the club has a row of scores, also before the first purchase.
        pipeline.orders_arrived(customer_ids=[customer.pk], as_of=request.shop.today())
    said = _("%(name)s is in the club.") if is_new else _("What you know of %(name)s was saved.")
    notice(request, said % {"name": customer})
    return True


def consent_add(request: HttpRequest, pk: int) -> HttpResponse:
    customer = get_customer(pk)
    form = ConsentForm(request.POST)
    if form.is_valid():
        agrees = form.cleaned_data["action"] == ConsentEvent.Action.IN
        say = services.give_consent if agrees else services.withdraw_consent
        try:
            say(customer, evidence=form.cleaned_data["evidence"], by=request.user)
        except ValidationError as refusal:
            form.add_error("evidence", refusal)
        else:
            notice(request, _("Written down: they agree.") if agrees else _("Written down: they decline."))
            return go(request, "customers:customer_detail", pk)
    context = detail_context(request, customer, consent_form=form)
    return page_or_fragment(
        request, "customers/customer_detail.html", "customers/_consent.html", context, status=UNPROCESSABLE
    )


def interaction_add(request: HttpRequest, pk: int) -> HttpResponse:
    customer = get_customer(pk)
    form = InteractionForm(request.POST)
    if form.is_valid():
        read = form.cleaned_data
        services.record_interaction(customer, kind=read["kind"], occurred_at=read["day"], **form.details)
        pipeline.orders_arrived(customer_ids=[pk], as_of=request.shop.today())
        notice(request, _("Written down."))
        return go(request, "customers:customer_detail", pk)
    context = detail_context(request, customer, interaction_form=form)
    return page_or_fragment(
        request,
        "customers/customer_detail.html",
        "customers/_interactions.html",
        context,
        status=UNPROCESSABLE,
    )
