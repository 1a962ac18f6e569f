"""Pictures of a campaign's result."""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.utils.translation import gettext as _

from campaigns.results import BuyersByDay
from campaigns.uplift import Interval
from loyalty.ui import charts
from loyalty.ui.money import format_number
from loyalty.ui.presentation import current

# Four stretches between grid lines; the last one holds the largest upper bound.
STRETCHES = 4
STEPS = (0.01, 0.02, 0.05, 0.1, 0.25)


@dataclass(frozen=True)
class Band:
    """One interval bar in whole percents of the scale: where it starts, how long it is, where the mark is."""

    start: int
    length: int
    mark: int


@dataclass(frozen=True)
class Scale:
    """The scale under interval bars of shares: from 0 to `top`, with its marks."""

    top: float

    @classmethod
    def of(cls, *intervals: Interval) -> Scale:
        high = max(interval.high for interval in intervals)
        step = next((one for one in STEPS if one * STRETCHES >= high), STEPS[-1])
        return cls(step * STRETCHES)

    @property
    def marks(self) -> list[float]:
        return [self.top * part / STRETCHES for part in range(STRETCHES + 1)]

    def band(self, interval: Interval) -> Band:
        start, end = math.floor(100 * interval.low / self.top), math.ceil(100 * interval.high / self.top)
        return Band(start, max(min(end, 100) - start, 1), round(100 * interval.value / self.top))


def buyers_by_day(days: BuyersByDay, has_holdout: bool = True) -> charts.Chart:
    """Return a growing line for each arm with people: the share that has bought by each day since the launch."""
    labels = [format_number(day, current()) for day in range(len(days.treatment))]
    return charts.line(
        "buyers-by-day",
        _("The share that has bought, day by day since the launch"),
        labels,
        [
            charts.Series(_("Written to"), days.treatment, "brand"),
            *([charts.Series(_("Left alone"), days.holdout, "ink-3", dash="dot")] if has_holdout else []),
        ],
        kind="share",
        x_title=_("Days since the launch"),
    )
