"""How the reader wants to see things: language, calendar, money and clock; one per request or task."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.utils import translation


@dataclass(frozen=True)
class Presentation:
    """What a screen is written in. `calendar` is "jalali" only together with the language "fa"."""

    language: str = "en"
    calendar: str = "gregorian"
    currency: str = "IRR"
    display_unit: str = "toman"
    time_zone: str = "Asia/Tehran"

    def __post_init__(self) -> None:
        # Jalali months have no settled English names: an English screen counts in Gregorian.
        if self.language != "fa" and self.calendar == "jalali":
            object.__setattr__(self, "calendar", "gregorian")

    @property
    def is_persian(self) -> bool:
        return self.language == "fa"

    @property
    def is_jalali(self) -> bool:
        return self.calendar == "jalali"


_current: ContextVar[Presentation | None] = ContextVar("presentation", default=None)


def current() -> Presentation:
    """Return the presentation in use; outside every shop, one guessed from the active language."""
    chosen = _current.get()
    if chosen is not None:
        return chosen
    language = (translation.get_language() or "en")[:2]
    return Presentation(language, "jalali" if language == "fa" else "gregorian")


@contextmanager
def use(presentation: Presentation) -> Iterator[Presentation]:
    """Present everything inside the block in this way; they nest."""
    token = _current.set(presentation)
    try:
        yield presentation
    finally:
        _current.reset(token)
