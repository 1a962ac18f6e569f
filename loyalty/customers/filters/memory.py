"""Conditions that look back: a whole list as of a day (`on`), and what somebody was on one (`was`)."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy

from loyalty.ui.dates import format_day
from loyalty.ui.fields import DayField
from loyalty.ui.presentation import current

from .conditions import Condition, ManyField
from .then import Was, forgotten

ON = "on"
CONDITIONS = (
    Condition(
        ON,
        lambda: DayField(required=False),
        # The list asks for it: on its own it means everybody known by then, otherwise who was what by then.
        lambda day, today: Q(),
        gettext_lazy("As of %(value)s"),
        say=lambda day: format_day(day, current()),
        spell=lambda day: [day.isoformat()],
    ),
    Condition(
        "was",
        lambda: ManyField(coerce=Was.read),
        lambda values, today: Q(*(value.where for value in values)),
        "%(value)s",
        say=lambda values: "; ".join(value.in_words() for value in values),
        spell=lambda values: [str(value) for value in values],
        doubts=forgotten,
    ),
)
