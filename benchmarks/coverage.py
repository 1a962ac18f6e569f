"""How often the bounds of the outlook hold what came, on two real shops: `python -m benchmarks coverage`.

Reads CDNOW and Online Retail from the folder named by BASHGAH_SHARED. On several days t the shop is looked at as
the weekly job would have looked, by its own tests on its own past; what everybody, and those who had come equally
often, then brought in 30 and 90 days is held against the bounds of that day.
"""

from __future__ import annotations

import csv
import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.lifecycle import folder
from segmentation import forecast, holdouts

AHEAD = (30, 90)
# Days after the first order, evenly apart: from what is enough to learn from to 90 days before the end.
STARTS = {
    "CDNOW": (180, 219, 258, 297, 337, 376, 415, 455),
    "Online Retail": (120, 152, 185, 217, 250, 283),
}
NO_MISS: dict = {"all": {}, "group": {}}
# Those who had come so many times again, and more than that together.
MOST_REPEATS = 7


def cdnow() -> Iterator[tuple[str, datetime.date, float]]:
    """Yield the orders: customer, day, cents."""
    for line in (folder() / "cdnow/CDNOW_master.txt").read_text(encoding="utf-8").splitlines()[1:]:
        number, day, _count, dollars = line.split()
        yield number, datetime.datetime.strptime(day, "%Y%m%d").date(), 100 * float(dollars)


def online_retail() -> Iterator[tuple[str, datetime.date, float]]:
    """Yield the same; cancellations and anonymous invoices are left out.

    Cents as floats, because the model is fitted on floats and no sum of these is ever kept.
    """
    with (folder() / "online_retail/online_retail_invoices.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["CustomerID"] and float(row["amount"]) > 0:
                day = datetime.date.fromisoformat(row["date"][:10])
                yield row["CustomerID"], day, 100 * float(row["amount"])


SHOPS: dict[str, Callable[[], Iterator[tuple[str, datetime.date, float]]]] = {
    "CDNOW": cdnow,
    "Online Retail": online_retail,
}


@dataclass(frozen=True)
class Sum:
    """One sum that was foretold on a day, of everybody or of a group, and what came."""

    shop: str
    t: datetime.date
    days: int
    name: str
    is_whole: bool
    mean: float
    low: float
    high: float
    came: float

    @property
    def is_inside(self) -> bool:
        return self.low <= self.came <= self.high

    @property
    def reach(self) -> float:
        """Half of the bounds, as a share of the mean."""
        return (self.high - self.low) / 2 / self.mean


def events_of(name: str) -> holdouts.Events:
    spent: dict[tuple[str, int], float] = {}
    for customer, day, amount in SHOPS[name]():
        key = customer, (day - datetime.date.min).days
        spent[key] = spent.get(key, 0) + amount
    _ids, customer = np.unique([customer for customer, _day in spent], return_inverse=True)
    days = np.array([day for _customer, day in spent])
    return holdouts.Events(customer, days, np.array(list(spent.values())), np.ones(len(days), bool))


def until(events: holdouts.Events, t: int) -> holdouts.Events:
    """Return what was known on the day `t`."""
    past = events.day <= t
    return holdouts.Events(*(column[past] for column in vars(events).values()))


def sums_of(name: str, miss: dict | None = None) -> Iterator[Sum]:
    """Yield every sum of a shop; by `miss` where given, else by what the shop's own tests say."""
    events = events_of(name)
    first = int(events.day.min())
    for after in STARTS[name]:
        t = first + after
        missed = miss or holdouts.tested(until(events, t), t, after)["miss"]
        known, people = events.people(t)
        found = forecast.Forecast(people)
        repeats = np.minimum(people.x, MOST_REPEATS)
        groups = [np.arange(len(known)), *(np.flatnonzero(repeats == times) for times in np.unique(repeats))]
        came = {days: events.came(known, t, days) for days in AHEAD}
        for place, members in enumerate(groups):
            bounds = found.sums(members, missed["group" if place else "all"])
            for days in AHEAD:
                for measure in holdouts.MEASURES:
                    yield Sum(
                        name,
                        datetime.date.min + datetime.timedelta(days=t),
                        days,
                        measure,
                        not place,
                        *bounds[f"{measure}_{days}"],
                        float(came[days][measure][members].sum()),
                    )


def share_inside(sums: list[Sum]) -> float:
    return sum(one.is_inside for one in sums) / len(sums)


def report() -> str:
    """Return the tables as text."""
    sums = [one for name in SHOPS for one in sums_of(name)]
    unwidened = [one for name in SHOPS for one in sums_of(name, NO_MISS)]
    lines = [
        "Within bounds that are to hold 90 %, and how far these reach (half, of the mean)",
        "",
        *_table(sums),
    ]
    lines += ["", "The same by chance and the doubt of the parameters alone", "", *_table(unwidened)]
    lines += ["", "Everybody, day by day: came against expected", ""]
    for one in sums:
        if one.is_whole:
            said = "" if one.is_inside else "   outside"
            off = f"{one.came / one.mean - 1:>+8.0%} (±{one.reach:.0%})"
            lines.append(f"{one.shop:<16}{one.t:%y-%m-%d}{one.days:>4} days   {one.name:<8}{off}{said}")
    return "\n".join([*lines, "", *_usual(sums)])


_HEADS = {
    "orders, everybody": ("orders", True),
    "orders, groups": ("orders", False),
    "money, everybody": ("amount", True),
    "money, groups": ("amount", False),
}


def _table(sums: list[Sum]) -> Iterator[str]:
    yield f"{'':<16}{'days':>6}" + "".join(f"{head:>26}" for head in _HEADS)
    for name in (*SHOPS, "both"):
        for days in AHEAD:
            some = [one for one in sums if one.days == days and name in (one.shop, "both")]
            cells = [[one for one in some if (one.name, one.is_whole) == kind] for kind in _HEADS.values()]
            yield f"{name:<16}{days:>6}" + "".join(f"{_cell(those):>26}" for those in cells)


def _cell(sums: list[Sum]) -> str:
    inside, reach = sum(one.is_inside for one in sums), float(np.mean([one.reach for one in sums]))
    return f"{inside} of {len(sums)} {share_inside(sums):.0%} (±{reach:.0%})"


def _usual(sums: list[Sum]) -> Iterator[str]:
    """Say by how much the wholes were missed: what USUAL_MISS is taken from."""
    for measure in holdouts.MEASURES:
        squares = [(one.came / one.mean - 1) ** 2 for one in sums if one.is_whole and one.name == measure]
        yield f"root mean square miss of everybody, {measure}: {np.sqrt(np.mean(squares)):.3f}"


def run() -> None:
    """Print the tables."""
    print(report())


if __name__ == "__main__":
    run()
