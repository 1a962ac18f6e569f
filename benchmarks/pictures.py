"""What a screen waits for: an audience of five conditions, the cohorts, and every chart of the boards.

Each is asked as the screen asks it. Beside the audience stands the same question over the people with their
scores joined to them; beside the cohorts the usual query over the orders themselves.
"""

from __future__ import annotations

import datetime
import statistics
import time
from collections.abc import Callable

from benchmarks.world import DAY

# Frequent, not long gone, with money, in a group worth writing to, and late by their own measure.
FIVE = [
    ("orders", "at_least", {"min": 3}),
    ("last_order", "in_last", {"days": 180}),
    ("spend", "at_least", {"min": 2_000_000}),
    ("segment", "any", {"values": ["champions", "loyal", "potential_loyalist", "need_attention"]}),
    ("stage", "any", {"values": ["active", "loyal", "at_risk"]}),
]

COHORTS_OF_ORDERS = """
SELECT date_trunc('month', first_on), date_trunc('month', placed_on), count(DISTINCT customer_id), count(*),
       sum(net_amount)
FROM (SELECT customer_id, placed_on, net_amount, min(placed_on) OVER (PARTITION BY customer_id) AS first_on
      FROM customers_order WHERE shop_id = %s AND is_paid AND customer_id IS NOT NULL) AS sale
GROUP BY 1, 2"""


def run(shop, runs: int) -> None:
    """Print the medians in milliseconds."""
    from django.db import connection

    from loyalty.customers import sales
    from loyalty.customers.filters.builder import looking
    from loyalty.customers.filters.builder.compiling import compile_tree, frame
    from loyalty.customers.filters.builder.ideas import ask
    from loyalty.customers.filters.builder.tree import VERSION, parse
    from loyalty.customers.models import Customer
    from loyalty.shops.rls import refresh_statistics
    from loyalty.shops.scope import scope
    from loyalty.tiers import services as tiers
    from segmentation import cohorts, services
    from segmentation.models import CustomerScore, ScoreRun

    day = datetime.date.fromisoformat(DAY)
    with scope(shop):
        if ScoreRun.objects.current() is None:
            services.score_shop(day)
        tiers.review_shop(day)
        cohorts.renew(day)
        sales.keep(shop.today())
        refresh_statistics(CustomerScore)
        conditions = [ask(field, op, **values) for field, op, values in FIVE]
        root = parse({"version": VERSION, "root": {"join": "all", "not": False, "of": conditions}})
        if root.problems:
            raise SystemExit(f"The audience cannot be asked: {root.problems}")

    def timed(name: str, work: Callable[[], object]) -> object:
        seconds = []
        for _ in range(runs + 1):
            with scope(shop):
                started = time.perf_counter()
                found = work()
                seconds.append(time.perf_counter() - started)
        # The first one reads from the disk and compiles what is compiled once.
        middle = statistics.median(seconds[1:])
        print(f"{name:<60}{1_000 * middle:>9.0f} ms   (first {1_000 * seconds[0]:.0f})", flush=True)
        return found

    def over_orders() -> int:
        with connection.cursor() as cursor:
            cursor.execute(COHORTS_OF_ORDERS, [shop.pk])
            return len(cursor.fetchall())

    counted = timed("audience, five conditions", lambda: looking.count(root, day))
    joined = timed(
        "  the same over people joined with scores",
        lambda: Customer.objects.filter(compile_tree(root, frame(day))).count(),
    )
    if counted != joined:
        raise SystemExit(f"The audience has {counted} people, or {joined} when joined.")
    timed("cohorts, months", lambda: cohorts.matrix("month"))
    timed("  the same from the orders", over_orders)
    for name, work in charts(shop, day).items():
        timed(name, work)


def charts(shop, day: datetime.date) -> dict[str, Callable[[], object]]:
    """Return every picture of the overview and the boards, each from its stored rows to its figures."""
    from django.core.cache import caches
    from django.utils import timezone

    from loyalty.overview import Overview
    from segmentation import concentration, facts, services
    from segmentation.models import ScoreRun

    def run():
        return ScoreRun.objects.current()

    def overview(part: str) -> Callable[[], object]:
        def asked() -> object:
            caches["figures"].clear()
            return getattr(Overview(shop, timezone.now()), part)

        return asked

    parts = (
        "stages",
        "active",
        "at_risk",
        "income",
        "repeat",
        "ahead",
        "findings",
        "moved",
        "moves",
        "campaigns",
    )
    return {
        "map of recency and frequency": facts.grid,
        "groups: segments": lambda: facts.groups("segment", day),
        "groups: stages": lambda: facts.groups("stage", day),
        "groups: value and volume": lambda: facts.groups("quadrant", day),
        "points of value and volume": lambda: facts.points(run().buyers, run().as_of),
        "stages by week": lambda: facts.trend("stage", run(), services.TREND_WEEKS),
        "who makes the sales": concentration.now,
        **{f"overview: {part}": overview(part) for part in parts},
    }
