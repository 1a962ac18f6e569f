"""Segments to begin with: what shops ask for most, ready to be changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext_lazy

from ...models import ProductCategory
from .tree import ALL, ANY, VERSION, Group, parse


@dataclass(frozen=True)
class Idea:
    """A ready tree. `of` returns its conditions, None where this shop has not what they ask for."""

    key: str
    name: Any
    icon: str
    of: Callable[[], list[dict] | None]

    @property
    def definition(self) -> dict | None:
        nodes = self.of()
        return nodes and {"version": VERSION, "root": {"join": ALL, "not": False, "of": nodes}}

    @property
    def root(self) -> Group | None:
        found = self.definition
        return parse(found) if found else None


def ask(field: str, op: str = "any", *, negated: bool = False, **values: Any) -> dict:
    return {"field": field, "op": op, "not": negated, "values": values}


def one_of(*nodes: dict) -> dict:
    return {"join": ANY, "not": False, "of": list(nodes)}


def _two_categories() -> list[int]:
    """Return the two categories with most products: those one would think of first."""
    found = ProductCategory.objects.annotate(n=Count("products")).order_by("-n", "pk")
    return list(found.values_list("pk", flat=True)[:2])


def _one_not_the_other() -> list[dict] | None:
    keys = _two_categories()
    if len(keys) < 2:
        return None
    return [
        ask("category", values=[keys[0]], within=365),
        ask("category", negated=True, values=[keys[1]]),
    ]


IDEAS = (
    Idea(
        "birthday",
        gettext_lazy("Birthday this week"),
        "cake",
        lambda: [ask("birthday", days=7), ask("reachable", "yes")],
    ),
    Idea(
        "late_loyal",
        gettext_lazy("Loyal and late"),
        "clock-exclamation",
        lambda: [
            ask("late", "yes"),
            one_of(
                ask("orders", "at_least", min=4),
                ask("segment", values=["champions", "loyal", "cannot_lose"]),
            ),
        ],
    ),
    Idea(
        "one_time",
        gettext_lazy("Bought once, time for a second visit"),
        "user-question",
        lambda: [ask("orders", "between", min=1, max=1), ask("last_order", "before_last", days=30)],
    ),
    Idea(
        "discount_only",
        gettext_lazy("Buy only at a discount"),
        "discount",
        lambda: [
            ask("orders", "at_least", min=3, within=365),
            ask("full_price", "at_most", max=20, within=365),
        ],
    ),
    Idea(
        "full_price",
        gettext_lazy("Never needed a discount"),
        "diamond",
        lambda: [
            ask("orders", "at_least", min=3, within=365),
            ask("discounted", "at_least", negated=True, min=1, within=365),
        ],
    ),
    Idea("cross", gettext_lazy("Buy one thing, never the other"), "arrows-cross", _one_not_the_other),
    Idea(
        "new",
        gettext_lazy("New this month, second purchase open"),
        "user-plus",
        lambda: [ask("first_order", "in_last", days=30), ask("orders", "at_most", max=1)],
    ),
    Idea(
        "away_valued",
        gettext_lazy("Away, and worth a call"),
        "phone",
        lambda: [
            ask("stage", values=["at_risk", "inactive", "lost"]),
            ask("m_score", values=[5, 4]),
            ask("reachable", "yes"),
        ],
    ),
    Idea(
        "never_wrote",
        gettext_lazy("Good customers we have not written to lately"),
        "message-off",
        lambda: [
            ask("m_score", values=[5, 4]),
            ask("reachable", "yes"),
            ask("received", negated=True, within=90),
        ],
    ),
    Idea(
        "no_consent",
        gettext_lazy("Come often, never asked about messages"),
        "message-question",
        lambda: [ask("orders", "at_least", min=3, within=180), ask("consent", values=["none"])],
    ),
)
BY_KEY = {idea.key: idea for idea in IDEAS}
