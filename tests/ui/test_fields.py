"""Fields: any digits in, a clear sentence out, and what was typed stays."""

from datetime import date
from decimal import Decimal

import pytest
from django import forms
from django.utils import translation

from loyalty.ui import fields, presentation
from loyalty.ui.presentation import Presentation

FA = Presentation("fa", "jalali", "IRR", "toman")
GB = Presentation("en", "gregorian", "GBP", "")


class Sample(forms.Form):
    phone = fields.PhoneField(required=False)
    born = fields.DayField(required=False, latest=date(2026, 11, 23))
    spent = fields.AmountField(required=False, min_minor=0)
    share = fields.NumberField(required=False, min_value=1, max_value=50)


@pytest.fixture(autouse=True)
def persian():
    with presentation.use(FA), translation.override("fa"):
        yield


def cleaned(**data):
    form = Sample(data)
    assert form.is_valid(), form.errors
    return form.cleaned_data


def wrong(**data):
    form = Sample(data)
    assert not form.is_valid()
    ((name, errors),) = form.errors.items()
    return form, str(errors[0])


def test_what_people_type_is_understood():
    data = cleaned(phone="۰۹۱۲ ۱۲۳ ۴۵۶۷", born="۱۴۰۳/۲/۱", spent="۱۲۰ هزار", share="۱۰٪")
    assert data == {"phone": "+989121234567", "born": date(2024, 4, 20), "spent": 1_200_000, "share": 10}


def test_empty_is_unknown_and_never_zero():
    assert cleaned(phone="", born=" ", spent="", share="") == {
        "phone": "",
        "born": None,
        "spent": None,
        "share": None,
    }


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"phone": "0912"}, "چند رقم کم است. شمارهٔ همراه مانند \u2066۰۹۱۲ ۱۲۳ ۴۵۶۷\u2069 است."),
        ({"phone": "02188776655"}, "این تلفن ثابت است و پیامک نمی‌گیرد. شمارهٔ همراه بنویسید."),
        ({"born": "1402/12/30"}, "آن ماه چنین روزی ندارد. لطفاً بازبینی کنید."),
        ({"born": "فردا"}, "این تاریخ نیست. آن را مانند ۱۴۰۵/۰۱/۰۵ بنویسید."),
        ({"born": "1406/01/01"}, "روز باید ۲ آذر ۱۴۰۵ یا پیش از آن باشد."),
        ({"spent": "رایگان"}, "این مبلغ نیست. عددی مانند ۲۵۰٬۰۰۰ بنویسید."),
        ({"spent": "$5"}, "حساب این فروشگاه به تومان است. مبلغ را به تومان بنویسید."),
        ({"spent": "-5"}, "اینجا مبلغ نمی‌تواند کمتر از صفر باشد."),
        ({"share": "70"}, "عدد باید حداکثر ۵۰ باشد."),
        ({"share": "1.5"}, "عددی بی‌اعشار بنویسید."),
    ],
)
def test_a_slip_is_answered_in_a_sentence_and_what_was_typed_stays(data, sentence):
    form, said = wrong(**data)
    ((name, typed),) = data.items()
    assert said == sentence
    assert f'value="{typed}"' in str(form[name])
    assert 'aria-invalid="true"' in str(form[name])


def test_stored_values_are_shown_as_people_write_them():
    form = Sample(
        initial={"phone": "+989121234567", "born": date(2024, 4, 20), "spent": 12_500_000, "share": 1000}
    )
    shown = [form[name].as_widget() for name in form.fields]
    for text, html in zip(["۰۹۱۲ ۱۲۳ ۴۵۶۷", "۱۴۰۳/۰۲/۰۱", "۱٬۲۵۰٬۰۰۰", "۱٬۰۰۰"], shown, strict=True):
        assert f'value="{text}"' in html
        assert 'dir="ltr"' in html


def test_showing_and_reading_again_changes_nothing():
    initial = {"phone": "+989121234567", "born": date(2024, 4, 20), "spent": 12_345_678, "share": 12}
    form = Sample(initial=initial)
    again = Sample(
        {name: form[name].field.prepare_value(value) for name, value in initial.items()}, initial=initial
    )
    assert again.is_valid()
    assert again.cleaned_data == initial
    assert not again.has_changed()


def test_another_shop_counts_in_its_own_money_and_days():
    with presentation.use(GB), translation.override("en"):
        data = cleaned(spent="1,234.50", born="03/04/2024")
        assert data["spent"] == 123_450
        assert data["born"] == date(2024, 4, 3)
        assert fields.AmountField().unit == "£"
        assert wrong(spent="free")[1] == "This is not an amount. Type a number, such as 12.50."


def test_a_required_amount_of_zero_is_an_amount():
    field = fields.AmountField()
    assert field.clean("0") == 0
    with pytest.raises(forms.ValidationError):
        field.clean("")


@pytest.mark.parametrize(
    "text", ["1_000", "²", "1e5", "1E+6000000", "NaN", "9" * 5000, "0x10", "1,00", "--1", "1.2.3", "."]
)
def test_what_only_looks_like_a_number_is_refused(text):
    with pytest.raises(ValueError):
        fields.read_number(text, decimals=2)


def test_numbers_are_read_in_any_digits():
    assert fields.read_number("۱۲٬۰۰۰") == 12_000
    assert fields.read_number("-5") == -5
    assert fields.read_number("۱۲٫۵٪", decimals=1) == Decimal("12.5")
    assert fields.read_number("12.50", decimals=1) == Decimal("12.5")
    with pytest.raises(ValueError):
        fields.read_number("12.55", decimals=1)
