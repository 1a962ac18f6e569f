"""What the screens of the shop say roles and deeds with."""

from __future__ import annotations

from django import template
from django.template.loader import select_template

from loyalty.shops.forms import SettingsForm
from loyalty.shops.models import AuditEntry, Role

register = template.Library()


@register.filter
def role_label(role: str) -> str:
    """The word for a stored role: "counter" → Counter clerk."""
    return str(Role(role).label) if role in Role.values else role


@register.filter
def setting_label(name: str) -> str:
    """The label of a setting on its screen, by the name that the audit list keeps."""
    field = SettingsForm.base_fields.get(name)
    return str(field.label) if field else name


@register.simple_tag
def audit_sentence(entry: AuditEntry) -> str:
    """What was done, as a sentence without its subject.

    "tiers.applied" is worded in `shops/audit/tiers/_applied.html`, filled with the entry's target and details.
    """
    room, _dot, deed = entry.action.partition(".")
    wording = select_template([f"shops/audit/{room}/_{deed}.html", "shops/audit/_unworded.html"])
    return wording.render({**entry.details, "target": entry.target, "action": entry.action})
