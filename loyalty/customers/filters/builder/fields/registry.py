"""The whitelist in the order in which it is offered, and the headings it is offered under."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext_lazy

from .base import Field
from .dealings import DEALINGS
from .goods import GOODS
from .person import PERSON
from .purchases import PURCHASES
from .standing import STANDING

GROUPS = {
    "club": gettext_lazy("Where they stand"),
    "dates": gettext_lazy("Dates"),
    "money": gettext_lazy("Money and purchases"),
    "goods": gettext_lazy("What and where they buy"),
    "person": gettext_lazy("Who they are"),
    "place": gettext_lazy("Where they live"),
    "messages": gettext_lazy("Messages and dealings"),
    "own": gettext_lazy("Own segments"),
}
FIELDS: dict[str, Field] = {field.key: field for field in (*STANDING, *PERSON, *PURCHASES, *GOODS, *DEALINGS)}


def groups() -> Iterator[tuple[str, list[Field]]]:
    """Yield every heading with its fields."""
    for key, label in GROUPS.items():
        yield label, [field for field in FIELDS.values() if field.group == key]
