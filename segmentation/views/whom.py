"""The group of people a report is about, as its page lets one choose it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cached_property

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from loyalty.customers.filters import CONDITIONS, CustomerFilter
from loyalty.tiers.models import Tier
from loyalty.ui.charts import formatter

from .. import likeness_runs
from ..models import OwnSegment, Quadrant, Segment, Stage, segment_choices

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
    # The past day that the group is of; None is today.
    on: datetime.date | None = None
    # Why it is everybody, where a group was asked for that nobody knows of that day.
    refused: tuple[str, ...] = ()

    @classmethod
    def of(cls, request: HttpRequest) -> Whom:
        """Return whom `?of=kind:key` names; everybody where it names nobody we know."""
        asked, on = request.GET.get("of", ""), request.asked.day
        named = cls(*asked.split(":", 1)[:2], on=on) if ":" in asked else cls(on=on)
        if not named.is_known:
            return cls(on=on)
        return cls(on=on, refused=tuple(named.filter.problems)) if named.filter.unkept else named

    @property
    def is_known(self) -> bool:
        return bool(self.kind) and self.value in _labels()

    @property
    def value(self) -> str:
        return f"{self.kind}:{self.key}" if self.kind else ""

    @cached_property
    def filter(self) -> CustomerFilter:
        named = {self.kind: self.key} if self.kind else {}
        return CustomerFilter(named | ({"on": self.on.isoformat()} if self.on else {}))

    @cached_property
    def label(self) -> str:
        return _labels().get(self.value) or _("Everyone in the club")

    @property
    def people(self):
        """The group's customers, None where it is everybody."""
        return self.filter.qs if self.kind else None

    @property
    def problems(self) -> list[str]:
        return [*self.refused, *self.filter.problems]

    def query(self, **conditions: object) -> str:
        """Return the query string of those of the group who fulfil `conditions`, too."""
        wanted = QueryDict(self.filter.query, mutable=True)
        for name, value in conditions.items():
            wanted[name] = str(value)
        return wanted.urlencode()


def choices() -> list[tuple[str, list[Option]]]:
    """Return the groups to choose from, kind by kind; a kind without any is left out."""
    labels = {"segment": _("Segment"), "stage": _("Stage"), "quadrant": _("Value and frequency")}
    words = {kind: groups.choices for kind, groups in KINDS.items()} | {"segment": segment_choices()}
    found = [
        (labels[kind], [Option(f"{kind}:{value}", str(label)) for value, label in words[kind]])
        for kind in KINDS
    ]
    tiers = Tier.objects.filter(programme__is_active=True).order_by("rank", "pk")
    found.append((_("Tier"), [Option(f"tier:{tier.pk}", tier.name) for tier in tiers]))
    if "own" in {condition.name for condition in CONDITIONS}:
        own = [Option(f"own:{segment.pk}", segment.name) for segment in OwnSegment.objects.kept()]
        found.append((_("Own segments"), own))
    if run := likeness_runs.latest():
        number = formatter("number")
        alike = [
            Option(
                f"likeness:{run.pk}-{group['number']}",
                _("Group %(number)s") % {"number": number(group["number"])},
            )
            for group in run.groups
        ]
        found.append((_("Groups by likeness"), alike))
    return [(label, options) for label, options in found if options]


def _labels() -> dict[str, str]:
    return {option.value: option.label for _label, options in choices() for option in options}
