"""What templates say groups with: `{{ score.segment|segment_play }}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from loyalty.access import REGISTRY
from loyalty.ui.templatetags.ui import decimal
from segmentation import plays

register = template.Library()

# (name, route, label): the pages that say who is who, and those that report on what they do.
SEGMENT_TABS = (
    ("segments", "segmentation:segment_list", _("RFM map")),
    ("stages", "segmentation:stage_list", _("Lifecycle")),
    ("quadrants", "segmentation:quadrant_list", _("Value and frequency")),
    ("pareto", "segmentation:pareto", _("Pareto")),
    ("outlook", "segmentation:outlook", _("Outlook")),
    ("changes", "segmentation:changes", _("Changes")),
    ("own", "segmentation:own_segment_list", _("Own segments")),
)
REPORT_TABS = (
    ("cohorts", "segmentation:cohorts", _("Cohorts")),
    ("rhythm", "segmentation:rhythm", _("When they buy")),
    ("products", "segmentation:products", _("Products")),
    ("people", "segmentation:people", _("People and places")),
    ("personas", "segmentation:personas", _("Personas")),
    ("clusters", "segmentation:clusters", _("Groups by likeness")),
    ("quality", "segmentation:data_quality", _("Data quality")),
    ("worth", "segmentation:scheme_worth", _("Does it earn?")),
)


@register.simple_tag
def segment_tabs() -> list[dict[str, str]]:
    return _tabs(SEGMENT_TABS)


@register.simple_tag
def report_tabs() -> list[dict[str, str]]:
    return _tabs(REPORT_TABS)


@register.simple_tag(takes_context=True)
def tab_here(context: Context) -> dict[str, Any]:
    """The tab of the page: its name, its label, and whether it is one of the reports; {} where it is none."""
    here = context["request"].resolver_match.view_name
    for pages in (SEGMENT_TABS, REPORT_TABS):
        for name, route, label in pages:
            if route == here:
                return {"name": name, "label": label, "is_report": pages is REPORT_TABS}
    return {}


@register.simple_tag(takes_context=True)
def page_label(context: Context) -> str:
    """What the page is called: `heading`, where the view gives one, or as its tab is."""
    return context.get("heading") or tab_here(context).get("label") or _("Segments")


def _tabs(pages) -> list[dict[str, str]]:
    return [
        {"name": name, "url": reverse(route), "label": label}
        for name, route, label in pages
        if route in REGISTRY
    ]


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
def gap(days: float | None) -> str:
    """A number of days with one decimal where it has one, so that the arithmetic beside it comes out."""
    return decimal(days, 0 if days is None or float(days).is_integer() else 1)
