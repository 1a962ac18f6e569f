"""One order at a time, as a till sends them: recorded, scored and reviewed in the transaction that records it.

Beside the product's service stands what a shop would write first in Django: save the order, add up the
customer's orders, save the sums. It knows no refunds, no rhythm, no segment, no history and no tier.
"""

from __future__ import annotations

import datetime
import itertools
import statistics
import time
from collections.abc import Callable

from benchmarks.world import DAY

ORDERS = 500
NUMBERS = itertools.count()


def run(shop, runs: int) -> None:
    """Print orders a second on one process (median of `runs` rounds of ORDERS) and the 50th and 99th of 100."""
    from loyalty import pipeline
    from loyalty.customers.models import Customer, Order
    from loyalty.customers.services import record_order
    from loyalty.shops.scope import scope
    from loyalty.tiers import services as tiers
    from segmentation import services as segmentation
    from segmentation.models import ScoreRun

    day = datetime.date.fromisoformat(DAY)
    noon = datetime.datetime.combine(day, datetime.time(12), shop.zone)
    with scope(shop):
        if ScoreRun.objects.current() is None:
            segmentation.score_shop(day)
        tiers.review_shop(day)
        # Every so many of the people, so that one after the other lies elsewhere in every table.
        keys = list(Customer.objects.order_by("pk").values_list("pk", flat=True))
        chosen = keys[:: max(1, len(keys) // ORDERS)][:ORDERS]

    def whole(customer_id: int) -> None:
        with scope(shop):
            record(customer_id)
            pipeline.orders_arrived(customer_ids=[customer_id], as_of=day)

    def record(customer_id: int) -> None:
        customer = Customer.objects.get(pk=customer_id)
        record_order(
            customer, placed_at=noon, gross_amount=1_000_000, source="bench-till", number=new_number()
        )

    def recorded(customer_id: int) -> None:
        with scope(shop):
            record(customer_id)

    def plain(customer_id: int) -> None:
        with scope(shop):
            by_hand(customer_id, noon, day)

    base = None
    try:
        for name, work in (
            ("Bashgah: recorded, scored, tier reviewed", whole),
            ("Bashgah: recorded only", recorded),
            ("Django by hand: save, add up, save", plain),
        ):
            rate, middle, slowest = measured(work, chosen, runs)
            base = base or rate
            print(
                f"{'order: ' + name:<56}{rate:>8.0f}/s{rate / base:>7.2f} × ours"
                f"   p50 {middle:.1f} ms, p99 {slowest:.1f} ms"
            )
    finally:
        with scope(shop):
            Order.objects.filter(source="bench-till").delete()


def new_number() -> str:
    return f"{time.time_ns()}-{next(NUMBERS)}"


def by_hand(customer_id: int, noon: datetime.datetime, day: datetime.date) -> None:
    """Save the order, add up, and save the sums where the scores stand, taken back at the end of the round."""
    from django.db.models import Count, Max, Sum

    from loyalty.customers.models import Customer, Order
    from segmentation.models import CustomerScore

    Customer.objects.select_for_update().get(pk=customer_id)
    Order.objects.create(
        customer_id=customer_id,
        source="bench-till",
        external_id=new_number(),
        placed_at=noon,
        placed_on=day,
        gross_amount=1_000_000,
        discount_amount=0,
        net_amount=1_000_000,
    )
    sums = Order.objects.filter(customer_id=customer_id, is_paid=True).aggregate(
        last_order_on=Max("placed_on"), frequency=Count("pk"), monetary_amount=Sum("net_amount")
    )
    score = CustomerScore.objects.get(customer_id=customer_id)
    for column, value in sums.items():
        setattr(score, column, value)
    score.save(update_fields=list(sums))


def measured(work: Callable[[int], None], chosen: list[int], runs: int) -> tuple[float, float, float]:
    """Return calls a second (median round), and the 50th and 99th percentile in milliseconds."""
    for customer_id in chosen[:20]:
        work(customer_id)
    rates, took = [], []
    for _ in range(runs):
        began = time.perf_counter()
        for customer_id in chosen:
            started = time.perf_counter()
            work(customer_id)
            took.append(1_000 * (time.perf_counter() - started))
        rates.append(len(chosen) / (time.perf_counter() - began))
    hundredths = statistics.quantiles(took, n=100)
    return statistics.median(rates), hundredths[49], hundredths[98]
