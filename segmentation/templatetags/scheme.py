"""What the screens say about boundaries: since when, why, and whether the shop still fits them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from typing import Any

from django import template
from django.utils.translation import gettext_lazy as _

from segmentation import cutting
from segmentation.models import CutsReason, Scheme, ScoreRun, segment_labels

register = template.Library()

# So long the screens tell of boundaries taken anew.
NEWS_DAYS = 14
_LETTERS = dict(zip("rfm", cutting.MEASURES, strict=True))


MEASURES = {
    cutting.RECENCY: _("Days since the last order"),
    cutting.FREQUENCY: _("Orders"),
    cutting.MONETARY: _("Net spend"),
}
PARTS = {
    "margin": _("Margin"),
    "full_price": _("Bought at full price"),
    "regularity": _("Regularity"),
    "tenure": _("Tenure"),
    "engagement": _("Engagement"),
    "advocacy": _("Advocacy"),
    "service": _("Easy to serve"),
}


@dataclass(frozen=True)
class Row:
    score: int
    steps: list[cutting.Drift]


@register.filter
def whole(number: float) -> int:
    """A cut of money, which may fall between two amounts, as the nearest of them."""
    return round(number)


@register.filter
def measure_name(measure: str) -> Any:
    return MEASURES[measure]


@register.filter
def part_name(part: str) -> Any:
    """What a part of the value score is called."""
    return PARTS[part]


@register.filter
def ways_of(run: ScoreRun) -> list[tuple[str, str]]:
    """How each measure is cut, in the order of the scores: what is kept as JSON has lost it."""
    ways = run.cuts.get("ways", {})
    return [(measure, ways[measure]) for measure in cutting.MEASURES if measure in ways]


@register.filter
def label_of(segment: str) -> str:
    """What this shop calls a segment."""
    return segment_labels().get(segment, "")


@register.filter
def entry(found: dict, key: Any) -> Any:
    """What a dictionary holds under a key that is a variable."""
    return found.get(key)


@register.simple_tag
def drift_of(run: ScoreRun) -> list[Row]:
    """One row a score, from 5 to 1: the share of people then and now by each measure."""
    found = [
        replace(step, measure=_LETTERS[step.measure])
        for step in cutting.drift(run.score_counts_then, run.score_counts)
    ]
    return [
        Row(
            score,
            [
                step
                for measure in cutting.MEASURES
                for step in found
                if (step.measure, step.score) == (measure, score)
            ],
        )
        for score in range(5, 0, -1)
    ]


@register.simple_tag
def cuts_state(run: ScoreRun) -> dict[str, Any]:
    """What is to be said of the boundaries of a run, each None or False where there is nothing to say."""
    ways = run.cuts.get("ways", {})
    taken = _taken(run)
    far = [
        {"measure": _LETTERS[step.measure], "score": step.score, "then": step.then, "now": step.now}
        for step in cutting.drift(run.score_counts_then, run.score_counts)
        # Numbers that a person chose do not drift: the shop moves, and that is what they are for.
        if step.is_far and ways.get(_LETTERS[step.measure]) == cutting.FIFTHS
    ]
    fallbacks = [measure for measure, way in ways.items() if way == cutting.FALLBACK]
    version = Scheme.objects.values_list("number", flat=True).first() or 0
    return {
        "taken": taken,
        "steps": _steps(taken) if taken and taken.cuts_before else [],
        "far": far,
        "is_small": bool(fallbacks) and run.buyers < cutting.ENOUGH_BUYERS,
        "nobody_returned": run.cuts.get("repeaters") == 0,
        "is_behind": _is_behind(run, version),
    }


def _taken(run: ScoreRun) -> ScoreRun | None:
    """The run that took the boundaries of `run`, where that was lately and is news."""
    if run.cuts_on is None or run.as_of - run.cuts_on > datetime.timedelta(days=NEWS_DAYS):
        return None
    runs = ScoreRun.objects.filter(is_look_back=False, cuts_on=run.cuts_on)
    quiet = (CutsReason.KEPT, CutsReason.EARLIER, "")
    return runs.exclude(cuts_reason__in=quiet).order_by("-pk").first()


def _steps(taken: ScoreRun) -> list[dict[str, Any]]:
    return [
        {"measure": measure, "before": taken.cuts_before[measure], "after": taken.cuts[measure]}
        for measure in cutting.MEASURES
        if taken.cuts_before[measure] != taken.cuts[measure]
    ]


def _is_behind(run: ScoreRun, version: int) -> bool:
    """Whether rules were put in force that the scores do not follow yet."""
    if run.version == version:
        return False
    scheme = Scheme.objects.first()
    return scheme is not None and run.cuts.get("basis") != scheme.rules.basis
