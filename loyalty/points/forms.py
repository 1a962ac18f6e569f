"""What the owner says about points."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from loyalty.ui.fields import AmountField


class RuleForm(forms.Form):
    """The money a point costs; left empty, points are off."""

    amount_per_point = AmountField(
        label=_("One point for every"),
        required=False,
        min_minor=1,
        help_text=_("Leave it empty to give no points. Purchases before today earn nothing."),
    )
