"""Forms of things that belong to a shop."""

from __future__ import annotations

from django import forms


class ShopModelForm(forms.ModelForm):
    """A ModelForm that also checks the constraints that begin with the shop.

    Django leaves out every constraint that names an excluded field, and `shop` is never in a form: without
    this a second customer with the same phone would be a database error instead of a sentence.
    """

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() - {"shop"}
