"""What an owner says of a segment besides its conditions."""

from __future__ import annotations

from django import forms

from loyalty.shops.forms import ShopModelForm

from ..models import OwnSegment


class OwnSegmentForm(ShopModelForm):
    """The name, and whether it is kept up to date."""

    class Meta:
        model = OwnSegment
        fields = ["name", "kind"]
        widgets = {"kind": forms.RadioSelect}
