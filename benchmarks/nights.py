"""The nights of many shops through the broker, by one worker and by two: `python -m benchmarks.nights`.

Each shop is invented as the demo's are. A night is the product's own task, claimed and worked as on a server;
workers are processes of their own with one lane each, and PostgreSQL and the broker are the embedded ones.
"""

from __future__ import annotations

import argparse
import datetime
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("BASHGAH_VAR", str(ROOT / "var" / "bench"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty.settings")
DAY = datetime.date(2026, 11, 23)
SLUG = "night"
LONGEST_SECONDS = 1_800


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nights", description=__doc__)
    parser.add_argument("--shops", type=int, default=12)
    parser.add_argument("--customers", type=int, default=3_000, help="of each shop")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()

    import django

    from loyalty import embedded

    with embedded.postgres(), embedded.broker():
        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        shops = make_shops(options.shops, options.customers)
        orders = count_orders(shops)
        print(f"{len(shops)} shops of {options.customers:,} customers, {orders:,} orders together")
        # The first night of a shop is another than the second: caches are filled, the week's work is done.
        nights(shops, 1)
        base = None
        for workers in options.workers:
            seconds = statistics.median(nights(shops, workers) for _ in range(options.runs))
            base = base or seconds
            print(
                f"{workers} worker{'s' if workers > 1 else ''}: {seconds:6.1f} s, {len(shops) / seconds * 60:6.0f}"
                f" shops a minute, × {base / seconds:.2f}"
            )


def make_shops(count: int, customers: int) -> list:
    """Return `count` shops with invented pasts, made where they are not there yet."""
    from django.conf import settings
    from django.db import connections

    from loyalty.demo import load, story
    from loyalty.demo.process import Invention
    from loyalty.shops.scope import every_shop, scope

    present = {shop.slug: shop for shop in every_shop()}
    fixture = load.read_fixture(settings.BASE_DIR / "fixtures" / "demo_fa.json")
    shops = []
    for number in range(count):
        slug = f"{SLUG}-{customers}-{number}"
        if slug not in present:
            mine = fixture | {"slug": slug, "customers": customers}
            present[slug] = story.make_shop(mine)
            with scope(present[slug]) as shop:
                invention = Invention(mine, DAY - datetime.timedelta(days=1), seed=number)
                load.past(shop, mine, invention.past())
                story.tiers.preset(DAY)
        shops.append(present[slug])
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return shops


def count_orders(shops: list) -> int:
    from loyalty.customers.models import Order
    from loyalty.shops.scope import scope

    total = 0
    for shop in shops:
        with scope(shop):
            total += Order.objects.count()
    return total


def nights(shops: list, workers: int) -> float:
    """Return the seconds from asking for the nights of all shops until the last is done."""
    from loyalty.shops.models import NightRun
    from loyalty.shops.scope import scope
    from loyalty.tasks import night

    for shop in shops:
        with scope(shop):
            NightRun.objects.all().delete()
    started = [start_worker(number) for number in range(workers)]
    try:
        began = time.perf_counter()
        for shop in shops:
            night.delay(shop.pk, DAY.isoformat())
        deadline = time.monotonic() + LONGEST_SECONDS
        left = list(shops)
        while left:
            if time.monotonic() > deadline or any(worker.poll() is not None for worker in started):
                raise SystemExit(f"{len(left)} nights were not done; a worker said why above.")
            left = [shop for shop in left if not is_done(shop)]
            time.sleep(0.05)
        return time.perf_counter() - began
    finally:
        for worker in started:
            worker.send_signal(signal.SIGTERM)
            worker.wait()


def start_worker(number: int) -> subprocess.Popen:
    """Start a worker with one lane and wait until it takes tasks."""
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "loyalty",
        "worker",
        "--pool",
        "solo",
        "--loglevel",
        "WARNING",
    ]
    worker = subprocess.Popen([*command, "-n", f"night{number}@bench"], cwd=ROOT, stdout=subprocess.DEVNULL)
    from loyalty.celery import app

    while not app.control.ping(destination=[f"night{number}@bench"], timeout=1):
        if worker.poll() is not None:
            raise SystemExit("A worker did not start.")
    return worker


def is_done(shop) -> bool:
    from loyalty.shops.models import NightRun
    from loyalty.shops.scope import scope

    with scope(shop):
        return NightRun.objects.filter(finished_at__isnull=False).exists()


if __name__ == "__main__":
    main()
