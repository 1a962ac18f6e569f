"""Which two days to compare, and by which kind of group."""

from __future__ import annotations

import datetime

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from loyalty.ui.fields import DayField

DEFAULT_KIND = "stage"
PRESETS = (
    (7, gettext_lazy("Last week")),
    (30, gettext_lazy("Last month")),
    (91, gettext_lazy("Last three months")),
    (365, gettext_lazy("Last year")),
)
DEFAULT_DAYS = 30


class ChangesForm(forms.Form):
    """Two days, of which an empty one is today or a month before; nothing is required."""

    kind = forms.ChoiceField(required=False)
    first = DayField(label=pgettext_lazy("day", "From"), required=False)
    last = DayField(label=pgettext_lazy("day", "To"), required=False)

    def __init__(self, data, *, kinds: list[tuple[str, object]], today: datetime.date, **options):
        super().__init__(data, **options)
        self.today = today
        self.fields["kind"].choices = kinds

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or DEFAULT_KIND

    def clean(self) -> dict:
        data = super().clean()
        last = min(data.get("last") or self.today, self.today)
        first = data.get("first") or last - datetime.timedelta(days=DEFAULT_DAYS)
        if not self.errors and first >= last:
            self.add_error("first", _("The first day must lie before the last one."))
        return data | {"first": first, "last": last}
