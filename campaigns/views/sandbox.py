"""The sandbox phone: every message that was sent, answers to it, and a gateway that misbehaves on request."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from campaigns import conversations, inbound
from campaigns.forms import FaultsForm, ReplyForm
from campaigns.models import GatewayLine, SandboxMessage, SandboxSettings
from loyalty.shops import audit
from loyalty.ui.pages import UNPROCESSABLE, go, notice, page_or_fragment, wants_fragment


def sandbox(request: HttpRequest) -> HttpResponse:
    """The phone, open at the newest conversation."""
    return _phone(request, conversations.newest())


def sandbox_conversation(request: HttpRequest, pk: int) -> HttpResponse:
    """The phone, open at the conversation of this message; a number never stands in an address."""
    return _phone(request, get_object_or_404(SandboxMessage, pk=pk))


def _phone(
    request: HttpRequest, opened: SandboxMessage | None, *, form: ReplyForm | None = None, status: int = 200
) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:100]
    thread = conversations.thread(opened) if opened else None
    if thread and request.GET.get("last") == str(thread.last) and wants_fragment(request):
        # Nothing new: the open conversation stays as it is, scrolled where it was.
        return HttpResponse(status=204)
    context = {
        "opened": opened,
        "thread": thread,
        "conversations": conversations.recent(text),
        "text": text,
        "reply_form": form or ReplyForm(),
        "faults_form": FaultsForm(instance=SandboxSettings.objects.first() or SandboxSettings()),
        "line": GatewayLine.objects.first() or GatewayLine(),
        "opt_out_word": "لغو۱۱" if request.shop.language == "fa" else "STOP",
    }
    return page_or_fragment(request, "sandbox/sandbox.html", "sandbox/_phone.html", context, status)


def sandbox_reply(request: HttpRequest, pk: int) -> HttpResponse:
    opened = get_object_or_404(SandboxMessage, pk=pk)
    form = ReplyForm(request.POST)
    if not form.is_valid():
        return _phone(request, opened, form=form, status=UNPROCESSABLE)
    receipt = conversations.answer(opened.phone, form.cleaned_data["text"])
    notice(request, said_of(receipt))
    return go(request, "campaigns:sandbox_conversation", conversations.handle(opened.phone))


def said_of(receipt: inbound.Receipt) -> str:
    """Return what the club made of an answer."""
    if receipt.customer is None:
        return _("Nobody in the club has this number, so the answer is only kept here.")
    if receipt.meaning is inbound.Meaning.STOP:
        return _("%(name)s will not be written to any more.") % {"name": receipt.customer}
    if receipt.meaning is inbound.Meaning.START:
        return _("%(name)s may be written to again.") % {"name": receipt.customer}
    return _("The answer is on %(name)s's page.") % {"name": receipt.customer}


def sandbox_faults(request: HttpRequest) -> HttpResponse:
    form = FaultsForm(request.POST, instance=SandboxSettings.objects.first() or SandboxSettings())
    if form.is_valid():
        faults = form.save()
        audit.record("campaigns.sandbox_faults", on=[f for f in form.fields if getattr(faults, f)])
        notice(request, _("The sandbox behaves as you said."))
    return go(request, "campaigns:sandbox")


def sandbox_line(request: HttpRequest) -> HttpResponse:
    """The switch that stops everything from leaving, whatever campaigns there are."""
    line, _made = GatewayLine.objects.get_or_create()
    line.is_open = request.POST.get("open") == "1"
    line.rests_until, line.troubles, line.last_trouble = None, 0, ""
    line.save()
    audit.record("campaigns.line_opened" if line.is_open else "campaigns.line_closed")
    notice(request, _("Messages may leave again.") if line.is_open else _("Nothing leaves any more."))
    return go(request, "campaigns:sandbox")


def sandbox_clear(request: HttpRequest) -> HttpResponse:
    """Forget what the sandbox has; refuse while campaigns still ask it about their messages."""
    try:
        conversations.clear()
    except ValidationError as error:
        notice(request, " ".join(error.messages), level=messages.ERROR)
        return go(request, "campaigns:sandbox")
    audit.record("campaigns.sandbox_cleared")
    notice(request, _("The sandbox phone is empty."))
    return go(request, "campaigns:sandbox")
