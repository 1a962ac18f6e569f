"""What this shop calls its segments: the published words, or the owner's own."""

from __future__ import annotations

from loyalty.shops.scope import current_shop

from .choices import Segment
from .scheme import Scheme

# Kept on the shop in scope, which lives as long as a request: a table of people asks once, not once a row.
_KEPT = "_segment_names"


def segment_labels() -> dict[str, str]:
    """Return {segment: what it is called} of the shop in scope, in the order of the map."""
    names = _names()
    return {segment.value: names.get(segment.value) or str(segment.label) for segment in Segment}


def segment_label(segment: str) -> str:
    """Return what a segment is called; "" for that of somebody who has not bought."""
    if not segment:
        return ""
    return _names().get(segment) or str(Segment(segment).label)


def segment_choices() -> list[tuple[str, str]]:
    return list(segment_labels().items())


def forget() -> None:
    """Read the names anew at the next question."""
    current_shop().__dict__.pop(_KEPT, None)


def _names() -> dict[str, str]:
    kept = current_shop().__dict__
    if _KEPT not in kept:
        scheme = Scheme.objects.first()
        kept[_KEPT] = dict(scheme.rules.names) if scheme else {}
    return kept[_KEPT]
