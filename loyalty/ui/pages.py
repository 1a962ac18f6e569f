"""One address, two answers: the whole page, or the part of it that htmx is about to swap."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect

STOP_POLLING = 286
UNPROCESSABLE = 422
_UNDO = "undo:"


def wants_fragment(request: HttpRequest) -> bool:
    """Say whether htmx will swap the answer in: not for a boosted link, nor for a restored page."""
    htmx = getattr(request, "htmx", None)
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def page_or_fragment(
    request: HttpRequest, page: str, fragment: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """Render the page, or its fragment where htmx will swap it; notices come along out of band.

    `status` 422 carries a form with what was wrong, 286 tells a polling element that it is done.
    """
    if wants_fragment(request):
        response = render(request, fragment, context, status=status)
        if len(messages.get_messages(request)):
            response.content += render_to_string("ui/_toasts.html", {"out_of_band": True}, request).encode()
    else:
        response = render(request, page, context, status=200 if status == STOP_POLLING else status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def go(request: HttpRequest, to: Any, *args: Any, **kwargs: Any) -> HttpResponse:
    """Send the visitor to another page after a change, whether a browser or htmx asked.

    A plain redirect would be followed inside htmx's own request, and a whole page would land in a fragment.
    """
    url = resolve_url(to, *args, **kwargs)
    return HttpResponseClientRedirect(url) if wants_fragment(request) else HttpResponseRedirect(url)


def notice(request: HttpRequest, text: Any, *, undo: str = "", level: int = messages.SUCCESS) -> None:
    """Tell the visitor what has happened, here or on the next page; `undo` is where it is taken back."""
    messages.add_message(request, level, text, extra_tags=f"{_UNDO}{undo}" if undo else "")


def undo_of(message: Message) -> str:
    """Return the undo address of a notice; empty for a notice without one."""
    tags = message.extra_tags or ""
    return tags.removeprefix(_UNDO) if tags.startswith(_UNDO) else ""
