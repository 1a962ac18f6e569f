"""The sentence of a tree: “Customers who … and … or …”, in the reader's language, or in both."""

from __future__ import annotations

from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from loyalty.shops.scope import current_shop
from loyalty.ui import presentation

from .tree import ANY, Condition, Group

LANGUAGES = ("fa", "en")


def sentence(root: Group) -> str:
    """Return who is meant, as one sentence in the reader's language."""
    said = _clauses(root, top=True)
    if not said:
        return _("Customers without any condition yet.")
    return _("Customers %(conditions)s.") % {"conditions": said}


def in_both(root: Group) -> dict[str, str]:
    """Return {language: sentence} of both languages, each with its own digits, calendar and money."""
    said = {}
    for language in LANGUAGES:
        with translation.override(language), presentation.use(current_shop().presentation(language)):
            said[language] = sentence(root)
    return said


def part(node: Group | Condition) -> str:
    """Return a condition or a group as it stands in the sentence."""
    return _clauses(node) if isinstance(node, Group) else clause(node)


def clause(condition: Condition) -> str:
    """Return one condition as it stands in the sentence; a gap where it is not filled in."""
    if condition.field is None or condition.op is None:
        return _("…")
    words = {param.name: _said(param, condition) for param in condition.op.params}
    value = str(_phrase(condition)) % words
    said = condition.field.denied if condition.negated else condition.field.said
    filled = str(said) % {"value": value or _("…"), "within": words.get("within", "")}
    # Where no time is given its place is empty.
    return " ".join(filled.split()).replace(" ,", ",").replace(" ،", "،")


def _said(param, condition: Condition) -> str:
    value = condition.values.get(param.name)
    if param.name == "within":
        return param.say(value)
    if value in (None, []):
        return str(param.anything)
    return param.say(value)


def _phrase(condition: Condition) -> Any:
    """Return how the values are said: a range from 3 to 3 is exactly 3."""
    op, values = condition.op, condition.values
    ends = [values.get(param.name) for param in op.params][:2]
    return op.same if op.same and None not in ends and ends[0] == ends[1] else op.phrase


def _clauses(group: Group, *, top: bool = False) -> str:
    parts = [_clauses(node) if isinstance(node, Group) else clause(node) for node in group.of]
    parts = [part for part in parts if part]
    said = (_(" or ") if group.join == ANY else _(" and ")).join(parts)
    if not said:
        return ""
    if group.negated:
        return _("of whom it is not true: (%(conditions)s)") % {"conditions": said}
    return said if top or len(parts) < 2 else _("(%(conditions)s)") % {"conditions": said}
