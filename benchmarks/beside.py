"""What somebody at a screen feels of a recompute: the list of customers, alone and while the shop is scored.

The scoring runs in a process of its own, again and again, as a worker's; the list is asked of the product
through its whole stack, middleware included, as the owner of the shop.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from benchmarks.world import DAY

LOOKS = 200
ADDRESSES = ("/customers/", "/customers/?stage=at_risk", "/customers/?q=n77", "/customers/?sort=-monetary")


def run(shop, runs: int) -> None:
    """Print p50 and p95 of the list in milliseconds, alone and beside a recompute."""
    from django.template import engines
    from django.template.loaders.cached import Loader
    from django.test import Client

    from loyalty.shops.models import StaffMember, User
    from loyalty.shops.scope import scope

    # As on a server; in development they are read anew each time, so that they can be edited.
    engine = engines["django"].engine
    engine.template_loaders = [Loader(engine, engine.loaders)]
    user, _ = User.objects.get_or_create(email="bench@example.com", defaults={"name": "Bench"})
    with scope(shop):
        StaffMember.objects.get_or_create(user=user, defaults={"role": "owner"})
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    session = client.session
    session["shop_id"] = shop.pk
    session.save()

    def look(asked: int) -> list[float]:
        took = []
        for number in range(asked):
            started = time.perf_counter()
            answer = client.get(ADDRESSES[number % len(ADDRESSES)])
            took.append(1_000 * (time.perf_counter() - started))
            if answer.status_code != 200:
                raise SystemExit(f"{answer.request['PATH_INFO']} answered {answer.status_code}.")
        return took

    look(len(ADDRESSES))
    alone = look(LOOKS)
    worker = subprocess.Popen([sys.executable, "-m", "benchmarks.beside", str(shop.pk)])
    try:
        time.sleep(1)
        beside = look(LOOKS)
        if worker.poll() is not None:
            raise SystemExit("The recompute ended before the list was measured.")
    finally:
        worker.terminate()
        worker.wait()
    for name, took in (("alone", alone), ("beside a recompute", beside)):
        twentieths = statistics.quantiles(took, n=20)
        print(
            f"list of customers {name:<24} p50 {statistics.median(took):>7.0f} ms   p95 {twentieths[18]:>7.0f} ms"
        )


def main() -> None:
    """Score the shop over and over until somebody ends it."""
    import datetime

    import django

    django.setup()
    from loyalty.shops.scope import get_shop, scope
    from segmentation import services

    shop = get_shop(pk=int(sys.argv[1]))
    while True:
        with scope(shop):
            services.score_shop(datetime.date.fromisoformat(DAY), is_whole=True, wish="by_hand")


if __name__ == "__main__":
    main()
