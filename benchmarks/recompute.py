"""The whole shop scored anew: our run in the database beside what an analyst would run in a notebook.

Everybody reads the same orders, takes fresh cuts and ends with the same columns, which are compared with the
product's. Each contender runs in a process of its own, so that its peak memory is its own; to ours the private
memory of its PostgreSQL sessions is added.
"""

from __future__ import annotations

import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from benchmarks.world import DAY

OURS = {
    "ours": "Bashgah: everybody anew",
    "day": "Bashgah: the same, a day to write",
    "night": "Bashgah: that day as a night",
    "first": "Bashgah: the first run, all written",
}
PEERS = {
    "pandas": "pandas, as a notebook does it",
    "polars": "polars, from the database and back",
    "duckdb": "DuckDB, from the database and back",
    "duckdb_file": "DuckDB, from parquet to parquet",
}
COMPARED = {
    "frequency": "frequency",
    "order_days": "order_days",
    "monetary": "monetary_amount",
    "profit": "profit_amount",
    "own_gap": "own_gap_days",
    "spread": "gap_spread",
    "expected_gap": "expected_gap_days",
    "r": "r_score",
    "f": "f_score",
    "m": "m_score",
    "segment": "segment",
    "stage": "stage",
    "value": "value_score",
    "quadrant": "quadrant",
}


def run(shop, runs: int) -> None:
    """Print wall time (median of `runs`) and peak memory of ours and each peer, and the ratios to ours.

    The shop's scores are forgotten first, so the first run writes everybody; it is as of the day before DAY, so
    that there is a day of orders to take in, by a night or by adding up everybody anew. Both are taken back, to be
    measured again from where they began. What peers are compared with adds up everybody anew once that day is
    written: it compares every row with the one that is kept, and finds none to rewrite.
    """
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "orders.parquet"
        measure("export", shop, path)
        found = {"first": [measure("first", shop, path) for _ in range(runs)]}
        tidy()
        found["night"] = [measure("night", shop, path) for _ in range(runs)]
        tidy()
        found["day"] = [measure("day", shop, path) for _ in range(runs)]
        measure("ours", shop, path)
        tidy()
        found["ours"] = [measure("ours", shop, path) for _ in range(runs)]
        rows = {title: found[name] for name, title in OURS.items()}
        for peer, title in PEERS.items():
            # The slowest one would make an afternoon of three rounds.
            rows[title] = [measure(peer, shop, path) for _ in range(1 if peer == "pandas" else runs)]
    base_seconds = statistics.median(row["seconds"] for row in found["ours"])
    base_mb = statistics.median(row["mb"] for row in found["ours"])
    print(f"\n{'recompute':<38}{'seconds':>9}{'× ours':>8}{'peak MB':>9}{'× ours':>8}  differences")
    for title, results in rows.items():
        seconds = statistics.median(row["seconds"] for row in results)
        mb = statistics.median(row["mb"] for row in results)
        print(
            f"{title:<38}{seconds:>9.2f}{seconds / base_seconds:>8.2f}{mb:>9.0f}{mb / base_mb:>8.1f}"
            f"  {results[0]['differences']}"
        )

    print("of which one round of the first, in seconds:")
    for part, took in sorted(found["ours"][0]["parts"].items(), key=lambda part: -part[1]):
        print(f"  {part:<36}{took:>9.2f}")


def measure(name: str, shop, path: Path) -> dict:
    """Return {"seconds", "mb", "differences", "parts"} of one run of `name` in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.recompute", name, str(shop.pk), str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{name} failed ({done.returncode}):\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


class Watch:
    """The most private memory that this process, and the database sessions it names, ever held together."""

    def __init__(self) -> None:
        self.peak_mb, self.sessions, self.is_over = 0.0, [], False
        self.thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while not self.is_over:
            pids = [os.getpid(), *self.sessions, *self._helpers()]
            self.peak_mb = max(self.peak_mb, sum(_private_mb(pid) for pid in pids))
            time.sleep(0.05)

    def _helpers(self) -> list[int]:
        """The processes that the server lets work for our sessions."""
        import psutil

        titles = [f"parallel worker for PID {session}" for session in self.sessions]
        servers = [psutil.Process(session).parent() for session in self.sessions]
        return [
            child.pid
            for server in servers
            for child in server.children()
            if any(title in _title(child.pid) for title in titles)
        ]

    def __enter__(self) -> Watch:
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.is_over = True
        self.thread.join()


def _private_mb(pid: int) -> float:
    """What the process holds for itself; shared buffers are the server's, whoever asks."""
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
    return 0.0


def _title(pid: int) -> str:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


def tidy() -> None:
    """Clean up as the server does by itself in the time between a shop's runs."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) segmentation_customerscore, segmentation_scorehistory")


def forget() -> None:
    """Forget every score, as before a shop's first run."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "TRUNCATE segmentation_scorerun, segmentation_customerscore, segmentation_scorehistory CASCADE"
        )


# What tells the statements of a run apart.
PARTS = {
    "TABLE segmentation_fresh": "adding up the orders",
    "AS repeaters, percentile_cont": "sorting for the cuts",
    "SELECT gap, count": "the pooled gaps",
    "SELECT value, count": "value scores for their middle",
    "TABLE segmentation_changed": "states, compared with those kept",
    "TABLE segmentation_newcomers": "looking for newcomers",
    "SELECT segment, stage, quadrant": "groups and pictures",
    "SELECT step, ": "groups and pictures",
    "AS step, ": "groups and pictures",
    "SELECT segment, step": "groups and pictures",
}


def part_of(sql: str) -> str:
    plain = " ".join(sql.split())
    return next((part for mark, part in PARTS.items() if mark in plain), "the rest")


def ours(shop_id: int, which: str, watch: Watch) -> dict[str, float]:
    """Do the first run, a night or everybody anew, in one transaction; return the seconds of its parts."""
    from django.db import connection, transaction

    from loyalty.shops.scope import get_shop, scope
    from segmentation import services

    day = datetime.date.fromisoformat(DAY)
    parts: dict[str, float] = defaultdict(float)

    def timed(execute, sql, params, many, context):
        started = time.perf_counter()
        done = execute(sql, params, many, context)
        parts[part_of(sql)] += time.perf_counter() - started
        return done

    with scope(get_shop(pk=shop_id)), connection.execute_wrapper(timed):
        watch.sessions.append(connection.connection.info.backend_pid)
        if which == "first":
            services.score_shop(day - datetime.timedelta(days=1))
        elif which == "night":
            services.score_shop(day)
        else:
            services.score_shop(day, is_whole=True, wish="by_hand")
        if which in ("night", "day"):
            transaction.set_rollback(True)
    return parts


def differences(found: dict, shop_id: int) -> str:
    """Return in how many of the compared columns how many rows differ from the product's."""
    import polars as pl

    from benchmarks import peers

    held = peers.connect(shop_id)
    names = ", ".join(COMPARED.values())
    cursor = held.execute(
        f"""SELECT customer_id, {names} FROM segmentation_customerscore
            WHERE shop_id = {shop_id} AND last_order_on IS NOT NULL ORDER BY customer_id"""
    )
    ours = pl.DataFrame(cursor.fetchall(), schema=["customer_id", *COMPARED], orient="row")
    theirs = pl.DataFrame(found).with_columns(pl.selectors.float().fill_nan(None)).sort("customer_id")
    wrong = {}
    for name in COMPARED:
        mine, other = ours[name], theirs[name]
        if mine.dtype.is_float() or other.dtype.is_float():
            same = ((mine.cast(float) - other.cast(float)).abs() < 1e-9).fill_null(False) | (
                mine.is_null() & other.is_null()
            )
        else:
            same = mine.eq_missing(other.cast(mine.dtype))
        if count := int((~same).sum()):
            wrong[name] = count
    return ", ".join(f"{name} {count}" for name, count in wrong.items()) or "none"


def main() -> None:
    name, shop_id, path = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    import django

    django.setup()
    from benchmarks import peers

    if name == "export":
        peers.export(shop_id, path)
        print("{}")
        return
    # Should memory run out, this process is the one to go.
    Path("/proc/self/oom_score_adj").write_text("1000")
    said, parts = "–", {}
    if name == "first":
        forget()
    with Watch() as watch:
        started = time.perf_counter()
        if name in OURS:
            parts = ours(shop_id, name, watch)
        else:
            found = getattr(peers, name)(shop_id, path)
        seconds = time.perf_counter() - started
    if name not in OURS:
        said = differences(found, shop_id)
    print(json.dumps({"seconds": seconds, "mb": watch.peak_mb, "differences": said, "parts": parts}))


if __name__ == "__main__":
    main()
