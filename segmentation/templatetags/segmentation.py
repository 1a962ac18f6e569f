"""What templates say groups with: `{{ score.segment|segment_play }}`."""

from __future__ import annotations

from django import template

from loyalty.ui.templatetags.ui import decimal
from segmentation import plays, value_volume

register = template.Library()


@register.filter
def segment_play(segment: str) -> plays.Play | None:
    """The sentence and the play of a segment."""
    return plays.SEGMENTS.get(segment)


@register.filter
def stage_play(stage: str) -> plays.Play | None:
    """The sentence and the play of a stage."""
    return plays.STAGES.get(stage)


@register.filter
def quadrant_play(quadrant: str) -> plays.Play | None:
    """The sentence and the play of a quadrant."""
    return plays.QUADRANTS.get(quadrant)


@register.filter
def part_weight(part: str) -> int:
    """The percent that a part of the value score counts where all are known."""
    return value_volume.WEIGHTS[part]


@register.filter
def gap(days: float | None) -> str:
    """A number of days with one decimal where it has one, so that the arithmetic beside it comes out."""
    return decimal(days, 0 if days is None or float(days).is_integer() else 1)
