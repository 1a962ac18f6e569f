"""Pasts made by hand: what customers were from when, told span by span."""

from __future__ import annotations

import datetime
import random

from loyalty.customers.models import Customer
from segmentation.models import CustomerScore, Quadrant, ScoreHistory, Segment, Stage
from segmentation.spans import change

KINDS = {"segment": Segment, "stage": Stage, "quadrant": Quadrant}


def remember(customer: Customer, *told: tuple[datetime.date, dict[str, str]]) -> None:
    """Write the spans of a customer: (first day, groups), oldest first; the last one still holds."""
    changes = [
        change(day, **{"segment": "", "stage": "active", "quadrant": "", **groups}) for day, groups in told
    ]
    ScoreHistory.objects.update_or_create(customer=customer, defaults={"changes": changes})


def remember_anything(seed: int, today: datetime.date, customers: list[Customer]) -> dict[int, list]:
    """Give every customer a random past up to `today`; return {customer: [(day, groups), …]}.

    What they were last is what their score says, too.
    """
    chance = random.Random(seed)
    pasts = {}
    for customer in customers:
        days = sorted(chance.sample(range(200), chance.randrange(1, 6)), reverse=True)
        spans = []
        for ago in days:
            groups = {kind: chance.choice(choices.values) for kind, choices in KINDS.items()}
            if groups["stage"] == Stage.PROSPECT:
                groups |= {"segment": "", "quadrant": ""}
            if not spans or spans[-1][1] != groups:
                spans.append((today - datetime.timedelta(days=ago), groups))
        remember(customer, *spans)
        CustomerScore.objects.filter(customer=customer).update(**spans[-1][1])
        pasts[customer.pk] = spans
    return pasts


def was(pasts: dict[int, list], kind: str, day: datetime.date) -> dict[int, str]:
    """Return {customer: group} of those who were in a group of `kind` on `day`, read span by span."""
    found = {}
    for customer, spans in pasts.items():
        held = [groups[kind] for first, groups in spans if first <= day]
        if held and held[-1]:
            found[customer] = held[-1]
    return found
