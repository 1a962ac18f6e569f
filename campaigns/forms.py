"""What a person types when they write a campaign, answer on the sandbox phone, or make it misbehave."""

from __future__ import annotations

import datetime
from decimal import Decimal
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import placeholders
from campaigns.audiences import Audience
from campaigns.dispatch.control import placeholder_sentence
from campaigns.models import Campaign, SandboxSettings
from loyalty.customers.filters import CustomerFilter
from loyalty.shops.forms import ShopModelForm
from loyalty.shops.scope import current_shop
from loyalty.ui.dates import format_clock
from loyalty.ui.fields import AmountField, DayField, NumberField, PhoneField
from loyalty.ui.presentation import current
from loyalty.ui.text import ascii_digits
from segmentation.models import OwnSegment

DEFAULT_CLOCK = datetime.time(10)


class ClockField(forms.Field):
    """A time of day in any digits: 18:30, ۱۸:۳۰, 18."""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, str]:
        return {"dir": "ltr", "inputmode": "numeric", "autocomplete": "off", "maxlength": "8"}

    def to_python(self, value: object) -> datetime.time | None:
        text = ascii_digits(str(value or "")).strip()[:8].replace(".", ":")
        if not text:
            return None
        hours, _colon, minutes = text.partition(":")
        if not hours.isdecimal() or not (minutes or "0").isdecimal():
            raise ValidationError(_("Write the time like 18:30."))
        if int(hours[:3]) > 23 or int(minutes[:3] or 0) > 59:
            raise ValidationError(_("There is no such time of day."))
        return datetime.time(int(hours), int(minutes or 0))

    def prepare_value(self, value: object) -> object:
        if isinstance(value, datetime.time):
            return format_clock(datetime.datetime.combine(datetime.date.today(), value), current())
        return value


class CampaignForm(ShopModelForm):
    """A draft. The audience is the query string of a list of customers and is not typed; one of the owner's own
    segments (`own`) may be chosen in its place."""

    own = forms.ChoiceField(label=gettext_lazy("Or one of your own segments"), required=False)
    audience = forms.CharField(required=False, widget=forms.HiddenInput, max_length=4_000)
    key = forms.UUIDField(widget=forms.HiddenInput)
    holdout_percent = NumberField(
        label=gettext_lazy("Left alone to compare"), min_value=0, max_value=50, required=False
    )
    result_window_days = NumberField(
        label=gettext_lazy("Days until the result"), min_value=1, max_value=180, unit=gettext_lazy("days")
    )
    offer_cost_amount = AmountField(label=gettext_lazy("The offer costs you, per order"), required=False)
    send_on = DayField(label=gettext_lazy("Day"), required=False)
    send_at = ClockField(label=gettext_lazy("Time"), required=False)

    class Meta:
        model = Campaign
        fields = ["name", "kind", "text", "result_window_days", "offer_cost_amount", "respects_quiet_hours"]
        widgets = {"text": forms.Textarea(attrs={"dir": "auto", "rows": 6})}

    field_order = ["name", "kind", "text"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        campaign = self.instance
        segments = OwnSegment.objects.kept().values_list("pk", "name")
        self.fields["own"].choices = [("", "…"), *((str(key), name) for key, name in segments)]
        self.initial.setdefault("audience", campaign.audience)
        self.initial.setdefault("key", campaign.key)
        self.initial.setdefault("holdout_percent", int(campaign.holdout_share * 100))
        if campaign.scheduled_at:
            local = campaign.scheduled_at.astimezone(current_shop().zone)
            self.initial |= {"send_on": local.date(), "send_at": local.time()}

    def clean_text(self) -> str:
        # Kept exactly as typed: half-spaces and line breaks are part of a text. Only the end is trimmed.
        text = self.cleaned_data["text"].replace("\r\n", "\n").rstrip()
        try:
            placeholders.check(text)
        except placeholders.PlaceholderError as error:
            raise ValidationError(placeholder_sentence(error)) from error
        return text

    @property
    def asked(self) -> str:
        """The query string of the list that is asked for, whatever stands in it."""
        own = self["own"].value()
        return urlencode({"own": own}) if own else self["audience"].value() or ""

    def clean_audience(self) -> str:
        people = CustomerFilter(self.asked)
        if people.refusals:
            raise ValidationError(people.refusals)
        return people.query

    def clean_holdout_percent(self) -> int:
        return self.cleaned_data["holdout_percent"] or 0

    def clean(self) -> dict:
        data = super().clean()
        day, clock = data.get("send_on"), data.get("send_at")
        data["scheduled_at"] = None
        if clock and not day:
            self.add_error("send_on", _("Choose the day as well, or leave both empty to send right away."))
        elif day:
            moment = datetime.datetime.combine(day, clock or DEFAULT_CLOCK, current_shop().zone)
            if moment <= timezone.now():
                self.add_error("send_on", _("This time has passed. Choose a later one, or leave both empty."))
            data["scheduled_at"] = moment
        return data

    def fill(self) -> Campaign:
        """Return the campaign with what was typed; the form is valid. Nothing is saved."""
        campaign, data = self.instance, self.cleaned_data
        campaign.key, campaign.audience = data["key"], data["audience"]
        campaign.holdout_share = Decimal(data["holdout_percent"]) / 100
        campaign.scheduled_at = data["scheduled_at"]
        return campaign


class TestPhoneForm(forms.Form):
    """Where a test goes."""

    phone = PhoneField(label=gettext_lazy("Mobile"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["phone"].region = current_shop().phone_region


class ReplyForm(forms.Form):
    """An answer typed on the sandbox phone."""

    text = forms.CharField(label=gettext_lazy("Answer as this person"), max_length=900)


class FaultsForm(ShopModelForm):
    """The faults of the sandbox."""

    class Meta:
        model = SandboxSettings
        fields = ["fails_deliveries", "refuses", "is_busy", "loses_answers", "hides_records", "is_slow"]


def without_page(query: str) -> str:
    """Return a list's query string as a campaign keeps it."""
    return CustomerFilter(query).query


def people_query(audience: Audience) -> str:
    """Return the query string for the names behind the steps of an audience that is not frozen."""
    more = {"key": str(audience.key), "percent": str(int(audience.share * 100))}
    if audience.begins_at and audience.begins_at > audience.at:
        more["begins"] = str(int(audience.begins_at.timestamp()))
    return address_of(audience.query, **more)


def address_of(query: str, **more: str) -> str:
    """Return a query string for an address: the list's conditions and some more parameters."""
    return "&".join(part for part in (query, urlencode(more)) if part)
