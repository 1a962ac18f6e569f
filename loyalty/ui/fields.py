"""Form fields that read what people really type: any digits, any calendar, any way of writing a phone.

What was typed stays in the box; what is wrong with it is a whole sentence beside it.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from loyalty.ui import dates, money, phones, presentation
from loyalty.ui.text import ascii_digits, without_marks

AMOUNT_ERRORS = {
    "empty": _("Type an amount."),
    "not_a_number": _("This is not an amount. Type a number, such as %(example)s."),
    "negative": _("An amount here cannot be below zero."),
    "too_large": _("This amount is too large. Please check the zeros."),
    "other_currency": _("This shop counts in %(unit)s. Type the amount in %(unit)s."),
    "lost_digits": _("Write the number out in full, such as %(example)s."),
}
DAY_ERRORS = {
    "empty": _("Type a day."),
    "not_a_day": _("This is not a day. Write it like %(example)s."),
    "bad_year": _("There is no such year in either calendar. Write the day like %(example)s."),
    "bad_month": _("A year has twelve months. Write the day like %(example)s."),
    "bad_day": _("That month does not have this day. Please check it."),
    "bad_time": _("There is no such time of day."),
    "ambiguous": _("It is unclear which number is the month. Write the day like %(example)s."),
}
PHONE_ERRORS = {
    "empty": _("Type a phone number."),
    "not_a_number": _("This is not a phone number. Write it like %(example)s."),
    "too_short": _("Some digits are missing. A mobile number looks like %(example)s."),
    "landline": _("This is a landline, which takes no text messages. Type a mobile number."),
    "foreign_or_invalid": _("This is not a mobile number of the shop's country. Write it like %(example)s."),
    "lost_digits": _("A spreadsheet has rounded this number. Type all its digits."),
}
EXAMPLES = {"IR": "0912 123 4567", "GB": "07700 900123"}


def _persian(text: str) -> str:
    return money.persian_digits(text) if presentation.current().is_persian else text


class _TypedField(forms.CharField):
    """A text box that turns what is typed into a value; subclasses say how, and how to show a value again."""

    input_mode = "numeric"

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_length", 100)
        super().__init__(**options)
        # The value inside is not text, so the length is that of what is typed.
        self.empty_value = None

    def widget_attrs(self, widget: forms.Widget) -> dict[str, str]:
        attrs = super().widget_attrs(widget)
        attrs.pop("minlength", None)
        return {
            "class": "form-control",
            "dir": "ltr",
            "inputmode": self.input_mode,
            "autocomplete": "off",
        } | attrs

    def to_python(self, value: Any) -> Any:
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        return self.read(value)

    def run_validators(self, value: Any) -> None:
        # CharField's measure text; what `read` returns is measured there.
        return

    def read(self, value: Any) -> Any:
        raise NotImplementedError

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.to_python(initial) != self.to_python(data)
        except ValidationError:
            return True


class AmountField(_TypedField):
    """Money in the shop's display unit; the value is whole minor units. `signed` lets it be below zero."""

    def __init__(self, *, signed: bool = False, min_minor: int | None = None, **options: Any) -> None:
        self.signed, self.min_minor = signed, min_minor
        super().__init__(**options)

    @property
    def unit(self) -> str:
        """What `ui/_field.html` shows inside the box."""
        return money.unit_label(presentation.current())

    def read(self, value: Any) -> int:
        if isinstance(value, int):
            return value
        shown = presentation.current()
        try:
            minor = money.parse_amount(value, shown.currency, shown.display_unit, signed=self.signed)
        except money.AmountError as error:
            example = money.format_number(
                250_000 if money.unit_of(shown).decimals == 0 else Decimal("12.50"), shown
            )
            params = {"example": example, "unit": self.unit}
            raise ValidationError(AMOUNT_ERRORS[error.code], code=error.code, params=params) from error
        if self.min_minor is not None and minor < self.min_minor:
            least = {"least": money.format_amount(self.min_minor, shown)}
            raise ValidationError(_("The amount must be at least %(least)s."), code="too_small", params=least)
        return minor

    def prepare_value(self, value: Any) -> Any:
        return money.format_plain(value, presentation.current()) if isinstance(value, int) else value


class DayField(_TypedField):
    """A day in the reader's calendar (or any other it names); the value is a date."""

    def __init__(self, *, earliest: date | None = None, latest: date | None = None, **options: Any) -> None:
        self.earliest, self.latest = earliest, latest
        super().__init__(**options)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, str]:
        # A phone's number pad has no slash.
        return super().widget_attrs(widget) | {"inputmode": "text"}

    def read(self, value: Any) -> date:
        shown = presentation.current()
        try:
            day = dates.parse_day(value, shown.calendar, day_first=None if shown.currency == "USD" else True)
        except dates.DayError as error:
            params = {"example": dates.format_day(date(2026, 3, 25), shown, "numeric")}
            raise ValidationError(DAY_ERRORS[error.code], code=error.code, params=params) from error
        self._within(day, shown)
        return day

    def _within(self, day: date, shown: presentation.Presentation) -> None:
        if self.earliest and day < self.earliest:
            params = {"day": dates.format_day(self.earliest, shown)}
            raise ValidationError(_("The day must be %(day)s or later."), code="too_early", params=params)
        if self.latest and day > self.latest:
            params = {"day": dates.format_day(self.latest, shown)}
            raise ValidationError(_("The day must be %(day)s or earlier."), code="too_late", params=params)

    def prepare_value(self, value: Any) -> Any:
        return (
            dates.format_day(value, presentation.current(), "numeric") if isinstance(value, date) else value
        )


class PhoneField(_TypedField):
    """A mobile number of the shop's region (set `region` on the field); the value is E.164, or ""."""

    input_mode = "tel"

    def __init__(self, *, region: str = "IR", **options: Any) -> None:
        self.region = region
        super().__init__(**options)

    def to_python(self, value: Any) -> str:
        return super().to_python(value) or ""

    def read(self, value: Any) -> str:
        try:
            return phones.normalize(value, self.region)
        except phones.PhoneError as error:
            example = _persian(EXAMPLES.get(self.region, "+44 7700 900123"))
            if presentation.current().is_persian:
                # Within the sentence the groups of digits would change places.
                example = f"{money.LRI}{example}{money.PDI}"
            raise ValidationError(
                PHONE_ERRORS[error.code], code=error.code, params={"example": example}
            ) from error

    def prepare_value(self, value: Any) -> Any:
        is_stored = isinstance(value, str) and value.startswith("+") and value[1:].isdecimal()
        return _persian(phones.national(value)) if is_stored else value


class NumberField(_TypedField):
    """A number in any digits and separators; the value is an int, or a Decimal of up to `decimals` places."""

    def __init__(
        self,
        *,
        min_value: int | None = None,
        max_value: int | None = None,
        decimals: int = 0,
        unit: Any = "",
        **options: Any,
    ) -> None:
        self.min_value, self.max_value, self.decimals, self.unit = min_value, max_value, decimals, unit
        super().__init__(**options)
        self.widget.attrs["inputmode"] = "decimal" if decimals else "numeric"

    def read(self, value: Any) -> int | Decimal:
        number = value if isinstance(value, (int, Decimal)) else self._typed(str(value))
        shown = presentation.current()
        if self.min_value is not None and number < self.min_value:
            params = {"least": money.format_number(self.min_value, shown)}
            raise ValidationError(
                _("The number must be at least %(least)s."), code="too_small", params=params
            )
        if self.max_value is not None and number > self.max_value:
            params = {"most": money.format_number(self.max_value, shown)}
            raise ValidationError(_("The number must be at most %(most)s."), code="too_large", params=params)
        return number

    def _typed(self, text: str) -> int | Decimal:
        try:
            return read_number(text, self.decimals)
        except ValueError as error:
            sentence = _("This is not a number.") if self.decimals else _("Type a whole number.")
            raise ValidationError(sentence, code="not_a_number") from error

    def prepare_value(self, value: Any) -> Any:
        is_number = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
        return money.format_number(value, presentation.current()) if is_number else value


def read_number(text: str, decimals: int = 0) -> int | Decimal:
    """Return a written number; raise ValueError for what is none, an exponent, or too many places."""
    bare = without_marks(ascii_digits(text)).strip().removesuffix("٪").removesuffix("%").strip()
    bare = bare.replace("٬", ",").replace("،", ",").replace("٫", ".").replace("−", "-").removeprefix("+")
    sign, digits = (-1, bare[1:]) if bare.startswith("-") else (1, bare)
    whole, _mark, fraction = digits.partition(".")
    groups = whole.split(",")
    if len(groups) > 1 and (len(groups[0]) > 3 or any(len(group) != 3 for group in groups[1:])):
        raise ValueError("The thousands are not grouped by three.")
    whole = "".join(groups)
    # isdecimal and a length first: int() reads 1_000, and a million digits for minutes.
    if not (whole.isdecimal() and len(whole) <= 15 and (not fraction or fraction.isdecimal())):
        raise ValueError("This is not a number.")
    if len(fraction.rstrip("0")) > decimals:
        raise ValueError("There are too many decimal places.")
    if decimals == 0:
        return sign * int(whole)
    return sign * Decimal(f"{whole}.{fraction[:decimals] or 0}").normalize()
