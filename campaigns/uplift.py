"""What a campaign changed: those we wrote to against those we left alone, and how sure that is.

Assumptions: (1) arms were drawn at random before sending; (2) everyone stays in the arm they were drawn into,
read the text or not (intention to treat); (3) one window for both; (4) the window is judged once, when it is
over. Looking every day and stopping at a good moment would call harmless campaigns "earned" several times as
often.

The interval is Welch's (Biometrika 34, 1947) with one guard. Purchases are rare and lopsided: when by chance
nobody in a small hold-out buys, its own spread looks like zero and Welch is far too sure: it called up to 25
in 100 campaigns without any effect "earned". Without an effect both arms have one spread, so the larger of
Welch's and the pooled standard error is used, which brings it below 2 in 100
(`tests/campaigns/test_uplift.py` simulates both). So the interval holds the effect in at least 95 of 100
campaigns, and mostly in more.

Whoever spent much before will spend much again, written to or not. That part of the spread says nothing of the
campaign and is taken out by what everybody spent before the launch (`allowing_for`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95
# Fewer people than this in either arm, or fewer buyers in both together, and no interval means anything.
MIN_PEOPLE = 20
MIN_BUYERS = 10

EARNED, LOST, CANNOT_TELL = "earned", "lost", "cannot_tell"


@dataclass(frozen=True)
class Sample:
    """One arm's amounts per person: how many people, their mean and their variance (n − 1)."""

    n: int
    mean: float
    variance: float


@dataclass(frozen=True)
class Before:
    """What one arm spent per person before the launch: mean, variance (n − 1), and how it goes along with the
    amounts after (covariance, n − 1).
    """

    mean: float = 0.0
    variance: float = 0.0
    covariance: float = 0.0


@dataclass(frozen=True)
class Interval:
    """An estimate with the bounds that hold it in at least 95 of 100 campaigns."""

    value: float
    low: float
    high: float

    def minus(self, constant: float) -> Interval:
        return Interval(self.value - constant, self.low - constant, self.high - constant)

    def times(self, factor: float) -> Interval:
        return Interval(self.value * factor, self.low * factor, self.high * factor)


@dataclass(frozen=True)
class Verdict:
    """`word` is earned, lost or cannot_tell; `reason` says why it cannot tell (empty otherwise)."""

    word: str
    reason: str = ""


def allowing_for(
    treatment: Sample, holdout: Sample, treatment_before: Before, holdout_before: Before
) -> tuple[Sample, Sample]:
    """Return both arms as they would be, had both spent alike before the launch.

    CUPED (Deng, Xu, Kohavi and Walker, WSDM 2013): Y − θ (X − mean of X), with the slope θ common to both arms.
    The draw does not know X, so the difference stays what it was on average; only its spread shrinks.
    """
    arms = ((treatment, treatment_before), (holdout, holdout_before))
    spread = sum((one.n - 1) * before.variance for one, before in arms)
    if spread <= 0:
        return treatment, holdout
    slope = sum((one.n - 1) * before.covariance for one, before in arms) / spread
    middle = sum(one.n * before.mean for one, before in arms) / (treatment.n + holdout.n)
    allowed = (
        Sample(
            one.n,
            one.mean - slope * (before.mean - middle),
            max(one.variance - 2 * slope * before.covariance + slope**2 * before.variance, 0.0),
        )
        for one, before in arms
    )
    return tuple(allowed)


def difference(treatment: Sample, holdout: Sample) -> Interval | None:
    """Return treatment − hold-out per person with its interval; None with fewer than two people in an arm, and
    where everybody did the same."""
    if treatment.n < 2 or holdout.n < 2 or not (treatment.variance or holdout.variance):
        return None
    part_t, part_h = treatment.variance / treatment.n, holdout.variance / holdout.n
    pooled = (
        ((treatment.n - 1) * treatment.variance + (holdout.n - 1) * holdout.variance)
        / (treatment.n + holdout.n - 2)
        * (1 / treatment.n + 1 / holdout.n)
    )
    error = math.sqrt(max(part_t + part_h, pooled))
    degrees = _welch_degrees(part_t, part_h, treatment.n, holdout.n)
    value = treatment.mean - holdout.mean
    reach = t_quantile(0.5 + CONFIDENCE / 2, degrees) * error
    return Interval(value, value - reach, value + reach)


def _welch_degrees(part_t: float, part_h: float, n_t: int, n_h: int) -> float:
    """Satterthwaite's degrees of freedom (Biometrics Bulletin 2, 1946)."""
    below = part_t**2 / (n_t - 1) + part_h**2 / (n_h - 1)
    return (part_t + part_h) ** 2 / below


def judge(
    profit: Interval | None, *, people: tuple[int, int], buyers: int, cost_per_person: float
) -> Verdict:
    """Return the verdict on profit per person less the cost of writing to them.

    `people` are (treatment, hold-out), `buyers` those of both arms. Both bounds must be on one side of zero.
    """
    if not people[1]:
        return Verdict(CANNOT_TELL, "no_holdout")
    if min(people) < MIN_PEOPLE:
        return Verdict(CANNOT_TELL, "few_people")
    if buyers < MIN_BUYERS or profit is None:
        return Verdict(CANNOT_TELL, "few_buyers")
    net = profit.minus(cost_per_person)
    if net.low > 0:
        return Verdict(EARNED)
    if net.high < 0:
        return Verdict(LOST)
    return Verdict(CANNOT_TELL, "too_close")


def wilson(buyers: int, people: int) -> Interval:
    """Return the share that bought with its score interval (Wilson, JASA 22, 1927); people must not be 0."""
    z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
    share = buyers / people
    middle = (share + z * z / (2 * people)) / (1 + z * z / people)
    reach = z / (1 + z * z / people) * math.sqrt(share * (1 - share) / people + z * z / (4 * people * people))
    return Interval(share, max(0.0, middle - reach), min(1.0, middle + reach))


def share_difference(treatment: Interval, holdout: Interval) -> Interval:
    """Return the difference of two Wilson shares (Newcombe, Statistics in Medicine 17, 1998, method 10)."""
    value = treatment.value - holdout.value
    down = math.hypot(treatment.value - treatment.low, holdout.high - holdout.value)
    up = math.hypot(treatment.high - treatment.value, holdout.value - holdout.low)
    return Interval(value, value - down, value + up)


def t_quantile(p: float, degrees: float) -> float:
    """Return Student's quantile (Hill, CACM 13, 1970, algorithm 396), within 1e-3 of exact from 3 degrees on.

    Own arithmetic because a web process does not load scipy for one number.
    """
    if degrees < 1:
        raise ValueError("Degrees of freedom start at 1.")
    if p < 0.5:
        return -t_quantile(1 - p, degrees)
    two_tail = 2 * (1 - p)
    if degrees == 1:
        return 1 / math.tan(two_tail * math.pi / 2)
    if degrees == 2:
        return math.sqrt(2 / (two_tail * (2 - two_tail)) - 2)
    a = 1 / (degrees - 0.5)
    b = 48 / (a * a)
    c = ((20700 * a / b - 98) * a - 16) * a + 96.36
    d = ((94.5 / (b + c) - 3) / b + 1) * math.sqrt(a * math.pi / 2) * degrees
    x = d * two_tail
    y = x ** (2 / degrees)
    if y > 0.05 + a:
        x = NormalDist().inv_cdf(two_tail / 2)
        y = x * x
        if degrees < 5:
            c += 0.3 * (degrees - 4.5) * (x + 0.6)
        c = (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b + c
        y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x
        y = math.expm1(a * y * y)
    else:
        inner = 1 / (((degrees + 6) / (degrees * y) - 0.089 * d - 0.822) * (degrees + 2) * 3)
        y = ((inner + 0.5 / (degrees + 4)) * y - 1) * (degrees + 1) / (degrees + 2) + 1 / y
    return math.sqrt(degrees * y)
