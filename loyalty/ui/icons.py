"""Icons of the Tabler set, drawn inline so that they take the colour of the text they stand in."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_PATH = re.compile(r'<path\s+d="([^"]+)"')
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# These point along the line of reading and turn round with it. Clocks, checks and media keys do not.
_DIRECTED = {"left", "right", "back", "forward"}
_NOT_DIRECTED = {"corner", "player", "align"}


class UnknownIcon(ImproperlyConfigured):
    """A template asks for an icon that is not in the set, or the front-end packages are not installed."""


@cache
def paths(name: str) -> tuple[str, ...]:
    """Return the `d` of every stroke of an icon; raise UnknownIcon."""
    folder = Path(settings.BASE_DIR) / "node_modules/@tabler/icons/icons/outline"
    if not _NAME.fullmatch(name):
        raise UnknownIcon(f"{name!r} is not the name of an icon.")
    try:
        source = (folder / f"{name}.svg").read_text(encoding="utf-8")
    except FileNotFoundError as error:
        reason = (
            "is not a Tabler icon" if folder.is_dir() else "cannot be drawn: run make to install the packages"
        )
        raise UnknownIcon(f"The icon “{name}” {reason}.") from error
    return tuple(_PATH.findall(source))


def svg(name: str, classes: str = "", label: str = "") -> SafeString:
    """Return an icon as inline SVG; without a `label` it is decoration and hidden from screen readers.

    An unknown icon raises in development and tests, and is an empty square in production: a missing picture
    is no reason to refuse a page.
    """
    try:
        strokes = paths(name)
    except UnknownIcon:
        if settings.DEBUG or getattr(settings, "TESTING", False):
            raise
        strokes = ()
    words = set(name.split("-"))
    if words & _DIRECTED and not words & _NOT_DIRECTED:
        classes = f"ba-flip {classes}"
    attributes = [("role", "img"), ("aria-label", label)] if label else [("aria-hidden", "true")]
    return format_html(
        '<svg class="icon{}"{} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"'
        ' stroke-linecap="round" stroke-linejoin="round">{}</svg>',
        "".join(f" {word}" for word in dict.fromkeys(classes.split())),
        format_html_join("", ' {}="{}"', attributes),
        format_html_join("", '<path d="{}"/>', ((stroke,) for stroke in strokes)),
    )
