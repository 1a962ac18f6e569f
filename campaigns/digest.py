"""The week for a busy owner: what is worth doing, in sentences, ranked by the money at stake.

Every finding is a list of customers; its number is how many there are in it, so opening it shows as many.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from django.db.models import F, Sum

from campaigns.models import Digest
from loyalty.customers.filters import CustomerFilter
from loyalty.customers.models import Order, Refund
from segmentation.models import CustomerScore, ScoreRun
from segmentation.worth import drifts

YEAR = datetime.timedelta(days=365)
# A digest is compared with the last one of at least so many days before.
LEAST_APART = datetime.timedelta(days=5)
# Whom the next purchase would lift is worked out from everybody's facts: quick up to here, not for a million.
NEAR_BUYERS = 50_000


@dataclass(frozen=True)
class About:
    """One thing to look for: the list of customers it is about, and the play its button begins with.

    `stake` names the money said beside it: what they bought in the last "year", or in the year before they
    went "away" (the last one undervalues those who stay away longest); the "discount" they were given; or "".
    """

    kind: str
    query: str
    play: str = ""
    stake: str = "year"


ABOUT = (
    About("late_loyal", "stage=loyal&late=1", "win_back"),
    About("second", "stage=new&late=1", "second"),
    About("valued_at_risk", "quadrant=valued_frequent&quadrant=valued_rare&stage=at_risk", "win_back"),
    About("missed", "segment=cannot_lose", "win_back", "away"),
    About("falling", "falling=30", "falling"),
    About("near", "near=1", "near"),
    About("birthday", "birthday=7", "birthday", ""),
    About("given", "given=1", "", "discount"),
    About("no_phone", "missing=phone&recency_max=90", ""),
    About("never_asked", "consent=none&recency_max=90", ""),
)
PLAYS = {about.kind: about.play for about in ABOUT}


@dataclass(frozen=True)
class Finding:
    """`count` people in the list `query`, and the money at stake in minor units; of a drift, no people but an
    index, and what changed for a list. `before` is the count of the digest before, None where it did not have
    this.
    """

    kind: str
    query: str
    count: int
    amount: int | None = None
    index: float | None = None
    before: int | None = None
    is_new: bool = False

    @property
    def play(self) -> str:
        """The play that its campaign begins with; "" where there is nothing to write."""
        return PLAYS.get(self.kind, "")

    @property
    def change(self) -> int:
        return 0 if self.before is None else self.count - self.before


@dataclass(frozen=True)
class Week:
    """The findings as of a day, and those of the digest before that have gone; `since` is its day."""

    as_of: datetime.date
    findings: list[Finding]
    gone: list[Finding]
    since: datetime.date | None


def look(day: datetime.date) -> list[Finding]:
    """Return everything worth saying as of `day`, the most money first; [] in a calm week."""
    run = ScoreRun.objects.current()
    if run is None:
        return []
    found = [*_people(day, run), *_drift(run)]
    return sorted(found, key=lambda one: (one.amount is None, -(one.amount or 0), -one.count, one.kind))


def _people(day: datetime.date, run: ScoreRun) -> Iterator[Finding]:
    for about in ABOUT:
        if about.kind == "near" and run.buyers > NEAR_BUYERS:
            continue
        people = CustomerFilter(about.query, today=day)
        if count := people.qs.order_by().count():
            yield Finding(about.kind, people.query, count, _stake(about, people, day))


def _stake(about: About, people: CustomerFilter, day: datetime.date) -> int | None:
    if not about.stake:
        return None
    chosen = people.qs.order_by().values("pk")
    if about.stake == "discount":
        given = CustomerScore.objects.filter(customer__in=chosen)
        return int(given.aggregate(sum=Sum("discount_amount"))["sum"] or 0)
    since = (F("customer__score__last_order_on") if about.stake == "away" else day) - YEAR
    orders = Order.objects.filter(is_paid=True, placed_on__gt=since, placed_on__lte=day, customer__in=chosen)
    refunds = Refund.objects.filter(refunded_on__gt=since, refunded_on__lte=day, customer__in=chosen)
    bought = orders.aggregate(sum=Sum("net_amount"))["sum"] or 0
    return int(bought - (refunds.aggregate(sum=Sum("amount"))["sum"] or 0))


def _drift(run: ScoreRun) -> Iterator[Finding]:
    """The people have spread over the groups otherwise than a month ago."""
    for one in drifts(run):
        if one.reading == "much":
            query = f"kind={one.name}&first={one.since.isoformat()}"
            yield Finding(f"drift_{one.name}", query, 0, None, round(one.index, 2))


def week_of(day: datetime.date, found: Sequence[Finding] | None = None) -> Week:
    """Return the findings as of `day` (`found`, where they are known) against the digest before."""
    found = look(day) if found is None else found
    last = Digest.objects.filter(made_on__lte=day - LEAST_APART).first()
    if last is None:
        return Week(day, list(found), [], None)
    before = {one["kind"]: Finding(**one) for one in last.findings}
    compared = [
        replace(one, before=before[one.kind].count) if one.kind in before else replace(one, is_new=True)
        for one in found
    ]
    kinds = {one.kind for one in found}
    return Week(day, compared, [one for kind, one in before.items() if kind not in kinds], last.made_on)


def keep(day: datetime.date) -> Digest:
    """Keep the findings as of `day`; a second look at the same day replaces the first."""
    kept = [_bare(finding) for finding in look(day)]
    digest, _made = Digest.objects.update_or_create(made_on=day, defaults={"findings": kept})
    return digest


def _bare(finding: Finding) -> dict:
    return {name: value for name, value in asdict(finding).items() if name not in ("before", "is_new")}
