"""What a shop's owner chose about scoring, as the computations take it: pure values, no row and no default
hidden elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from . import rfm, value_volume


@dataclass(frozen=True)
class Rules:
    """How to score. `window_days` is None for all time; `cell_map` as rfm.CELL_MAP; weights are whole percents."""

    window_days: int | None = None
    cell_map: str = rfm.CELL_MAP
    value_weights: Mapping[str, int] = field(default_factory=lambda: dict(value_volume.WEIGHTS))
