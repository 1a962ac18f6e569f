"""The condition that takes in a group of customers who are alike: `likeness=<run>-<group>`."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.ui.dates import format_day
from loyalty.ui.presentation import current
from loyalty.ui.text import persian_digits
from segmentation.models import LikenessMember, LikenessRun

from .conditions import Condition, ManyField, key


@dataclass(frozen=True)
class Alike:
    """One group of one run."""

    run: int
    number: int

    @classmethod
    def read(cls, text: str) -> Alike:
        """Return the group named by `text`; raise ValueError for what names none."""
        run, _dash, number = text.partition("-")
        return cls(key(run), key(number))

    def __str__(self) -> str:
        return f"{self.run}-{self.number}"

    def in_words(self) -> str:
        run = LikenessRun.objects.filter(pk=self.run).first()
        number = persian_digits(str(self.number)) if current().language == "fa" else str(self.number)
        if run is None:
            return _("%(number)s, no longer kept") % {"number": number}
        return _("%(number)s, as of %(day)s") % {"number": number, "day": format_day(run.as_of, current())}


def among(values: list[Alike], today: datetime.date) -> Q:
    """Whoever is in one of the groups. Of a run no longer kept that is nobody, and never everybody."""
    found = Q(pk__in=())
    for value in values:
        members = LikenessMember.objects.filter(run=value.run, number=min(value.number, 32_767))
        found |= Q(pk__in=members.values("customer"))
    return found


LIKENESS = Condition(
    "likeness",
    lambda: ManyField(coerce=Alike.read),
    among,
    gettext_lazy("Group by likeness: %(value)s"),
    say=lambda values: _(" or ").join(value.in_words() for value in values),
    spell=lambda values: [str(value) for value in values],
)
