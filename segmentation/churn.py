"""Who is still with us, and what they will bring: BG/NBD and Gamma-Gamma on histories grouped by their statistics.

Time is in any one unit, the same everywhere; the parameter alpha is then in that unit too.

BG/NBD (Fader, Hardie, Lee 2005, "Counting Your Customers the Easy Way", Marketing Science 24(2)): while with
us a customer buys at a Poisson rate, and rates vary as Gamma(r, alpha); after each purchase they leave with a
probability that varies as Beta(a, b). What counts of a history is `x`, the repeat order days, `t_x`, the age
at the last of them, and `T`, the age now. The first purchase is not counted: it is what makes a customer.

Gamma-Gamma (Fader, Hardie 2013, note 025): the mean spend of an order, independent of how often one buys.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import betaln, digamma, gammaln, hyp2f1

Floats = NDArray[np.float64]
# Below so many customers with a repeat purchase a fit says more about chance than about the shop.
FEWEST_REPEATERS = 50
# At a maximum the mean gradient is nothing; on the edge of what is searched it is not.
STEEPEST = 1e-3
# The formulas divide by a - 1 and have a limit there.
AROUND_ONE = 1e-6


class NotEnoughHistory(ValueError):
    """Too few repeat purchases to fit on."""


class DidNotConverge(ArithmeticError):
    """No maximum of the likelihood was found."""


@dataclass(frozen=True)
class Histories:
    """Customers with equal statistics, counted once: arrays of one length; `count` says how many they are."""

    x: Floats
    t_x: Floats
    T: Floats
    count: Floats


def histories(x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Histories:
    """Return the histories as they are, one a customer."""
    x, t_x, T = (np.asarray(value, float) for value in (x, t_x, T))
    return Histories(x, t_x, T, np.ones(len(x)))


def group(x: ArrayLike, t_x: ArrayLike, T: ArrayLike, step: float) -> Histories:
    """Return the histories with t_x and T rounded to `step`, equal ones counted together.

    By weeks the parameters move in the third digit, and a million customers are some hundred thousand rows.
    """
    x = np.asarray(x, np.int64)
    last, age = (np.rint(np.asarray(value, float) / step).astype(np.int64) for value in (t_x, T))
    # One number for the three: numpy sorts numbers ten times as fast as rows.
    wide = int(age.max(initial=0)) + 1
    keys, count = np.unique((x * wide + last) * wide + age, return_counts=True)
    rest, age = np.divmod(keys, wide)
    x, last = np.divmod(rest, wide)
    return Histories(x.astype(float), last * step, age * step, count.astype(float))


@dataclass(frozen=True)
class BuyTillYouDie:
    """A fitted BG/NBD model. `covariance` is that of the logarithms of (r, alpha, a, b)."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float = np.nan
    covariance: Floats | None = None

    def p_alive(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
        """Return the probability of still being a customer.

        It is 1 without a repeat purchase: this model lets people leave only after one. For whether somebody
        will be seen again ask `p_back`.
        """
        return 1 / (1 + self._odds_of_having_left(*_floats(x, t_x, T)))

    def p_back(self, time: float, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
        """Return the probability of at least one order day within `time` from now."""
        x, t_x, T = _floats(x, t_x, T)
        silent = ((self.alpha + T) / (self.alpha + T + time)) ** (self.r + x)
        return self.p_alive(x, t_x, T) * (1 - silent)

    def expected_orders(self, time: float, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
        """Return the expected order days of each customer within `time` from now (equation 10)."""
        x, t_x, T = _floats(x, t_x, T)
        a = _not_one(self.a)
        top, z = a + self.b + x - 1, time / (self.alpha + T + time)
        # Equation 10 after Euler's transformation: as printed, hundreds of purchases overflow in 2F1.
        curve = hyp2f1(a + self.b - 1 - self.r, a - 1, top, z) * (1 - z) ** (a - 1)
        return top / (a - 1) * (1 - curve) * self.p_alive(x, t_x, T)

    def expected_orders_of_new(self, time: ArrayLike) -> Floats:
        """Return the expected repeat order days of a new customer in their first `time` (equation 9)."""
        time, a = np.asarray(time, float), _not_one(self.a)
        z, top = time / (self.alpha + time), a + self.b - 1
        return top / (a - 1) * (1 - hyp2f1(self.r, self.b, top, z) * (1 - z) ** self.r)

    def simulate(
        self, times: tuple[float, ...], x: Floats, t_x: Floats, T: Floats, chance: np.random.Generator
    ) -> list[Floats]:
        """Return one possible future: the order days of each customer within each of `times`.

        Given that a customer is still with us, their rate is Gamma(r + x, alpha + T) and their probability of
        leaving Beta(a, b + x), independent of each other. The futures of the different times agree only on
        these two.
        """
        is_alive = chance.random(len(x)) < self.p_alive(x, t_x, T)
        rate = chance.gamma(self.r + x, 1 / (self.alpha + T))
        leaving = np.maximum(chance.beta(self.a, self.b + x), 1e-9)
        last = np.where(is_alive, chance.geometric(leaving), 0)
        return [np.minimum(chance.poisson(rate * time), last).astype(float) for time in times]

    def shifted(self, logs: Floats) -> BuyTillYouDie:
        """Return the model with `logs` added to the logarithms of its parameters."""
        return BuyTillYouDie(*(np.array([self.r, self.alpha, self.a, self.b]) * np.exp(logs)))

    def _odds_of_having_left(self, x: Floats, t_x: Floats, T: Floats) -> Floats:
        # In logarithms: (alpha + T) / (alpha + t_x) to the power of hundreds of purchases overflows.
        log_odds = (self.r + x) * (np.log(self.alpha + T) - np.log(self.alpha + t_x))
        with np.errstate(over="ignore"):
            odds = self.a / (self.b + np.maximum(x, 1) - 1) * np.exp(log_odds)
        return np.where(x > 0, odds, 0.0)


def _floats(*values: ArrayLike) -> tuple[Floats, ...]:
    return tuple(np.asarray(value, float) for value in values)


def _not_one(a: float) -> float:
    return a if abs(a - 1) > AROUND_ONE else 1 + AROUND_ONE


def negative_log_likelihood(logs: Floats, h: Histories) -> tuple[float, Floats]:
    """Return minus the mean log-likelihood (equation 6) and its gradient in the logarithms of the parameters."""
    r, alpha, a, b = np.exp(logs)
    x, repeat = h.x, h.x > 0
    log_now, log_last = np.log(alpha + h.T), np.log(alpha + h.t_x)
    stayed = -(r + x) * log_now
    # Only who came back at least once can have left.
    left = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * log_last
    both = np.where(repeat, np.logaddexp(stayed, left), stayed)
    share_left = np.where(repeat, np.exp(left - both), 0.0)
    value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b) + both
    whole = digamma(a + b) - digamma(a + b + x)
    slopes = (
        digamma(r + x) - digamma(r) + np.log(alpha) - (1 - share_left) * log_now - share_left * log_last,
        r / alpha - (r + x) * ((1 - share_left) / (alpha + h.T) + share_left / (alpha + h.t_x)),
        whole + share_left / a,
        whole + digamma(b + x) - digamma(b) - share_left / (b + np.maximum(x, 1) - 1),
    )
    people = h.count.sum()
    gradient = np.array([dot(h.count, slope) for slope in slopes]) * (r, alpha, a, b)
    return -dot(h.count, value) / people, -gradient / people


def fit_buy_till_you_die(h: Histories) -> BuyTillYouDie:
    """Return the BG/NBD model of greatest likelihood.

    Raises NotEnoughHistory below FEWEST_REPEATERS repeat buyers, DidNotConverge where there is no maximum.
    """
    repeaters = h.count[h.x > 0].sum()
    if repeaters < FEWEST_REPEATERS:
        raise NotEnoughHistory(f"{repeaters:.0f} repeat buyers, {FEWEST_REPEATERS} are needed")
    # alpha is a length of time: starting at the scale of the data, every parameter is of order one.
    start = np.log([0.5, max(dot(h.count, h.T) / h.count.sum() / 4, 1.0), 0.5, 2.0])
    # With a above 100 everybody leaves alike: the likelihood is flat there, and 2F1 soon overflows.
    bounds = [(-9, 9), (-6, 14), (-9, np.log(100)), (-9, np.log(10_000))]
    logs, value = _minimum(negative_log_likelihood, start, bounds, h)
    people = h.count.sum()
    covariance = _inverse(_slopes_of(lambda at: negative_log_likelihood(at, h)[1], logs) * people)
    return BuyTillYouDie(*np.exp(logs), -value * people, covariance)


@dataclass(frozen=True)
class SpendPerOrder:
    """A fitted Gamma-Gamma model; money in the unit it was fitted on. `covariance` is that of the logarithms of
    (p, q, v)."""

    p: float
    q: float
    v: float
    log_likelihood: float = np.nan
    covariance: Floats | None = None

    def expected_mean(self, x: ArrayLike, mean: ArrayLike) -> Floats:
        """Return the expected spend per order: what was seen, drawn to everybody's the fewer orders there are."""
        x, mean = _floats(x, mean)
        weight = self.p * x / (self.p * x + self.q - 1)
        return (1 - weight) * self.population_mean + weight * mean

    @property
    def population_mean(self) -> float:
        return self.v * self.p / (self.q - 1)

    def shifted(self, logs: Floats) -> SpendPerOrder:
        """Return the model with `logs` added to the logarithms of its parameters."""
        return SpendPerOrder(*(np.array([self.p, self.q, self.v]) * np.exp(logs)))

    def simulate(self, orders: Floats, x: Floats, mean: Floats, chance: np.random.Generator) -> Floats:
        """Return what `orders` may bring each customer whose `x` orders brought `mean` on average."""
        rate = chance.gamma(self.p * x + self.q, 1 / np.maximum(self.v + x * mean, 1e-9))
        return np.where(orders > 0, chance.gamma(np.maximum(self.p * orders, 1e-9)) / rate, 0.0)


def fit_spend_per_order(x: ArrayLike, mean: ArrayLike) -> SpendPerOrder:
    """Return the Gamma-Gamma model of greatest likelihood for customers with x ≥ 1 orders of mean > 0.

    Raises NotEnoughHistory and DidNotConverge as `fit_buy_till_you_die`; with q ≤ 1 there is no mean.
    """
    x, mean = _floats(x, mean)
    some = (x > 0) & (mean > 0)
    if some.sum() < FEWEST_REPEATERS:
        raise NotEnoughHistory(f"{some.sum()} customers with a spend, {FEWEST_REPEATERS} are needed")
    # Rials run to billions, where the likelihood is flat.
    scale = mean[some].mean()
    x, mean = x[some], mean[some] / scale
    people, log_mean = len(x), np.log(mean).sum()
    weighted = dot(x, np.log(mean)) + dot(x, np.log(x))
    # The gamma functions see only how often somebody bought, which few numbers say of everybody.
    times, count = np.unique(x, return_counts=True)

    def objective(logs: Floats) -> tuple[float, Floats]:
        p, q, v = np.exp(logs)
        shape, total = p * times, v + x * mean
        log_total = np.log(total)
        sum_log, by_x, inverse = log_total.sum(), dot(x, log_total), 1 / total
        common = digamma(shape + q)
        value = dot(count, gammaln(shape + q) - gammaln(shape)) + people * (q * np.log(v) - gammaln(q))
        value += p * weighted - log_mean - p * by_x - q * sum_log
        slopes = (
            dot(count, times * (common - digamma(shape))) + weighted - by_x,
            dot(count, common) - people * (digamma(q) - np.log(v)) - sum_log,
            people * q / v - p * dot(x, inverse) - q * inverse.sum(),
        )
        return -value / people, -np.array(slopes) * (p, q, v) / people

    logs, value = _minimum(objective, np.log([5.0, 4.0, 1.0]), [(-6, 9)] * 3)
    p, q, v = np.exp(logs)
    if q <= 1:
        raise DidNotConverge("the spread of spend between customers has no mean")
    covariance = _inverse(_slopes_of(lambda at: objective(at)[1], logs) * people)
    return SpendPerOrder(p, q, v * scale, -value * people - people * np.log(scale), covariance)


def dot(a: Floats, b: Floats) -> float:
    """Return the sum of the products, added up by one thread.

    Not `a @ b`: that goes to BLAS, whose threads wait for each other, on a busy machine ten times as long as
    the sum takes.
    """
    return float(np.einsum("i,i->", a, b))


def _minimum(objective, start: Floats, bounds: list[tuple[float, float]], *args) -> tuple[Floats, float]:
    options = {"maxiter": 500, "ftol": 1e-13, "gtol": 1e-9}
    found = minimize(objective, start, args, "L-BFGS-B", jac=True, bounds=bounds, options=options)
    if not np.isfinite(found.fun) or np.abs(found.jac).max() > STEEPEST:
        raise DidNotConverge(str(found.message))
    return found.x, float(found.fun)


def _slopes_of(gradient, at: Floats, step: float = 1e-4) -> Floats:
    """Return the derivatives of `gradient` by central differences, made symmetric: the Hessian."""
    steps = step * np.eye(len(at))
    rows = [(gradient(at + one) - gradient(at - one)) / (2 * step) for one in steps]
    return (np.array(rows) + np.array(rows).T) / 2


def _inverse(hessian: Floats) -> Floats:
    """Return its inverse, in the directions in which the likelihood says anything."""
    values, vectors = np.linalg.eigh(hessian)
    known = values > 1e-6 * values.max()
    return (vectors[:, known] / values[known]) @ vectors[:, known].T
