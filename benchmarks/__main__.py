"""Measures the product beside its peers: `make bench`, or `python -m benchmarks recompute --size S`.

Every figure is a median of one run on one machine; quote the ratios, not the seconds.
"""

from __future__ import annotations

import argparse
import os
import platform
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# A database of its own: a benchmark must neither see nor disturb the demo's.
os.environ.setdefault("BASHGAH_VAR", str(ROOT / "var" / "bench"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty.settings")
# As a server of this size would be set up, for us and for everybody beside us.
os.environ.setdefault(
    "BASHGAH_POSTGRES",
    "shared_buffers=4GB effective_cache_size=16GB max_wal_size=16GB wal_compression=off",
)


def main() -> None:
    from benchmarks import (
        beside,
        coverage,
        import_online_retail,
        lifecycle,
        memory,
        orders,
        outlook,
        pictures,
        recompute,
        world,
    )

    benchmarks = {
        "recompute": recompute.run,
        "outlook": outlook.run,
        "pictures": pictures.run,
        "orders": orders.run,
        "beside": beside.run,
        "import": import_online_retail.run,
        "memory": memory.run,
    }
    # What needs no shop of our own is asked for by name.
    apart = {"lifecycle": lifecycle.run, "coverage": coverage.run}
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which: {', '.join(benchmarks)} (all), {', '.join(apart)}"
    )
    parser.add_argument(
        "--size", choices=sorted(world.SIZES), default="S", help="how large a shop (default S)"
    )
    parser.add_argument("--runs", type=int, default=3, help="how often each is measured (default 3)")
    options = parser.parse_args()
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    print(
        f"{platform.platform()}, {os.cpu_count()} cores, {memory_gb:.0f} GiB, Python {platform.python_version()}"
    )
    print(f"Where its PostgreSQL is started now: {os.environ['BASHGAH_POSTGRES']}")
    for name in options.names:
        if name in apart:
            apart[name]()
    named = [name for name in options.names if name not in apart]
    if options.names and not named:
        return
    with world.shop_of(options.size) as shop:
        for name in named or benchmarks:
            benchmarks[name](shop, options.runs)


if __name__ == "__main__":
    main()
