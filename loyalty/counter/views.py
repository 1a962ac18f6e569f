"""The counter: find a person, see what to do for them, record the purchase. One address per deed, by POST.

Looking somebody up is a POST as well: it is counted, and names and digits stay out of addresses and logs.
"""

from __future__ import annotations

from django.contrib.messages import ERROR
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _

from loyalty.access import MARKETING
from loyalty.customers.models import Customer
from loyalty.tiers import benefits
from loyalty.tiers.models import BenefitGrant
from loyalty.ui.pages import UNPROCESSABLE, notice, page_or_fragment
from loyalty.ui.text import ascii_digits

from . import people, services
from .forms import JoinForm, PurchaseForm
from .models import CounterRecord
from .panel import Panel
from .words import in_words

PAGE = "counter/counter.html"
TOO_MANY = 429


def counter(request: HttpRequest) -> HttpResponse:
    return render(request, PAGE, _context(request, panel=_asked_for(request)))


def _asked_for(request: HttpRequest) -> Panel | None:
    """Return the person another page asked for; clerks find people by what these say, not by address."""
    wanted = request.GET.get("customer", "")
    if request.staff.role not in MARKETING or not (wanted.isdecimal() and len(wanted) < 19):
        return None
    return _panel(request, get_object_or_404(Customer, pk=wanted))


def _panel(request: HttpRequest, customer: Customer) -> Panel:
    return Panel(customer, request.staff, request.shop.today())


def _context(request: HttpRequest, **more) -> dict:
    last = services.last_record(request.staff, timezone.now())
    return {"last": last, "join_form": JoinForm(), **more}


def find(request: HttpRequest) -> HttpResponse:
    digits = ascii_digits("".join(request.POST.getlist("digit"))).strip()
    text = request.POST.get("text", "").strip()[:100] or digits
    found = {"text": text, "digits": list(digits[:4])}
    if text:
        try:
            matches = people.find(text)
        except people.TooVague as error:
            found |= {"too_vague": True, "by_digits": error.digits}
        else:
            if not people.count_look_up(request.staff, timezone.now()):
                return render(request, PAGE, _context(request, too_many=True), status=TOO_MANY)
            found |= _results(request, list(people.with_tiers(matches)[: people.MOST + 1]))
    return page_or_fragment(request, PAGE, "counter/_found.html", _context(request, **found))


def _results(request: HttpRequest, shown: list[Customer]) -> dict:
    results = [
        {"customer": customer, "token": people.seal(request.staff, customer)}
        for customer in shown[: people.MOST]
    ]
    # One match needs no choosing.
    panel = _panel(request, shown[0]) if len(shown) == 1 else None
    return {"results": results, "has_more": len(shown) > people.MOST, "panel": panel}


def person(request: HttpRequest) -> HttpResponse:
    customer = people.unseal(request.staff, request.POST.get("person", ""))
    context = _context(request, panel=_panel(request, customer))
    return page_or_fragment(request, PAGE, "counter/_person.html", context)


def quote(request: HttpRequest) -> HttpResponse:
    """Answer while an amount is being typed: what it comes to, and how far the next tier then is."""
    if "person" not in request.GET:
        return HttpResponse(status=204)
    panel = _panel(request, people.unseal(request.staff, request.GET["person"]))
    form = PurchaseForm(request.GET)
    form.full_clean()
    amount = form.cleaned_data.get("amount")
    context = {"panel": panel} | (_comes_to(panel, amount) if amount else {})
    return render(request, "counter/_quote.html", context)


def _comes_to(panel: Panel, amount: int) -> dict:
    quote = services.quote(panel.customer, amount)
    left = max(panel.ahead.missing - quote.net, 0) if panel.ahead else 0
    return {"quote": quote, "quote_left": left, "quote_words": in_words(quote.net)}


def record(request: HttpRequest) -> HttpResponse:
    customer = people.unseal(request.staff, request.POST.get("person", ""))
    form, made = PurchaseForm(request.POST), None
    if form.is_valid():
        said = form.cleaned_data
        try:
            made = services.record(request.staff, customer, said["amount"], said["key"], timezone.now())
        except ValidationError as refused:
            form.add_error("amount", refused)
    panel = _panel(request, customer)
    if made is None:
        context = _context(request, panel=panel, form=form)
        return page_or_fragment(request, PAGE, "counter/_person.html", context, UNPROCESSABLE)
    context = _context(request, panel=panel, made=made, moved_up=_moved_up(made, panel))
    return page_or_fragment(request, PAGE, "counter/_recorded.html", context)


def _moved_up(made: CounterRecord, panel: Panel) -> bool:
    before = made.tier_before and made.tier_before["membership"]
    return bool(before and panel.membership and panel.membership.pk > before)


def take_back(request: HttpRequest) -> HttpResponse:
    wanted = request.POST.get("record", "")
    number = int(wanted) if wanted.isdecimal() and len(wanted) < 19 else 0
    panel = None
    try:
        taken = services.take_back(request.staff, number, timezone.now())
        panel = _panel(request, taken.customer)
        notice(request, _("Taken back. The purchase no longer counts."))
    except ValidationError as refused:
        notice(request, " ".join(refused.messages), level=ERROR)
    return page_or_fragment(request, PAGE, "counter/_recorded.html", _context(request, panel=panel))


def give(request: HttpRequest) -> HttpResponse:
    """Give a benefit, or take back what was given today: the same button."""
    customer = people.unseal(request.staff, request.POST.get("person", ""))
    today = request.shop.today()
    benefit, grant = request.POST.get("benefit", ""), request.POST.get("grant", "")
    try:
        if grant.isdecimal():
            found = get_object_or_404(BenefitGrant, pk=int(grant), customer=customer)
            benefits.take_back(found, today)
        elif benefit.isdecimal():
            benefits.give(customer, int(benefit), today, request.user)
    except ValidationError as refused:
        notice(request, " ".join(refused.messages), level=ERROR)
    context = _context(request, panel=_panel(request, customer))
    return page_or_fragment(request, PAGE, "counter/_offers.html", context)


def join(request: HttpRequest) -> HttpResponse:
    form = JoinForm(request.POST)
    panel = None
    if form.is_valid():
        try:
            customer = services.join(**form.cleaned_data, staff=request.staff, now=timezone.now())
            panel = _panel(request, customer)
        except ValidationError as refused:
            # Almost always somebody else's number.
            form.add_error("phone", refused.messages)
    context = _context(request, panel=panel, join_form=form, joined=panel is not None, joins=panel is None)
    context["fresh_form"] = JoinForm()
    status = 200 if panel else UNPROCESSABLE
    return page_or_fragment(
        request, PAGE, "counter/_joined.html" if panel else "counter/_join.html", context, status
    )
