"""The weekly look ahead: the fit beside `lifetimes` on the same histories, and the whole job with the database."""

from __future__ import annotations

import datetime
import statistics
import time
from collections.abc import Callable

import numpy as np

from benchmarks.world import DAY


def run(shop, runs: int) -> None:
    """Print the medians of both, and how many times longer `lifetimes` takes."""
    from loyalty.shops.scope import scope
    from segmentation import outlook, services
    from segmentation.models import ScoreRun

    day = datetime.date.fromisoformat(DAY)
    with scope(shop):
        # Once a night before the week; its own benchmark is “recompute”.
        services.score_shop(day)
    with scope(shop):
        people = ScoreRun.objects.current().buyers
    # The shop's orders lie evenly and follow no such model, on which `lifetimes` does not converge at all.
    fits(invented(people), runs)
    said = []

    def job() -> None:
        with scope(shop):
            said.append(outlook.renew(day))

    seconds = [timed(job) for _ in range(runs)]
    print(
        f"{'the whole weekly job':<40}{statistics.median(seconds):>10.2f} s"
        f"   (first: {seconds[0]:.2f} s; {said[-1].people:,} people, {said[-1].reason or 'foretold'})"
    )


def fits(rows: dict[str, np.ndarray], runs: int) -> None:
    """Print the fit of BG/NBD and Gamma-Gamma on these histories, ours and that of `lifetimes`."""
    from segmentation import churn, forecast

    people = forecast.people(rows)
    orders = people.x + 1
    repeat = (people.x > 0) & (people.amount > 0)
    x, amount = people.x[repeat], people.amount[repeat]

    def ours() -> None:
        forecast.fit(*people.history)
        churn.fit_spend_per_order(x, amount)

    def exact() -> None:
        churn.fit_buy_till_you_die(churn.histories(*people.history))
        churn.fit_spend_per_order(x, amount)

    def theirs() -> None:
        from lifetimes import BetaGeoFitter, GammaGammaFitter

        BetaGeoFitter().fit(*people.history)
        # It takes the order of its amounts; rials would keep it from converging.
        GammaGammaFitter().fit(x, amount / amount.mean())

    def predict() -> None:
        found = forecast.Forecast.__new__(forecast.Forecast)
        found.people, found.model = people, model
        _ = found.p_alive, found.p_back, found.orders

    model = forecast.fit(*people.history)
    base = None
    for name, work in (("ours, by weeks", ours), ("ours, every history", exact), ("lifetimes", theirs)):
        seconds = statistics.median(timed(work) for _ in range(1 if work is theirs else runs))
        base = base or seconds
        print(f"{f'fit of {len(orders):,}: {name}':<40}{seconds:>10.2f} s{seconds / base:>8.1f} × ours")
    print(
        f"{f'foretelling {len(orders):,}':<40}{statistics.median(timed(predict) for _ in range(runs)):>10.2f} s"
    )


def timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def invented(customers: int, seed: int = 1405) -> dict[str, np.ndarray]:
    """Return histories that follow the model, without a database: columns as `outlook.HISTORY` names them."""
    chance = np.random.default_rng(seed)
    age = chance.integers(30, 730, customers)
    rate, leaving = chance.gamma(0.6, 1 / 60, customers), chance.beta(0.8, 2.5, customers)
    stays = chance.geometric(np.maximum(leaving, 1e-9))
    x = np.minimum(chance.poisson(rate * age), stays)
    # The last of n moments spread evenly over a life of some length lies at n / (n + 1) of it.
    lived = np.where(x < stays, age, age * chance.random(customers))
    last = np.where(x > 0, np.maximum(1, lived * chance.beta(np.maximum(x, 1), 1)), 0).astype(int)
    days = np.minimum(x, last) + 1
    amount = (days * chance.gamma(4, 500_000, customers)).astype(np.int64)
    return {
        "days": days,
        "last_after": last,
        "age": age,
        "amount": amount,
        "margin": np.full(customers, 0.4),
    }


if __name__ == "__main__":
    fits(invented(1_000_000), 3)
