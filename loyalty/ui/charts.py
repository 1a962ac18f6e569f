"""Charts as plain plotly figures, in the reader's language and direction, each with its numbers as a table.

A figure here is a dict of plotly's JSON schema: the web process never imports plotly. Colours are token names
("brand", "loyal", "gold-line"); `static/js/charts.js` turns them into the theme's colours and draws. A point
that leads somewhere carries its address in `customdata`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.html import json_script
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from loyalty.ui import presentation
from loyalty.ui.axes import formatter, layout_of, tick_writer, ticks, with_unit, wrap


@dataclass(frozen=True)
class Series:
    """One line or kind of bar. `colour` is a token of app.css without its --ba-; `hrefs` go with `values`."""

    name: Any
    values: Sequence[float | int | None]
    colour: str = "brand"
    hrefs: Sequence[str] = ()
    dash: str = "solid"


@dataclass(frozen=True)
class Points:
    """One group of a scatter chart; `labels` are said on hovering, `hrefs` opened on clicking."""

    name: Any
    x: Sequence[float]
    y: Sequence[float]
    colour: str = "brand"
    labels: Sequence[str] = ()
    hrefs: Sequence[str] = ()


@dataclass(frozen=True)
class Cell:
    """One cell of the table beside a chart."""

    text: str
    href: str = ""


@dataclass(frozen=True)
class Chart:
    """A figure, its numbers as a table, and what it shows in one sentence; rendered by `ui/_chart.html`."""

    key: str
    label: Any
    figure: dict[str, Any]
    heads: list[Any] = field(default_factory=list)
    rows: list[list[Cell]] = field(default_factory=list)
    is_short: bool = False
    y_label: str = ""

    @property
    def script(self) -> SafeString:
        return figure_json(self.figure)


@dataclass(frozen=True)
class Spark:
    """The points of a key figure's little line, in a 200 × 36 box that the style sheet mirrors in Persian."""

    line: str
    area: str
    expected: str = ""


def figure_json(figure: Any) -> SafeString:
    """Return a figure as the `<script type="application/json">` that charts.js draws.

    Takes a dict, or a plotly Figure of a room that builds one; what could end the element is escaped.
    """
    plain = figure.to_plotly_json() if hasattr(figure, "to_plotly_json") else figure
    return json_script(plain)


def _hover(name: Any, labels: Sequence[str], values: Sequence[float | None], kind: str) -> list[str]:
    write = formatter(kind)
    lead = f"{name} · " if name else ""
    return [wrap(f"{lead}{label}: {write(value)}") for label, value in zip(labels, values, strict=True)]


def _trace(series: Series, labels: Sequence[str], kind: str, **more: Any) -> dict[str, Any]:
    return {
        "name": wrap(series.name),
        "x": [wrap(label) for label in labels],
        "y": [None if value is None else float(value) for value in series.values],
        "hovertext": _hover(series.name, labels, series.values, kind),
        "hoverinfo": "text",
        "customdata": [str(href) for href in series.hrefs] or None,
        **more,
    }


def _bar(series: Series, labels: Sequence[str], kind: str) -> dict[str, Any]:
    return _trace(series, labels, kind, type="bar", marker={"color": f"token:{series.colour}"})


def _line(series: Series, labels: Sequence[str], kind: str, markers: bool) -> dict[str, Any]:
    colour = f"token:{series.colour}"
    return _trace(
        series,
        labels,
        kind,
        type="scatter",
        mode="lines+markers" if markers else "lines",
        cliponaxis=False,
        line={"color": colour, "width": 2.25, "dash": series.dash},
        marker={"color": colour, "size": 6},
    )


def _table(
    head: Any, labels: Sequence[str], columns: Sequence[tuple[Series, str]]
) -> tuple[list[Any], list[list[Cell]]]:
    rows = []
    for index, label in enumerate(labels):
        row = [
            Cell(str(label), columns[0][0].hrefs[index] if len(columns) == 1 and columns[0][0].hrefs else "")
        ]
        for series, kind in columns:
            href = series.hrefs[index] if len(columns) > 1 and series.hrefs else ""
            row.append(Cell(formatter(kind)(series.values[index]), href))
        rows.append(row)
    return [head, *(series.name for series, _kind in columns)], rows


# ---------- The charts ----------


def bar(
    key: str,
    label: Any,
    labels: Sequence[Any],
    series: Series | Sequence[Series],
    *,
    kind: str = "number",
    x_title: Any = "",
    y_title: Any = "",
    is_short: bool = False,
) -> Chart:
    """Return bars side by side: one series, or several to compare. `label` says what the chart shows."""
    return _bars("group", key, label, labels, series, kind, x_title, y_title, is_short)


def stacked(
    key: str,
    label: Any,
    labels: Sequence[Any],
    series: Sequence[Series],
    *,
    kind: str = "number",
    x_title: Any = "",
    y_title: Any = "",
    is_short: bool = False,
) -> Chart:
    """Return bars on top of one another: parts of a whole along `labels`."""
    return _bars("stack", key, label, labels, series, kind, x_title, y_title, is_short)


def _bars(
    mode: str,
    key: str,
    label: Any,
    labels: Sequence[Any],
    series: Series | Sequence[Series],
    kind: str,
    x_title: Any,
    y_title: Any,
    is_short: bool,
) -> Chart:
    parts = [series] if isinstance(series, Series) else list(series)
    words = [str(word) for word in labels]
    if mode == "stack":
        extent = [sum(part.values[index] or 0 for part in parts) for index in range(len(words))]
    else:
        extent = [value for part in parts for value in part.values]
    layout = layout_of(kind, extent, x_title) | {"barmode": mode}
    figure = {"data": [_bar(part, words, kind) for part in parts], "layout": layout}
    heads, rows = _table(x_title, words, [(part, kind) for part in parts])
    return Chart(key, label, figure, heads, rows, is_short, with_unit(y_title, kind))


def line(
    key: str,
    label: Any,
    labels: Sequence[Any],
    series: Series | Sequence[Series],
    *,
    kind: str = "number",
    x_title: Any = "",
    y_title: Any = "",
    markers: bool = False,
    is_short: bool = False,
) -> Chart:
    """Return one or more lines along `labels` (days or weeks, already in the reader's words)."""
    parts = [series] if isinstance(series, Series) else list(series)
    words = [str(word) for word in labels]
    layout = layout_of(kind, [value for part in parts for value in part.values], x_title)
    # Many labels would run into each other: about eight of them are written, all of them are hovered.
    every = max(1, math.ceil(len(words) / 8))
    layout["xaxis"]["tickvals"] = [wrap(word) for word in words[::every]]
    figure = {"data": [_line(part, words, kind, markers) for part in parts], "layout": layout}
    heads, rows = _table(x_title, words, [(part, kind) for part in parts])
    return Chart(key, label, figure, heads, rows, is_short, with_unit(y_title, kind))


def pareto(
    key: str,
    label: Any,
    labels: Sequence[Any],
    shares: Sequence[float],
    *,
    names: tuple[Any, Any],
    hrefs: Sequence[str] = (),
    x_title: Any = "",
    y_title: Any = "",
) -> Chart:
    """Return the share (0–1) of each group as bars and the running total as a line, largest first as given.

    `names` are those of the bars and of the line; `hrefs` open the people of a group.
    """
    words = [str(word) for word in labels]
    running = [round(sum(shares[: index + 1]), 6) for index in range(len(shares))]
    bars = Series(names[0], shares, "brand-line", hrefs)
    total = Series(names[1], running, "brand", hrefs)
    figure = {
        "data": [_bar(bars, words, "share"), _line(total, words, "share", markers=True)],
        "layout": layout_of("share", [0, 1, *running], x_title),
    }
    heads, rows = _table(x_title, words, [(bars, "share"), (total, "share")])
    return Chart(key, label, figure, heads, rows, y_label=str(y_title))


def scatter(
    key: str,
    label: Any,
    groups: Sequence[Points],
    *,
    x_kind: str = "number",
    y_kind: str = "number",
    x_title: Any = "",
    y_title: Any = "",
    x_cut: float | None = None,
    y_cut: float | None = None,
) -> Chart:
    """Return points in groups, with dashed lines where the quadrants meet; the table counts each group."""
    layout = layout_of(y_kind, [value for group in groups for value in group.y], x_title)
    across = ticks(0, max((value for group in groups for value in group.x), default=0))
    write, is_rtl = tick_writer(x_kind), presentation.current().is_persian
    span = [across[0], across[-1]]
    layout["xaxis"] |= {
        "type": "linear",
        "autorange": False,
        "range": span[::-1] if is_rtl else span,
        "zeroline": False,
        "tickvals": across,
        "ticktext": [wrap(write(mark)) for mark in across],
    }
    layout["shapes"] = _cuts(x_cut, y_cut)
    figure = {"data": [_points(group, x_kind, y_kind) for group in groups], "layout": layout}
    rows = [
        [
            Cell(str(group.name), group.hrefs[0] if len(set(group.hrefs)) == 1 else ""),
            Cell(formatter("number")(len(group.x))),
            Cell(formatter(x_kind)(_middle(group.x))),
            Cell(formatter(y_kind)(_middle(group.y))),
        ]
        for group in groups
    ]
    heads = ["", _("Count"), x_title, y_title]
    return Chart(key, label, figure, heads, rows, y_label=with_unit(y_title, y_kind))


def _middle(values: Sequence[float]) -> float | None:
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else None


def _cuts(x_cut: float | None, y_cut: float | None) -> list[dict[str, Any]]:
    look = {"type": "line", "layer": "below", "line": {"color": "token:line-2", "width": 1, "dash": "dash"}}
    cuts = []
    if x_cut is not None:
        cuts.append({**look, "x0": x_cut, "x1": x_cut, "yref": "paper", "y0": 0, "y1": 1})
    if y_cut is not None:
        cuts.append({**look, "y0": y_cut, "y1": y_cut, "xref": "paper", "x0": 0, "x1": 1})
    return cuts


def _points(group: Points, x_kind: str, y_kind: str) -> dict[str, Any]:
    write_x, write_y = formatter(x_kind), formatter(y_kind)
    said = group.labels or [f"{write_x(x)} · {write_y(y)}" for x, y in zip(group.x, group.y, strict=True)]
    return {
        "type": "scatter",
        "mode": "markers",
        "cliponaxis": False,
        "name": wrap(group.name),
        "x": [float(value) for value in group.x],
        "y": [float(value) for value in group.y],
        "hovertext": [wrap(text) for text in said],
        "hoverinfo": "text",
        "customdata": [str(href) for href in group.hrefs] or None,
        "marker": {"color": f"token:{group.colour}", "size": 9, "opacity": 0.75},
    }


def spark(values: Sequence[float], expected: Sequence[float] = ()) -> Spark:
    """Return the little line of a key figure; `expected` may go on beyond what has happened."""
    steps = max(len(values), len(expected), 2) - 1
    low, high = min([*values, *expected, 0]), max([*values, *expected, 0])
    reach = (high - low) or 1

    def points(numbers: Sequence[float]) -> str:
        return " ".join(
            f"{200 * index / steps:.1f},{34 - 32 * (value - low) / reach:.1f}"
            for index, value in enumerate(numbers)
        )

    line_points = points(values)
    end = f"{200 * max(len(values) - 1, 0) / steps:.1f}"
    return Spark(line_points, f"0,36 {line_points} {end},36", points(expected))
