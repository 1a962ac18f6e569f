"""Forms of things that belong to a shop, and of the shop itself."""

from __future__ import annotations

from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from phonenumbers import SUPPORTED_REGIONS, country_code_for_region

from loyalty.ui import money, presentation
from loyalty.ui.fields import AmountField, NumberField
from loyalty.ui.templatetags.ui import digits
from loyalty.ui.text import ascii_digits

from . import services
from .models import Role, Shop, StaffInvitation, User

# Where most shops are, named and first; the rest by their codes.
COUNTRIES = {
    "IR": _("Iran"),
    "AF": _("Afghanistan"),
    "IQ": _("Iraq"),
    "TR": _("Türkiye"),
    "AE": _("United Arab Emirates"),
    "GB": _("United Kingdom"),
    "DE": _("Germany"),
    "SE": _("Sweden"),
    "US": _("United States"),
    "CA": _("Canada"),
    "AU": _("Australia"),
}


class ShopModelForm(forms.ModelForm):
    """A ModelForm that also checks the constraints that begin with the shop.

    Django leaves out every constraint that names an excluded field, and `shop` is never in a form: without
    this a second customer with the same phone would be a database error instead of a sentence.
    """

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() - {"shop"}


def unit_choices(codes) -> list[tuple[str, str]]:
    """Return (currency:unit, its name) for every unit that the given currencies are counted in."""
    is_persian = presentation.current().is_persian
    return [
        (f"{code}:{unit.name}", unit.fa if is_persian else unit.en)
        for code in codes
        for unit in money.CURRENCIES[code].units
    ]


class ClockInput(forms.TimeInput):
    """A time of day as text: a browser's own box for it shows the digits of the machine, not of the reader."""

    def __init__(self):
        super().__init__(attrs={"dir": "ltr", "inputmode": "text", "autocomplete": "off"}, format="%H:%M")

    def format_value(self, value):
        return digits(super().format_value(value))


class ClockField(forms.TimeField):
    """A time of day in any digits; a whole hour needs no minutes."""

    def to_python(self, value):
        if isinstance(value, str):
            value = ascii_digits(value).strip()
            value = f"{value}:00" if value.isdecimal() else value
        return super().to_python(value)


class SettingsForm(forms.ModelForm):
    """What an owner may change about the shop. The currency is fixed once there are orders in it."""

    # One choice for both: a unit without its currency means nothing.
    unit = forms.ChoiceField(label=_("Money is shown in"))
    time_zone = forms.CharField(
        label=_("Time zone"),
        widget=forms.TextInput(attrs={"list": "time-zones", "dir": "ltr", "autocomplete": "off"}),
        help_text=_(
            "A day of the shop begins and ends on this clock. Days already recorded stay as they are."
        ),
    )
    phone_region = forms.ChoiceField(label=_("Mobile numbers of"))
    sms_page_price_amount = AmountField(label=_("Price of one SMS page"), min_minor=0)
    max_messages_per_30_days = NumberField(
        label=_("At most, per person in 30 days"), min_value=0, max_value=100, unit=_("messages")
    )

    class Meta:
        model = Shop
        fields = [
            "name",
            "language",
            "calendar",
            "time_zone",
            "phone_region",
            "sms_page_price_amount",
            "quiet_from",
            "quiet_until",
            "max_messages_per_30_days",
        ]
        labels = {
            "name": _("Name of the shop"),
            "language": _("Language"),
            "calendar": _("Calendar on Persian screens"),
            "quiet_from": _("Nothing is sent from"),
            "quiet_until": _("until"),
        }
        field_classes = {"quiet_from": ClockField, "quiet_until": ClockField}
        widgets = {"quiet_from": ClockInput, "quiet_until": ClockInput}

    def __init__(self, *args, is_currency_fixed: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        shop = self.instance
        codes = [shop.currency] if is_currency_fixed else list(money.CURRENCIES)
        self.fields["unit"].choices = unit_choices(codes)
        self.initial["unit"] = f"{shop.currency}:{shop.display_unit}"
        if is_currency_fixed:
            self.fields["unit"].help_text = _("The currency is fixed, for there are orders in it.")
        self.fields["phone_region"].choices = [
            (region, f"{COUNTRIES.get(region, region)} ({digits(f'+{country_code_for_region(region)}')})")
            for region in (*COUNTRIES, *sorted(SUPPORTED_REGIONS - COUNTRIES.keys()))
        ]

    time_zones = staticmethod(lambda: sorted(available_timezones()))

    def clean(self) -> dict:
        """Take the currency and its unit from the one choice; a price in another currency begins anew."""
        data = super().clean()
        before = self.instance.currency
        if data.get("unit"):
            self.instance.currency, self.instance.display_unit = data["unit"].split(":")
        if self.instance.currency != before:
            data["sms_page_price_amount"] = services.default_page_price(self.instance.currency)
        return data

    def changed_fields(self) -> list[str]:
        """Return the names of what was changed, for the audit list."""
        return sorted(self.changed_data)


class InvitationForm(forms.ModelForm):
    """Who is to work here, and as what."""

    class Meta:
        model = StaffInvitation
        fields = ["name", "email", "role"]
        labels = {"name": _("Name"), "email": _("E-mail"), "role": _("Role")}
        widgets = {"email": forms.EmailInput(attrs={"dir": "ltr", "autocomplete": "off"})}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = Role.choices
        self.fields["role"].initial = Role.COUNTER


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)


class JoinForm(forms.Form):
    """The account of somebody who was invited; the e-mail address is that of the invitation."""

    name = forms.CharField(label=_("Your name"), max_length=120)
    password = forms.CharField(
        label=_("Choose a password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "dir": "ltr"}),
        help_text=_("At least eight characters, and not one that everybody uses."),
    )

    def __init__(self, *args, email: str, **kwargs):
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> dict:
        data = super().clean()
        if "name" in data and "password" in data:
            try:
                services.check_password(data["password"], self.email, data["name"])
            except ValidationError as error:
                self.add_error("password", error)
        return data

    def save(self) -> User:
        return services.create_account(self.email, self.cleaned_data["name"], self.cleaned_data["password"])


class ProfileForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["name"]
        labels = {"name": _("Your name")}
