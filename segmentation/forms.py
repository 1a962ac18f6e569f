"""What an owner chooses about scoring."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from .models import Scheme

WINDOWS = (
    ("all", _("All orders so far")),
    ("90", _("The last 90 days")),
    ("180", _("The last 180 days")),
    ("365", _("The last 12 months")),
    ("730", _("The last 24 months")),
)


class SchemeForm(forms.ModelForm):
    window_days = forms.TypedChoiceField(
        label=_("Count orders and money over"),
        choices=WINDOWS,
        coerce=lambda days: None if days == "all" else int(days),
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
    )

    class Meta:
        model = Scheme
        fields = ["window_days"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.window_days is None:
            self.initial["window_days"] = "all"
