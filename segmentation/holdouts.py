"""Would the outlook have been right? A shop's own past, foretold from several of its days beside what came after.

On each starting day the models are fitted on what was known by then, the next 30, 90 and 365 days are foretold,
as far as they have passed, and compared with what came: order days and net spend, of everybody and of each tenth
of the people by what was expected of them. By how much the sums were off beyond chance is the miss, which widens
the bounds of the next look ahead; how many of the sums lay within bounds that knew only the tests before them is
the coverage, which the screens print. docs/outlook-backtest.md has both for two real shops.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from . import churn
from .churn import Floats
from .forecast import COVERAGE, HORIZONS, WEEK, Forecast, People

TENTHS = 10
# Starting days before today, the first line for which the history is long enough: four tests say nearly as much
# as more, and each is a fit.
STARTS = ((90, 180, 270, 365), (30, 60, 90, 120))
# Before a start lies at least twice the time that is foretold: after a month of learning all is missed.
LEARNING = 2
MEASURES = ("orders", "amount")
# By how much two real shops were missed, a month or a quarter at a time, as root mean squares: what a miss is
# taken for before anything is tested, and counts like so many tests afterwards.
USUAL_MISS = {"orders": 0.13, "amount": 0.25}
USUAL_TESTS = 2
# More people, or more of their order days, are tested by a sample: what is sought is a share of the whole.
MOST_PEOPLE, MOST_EVENTS = 25_000, 500_000
# Why there is no test.
SHORT, TOO_FEW, NO_FIT = "short", "too_few", "no_fit"


@dataclass(frozen=True)
class Events:
    """What happened to customers numbered from 0: order days (`is_visit`) and refunds, with their `day` as a
    number and their net `amount`, below 0 where money was given back."""

    customer: NDArray[np.int64]
    day: NDArray[np.int64]
    amount: Floats
    is_visit: NDArray[np.bool_]

    def people(self, today: int) -> tuple[NDArray[np.int64], People]:
        """Return who had bought by `today`, and their histories as of it."""
        wide = int(self.customer.max(initial=-1)) + 1
        past = self.day <= today
        visit = past & self.is_visit
        days = np.bincount(self.customer[visit], minlength=wide)
        amount = np.bincount(self.customer[past], self.amount[past], minlength=wide)
        first, last = np.full(wide, today), np.zeros(wide, np.int64)
        np.minimum.at(first, self.customer[visit], self.day[visit])
        np.maximum.at(last, self.customer[visit], self.day[visit])
        known = np.flatnonzero(days)
        days, amount, first, last = (column[known] for column in (days, amount, first, last))
        unknown = np.full(len(known), np.nan)
        return known, People(
            days - 1.0, (last - first) / WEEK, (today - first) / WEEK, amount / days, unknown
        )

    def came(self, known: NDArray[np.int64], today: int, days: int) -> dict[str, Floats]:
        """Return the order days and the net spend of each of `known` in the `days` after `today`."""
        since = (self.day > today) & (self.day <= today + days)
        wide = int(self.customer.max(initial=-1)) + 1
        orders = np.bincount(self.customer[since & self.is_visit], minlength=wide)
        amount = np.bincount(self.customer[since], self.amount[since], minlength=wide)
        return {"orders": orders[known].astype(float), "amount": amount[known]}


def events(ids: NDArray[np.int64], rows: Mapping[str, np.ndarray]) -> Events:
    """Return the events of the customers `ids`, in ascending order, from columns named as `outlook.EVENTS`."""
    some = np.isin(rows["customer_id"], ids)
    customer, day, amount, is_visit = (
        rows[name][some] for name in ("customer_id", "day", "amount", "is_visit")
    )
    return Events(
        np.searchsorted(ids, customer), day.astype(np.int64), amount.astype(float), is_visit.astype(bool)
    )


def every(order_days: NDArray[np.int64]) -> int:
    """Return n where every n-th customer is enough to test by, of customers with so many `order_days` each."""
    return max(1, -(-len(order_days) // MOST_PEOPLE), -(-int(order_days.sum()) // MOST_EVENTS))


def starts_of(history_days: int) -> list[int]:
    """Return how many days before today to start tests; [] where the history is too short for any."""
    for starts in STARTS:
        if found := [ago for ago in starts if history_days - ago >= LEARNING * starts[0]]:
            return found
    return []


def times_of(ago: int, history_days: int) -> list[int]:
    """Return the HORIZONS that a test which starts `ago` days before today can foretell and look at."""
    return [days for days in HORIZONS if days <= ago and LEARNING * days <= history_days - ago]


def tested(events: Events, today: int, history_days: int) -> dict:
    """Return what is kept as `OutlookRun.calibration`.

    `tests`, the latest start first, each with `ago`, `days`, `people` and by measure [expected, happened], how
    many sums lay `inside` their bounds as [those, of so many], and `beyond`, the squares of the shares by which
    the whole and the tenths were missed beyond chance; or only with `ago` and the `reason` why there is none.
    The latest start that could be tested is told at length, over its longest time: `ago`, `days`, `people`,
    what was expected and happened, and the same of `tenths`, from those of whom most was expected. `miss` is
    for `forecast.groups`. `reason` is "" where anything was tested.
    """
    starts, tests, shown = starts_of(history_days), [], {}
    # The earliest first: the bounds of a test may know only what was known by then.
    for ago in reversed(starts):
        known, people = events.people(today - ago)
        try:
            found = Forecast(people)
        except churn.NotEnoughHistory:
            tests.append({"ago": ago, "reason": TOO_FEW})
            continue
        except churn.DidNotConverge:
            tests.append({"ago": ago, "reason": NO_FIT})
            continue
        came = {days: events.came(known, today - ago, days) for days in times_of(ago, history_days)}
        made, shown = _tests_of(found, came, miss(tests))
        tests += [{"ago": ago, **one} for one in made]
        shown = {"ago": ago, **shown}
    reason = "" if shown else tests[-1]["reason"] if tests else SHORT
    return {"reason": reason, "tests": tests[::-1], "miss": miss(tests), **shown}


def _tests_of(
    found: Forecast, came: Mapping[int, Mapping[str, Floats]], missed: Mapping[str, Mapping[str, float]]
) -> tuple[list[dict], dict]:
    """Return the tests of one start by the bounds it would have had, and what to show of the longest."""
    longest = max(came)
    # Equal expectations stay in the order of the keys, which says nothing about what happened.
    order = np.argsort(-found.orders[longest], kind="stable")
    tenths = [members for members in np.array_split(order, TENTHS) if len(members)]
    groups = [found.sums(order, missed["all"]), *(found.sums(those, missed["group"]) for those in tenths)]
    made = []
    for days, happened in came.items():
        one: dict = {"days": days, "people": len(order), "inside": {}, "beyond": {}}
        for name in MEASURES:
            bounds = [group[f"{name}_{days}"] for group in groups]
            sums = [float(happened[name][those].sum()) for those in (order, *tenths)]
            within = [low <= total <= high for (_mean, low, high), total in zip(bounds, sums, strict=True)]
            one["inside"][name] = [sum(within), len(within)]
            one[name] = [bounds[0][0], sums[0]]
            chance = [happened[name][those].var() * len(those) for those in (order, *tenths)]
            split = (slice(0, 1), slice(1, None))
            one["beyond"][name] = [_beyond(bounds[part], sums[part], chance[part]) for part in split]
        made.append(one)
    return made, _shown(found, came[longest], longest, tenths)


def _beyond(bounds: Sequence[Sequence[float]], sums: Sequence[float], chance: Sequence[float]) -> float:
    """Return the square of the share by which sums were missed beyond chance; those of whom more was expected
    weigh more, and a mean below 0, of refunds alone, is no measure."""
    pairs = [
        (mean, (total - mean) ** 2 - c) for (mean, *_b), total, c in zip(bounds, sums, chance, strict=True)
    ]
    expected = sum(mean for mean, _square in pairs if mean > 0)
    return float(sum(square / mean for mean, square in pairs if mean > 0) / expected) if expected else 0.0


def _shown(found: Forecast, came: Mapping[str, Floats], days: int, tenths: Sequence[np.ndarray]) -> dict:
    orders = found.orders[days]
    amount, back = orders * found.means["amount"], found.model.p_back(days / WEEK, *found.people.history)

    # Expectations, to be compared with what came and kept as JSON, which knows no numpy: no amount that is owed.
    def figures(members) -> dict[str, float | int]:
        return {
            "expected": float(orders[members].sum()),
            "happened": int(came["orders"][members].sum()),
            "expected_back": float(back[members].sum()),
            "back": int((came["orders"][members] > 0).sum()),
            "expected_amount": float(amount[members].sum()),
            "happened_amount": float(came["amount"][members].sum()),
        }

    return {
        "days": days,
        "people": len(orders),
        **figures(slice(None)),
        "tenths": [{"people": len(members), **figures(members)} for members in tenths],
    }


def miss(tests: Sequence[Mapping]) -> dict[str, dict[str, float]]:
    """Return the share by which sums are missed beyond chance: of "all" and of a "group", by measure.

    It is the root of a mean square: of these tests and, like so many more, of USUAL_MISS. Few tests know it badly,
    so it is as much larger as Student's t with as many degrees of freedom reaches further than a normal.
    """
    made = [one for one in tests if "reason" not in one]
    # The times of one start overlap: together they are one test.
    count = len({one["ago"] for one in made})
    freedom, tail = USUAL_TESTS + count, (1 + COVERAGE) / 2
    wider = float(stdtrit(freedom, tail) / ndtri(tail))

    def blended(name: str, place: int) -> float:
        squares = [one["beyond"][name][place] for one in made]
        tested = max(0.0, float(np.mean(squares))) if squares else 0.0
        return float(np.sqrt((USUAL_TESTS * USUAL_MISS[name] ** 2 + count * tested) / freedom)) * wider

    everybodys = {name: blended(name, 0) for name in MEASURES}
    # Sums of tenths are missed by the whole, too; where chance hides that, the whole knows it.
    return {
        "all": everybodys,
        "group": {name: max(everybodys[name], blended(name, 1)) for name in MEASURES},
    }
