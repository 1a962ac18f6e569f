"""What the last look ahead says, laid out for the screens: figures with their interval, groups, who is at stake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, ExpressionWrapper, F, FloatField, Sum
from django.db.models.functions import Greatest
from django.utils.functional import Promise

from .models import CustomerOutlook, OutlookRun, Stage, segment_labels

# Probably no longer with us, and of the two upper fifths by money.
UNLIKELY_PERCENT, VALUED = 50, (4, 5)
# Below this the expectation of somebody who were still with us is rounding and no knowledge.
FAINT = 0.01
# Expected numbers of orders below this are written with a decimal.
FEW = 10


@dataclass(frozen=True)
class Expected:
    """An expectation and the bounds that hold nine of ten outcomes; money in minor units."""

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
    """What a group is expected to bring; `profit` is None where it is known of nobody."""

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


def sums(found: Mapping, key: str = "", label: str | Promise = "") -> Sums:
    """Return one entry of `OutlookRun.groups`."""
    figures = {
        name: Expected(*found[name]) if name in found else None
        for name in ("orders_30", "orders_90", "orders_365", "amount_30", "amount_365", "profit_365")
    }
    return Sums(key=key, label=label, people=found["people"], profit_people=found["profit_people"], **figures)


def everybody(run: OutlookRun) -> Sums:
    return sums(run.groups["all"][""])


def groups(run: OutlookRun, kind: str) -> list[Sums]:
    """Return the groups of `kind` ("stage" or "segment") that have people, in the order they are named in."""
    labels = segment_labels() if kind == "segment" else dict(Stage.choices)
    found = run.groups[kind]
    return [sums(found[key], key, label) for key, label in labels.items() if key in found]


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
    """A tenth of the people by what was expected of them, the first of whom most; order days of each person."""

    number: int
    people: int
    expected: float
    happened: float
    expected_back_share: float
    back_share: float

    @property
    def miss(self) -> float:
        """Order days that were expected too few (above 0) or too many, of all its people."""
        return (self.happened - self.expected) * self.people


@dataclass(frozen=True)
class Calibration:
    """A past that was foretold without being looked at, beside what happened: order days of those known then."""

    days: int
    people: int
    expected: float
    happened: int
    expected_back: float
    back: int
    tenths: list[Tenth]

    @property
    def ahead_share(self) -> float:
        """How much more happened than was expected, below 0 where less did."""
        return self.happened / self.expected - 1 if self.expected else 0

    @property
    def behind_share(self) -> float:
        return -self.ahead_share

    @property
    def is_close(self) -> bool:
        return abs(self.ahead_share) < 0.005

    @property
    def furthest(self) -> Tenth:
        """The tenth that is furthest off."""
        return max(self.tenths, key=lambda tenth: abs(tenth.miss))


def calibration(run: OutlookRun) -> Calibration | None:
    """Return the test on the last hold-out; None where the history is too short for one."""
    found = run.calibration
    if not found:
        return None
    tenths = [
        Tenth(
            number=number,
            people=one["people"],
            expected=one["expected"] / one["people"],
            happened=one["happened"] / one["people"],
            expected_back_share=one["expected_back"] / one["people"],
            back_share=one["back"] / one["people"],
        )
        for number, one in enumerate(found["tenths"], 1)
        if one["people"]
    ]
    return Calibration(**{name: value for name, value in found.items() if name != "tenths"}, tenths=tenths)
