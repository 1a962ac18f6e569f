"""What a person types about customers and their purchases, turned into the types of the house."""

from __future__ import annotations

import datetime
from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.shops.forms import ShopModelForm
from loyalty.shops.scope import current_shop
from loyalty.ui.fields import AmountField, DayField, NumberField, PhoneField
from loyalty.ui.text import clean_name

from . import services
from .models import ConsentEvent, Customer, Interaction, Order, Product, ProductCategory
from .services.people import MOST_TAGS, STARS, TAG_LENGTH

MOST_ATTRIBUTES = 20
ATTRIBUTE_LENGTH = 200
EMPTY_ROWS = 3
# The fields of a person in the groups they are drawn in.
GROUPS = (
    (gettext_lazy("Who"), ("name", "phone", "card_number", "external_id", "email")),
    (gettext_lazy("About them"), ("gender", "birth_on", "marital_status", "wedding_on")),
    (gettext_lazy("Work and means"), ("job", "education", "income_band")),
    (gettext_lazy("Where"), ("province", "city", "neighbourhood")),
    (gettext_lazy("In the club"), ("joined_on", "acquired_by", "tags", "note")),
)


class TagsField(forms.CharField):
    """Words parted by commas, Persian or Latin; none is kept twice."""

    def prepare_value(self, value):
        return "، ".join(value) if isinstance(value, list) else value

    def to_python(self, value) -> list[str]:
        text = value if isinstance(value, str) else ""
        tags = list(dict.fromkeys(filter(None, map(clean_name, text.replace("،", ",").split(",")))))
        if len(tags) > MOST_TAGS:
            raise ValidationError(_("A person has at most twenty tags."))
        if any(len(tag) > TAG_LENGTH for tag in tags):
            raise ValidationError(_("A tag is one to forty letters, without a comma."))
        return tags

    def has_changed(self, initial, data) -> bool:
        return (initial or []) != self.to_python(data)


def _label(name: str) -> str:
    return Customer._meta.get_field(name).verbose_name


class CustomerForm(ShopModelForm):
    """Everything one may know about a person; custom attributes come as rows of two columns."""

    phone = PhoneField(label=_label("phone"), required=False)
    birth_on = DayField(label=_label("birth_on"), required=False)
    wedding_on = DayField(label=_label("wedding_on"), required=False)
    joined_on = DayField(label=_label("joined_on"), required=False)
    tags = TagsField(label=_label("tags"), required=False, help_text=gettext_lazy("Part them with commas."))

    class Meta:
        model = Customer
        fields = [name for _title, names in GROUPS for name in names]
        widgets = {"note": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["phone"].region = current_shop().phone_region
        for name in ("gender", "marital_status"):
            self.fields[name].choices = [("", _("Not said")), *self.fields[name].choices[1:]]

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [(title, [self[name] for name in names]) for title, names in GROUPS]

    def attribute_rows(self) -> list[tuple[str, str]]:
        """The rows of custom attributes to draw: what was typed or what is kept, and some empty ones."""
        kept = (
            self._typed_rows()
            if self.is_bound
            else [(k, str(v)) for k, v in self.instance.attributes.items()]
        )
        return [*kept, *[("", "")] * EMPTY_ROWS]

    def _typed_rows(self) -> list[tuple[str, str]]:
        names, values = self.data.getlist("attribute_name"), self.data.getlist("attribute_value")
        rows = [(clean_name(name), clean_name(value)) for name, value in zip(names, values, strict=False)]
        return [row for row in rows if any(row)]

    def _of_nobody_else(self, name: str) -> str | None:
        """Return the identity typed, or say whose it is: “another customer” would leave one searching."""
        value = self.cleaned_data[name] or None
        other = value and Customer.objects.filter(**{name: value}).exclude(pk=self.instance.pk).first()
        if other:
            raise ValidationError(
                _("This already belongs to %(name)s; open their page instead."), params={"name": str(other)}
            )
        return value

    def clean_phone(self) -> str | None:
        return self._of_nobody_else("phone")

    def clean_card_number(self) -> str | None:
        return self._of_nobody_else("card_number")

    def clean_external_id(self) -> str | None:
        return self._of_nobody_else("external_id")

    def _not_ahead(self, name: str) -> datetime.date | None:
        day = self.cleaned_data[name]
        if day and day > current_shop().today():
            raise ValidationError(_("This day has not come yet."))
        return day

    def clean_birth_on(self) -> datetime.date | None:
        return self._not_ahead("birth_on")

    def clean_wedding_on(self) -> datetime.date | None:
        return self._not_ahead("wedding_on")

    def clean_joined_on(self) -> datetime.date | None:
        return self._not_ahead("joined_on")

    def clean(self) -> dict:
        cleaned = super().clean()
        rows = self._typed_rows()
        if any(not name for name, _value in rows):
            self.add_error(None, _("Each attribute needs a name, such as “favourite drink”."))
        elif len(rows) > MOST_ATTRIBUTES or any(len(text) > ATTRIBUTE_LENGTH for row in rows for text in row):
            self.add_error(None, _("There are at most twenty attributes, of at most 200 letters each."))
        else:
            self.instance.attributes = {name: value for name, value in rows if value}
        return cleaned


class ConsentForm(forms.Form):
    """A word about being written to."""

    action = forms.ChoiceField(choices=ConsentEvent.Action.choices)
    evidence = forms.CharField(label=gettext_lazy("How they said so"), required=False, max_length=200)


class NewCustomerForm(CustomerForm):
    """Adding a person: they may agree to messages at once."""

    agrees = forms.BooleanField(label=gettext_lazy("Agrees to receive messages"), required=False)
    evidence = forms.CharField(label=gettext_lazy("How they said so"), required=False, max_length=200)

    def clean(self) -> dict:
        cleaned = super().clean()
        if cleaned.get("agrees") and not cleaned.get("evidence"):
            self.add_error(
                "evidence", _("Write how the person agreed, for example “on paper, at the counter”.")
            )
        return cleaned


class InteractionForm(forms.Form):
    """A dealing that is no purchase, in a few words."""

    kind = forms.ChoiceField(label=gettext_lazy("What happened"), choices=Interaction.Kind.choices)
    rating = forms.TypedChoiceField(
        label=gettext_lazy("Stars, of a review"),
        choices=[("", gettext_lazy("no stars given")), *((stars, "★" * stars) for stars in reversed(STARS))],
        coerce=int,
        empty_value=None,
        required=False,
    )
    text = forms.CharField(label=gettext_lazy("In a few words"), max_length=500, required=False)
    day = DayField(label=gettext_lazy("When"), required=False)

    @property
    def details(self) -> dict[str, object]:
        """What was said, without what was left empty."""
        return {name: self.cleaned_data[name] for name in ("rating", "text") if self.cleaned_data[name]}

    def clean(self) -> None:
        if self.cleaned_data.get("rating") and self.cleaned_data.get("kind") != Interaction.Kind.REVIEW:
            self.add_error("rating", _("Only a review has stars, one to five."))

    def clean_day(self) -> datetime.datetime:
        return moment_of(self.cleaned_data["day"])


def moment_of(day: datetime.date | None) -> datetime.datetime:
    """Return a moment of the shop's `day`: now for today or no day, noon for a day gone by.

    Raise ValidationError for a day that has not come yet, or is too long ago to be true.
    """
    now, shop = timezone.now(), current_shop()
    today = shop.day_of(now)
    if day is None or day == today:
        return now
    if day > today:
        raise ValidationError(_("This day has not come yet."))
    if day < services.FIRST_DAY:
        raise ValidationError(_("This day is too long ago; please check the year."))
    return datetime.datetime.combine(day, datetime.time(12), shop.zone)


def _order_label(name: str) -> str:
    return Order._meta.get_field(name).verbose_name


class LineForm(forms.Form):
    """One line of a purchase. The product is a code or a name known to the shop; an empty line is no line."""

    product = forms.CharField(
        label=gettext_lazy("Product"),
        max_length=200,
        required=False,
        # Suggestions come while one types; what is suggested says the code first.
        widget=forms.TextInput(
            attrs={
                "list": "products",
                "autocomplete": "off",
                "hx-get": reverse_lazy("customers:product_list"),
                "hx-trigger": "input changed delay:250ms",
                "hx-target": "#products",
            }
        ),
    )
    quantity = NumberField(
        label=gettext_lazy("Quantity"), required=False, min_value=0, max_value=100_000, decimals=3
    )
    unit_amount = AmountField(label=gettext_lazy("Price of one"), required=False)

    def clean_product(self) -> Product | None:
        text = clean_name(self.cleaned_data["product"])
        if not text:
            return None
        known = Product.objects.select_related("category")
        found = known.filter(sku=text).first() or known.filter(name__iexact=text).first()
        # “code · name” is what the list of suggestions fills in.
        found = found or known.filter(sku=text.partition(" · ")[0]).first()
        if found is None:
            raise ValidationError(
                _("There is no product “%(text)s”; leave it empty to record only the price."),
                params={"text": text},
            )
        return found

    def clean(self) -> dict:
        cleaned = super().clean()
        if (
            not self.errors
            and self.line is None
            and any(cleaned.get(name) for name in ("product", "quantity"))
        ):
            self.add_error("unit_amount", _("Write the price of one."))
        return cleaned

    @property
    def line(self) -> services.Line | None:
        """The line as the services take it, or None for an empty one."""
        if self.cleaned_data.get("unit_amount") is None:
            return None
        quantity = Decimal(self.cleaned_data.get("quantity") or 1)
        return services.Line(self.cleaned_data.get("product"), quantity, self.cleaned_data["unit_amount"])


LineFormSet = forms.formset_factory(
    LineForm, extra=EMPTY_ROWS, max_num=services.MOST_LINES, validate_max=True
)


class OrderForm(forms.Form):
    """A purchase by hand. `number` is made when the form is drawn, so that sending it twice records once."""

    number = forms.CharField(widget=forms.HiddenInput, max_length=40)
    amount = AmountField(
        label=gettext_lazy("Amount"),
        required=False,
        help_text=gettext_lazy("Before discount. With lines below it may stay empty."),
    )
    discount = AmountField(label=gettext_lazy("Discount"), required=False)
    cost = AmountField(
        label=gettext_lazy("Cost of the goods"), required=False, help_text=gettext_lazy("If you know it.")
    )
    day = DayField(label=gettext_lazy("Day"), required=False)
    branch = forms.CharField(label=_order_label("branch"), max_length=80, required=False)
    channel = forms.CharField(label=_order_label("channel"), max_length=40, required=False)

    def __init__(self, data=None, **kwargs):
        super().__init__(data, **kwargs)
        self.lines = LineFormSet(data, prefix="lines")

    def is_valid(self) -> bool:
        # Both are asked, so that all slips are shown at once.
        lines_are_valid = self.lines.is_valid()
        return super().is_valid() and lines_are_valid

    def clean_day(self) -> datetime.datetime:
        return moment_of(self.cleaned_data["day"])

    def clean(self) -> dict:
        cleaned = super().clean()
        if not self.lines.is_valid():
            return cleaned
        cleaned["lines"] = [form.line for form in self.lines if form.has_changed() and form.line]
        total = sum(line.amount for line in cleaned["lines"])
        if cleaned.get("amount") is None and "amount" not in self.errors:
            cleaned["amount"] = total
            if not cleaned["lines"]:
                self.add_error("amount", _("Write the amount of the purchase, or its lines."))
        if cleaned["lines"] and cleaned.get("amount") not in (None, total):
            self.add_error("amount", _("The amount is not what the lines add up to."))
        if (cleaned.get("discount") or 0) > (cleaned.get("amount") or 0) and "amount" not in self.errors:
            self.add_error("discount", _("The discount cannot be more than the amount."))
        return cleaned

    def record(self, customer: Customer) -> Order:
        """Record the purchase; raise ValidationError where the house refuses."""
        read = self.cleaned_data
        return services.record_order(
            customer,
            placed_at=read["day"],
            gross_amount=read["amount"],
            discount_amount=read["discount"] or 0,
            cost_amount=read["cost"],
            branch=clean_name(read["branch"]),
            channel=clean_name(read["channel"]),
            lines=read["lines"],
            number=read["number"],
        )


class CostForm(forms.Form):
    """What one piece of a product costs the shop."""

    cost = AmountField(
        label=gettext_lazy("Cost of one"),
        required=False,
        help_text=gettext_lazy(
            "What you pay for one piece. Empty means unknown, which is never taken for zero."
        ),
    )


class MarginForm(forms.Form):
    """What the shop keeps of a sale in a category, in percent; the value is a share."""

    margin = NumberField(
        label=gettext_lazy("Margin"),
        required=False,
        min_value=-100,
        max_value=100,
        decimals=2,
        unit="%",
        help_text=gettext_lazy("What is left of the price after the cost of the goods. Empty means unknown."),
    )

    def __init__(self, data=None, *, category: ProductCategory, **kwargs):
        share = category.margin_share
        percent = None if share is None else (share * 100).normalize() + 0
        super().__init__(data, initial={"margin": percent}, **kwargs)

    def clean_margin(self) -> Decimal | None:
        percent = self.cleaned_data["margin"]
        return None if percent is None else Decimal(percent) / 100


class RefundForm(forms.Form):
    """Giving back some of a purchase, or all that is left of it."""

    number = forms.CharField(widget=forms.HiddenInput, max_length=40)
    amount = AmountField(label=gettext_lazy("Given back"))
    day = DayField(label=gettext_lazy("Day"), required=False)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200, required=False)

    def clean_day(self) -> datetime.datetime:
        return moment_of(self.cleaned_data["day"])


class TagForm(forms.Form):
    """One tag for all people of a list."""

    tag = forms.CharField(label=gettext_lazy("Tag"), max_length=TAG_LENGTH)


class ExportForm(forms.Form):
    format = forms.ChoiceField(choices=(("csv", "CSV"), ("xlsx", "XLSX")))
