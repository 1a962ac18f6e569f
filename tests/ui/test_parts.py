"""The parts screens are made of, and the style sheet's own rules."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

from loyalty.ui import charts, presentation
from loyalty.ui.presentation import Presentation

FA = Presentation("fa", "jalali", "IRR", "toman")
STATIC = Path(settings.BASE_DIR) / "static"


def part(name, shown=FA, **context):
    with presentation.use(shown), translation.override(shown.language):
        return render_to_string(f"ui/{name}.html", context, RequestFactory().get("/"))


def test_a_key_figure_shows_its_number_large_and_its_unit_small():
    html = part(
        "_kpi", label="درآمد", amount=3_184_000_000, trend="+۳", tone="good", trend_icon="trending-up"
    )
    assert "۳۱۸٫۴ <small>میلیون تومان</small>" in html
    assert "ba-trend ba-good" in html
    assert "<svg" in html


def test_a_figure_of_nothing_is_zero_and_an_unknown_one_is_a_dash():
    assert "۰ <small>تومان</small>" in part("_kpi", label="x", amount=0)
    assert "–" in part("_kpi", label="x", value="–")


def test_a_little_line_is_drawn_in_the_key_figure():
    html = part("_kpi", label="x", value="1", spark=charts.spark([1, 2], [1, 2, 3]))
    assert html.count("<polyline") == 2


def test_a_question_names_what_it_does_and_carries_what_it_needs():
    html = part(
        "_confirm",
        dialog_id="send",
        title="برای ۸۴۴ نفر؟",
        confirm_label="زمان‌بندی",
        action="/send/",
        hidden={"version": "<3>"},
    )
    assert '<dialog id="send"' in html
    assert 'aria-labelledby="send-title"' in html
    assert 'name="version" value="&lt;3&gt;"' in html
    assert "csrfmiddlewaretoken" in html
    assert "انصراف" in html


def test_an_empty_state_has_one_button_at_most():
    html = part(
        "_empty", icon_name="users", title="هنوز کسی نیست", action_label="ورود", action_url="/imports/"
    )
    assert html.count('class="btn ') == 1
    assert part("_empty", title="x").count('class="btn ') == 0


# ---------- The style sheet ----------

CSS = (STATIC / "css" / "app.css").read_text(encoding="utf-8")
PARTS = CSS[CSS.index("3. Shell") : CSS.index("8. Paper")]


def test_parts_hold_no_colour_of_their_own_so_that_night_changes_them_all():
    found = [line for line in PARTS.splitlines() if re.search(r"#[0-9a-fA-F]{3,8}\b(?!-)", line)]
    # The QR code is read on white, also at night; #js-plotly-tester and the like are no colours.
    assert [line[:60] for line in found if "ba-qr" not in line and "#js" not in line] == []


def test_night_redefines_every_colour_of_the_day():
    day = CSS[CSS.index(":root,[data-bs-theme=light]{") : CSS.index("@media screen{[data-bs-theme=dark]{")]
    night = CSS[CSS.index("@media screen{[data-bs-theme=dark]{") : CSS.index("body{font-family")]
    coloured = set(re.findall(r"(--ba-[\w-]+):(?:#|rgb)", day)) | {"--ba-shadow", "--ba-shadow-l"}
    assert coloured - set(re.findall(r"(--ba-[\w-]+):", night)) == set()


@pytest.mark.parametrize("path", sorted((STATIC / "css").glob("*.css")), ids=lambda path: path.name)
def test_directions_are_logical(path):
    if path.name == "plotly.css":
        pytest.skip("plotly's own rules")
    physical = re.compile(
        r"(margin|padding|border)-(left|right)\b|(?<![-\w])(left|right):|text-align:\s*(left|right)|float:\s*(left|right)"
    )
    rules = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    lines = [line for line in rules.splitlines() if physical.search(line)]
    # The one exception, commented where it stands: plotly's tester, parked far outside of the page.
    assert [line[:80] for line in lines if "js-plotly-tester" not in line] == []


def test_every_file_the_head_asks_for_is_there():
    source = (Path(settings.BASE_DIR) / "templates/ui/_head.html").read_text(encoding="utf-8")
    names = re.findall(r'{% static "([^"]+)" %}', source)
    assert len(names) > 6
    for name in names:
        assert finders.find(name), f"{name} is not among the static files; run make to install the packages"
    font = re.search(r'url\("\.\./([^"]+)"\)', CSS)[1].replace("%5B", "[").replace("%5D", "]")
    assert finders.find(font)


def test_scripts_leave_nothing_to_eval_or_to_inline_handlers():
    for path in (STATIC / "js").glob("*.js"):
        source = path.read_text(encoding="utf-8")
        assert not re.search(
            r"\beval\(|new Function|\.innerHTML\s*=|document\.write|insertAdjacentHTML", source
        ), path.name
