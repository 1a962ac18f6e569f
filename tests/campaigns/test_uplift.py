import math
import random

import numpy
import pytest
from scipy import stats

from campaigns import uplift
from campaigns.uplift import CANNOT_TELL, EARNED, LOST, Before, Interval, Sample, difference, judge


def sample(values):
    mean = sum(values) / len(values)
    return Sample(len(values), mean, sum((v - mean) ** 2 for v in values) / (len(values) - 1))


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 7.5, 12, 19, 30, 200, 5000])
@pytest.mark.parametrize("p", [0.025, 0.6, 0.9, 0.975, 0.995])
def test_t_quantiles_agree_with_scipy(p, degrees):
    assert uplift.t_quantile(p, degrees) == pytest.approx(stats.t.ppf(p, degrees), rel=1e-4)


def test_the_difference_is_welchs_where_the_arms_spread_alike():
    rng = random.Random(7)
    treatment, holdout = [rng.gauss(10, 3) for _ in range(60)], [rng.gauss(8, 3.5) for _ in range(40)]
    ours = difference(sample(treatment), sample(holdout))
    theirs = stats.ttest_ind(treatment, holdout, equal_var=False).confidence_interval(0.95)
    assert ours.value == pytest.approx(sum(treatment) / 60 - sum(holdout) / 40)
    # Never narrower than Welch, and here hardly wider.
    assert ours.low <= theirs.low + 1e-9
    assert ours.high >= theirs.high - 1e-9
    assert ours.high - ours.low < 1.05 * (theirs.high - theirs.low)


def test_an_arm_of_one_person_has_no_interval():
    assert difference(Sample(100, 1, 1), Sample(1, 0, 0)) is None


def test_where_everybody_did_the_same_there_is_no_interval():
    assert difference(Sample(100, 0, 0), Sample(40, 0, 0)) is None
    assert difference(Sample(100, 1, 4), Sample(40, 0, 0)).low < 1


def test_wilson_and_newcombe_give_the_published_numbers():
    # Newcombe 1998, table II (a): 56/70 against 48/80, method 10.
    treatment, holdout = uplift.wilson(56, 70), uplift.wilson(48, 80)
    between = uplift.share_difference(treatment, holdout)
    assert (round(between.value, 4), round(between.low, 4), round(between.high, 4)) == (0.2, 0.0524, 0.3339)
    assert uplift.wilson(0, 20).low == 0


def verdict(low, high, cost=0, people=(500, 60), buyers=80):
    return judge(Interval((low + high) / 2, low, high), people=people, buyers=buyers, cost_per_person=cost)


def test_the_verdict_is_about_profit_less_the_cost_of_writing():
    assert verdict(5, 20).word == EARNED
    assert verdict(5, 20, cost=6).word == CANNOT_TELL
    assert verdict(5, 20, cost=21).word == LOST
    assert verdict(-20, -1).word == LOST
    assert verdict(-1, 9) == uplift.Verdict(CANNOT_TELL, "too_close")


@pytest.mark.parametrize(
    ("people", "buyers", "reason"),
    [
        ((500, 0), 80, "no_holdout"),
        ((500, 19), 80, "few_people"),
        ((19, 500), 80, "few_people"),
        ((500, 60), 9, "few_buyers"),
    ],
)
def test_a_small_group_cannot_tell_and_says_why(people, buyers, reason):
    assert verdict(5, 20, people=people, buyers=buyers) == uplift.Verdict(CANNOT_TELL, reason)


def campaign(rng, treatment, holdout, base, lift=0.0, guarded=True):
    """One campaign with lopsided baskets; returns the verdict's word."""

    def profits(people, share):
        return [rng.lognormvariate(0, 1) if rng.random() < share else 0.0 for _ in range(people)]

    written, left = profits(treatment, base + lift), profits(holdout, base)
    samples = sample(written), sample(left)
    interval = difference(*samples) if guarded else welch_alone(*samples)
    buyers = sum(v > 0 for v in written + left)
    return judge(interval, people=(treatment, holdout), buyers=buyers, cost_per_person=0).word


def welch_alone(t, h):
    parts = t.variance / t.n, h.variance / h.n
    degrees = sum(parts) ** 2 / (parts[0] ** 2 / (t.n - 1) + parts[1] ** 2 / (h.n - 1)) if sum(parts) else 1
    reach = uplift.t_quantile(0.975, max(degrees, 1)) * math.sqrt(sum(parts))
    return Interval(t.mean - h.mean, t.mean - h.mean - reach, t.mean - h.mean + reach)


@pytest.mark.parametrize(("treatment", "holdout", "base"), [(180, 20, 0.1), (450, 50, 0.05), (900, 100, 0.2)])
def test_a_campaign_without_effect_is_rarely_called_earned(treatment, holdout, base):
    rng = random.Random(treatment)
    words = [campaign(rng, treatment, holdout, base) for _ in range(500)]
    assert words.count(EARNED) <= 0.05 * len(words)
    assert words.count(LOST) <= 0.05 * len(words)


def test_without_the_guard_small_holdouts_would_be_called_earned_far_too_often():
    rng = random.Random(450)
    words = [campaign(rng, 450, 50, 0.05, guarded=False) for _ in range(500)]
    assert words.count(EARNED) > 0.10 * len(words)


def test_a_large_effect_is_found():
    rng = random.Random(3)
    words = [campaign(rng, 1600, 400, 0.1, lift=0.15) for _ in range(100)]
    assert words.count(EARNED) >= 0.9 * len(words)
    words = [campaign(rng, 1600, 400, 0.25, lift=-0.15) for _ in range(100)]
    assert words.count(LOST) >= 0.8 * len(words)


# allowing for what was spent before


def arm(pairs):
    """One arm's (before, after) as what the adjustment takes."""
    before, after = zip(*pairs, strict=True)
    said, was = sample(after), sample(before)
    together = sum((x - was.mean) * (y - said.mean) for x, y in pairs) / (len(pairs) - 1)
    return said, Before(was.mean, was.variance, together)


def allowed(written, left):
    (treatment, treatment_before), (holdout, holdout_before) = arm(written), arm(left)
    return uplift.allowing_for(treatment, holdout, treatment_before, holdout_before)


def test_what_follows_wholly_from_the_past_is_taken_out_whole():
    written = [(x, 3 * x + 7) for x in range(1, 40)]
    left = [(x, 3 * x) for x in range(10, 60)]
    treatment, holdout = allowed(written, left)
    assert treatment.mean - holdout.mean == pytest.approx(7)
    assert (treatment.variance, holdout.variance) == pytest.approx((0, 0), abs=1e-6)


def test_a_past_that_nobody_has_changes_nothing():
    samples = Sample(50, 3, 2), Sample(20, 1, 4)
    assert uplift.allowing_for(*samples, Before(), Before()) == samples


def test_the_slope_is_that_of_a_regression_with_the_arms_apart():
    rng = random.Random(1)
    written = [(x, 2 * x + rng.gauss(5, 1)) for x in (rng.expovariate(0.1) for _ in range(80))]
    left = [(x, 2 * x + rng.gauss(0, 1)) for x in (rng.expovariate(0.1) for _ in range(30))]
    rows = [(1.0, 1.0, x, y) for x, y in written] + [(1.0, 0.0, x, y) for x, y in left]
    theirs = numpy.linalg.lstsq(
        numpy.array([row[:3] for row in rows]), numpy.array([row[3] for row in rows]), rcond=None
    )[0]
    treatment, holdout = allowed(written, left)
    assert treatment.mean - holdout.mean == pytest.approx(theirs[1])


def buyers(rng, people, effect):
    """People with a rate and a basket of their own: what they spent in a year, and profit in a month after."""
    pairs = []
    for _person in range(people):
        rate, basket = rng.gammavariate(1.5, 1.0), rng.lognormvariate(0, 1)

        def spent(orders, basket=basket):
            # Exponential gaps: a Poisson number of orders.
            until, total = rng.expovariate(1), 0.0
            while until < orders:
                until, total = until + rng.expovariate(1), total + basket * rng.lognormvariate(0, 0.5)
            return total

        pairs.append((spent(6 * rate), 0.4 * spent(0.5 * rate) + effect))
    return pairs


@pytest.mark.parametrize(("treatment", "holdout", "seed"), [(180, 20, 1), (450, 50, 2)])
def test_the_interval_holds_the_effect_and_is_narrower_for_knowing_the_past(treatment, holdout, seed):
    rng, effect, campaigns = random.Random(seed), 0.1, 300
    held, widths = 0, [0.0, 0.0]
    for _campaign in range(campaigns):
        written, left = buyers(rng, treatment, effect), buyers(rng, holdout, 0)
        ours = difference(*allowed(written, left))
        plain = difference(arm(written)[0], arm(left)[0])
        held += ours.low <= effect <= ours.high
        widths = [width + one.high - one.low for width, one in zip(widths, (ours, plain), strict=True)]
    assert held >= 0.93 * campaigns
    assert widths[0] < 0.85 * widths[1]


def test_knowing_the_past_finds_more_effects_and_no_more_false_ones():
    rng, found, false = random.Random(5), [0, 0], 0
    for _campaign in range(60):
        written, left = buyers(rng, 800, 0.2), buyers(rng, 200, 0)
        found[0] += difference(*allowed(written, left)).low > 0
        found[1] += difference(arm(written)[0], arm(left)[0]).low > 0
        alike = difference(*allowed([(x, y - 0.2) for x, y in written], left))
        false += not alike.low <= 0 <= alike.high
    assert found[0] >= 1.2 * found[1]
    assert false <= 0.07 * 60
