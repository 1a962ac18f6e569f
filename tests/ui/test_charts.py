"""Charts: figures plotly accepts, in the reader's direction, with the same numbers as a table."""

import json

import plotly.graph_objects
import pytest
from django.template.loader import render_to_string
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from loyalty.ui import charts, presentation
from loyalty.ui.charts import Points, Series
from loyalty.ui.presentation import Presentation

FA = Presentation("fa", "jalali", "IRR", "toman")
EN = Presentation("en", "gregorian", "IRR", "toman")
HREFS = ["/customers/?a=1", "/customers/?a=2", "/customers/?a=3"]


def every_chart():
    two = [Series("New", [1, 2, 3], "new", HREFS), Series("Away", [3, None, 1], "lost")]
    groups = [Points("Both", [1, 2], [3e6, 4e6], hrefs=HREFS[:1] * 2), Points("None", [], [])]
    return [
        charts.bar("b", "Bars", ["a", "b", "c"], two[0], x_title="Week"),
        charts.bar("b2", "Bars", ["a", "b", "c"], two, kind="money", y_title="Income", is_short=True),
        charts.stacked("s", "Stacked", ["a", "b", "c"], two),
        charts.line("l", "Lines", ["a", "b", "c"], two, kind="share"),
        charts.pareto(
            "p", "Pareto", ["10%", "20%", "100%"], [0.6, 0.3, 0.1], names=("Share", "Total"), hrefs=HREFS
        ),
        charts.scatter("v", "Value", groups, y_kind="money", x_title="Orders", x_cut=1.5, y_cut=2e6),
        charts.line("e", "Nothing", [], Series("None", [])),
    ]


def without_tokens(value):
    if isinstance(value, str):
        return "#123456" if value.startswith("token:") else value
    if isinstance(value, list):
        return [without_tokens(part) for part in value]
    if isinstance(value, dict):
        return {key: without_tokens(part) for key, part in value.items()}
    return value


@pytest.mark.parametrize("shown", [FA, EN], ids=["fa", "en"])
def test_plotly_accepts_every_figure(shown):
    with presentation.use(shown):
        for chart in every_chart():
            plotly.graph_objects.Figure(without_tokens(chart.figure))


def test_persian_charts_run_from_right_to_left_in_persian_digits():
    with presentation.use(FA):
        figure = charts.bar("b", "Bars", ["یک", "دو"], Series("تازه", [10, 20])).figure
    layout = figure["layout"]
    assert layout["xaxis"]["autorange"] == "reversed"
    assert layout["yaxis"]["side"] == "right"
    assert layout["yaxis"]["ticktext"][:2] == ["\u2067۰\u2069", "\u2067۵\u2069"]
    assert figure["data"][0]["x"] == ["\u2067یک\u2069", "\u2067دو\u2069"]


def test_english_charts_run_from_left_to_right():
    with presentation.use(EN):
        layout = charts.bar("b", "Bars", ["one", "two"], Series("New", [10, 20])).figure["layout"]
    assert layout["xaxis"]["autorange"] is True
    assert layout["yaxis"]["ticktext"][:2] == ["0", "5"]


def test_a_point_knows_where_it_leads():
    with presentation.use(EN):
        for chart in every_chart()[:1]:
            assert chart.figure["data"][0]["customdata"] == HREFS


def test_the_table_holds_the_same_numbers_and_links():
    with presentation.use(EN), translation.override("en"):
        bar, money, stacked = every_chart()[:3]
        assert [[cell.text for cell in row] for row in bar.rows] == [["a", "1"], ["b", "2"], ["c", "3"]]
        assert [row[0].href for row in bar.rows] == HREFS
        assert [row[1].href for row in stacked.rows] == HREFS
        assert stacked.rows[1][2].text == "–"
        html = render_to_string("ui/_chart.html", {"chart": bar})
    assert html.count("<tr>") == 4
    assert 'href="/customers/?a=1"' in html
    assert 'role="img" aria-label="Bars"' in html
    assert money.y_label == "Income (toman)"


def test_a_share_of_the_whole_adds_up_to_all():
    with presentation.use(EN):
        pareto = every_chart()[4]
    assert pareto.figure["data"][1]["y"] == [0.6, 0.9, 1.0]
    assert pareto.figure["layout"]["yaxis"]["range"] == [0, 1]


def test_a_name_cannot_break_out_of_the_page():
    with presentation.use(EN):
        script = charts.bar("b", "Bars", ["</script><b>"], Series("x", [1])).script
    assert script.count("</script>") == 1
    inside = script.removeprefix('<script type="application/json">').removesuffix("</script>")
    assert json.loads(inside)["data"][0]["x"] == ["</script><b>"]


def test_a_figure_of_plotlys_own_is_taken_too():
    script = charts.figure_json(plotly.graph_objects.Figure({"data": [{"type": "bar", "y": [1, 2]}]}))
    assert '"type": "bar"' in script


@given(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12))
def test_ticks_are_few_round_and_cover_everything(one, other):
    low, high = sorted([one, other])
    marks = charts.ticks(low, high)
    assert 2 <= len(marks) <= 8
    assert marks == sorted(set(marks))
    assert 0 in marks
    assert marks[0] <= min(low, 0) + 1e-6 * (1 + abs(low))
    assert marks[-1] >= max(high, 0) - 1e-6 * (1 + abs(high))


def test_a_little_line_begins_at_the_left_and_ends_where_the_month_stands():
    spark = charts.spark([0, 5, 10], expected=[0, 5, 10, 15, 20])
    assert spark.line == "0.0,34.0 50.0,26.0 100.0,18.0"
    assert spark.area == "0,36 0.0,34.0 50.0,26.0 100.0,18.0 100.0,36"
    assert spark.expected.endswith("200.0,2.0")
    assert charts.spark([]).line == ""


def test_what_is_said_on_hovering_has_few_digits():
    with presentation.use(EN):
        trace = charts.bar("b", "Bars", ["10%"], Series("Share", [0.312]), kind="share").figure["data"][0]
    assert trace["hovertext"] == ["Share · 10%: 31.2%"]
    with presentation.use(EN):
        assert [charts.formatter("share")(value) for value in (0, 0.2, 0.215, 1.0)] == [
            "0%",
            "20%",
            "21.5%",
            "100%",
        ]
        assert [charts.formatter("decimal")(value) for value in (2.0, 2.5, 2.345)] == ["2", "2.5", "2.35"]
        assert [charts.formatter("number")(value) for value in (2.0, 1234.6, None)] == ["2", "1,235", "–"]
