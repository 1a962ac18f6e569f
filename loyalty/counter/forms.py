"""What is typed at the counter."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from loyalty.shops.scope import current_shop
from loyalty.ui.fields import AmountField, PhoneField
from loyalty.ui.text import clean_name


class PurchaseForm(forms.Form):
    """An amount, and the token that keeps it from being recorded twice."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    amount = AmountField(label=_("Purchase amount"), min_minor=1)


class JoinForm(forms.Form):
    """A new member: a name, a mobile number, and their word on messages."""

    name = forms.CharField(label=_("Name"), max_length=200)
    phone = PhoneField(label=_("Mobile"))
    agrees = forms.BooleanField(
        label=_("Agrees to get messages about offers; they can say no at any time."), required=False
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["phone"].region = current_shop().phone_region
        self.fields["name"].widget.attrs |= {"class": "form-control", "autocomplete": "off"}
        self.fields["agrees"].widget.attrs["class"] = "form-check-input"

    def clean_name(self) -> str:
        return clean_name(self.cleaned_data["name"])
