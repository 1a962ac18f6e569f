"""What an owner chooses about scoring."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from .models import Scheme

WINDOWS = (
    ("", _("All orders so far")),
    ("90", _("The last 90 days")),
    ("180", _("The last 180 days")),
    ("365", _("The last 12 months")),
    ("730", _("The last 24 months")),
)


class SchemeForm(forms.ModelForm):
    window_days = forms.TypedChoiceField(
        label=_("Count orders and money over"),
        choices=WINDOWS,
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )

    class Meta:
        model = Scheme
        fields = ["window_days"]
