"""Filters and tags: one number, one day, one phone, said as the reader says it."""

from datetime import date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone, translation

from loyalty.ui import icons, presentation
from loyalty.ui.presentation import Presentation

FA = Presentation("fa", "jalali", "IRR", "toman")
EN = Presentation("en", "gregorian", "IRR", "toman")


def render(source, shown=EN, **context):
    with presentation.use(shown), translation.override(shown.language):
        return Template("{% load ui %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("source", "english", "persian"),
    [
        ("{{ 1234567|num }}", "1,234,567", "۱٬۲۳۴٬۵۶۷"),
        ("{{ x|decimal }}", "2.4", "۲٫۴"),
        ("{{ x|decimal:2 }}", "2.35", "۲٫۳۵"),
        ("{{ s|share }}", "42%", "\u061c۴۲٪"),
        ("{{ s|share:1 }}", "41.8%", "\u061c۴۱٫۸٪"),
        ("{{ 38|signed }}", "+38", "\u2066+۳۸\u2069"),
        ("{{ m|signed }}", "−11", "\u2066−۱۱\u2069"),
        ("{{ 0|signed }}", "0", "۰"),
        ("{{ 12345670|money }}", "1,234,567 toman", "۱٬۲۳۴٬۵۶۷ تومان"),
        ("{{ 12345670|money_plain }}", "1,234,567", "۱٬۲۳۴٬۵۶۷"),
        ("{{ 3184000000|money_compact }}", "318.4 M toman", "۳۱۸٫۴ میلیون تومان"),
        ("{{ 89000000|money_signed }}", "+8.9 M toman", "\u2066+۸٫۹\u2069 میلیون تومان"),
        ("{% money_unit %}", "toman", "تومان"),
        ("{{ d|day }}", "15 Nov 2026", "۲۴ آبان ۱۴۰۵"),
        ('{{ d|day:"month" }}', "November 2026", "آبان ۱۴۰۵"),
        ("{{ d|day_long }}", "Sunday, 15 November 2026", "یکشنبه ۲۴ آبان ۱۴۰۵"),
        ("{{ t|moment }}", "16 Nov 2026, 01:30", "۲۵ آبان ۱۴۰۵، ۰۱:۳۰"),
        ("{{ t|day }}", "16 Nov 2026", "۲۵ آبان ۱۴۰۵"),
        ("{{ t|clock }}", "01:30", "۰۱:۳۰"),
        ("{{ p|phone }}", "0912 123 4567", "\u2066۰۹۱۲ ۱۲۳ ۴۵۶۷\u2069"),
        ("{{ p|phone_masked }}", "0912 ••• 45 67", "\u2066۰۹۱۲ ••• ۴۵ ۶۷\u2069"),
        ("{{ '1403-A'|digits }}", "1403-A", "۱۴۰۳-A"),
        ("{{ '1403-12'|code }}", "1403-12", "۱۴۰۳-۱۲"),
        ("{{ 'A-1403'|code }}", "A-1403", "A-1403"),
        ("{{ 'Gold'|isolated }}", "\u2068Gold\u2069", "\u2068Gold\u2069"),
        ("{{ ''|isolated }}", "", ""),
        ("{{ 'at_risk'|stage_label }}", "At risk", "رو به دوری"),
        ("{{ 'lost'|stage_label }}", "Away", "دورشده"),
    ],
)
def test_each_filter_speaks_both_languages(source, english, persian):
    context = {
        "x": 2.35,
        "s": 0.418,
        "m": -11,
        "d": date(2026, 11, 15),
        "t": datetime(2026, 11, 15, 22, 0, tzinfo=ZoneInfo("UTC")),
        "p": "+989121234567",
    }
    assert render(source, EN, **context) == english
    assert render(source, FA, **context) == persian


@pytest.mark.parametrize(
    "name", ["num", "decimal", "share", "signed", "money", "money_plain", "day", "moment", "ago"]
)
def test_the_unknown_is_a_dash_and_never_zero(name):
    assert render(f"{{{{ x|{name} }}}}", x=None) == "–"


def test_an_unknown_share_has_no_length():
    assert render("{{ x|pct }}", x=None) == "0"
    assert [render("{{ x|pct }}", x=share) for share in (0.424, 1.7, -0.2)] == ["42", "100", "0"]


@pytest.mark.parametrize(
    ("back", "said"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=1), "a minute ago"),
        (timedelta(minutes=5, seconds=3), "5 minutes ago"),
        (timedelta(hours=3), "3 hours ago"),
        (timedelta(days=1, hours=1), "yesterday"),
        (timedelta(days=12), "12 days ago"),
    ],
)
def test_the_recent_past_is_counted(back, said):
    assert render("{{ t|ago }}", t=timezone.now() - back) == said


def test_what_is_long_ago_or_to_come_is_named():
    assert render("{{ t|ago }}", t=date(2020, 5, 1)) == "1 May 2020"
    assert render("{{ t|ago }}", t=date(2099, 5, 1)) == "1 May 2099"
    assert render("{{ t|ago }}", t=timezone.now() - timedelta(days=3), shown=FA) == "۳ روز پیش"


def test_an_icon_is_drawn_inline_and_hidden_from_screen_readers():
    drawn = render('{% icon "users" %}')
    assert drawn.startswith('<svg class="icon" aria-hidden="true"')
    assert "<path d=" in drawn
    assert 'stroke="none"' not in drawn


def test_an_icon_that_says_something_has_its_words():
    drawn = render('{% icon "check" "ba-icon-s" label=word %}', word='done "now"')
    assert 'role="img" aria-label="done &quot;now&quot;"' in drawn
    assert 'class="icon ba-icon-s"' in drawn


def test_an_icon_along_the_line_of_reading_turns_round():
    assert "ba-flip" in render('{% icon "chevron-left" %}')
    assert "ba-flip" not in render('{% icon "clock" %}')


@pytest.mark.parametrize("name", ["no-such-icon-at-all", "../../package", "Users", ""])
def test_an_unknown_icon_is_found_by_tests(name):
    with pytest.raises(icons.UnknownIcon):
        icons.svg(name)


def test_an_unknown_icon_costs_nobody_the_page(settings):
    settings.DEBUG = settings.TESTING = False
    assert icons.svg("no-such-icon-at-all").count("<path") == 0


def test_the_query_string_is_changed_and_not_replaced():
    request = RequestFactory().get("/customers/?q=ali&page=3&tier=gold&tier=vip")
    assert (
        render("{% query_replace page=4 %}", request=request)
        == "?q=ali&amp;page=4&amp;tier=gold&amp;tier=vip"
    )
    assert render("{% query_replace page=None q=None tier=None %}", request=request) == "/customers/"


@pytest.mark.parametrize(("name", "letter"), [("نگار فرضی", "ن"), (" ali", "A"), ("", "•"), (None, "•")])
def test_a_picture_shows_the_first_letter(name, letter):
    assert render("{% initial name %}", name=name) == letter


def test_every_input_gets_the_houses_look():
    class Sample(forms.Form):
        text = forms.CharField(widget=forms.TextInput(attrs={"class": "mine"}))
        kind = forms.ChoiceField(choices=[("a", "A")])
        agree = forms.BooleanField()
        mail = forms.EmailField()

    form = Sample()
    inputs = [render("{{ field|control }}", field=form[name]) for name in form.fields]
    assert 'class="mine form-control"' in inputs[0]
    assert 'class="form-select"' in inputs[1]
    assert 'class="form-check-input"' in inputs[2]
    assert 'dir="ltr"' in inputs[3]


def test_badges_show_colour_and_word():
    tier = SimpleNamespace(name="<Gold>", colour="gold", icon="medal")
    badge = render('{% include "ui/_tier_badge.html" %}', tier=tier)
    assert "ba-tier-gold" in badge
    assert "&lt;Gold&gt;" in badge
    assert render('{% include "ui/_tier_badge.html" %}', tier=None).strip() == ""
    assert "ba-c-risk" in render('{% include "ui/_stage_badge.html" %}', stage="at_risk")
