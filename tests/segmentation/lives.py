"""Invented customers who live as the model says: their past up to a day, and what they did after it."""

from __future__ import annotations

import datetime

import numpy as np

from loyalty.customers.models import Order
from tests.factories import CustomerFactory, OrderFactory

# r, alpha (weeks), a, b: about a visit in three months, and one in four leaves after a visit.
WORLD = (0.6, 8.0, 0.8, 2.5)


def visits(
    chance: np.random.Generator, customers: int, weeks: float, after: float, world=WORLD
) -> list[np.ndarray]:
    """Return for each customer the weeks of their visits since the first one, and last their age now.

    They became customers within the last `weeks`; visits go on until `after` weeks from now.
    """
    r, alpha, a, b = world
    found = []
    for age in chance.uniform(4, weeks, customers):
        rate, leaving = chance.gamma(r, 1 / alpha), chance.beta(a, b)
        last = chance.geometric(max(leaving, 1e-9))
        gaps = chance.exponential(1 / max(rate, 1e-9), min(last, 500))
        moments = np.cumsum(gaps)
        found.append(np.append(moments[moments < age + after], age))
    return found


def summed(lives: list[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Return x, t_x, T and the visits after now."""
    rows = []
    for life in lives:
        moments, age = life[:-1], life[-1]
        past = moments[moments <= age]
        rows.append((len(past), past[-1] if len(past) else 0, age, len(moments) - len(past)))
    return tuple(np.array(rows, float).T)


def fill_shop(seed: int, day: datetime.date, customers: int, *, cost_share: float | None = 0.6) -> None:
    """Let `customers` of the shop in scope live up to `day`, each spending about as much every time."""
    chance = np.random.default_rng(seed)
    people = CustomerFactory.create_batch(customers)
    made = []
    for person, life in zip(people, visits(chance, customers, 100, 0), strict=True):
        usual = 2_000_000 / chance.gamma(4)
        for moment in (0, *life[:-1]):
            net = int(usual * chance.gamma(6) / 6) + 1
            made.append(
                OrderFactory.build(
                    customer=person,
                    external_id=f"{seed}-{len(made)}",
                    on=day - datetime.timedelta(days=int(7 * (life[-1] - moment))),
                    net_amount=net,
                    cost_amount=None if cost_share is None else int(net * cost_share),
                )
            )
    Order.objects.bulk_create(made)
