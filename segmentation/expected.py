"""What the last look ahead says, laid out for the screens: figures with their interval, groups, who is at stake."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, ExpressionWrapper, F, FloatField, Sum
from django.db.models.functions import Greatest
from django.utils.functional import Promise

from .models import CustomerOutlook, OutlookRun, Quadrant, Segment, Stage, segment_labels

KINDS = {"stage": Stage, "segment": Segment, "quadrant": Quadrant}

# Probably no longer with us, and of the two upper fifths by money.
UNLIKELY_PERCENT, VALUED = 50, (4, 5)
# Below this the expectation of somebody who were still with us is rounding and no knowledge.
FAINT = 0.01
# Expected numbers of orders below this are written with a decimal.
FEW = 10


@dataclass(frozen=True)
class Expected:
    """An expectation and the bounds that are to hold nine of ten outcomes; money in minor units."""

    mean: float
    low: float
    high: float

    @property
    def places(self) -> int:
        return 1 if self.high < FEW else 0

    @property
    def amount(self) -> int:
        return round(self.mean)

    @property
    def low_amount(self) -> int:
        return round(self.low)

    @property
    def high_amount(self) -> int:
        return round(self.high)


@dataclass(frozen=True)
class Sums:
    """What a group is expected to bring from `as_of` on; `profit` is None where it is known of nobody."""

    as_of: datetime.date
    key: str
    label: str | Promise
    people: int
    orders_30: Expected
    orders_90: Expected
    orders_365: Expected
    amount_30: Expected
    amount_365: Expected
    profit_people: int
    profit_365: Expected | None

    @property
    def money(self) -> Expected:
        return self.amount_365 if self.profit_365 is None else self.profit_365


def sums(run: OutlookRun, found: Mapping, key: str = "", label: str | Promise = "") -> Sums:
    """Return one entry of `run.groups`."""
    figures = {
        name: Expected(*found[name]) if name in found else None
        for name in ("orders_30", "orders_90", "orders_365", "amount_30", "amount_365", "profit_365")
    }
    counts = {name: found[name] for name in ("people", "profit_people")}
    return Sums(as_of=run.as_of, key=key, label=label, **counts, **figures)


def everybody(run: OutlookRun) -> Sums:
    return sums(run, run.groups["all"][""])


def groups(run: OutlookRun, kind: str) -> list[Sums]:
    """Return the groups of `kind` (one of KINDS) that have people, in the order they are named in."""
    labels = segment_labels() if kind == "segment" else dict(KINDS[kind].choices)
    # Runs of earlier versions had no quadrants.
    found = run.groups.get(kind, {})
    return [sums(run, found[key], key, label) for key, label in labels.items() if key in found]


@dataclass(frozen=True)
class AtStake:
    """Valued people who probably no longer come: how many, what they would bring in a year if they did and
    are not expected to, and the first of them. `query` is their list."""

    people: int
    amount: int
    query: str
    first: list[CustomerOutlook]


def at_stake(has_profit: bool, most: int = 8) -> AtStake:
    """Return who is at stake, by profit or, where none is known, by net spend.

    At stake is what somebody would bring if they were certainly still with us, less what is expected of them:
    expected × (1 − chance) ÷ chance.
    """
    money = F("profit_365_amount" if has_profit else "amount_365_amount")
    stake = ExpressionWrapper(
        money * (1 - F("p_alive")) / Greatest(F("p_alive"), FAINT), output_field=FloatField()
    )
    people = CustomerOutlook.objects.filter(
        p_alive__lte=UNLIKELY_PERCENT / 100, customer__score__m_score__in=VALUED
    ).annotate(stake=stake)
    whole = people.aggregate(people=Count("pk"), amount=Sum("stake"))
    first = people.filter(stake__gt=0).select_related("customer__score").order_by("-stake", "customer")
    valued = "&".join(f"m={score}" for score in VALUED)
    return AtStake(
        whole["people"],
        round(whole["amount"] or 0),
        f"with_us_max={UNLIKELY_PERCENT}&{valued}",
        list(first[:most]),
    )


@dataclass(frozen=True)
class Tenth:
    """A tenth of the people by what was expected of them, the first of whom most; of each person order days,
    and net spend in minor units."""

    number: int
    people: int
    expected: float
    happened: float
    expected_back_share: float
    back_share: float
    expected_amount: float
    happened_amount: float

    @property
    def miss(self) -> float:
        """Order days that were expected too few (above 0) or too many, of all its people."""
        return (self.happened - self.expected) * self.people


@dataclass(frozen=True)
class Told:
    """What was expected of people and what happened."""

    expected: float
    happened: float

    @property
    def ahead_share(self) -> float:
        """How much more happened than was expected, below 0 where less did."""
        return self.happened / self.expected - 1 if self.expected > 0 else 0

    @property
    def behind_share(self) -> float:
        return -self.ahead_share

    @property
    def is_close(self) -> bool:
        return abs(self.ahead_share) < 0.005

    @property
    def expected_amount(self) -> int:
        return round(self.expected)

    @property
    def happened_amount(self) -> int:
        return round(self.happened)


@dataclass(frozen=True)
class Test:
    """One time that was foretold from its first day: so many of the sums lay within their bounds. With a
    `reason` it could not be."""

    first_on: datetime.date
    days: int = 0
    orders: Told | None = None
    amount: Told | None = None
    inside: int = 0
    sums: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Calibration:
    """A past that was foretold without being looked at, beside what happened, of those known then; the last
    test by tenths, and all `tests`. With `every` above 1 it is every n-th customer's."""

    first_on: datetime.date
    days: int
    people: int
    every: int
    orders: Told
    amount: Told
    expected_back: float
    back: int
    tenths: list[Tenth]
    tests: list[Test]

    @property
    def inside(self) -> int:
        """How many of the sums lay within their bounds, in all tests."""
        return sum(test.inside for test in self.tests)

    @property
    def sums(self) -> int:
        return sum(test.sums for test in self.tests)

    @property
    def furthest(self) -> Tenth:
        """The tenth that is furthest off."""
        return max(self.tenths, key=lambda tenth: abs(tenth.miss))


def calibration(run: OutlookRun) -> Calibration | None:
    """Return the tests on the past; None where there is none, for a reason that `untested` gives."""
    found = run.calibration
    # Runs of earlier versions tested order days only.
    if not found.get("tests") or found["reason"]:
        return None
    return Calibration(
        first_on=_ago(run, found),
        days=found["days"],
        people=found["people"],
        every=found["every"],
        orders=Told(found["expected"], found["happened"]),
        amount=Told(found["expected_amount"], found["happened_amount"]),
        expected_back=found["expected_back"],
        back=found["back"],
        tenths=[_tenth(number, one) for number, one in enumerate(found["tenths"], 1)],
        tests=[_test(run, one) for one in found["tests"]],
    )


def untested(run: OutlookRun) -> str:
    """Return why there is no calibration: "short", "too_few", "no_fit", or "" where nobody has tried."""
    return run.calibration.get("reason", "")


def _tenth(number: int, found: Mapping) -> Tenth:
    def of_each(name: str) -> float:
        return found[name] / found["people"]

    return Tenth(
        number=number,
        people=found["people"],
        expected=of_each("expected"),
        happened=of_each("happened"),
        expected_back_share=of_each("expected_back"),
        back_share=of_each("back"),
        expected_amount=of_each("expected_amount"),
        happened_amount=of_each("happened_amount"),
    )


def _test(run: OutlookRun, found: Mapping) -> Test:
    if "reason" in found:
        return Test(_ago(run, found), reason=found["reason"])
    inside, sums = (sum(counts) for counts in zip(*found["inside"].values(), strict=True))
    return Test(_ago(run, found), found["days"], Told(*found["orders"]), Told(*found["amount"]), inside, sums)


def _ago(run: OutlookRun, found: Mapping) -> datetime.date:
    return run.as_of - datetime.timedelta(days=found["ago"])
