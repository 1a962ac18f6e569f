"""The group of people a report is about, as its page lets one choose it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from loyalty.customers.filters import CustomerFilter
from loyalty.tiers.models import Tier

from ..models import Quadrant, Segment, Stage

# Kind, which is also the condition of the list of customers → its groups.
KINDS = {"segment": Segment, "stage": Stage, "quadrant": Quadrant}


@dataclass(frozen=True)
class Option:
    value: str
    label: str


@dataclass
class Whom:
    """Everybody, or one group: `kind` is the condition of the customer list and `key` its value."""

    kind: str = ""
    key: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> Whom:
        """Return whom `?of=kind:key` names; everybody where it names nobody we know."""
        asked = request.GET.get("of", "")
        known = {option.value for _label, options in choices() for option in options}
        return cls(*asked.split(":", 1)) if asked in known else cls()

    @property
    def value(self) -> str:
        return f"{self.kind}:{self.key}" if self.kind else ""

    @cached_property
    def filter(self) -> CustomerFilter:
        return CustomerFilter({self.kind: self.key} if self.kind else "")

    @cached_property
    def label(self) -> str:
        labels = {option.value: option.label for _label, options in choices() for option in options}
        return labels.get(self.value) or _("Everyone in the club")

    @property
    def people(self):
        """The group's customers, None where it is everybody."""
        return self.filter.qs if self.kind else None

    def query(self, **conditions: object) -> str:
        """Return the query string of those of the group who fulfil `conditions`, too."""
        wanted = QueryDict(self.filter.query, mutable=True)
        for name, value in conditions.items():
            wanted[name] = str(value)
        return wanted.urlencode()


def choices() -> list[tuple[str, list[Option]]]:
    """Return the groups to choose from, kind by kind."""
    tiers = Tier.objects.filter(programme__is_active=True).order_by("rank", "pk")
    labels = {"segment": _("Segment"), "stage": _("Stage"), "quadrant": _("Value and volume")}
    found = [
        (labels[kind], [Option(f"{kind}:{value}", str(label)) for value, label in groups.choices])
        for kind, groups in KINDS.items()
    ]
    return [*found, (_("Tier"), [Option(f"tier:{tier.pk}", tier.name) for tier in tiers])]
