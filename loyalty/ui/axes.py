"""The axes of every chart: round ticks in the reader's digits, and the direction in which time runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from loyalty.ui import money, presentation

RTL_ISOLATE, END_ISOLATE = "\u2067", "\u2069"


def formatter(kind: str) -> Callable[[float | int | None], str]:
    """Return the writer of a kind of value: "number", "decimal", "share" (0–1) or "money" (minor units)."""
    shown = presentation.current()

    def write(value: float | int | None) -> str:
        if value is None:
            return "–"
        if kind == "money":
            return money.format_amount(round(value), shown, compact=True)
        if kind == "share":
            text = money.format_number(_trimmed(value * 100, 1), shown)
            return f"\u061c{text}٪" if shown.is_persian else f"{text}%"
        return money.format_number(_trimmed(value, 0 if kind == "number" else 2), shown)

    return write


def _trimmed(value: float | int, places: int) -> Decimal:
    """Return a number of at most `places` decimals, and none where they are zero."""
    number = Decimal(str(round(value, places)))
    return number.to_integral_value() if number == number.to_integral_value() else number.normalize()


def tick_writer(kind: str) -> Callable[[float | int | None], str]:
    # Beside an axis the unit stands once, in its title.
    shown = presentation.current()
    if kind != "money":
        return formatter(kind)
    unit = f" {money.unit_label(shown)}"
    return lambda value: money.format_amount(round(value), shown, compact=True).removesuffix(unit)


def wrap(text: Any) -> str:
    """Return text for SVG, which plotly would always lay out from left to right."""
    return (
        f"{RTL_ISOLATE}{text}{END_ISOLATE}" if presentation.current().is_persian and text != "" else str(text)
    )


def ticks(low: float, high: float) -> list[float]:
    """Return three to six round numbers that cover low to high and hold zero where it lies between."""
    low, high = min(low, 0), max(high, 0)
    if high - low < 1e-9:
        high = low + 1
    step = 10 ** math.floor(math.log10((high - low) / 4))
    step = next(step * times for times in (1, 2, 2.5, 5, 10) if (high - low) / (step * times) <= 5)
    return [round(step * turn, 10) for turn in range(math.floor(low / step), math.ceil(high / step) + 1)]


def with_unit(title: Any, kind: str) -> str:
    unit = money.unit_label(presentation.current()) if kind == "money" else ""
    return f"{title} ({unit})" if title and unit else str(title or unit)


def axis_title(text: Any) -> dict[str, Any]:
    return {"text": wrap(text)} if text else {"text": ""}


def layout_of(kind: str, values: Sequence[float | None], x_title: Any) -> dict[str, Any]:
    """Return the layout all charts share: in Persian, time runs leftwards and numbers stand on the right."""
    is_rtl = presentation.current().is_persian
    known = [value for value in values if value is not None]
    marks = ticks(min(known, default=0), max(known, default=0))
    write = tick_writer(kind)
    return {
        "template": "none",
        "showlegend": False,
        "hovermode": "closest",
        "bargap": 0.35,
        "margin": {"l": 12 if is_rtl else 64, "r": 64 if is_rtl else 12, "t": 12, "b": 48},
        "xaxis": {
            "type": "category",
            "autorange": "reversed" if is_rtl else True,
            "fixedrange": True,
            "showgrid": False,
            "automargin": True,
            "title": axis_title(x_title),
        },
        "yaxis": {
            "side": "right" if is_rtl else "left",
            "fixedrange": True,
            "zeroline": False,
            "automargin": True,
            "range": [marks[0], marks[-1]],
            "tickvals": marks,
            "ticktext": [wrap(write(mark)) for mark in marks],
        },
    }
