"""What a shop's owner chose about scoring, as the computations take it: pure values, no row and no default
hidden elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from . import cutting, rfm, value_volume

# The same weight for all three: the published groups know no other.
RFM_WEIGHTS = {"r": 34, "f": 33, "m": 33}
_MAP = re.compile(f"[a-{chr(ord('a') + len(rfm.SEGMENTS) - 1)}]{{{len(rfm.CELL_MAP)}}}")


@dataclass(frozen=True)
class Rules:
    """How to score.

    - `window_days`: orders and money of the last days only; None for all time.
    - `cuts`: by measure (rfm's `recency_days`, `frequency`, `monetary_amount`) "fifths" or four ascending
      numbers; a measure left out is cut as `cutting` finds best for the shop.
    - `refresh`: when kept cuts are taken anew, a word of `cutting.REFRESHES`.
    - `cell_map` as rfm.CELL_MAP; `names` of segments that the owner calls otherwise.
    - `rfm_weights`, `value_weights`: whole percents, 100 together.
    - `units_weight`: the percent of volume that goes by the units bought, the rest by order days.
    """

    window_days: int | None = None
    cuts: Mapping[str, str | list[float]] = field(default_factory=dict)
    refresh: str = cutting.MONTHLY
    cell_map: str = rfm.CELL_MAP
    names: Mapping[str, str] = field(default_factory=dict)
    rfm_weights: Mapping[str, int] = field(default_factory=lambda: dict(RFM_WEIGHTS))
    value_weights: Mapping[str, int] = field(default_factory=lambda: dict(value_volume.WEIGHTS))
    units_weight: int = 0

    def __post_init__(self) -> None:
        # The map and the weights are written into SQL.
        if not _MAP.fullmatch(self.cell_map):
            raise ValueError("A map has one segment for each of the 125 cells.")
        if not all(
            type(weight) is int
            for weight in (*self.rfm_weights.values(), *self.value_weights.values(), self.units_weight)
        ):
            raise ValueError("A weight is a whole percent.")

    def to_json(self) -> dict:
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping) -> Rules:
        """Return the rules kept as `to_json` gave them; what was not known then is as it stands by itself."""
        known = {name: kept[name] for name in cls.__dataclass_fields__ if name in kept}
        for name, parts in (("rfm_weights", RFM_WEIGHTS), ("value_weights", value_volume.WEIGHTS)):
            if name in known:
                # What is kept as JSON has lost its order.
                known[name] = {part: known[name][part] for part in parts}
        return cls(**known)

    @property
    def basis(self) -> dict:
        """What cuts rest on: kept cuts of another basis mean something else."""
        found = {
            "window_days": self.window_days,
            "cuts": dict(self.cuts),
            "value_weights": dict(self.value_weights),
            "volume_days": value_volume.VOLUME_DAYS,
        }
        return found | {"units_weight": self.units_weight} if self.units_weight else found


def rfm_score(r: int, f: int, m: int, weights: Mapping[str, int] = RFM_WEIGHTS) -> float:
    """Return 0 (1 in all three) to 100 (5 in all three): the three scores by their weights."""
    scores = {"r": r, "f": f, "m": m}
    return 25 * sum(weights[name] * (score - 1) for name, score in scores.items()) / sum(weights.values())
