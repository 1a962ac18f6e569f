"""What known customers will bring: each by their own history, groups with an interval, and a check against what came.

Everything here is arrays of one length, one entry a customer. Time is in weeks; money in minor units, as
floats while it is still an expectation; NaN is unknown.

The interval of a group is meant to hold nine of ten outcomes. Its variance has three parts: chance, from
simulated futures of its members; how uncertain the parameters are, by the delta method over the inverse Hessian
of the likelihoods; and by how much such looks ahead miss, which no model says of itself and `holdouts` finds
out. A gamma distribution of that mean and variance gives the bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import gammaincinv, ndtri

from . import churn
from .churn import Floats

HORIZONS = (30, 90, 365)
YEAR = HORIZONS[-1]
WEEK = 7
COVERAGE = 0.9
# More histories than this are rounded to weeks before fitting.
EXACT_MOST = 50_000
# Futures of a group that are simulated, shared out over its members; so many of a large group are looked at.
FUTURES, LOOKED_AT = 4_000, 2_500
SEED = 1405


@dataclass(frozen=True)
class People:
    """Histories as of a day: repeat order days, weeks at the last of them and now, mean spend and profit of an
    order day (NaN where no cost is known)."""

    x: Floats
    t_x: Floats
    T: Floats
    amount: Floats
    profit: Floats

    @cached_property
    def history(self) -> tuple[Floats, Floats, Floats]:
        return self.x, self.t_x, self.T


def people(rows: Mapping[str, np.ndarray]) -> People:
    """Return the people of these columns: order `days`, `last_after` and `age` in days since the first of
    them, `amount` spent in all, `margin` of it."""
    amount = rows["amount"] / rows["days"]
    history = (rows["days"] - 1.0, rows["last_after"] / WEEK, rows["age"] / WEEK)
    return People(*history, amount, amount * rows["margin"])


def fit(x: Floats, t_x: Floats, T: Floats) -> churn.BuyTillYouDie:
    """Return the model of these histories in weeks, by days or for many people by weeks.

    Raises NotEnoughHistory and DidNotConverge of `churn`.
    """
    return churn.fit_buy_till_you_die(churn.group(x, t_x, T, 1 / WEEK if len(x) <= EXACT_MOST else 1))


def fit_spend(orders: Floats, mean: Floats) -> churn.SpendPerOrder:
    """Return the model of spend or profit per order day; one that draws halfway to everybody's mean after a
    single order where there is none of greatest likelihood, as with one price for all."""
    known = np.isfinite(mean)
    try:
        return churn.fit_spend_per_order(orders[known], mean[known])
    except (churn.NotEnoughHistory, churn.DidNotConverge):
        everybodys = np.average(mean[known], weights=orders[known]) if known.any() else 0
        return churn.SpendPerOrder(p=100, q=100, v=everybodys * 99 / 100)


class Forecast:
    """What each of `people` will bring by the fitted models. Raises as `fit`."""

    def __init__(self, people: People):
        self.people = people
        self.model = fit(*people.history)
        orders = people.x + 1
        self.spend = {"amount": fit_spend(orders, people.amount)}
        if np.isfinite(people.profit).any():
            self.spend["profit"] = fit_spend(orders, people.profit)

    @cached_property
    def p_alive(self) -> Floats:
        return self.model.p_alive(*self.people.history)

    @cached_property
    def p_back(self) -> Floats:
        """The chance of at least one order day within a year."""
        return self.model.p_back(YEAR / WEEK, *self.people.history)

    @cached_property
    def orders(self) -> dict[int, Floats]:
        """The expected order days within each of HORIZONS."""
        return {days: self.model.expected_orders(days / WEEK, *self.people.history) for days in HORIZONS}

    @cached_property
    def means(self) -> dict[str, Floats]:
        """The expected "amount" and "profit" of an order day; NaN where a profit is unknown."""
        return {
            name: self._mean(name) if name in self.spend else np.full(len(self.people.x), np.nan)
            for name in ("amount", "profit")
        }

    @property
    def parameters(self) -> dict[str, dict[str, float]]:
        """The parameters by model, as numbers that JSON knows."""
        names = {"orders": ("r", "alpha", "a", "b"), "amount": ("p", "q", "v"), "profit": ("p", "q", "v")}
        models = {"orders": self.model, **self.spend}
        return {key: {name: float(getattr(one, name)) for name in names[key]} for key, one in models.items()}

    @property
    def columns(self) -> dict[str, Floats]:
        """What is kept of each customer, by the name of its column; an unknown profit is NaN."""
        return {
            "p_alive": self.p_alive,
            "p_back": self.p_back,
            **{f"orders_{days}": orders for days, orders in self.orders.items()},
            **{f"{name}_{YEAR}_amount": mean * self.orders[YEAR] for name, mean in self.means.items()},
        }

    def _mean(self, name: str) -> Floats:
        return self.spend[name].expected_mean(self.people.x + 1, getattr(self.people, name))

    def sums(
        self, members: np.ndarray, miss: Mapping[str, float] | None = None
    ) -> dict[str, list[float] | int]:
        """Return [expected, low, high] of the customers at the indices `members`, and how many they are.

        `orders_…`, `amount_…` and `profit_…` for each horizon; profit is of those for whom it is known
        (`profit_people`) and left out where it is of nobody. `miss` is the share by which such sums are
        missed: of "orders", and of "amount", which is that of profit, too.
        """
        missed = dict.fromkeys(("orders", "amount"), 0.0) | dict(miss or {})
        missed["profit"] = missed["amount"]
        sample = members[:: -(-len(members) // LOOKED_AT) or 1]
        known = np.isfinite(self.means["profit"])
        found: dict = {"people": len(members), "profit_people": int(known[members].sum())}
        if not len(members):
            return found
        weights = {"orders": np.ones(len(known)), **self.means}
        names = [name for name in weights if name != "profit" or known[sample].any()]
        chances = self._chance(sample, names)
        for days in HORIZONS:
            slopes = self._slopes(sample, days)
            for name in names:
                weight = np.nan_to_num(weights[name])
                mean = churn.dot(self.orders[days][members], weight[members])
                of_sample = churn.dot(self.orders[days][sample], weight[sample])
                scale = mean / of_sample if of_sample else 0
                slope = np.einsum("pi,i->p", slopes, weight[sample]) * scale
                doubt = float(slope @ self.model.covariance @ slope)
                doubt += self._doubt_of_spend(name, sample, self.orders[days][sample]) * scale**2
                chance = chances[name, days] * len(members) / len(sample)
                found[f"{name}_{days}"] = interval(mean, chance + doubt + (missed[name] * mean) ** 2)
        return found

    def _chance(self, sample: np.ndarray, names: Iterable[str]) -> dict[tuple[str, int], float]:
        """Return the variance that chance gives the sums of `sample`."""
        chance, rounds = np.random.default_rng(SEED), -(-FUTURES // len(sample))
        x, t_x, T = (value[sample] for value in self.people.history)
        total: dict[tuple[str, int], float] = dict.fromkeys(
            ((name, days) for name in names for days in HORIZONS), 0.0
        )
        times = tuple(days / WEEK for days in HORIZONS)
        for _round in range(rounds):
            for days, bought in zip(HORIZONS, self.model.simulate(times, x, t_x, T, chance), strict=True):
                for name in names:
                    brought, expected = bought, self.orders[days][sample]
                    if name != "orders":
                        own = np.nan_to_num(getattr(self.people, name)[sample])
                        brought = self.spend[name].simulate(bought, x + 1, own, chance)
                        expected = expected * self.means[name][sample]
                    total[name, days] += float(np.nansum((brought - expected) ** 2)) / rounds
        return total

    def _slopes(self, sample: np.ndarray, days: int, step: float = 1e-3) -> Floats:
        """Return how the expected orders of `sample` change with the logarithm of each parameter."""
        history = [value[sample] for value in self.people.history]

        def shifted(by: Floats) -> Floats:
            return self.model.shifted(by).expected_orders(days / WEEK, *history)

        return np.array([(shifted(one) - shifted(-one)) / (2 * step) for one in step * np.eye(4)])

    def _doubt_of_spend(self, name: str, sample: np.ndarray, orders: Floats, step: float = 1e-3) -> float:
        """Return the variance that the uncertain parameters of the spend give what `orders` of `sample` bring."""
        spend = self.spend.get(name)
        if spend is None or spend.covariance is None:
            return 0.0
        x, own = self.people.x[sample] + 1, np.nan_to_num(getattr(self.people, name)[sample])
        known = orders * np.isfinite(self.means[name][sample])

        def shifted(by: Floats) -> float:
            return churn.dot(known, spend.shifted(by).expected_mean(x, own))

        slope = np.array([(shifted(one) - shifted(-one)) / (2 * step) for one in step * np.eye(3)])
        return float(slope @ spend.covariance @ slope)


def interval(mean: float, variance: float) -> list[float]:
    """Return [mean, low, high]: a sum of many small amounts, none below zero unless its mean is."""
    tail = (1 - COVERAGE) / 2
    if variance <= 0:
        return [mean, mean, mean]
    if mean <= 0:
        reach = ndtri(1 - tail) * np.sqrt(variance)
        return [mean, mean - reach, mean + reach]
    shape, scale = mean * mean / variance, variance / mean
    return [mean, *(float(gammaincinv(shape, share)) * scale for share in (tail, 1 - tail))]


def groups(
    found: Forecast,
    rows: Mapping[str, np.ndarray],
    keys: Mapping[str, Sequence[str]],
    miss: Mapping[str, Mapping[str, float]],
) -> dict[str, dict[str, dict]]:
    """Return the sums of everybody ("all", under "") and of each group that has people: `rows` says for each
    kind of `keys` which one a customer is in, counted from 1. `miss` is that of "all" and of a "group"."""
    sums = {"all": {"": found.sums(np.arange(len(rows["days"])), miss["all"])}}
    for kind, names in keys.items():
        members = {name: np.flatnonzero(rows[kind] == place) for place, name in enumerate(names, 1)}
        sums[kind] = {name: found.sums(those, miss["group"]) for name, those in members.items() if len(those)}
    return sums
