"""The whole shop scored anew: our one pass in the database beside what an analyst would run in a notebook.

Both read the same tables and write their result back. The peers run in processes of their own, so that each one's
peak memory is its own; ours is the worker process (PostgreSQL's memory is bounded by its settings).
"""

from __future__ import annotations

import datetime
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks.world import DAY

PEERS = ("pandas", "polars", "duckdb")


def run(shop, runs: int) -> None:
    """Print wall time (median of `runs`) and peak memory of ours and each peer, and the ratios to ours."""
    ours = [measure("ours", shop) for _ in range(runs)]
    rows = {"ours": ours}
    for peer in PEERS:
        rows[peer] = [measure(peer, shop) for _ in range(runs)]
    base_seconds = statistics.median(row["seconds"] for row in ours)
    base_mb = statistics.median(row["mb"] for row in ours)
    print(f"\n{'recompute':<12}{'seconds':>10}{'× ours':>9}{'peak MB':>10}{'× ours':>9}{'customers':>12}")
    for name, results in rows.items():
        seconds = statistics.median(row["seconds"] for row in results)
        mb = statistics.median(row["mb"] for row in results)
        print(
            f"{name:<12}{seconds:>10.2f}{seconds / base_seconds:>9.1f}{mb:>10.0f}{mb / base_mb:>9.1f}"
            f"{results[0]['customers']:>12,}"
        )


def measure(name: str, shop) -> dict:
    """Return {"seconds", "mb", "customers"} of one run of `name` in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.recompute", name, str(shop.pk)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def ours(shop_id: int) -> tuple[float, int]:
    import django

    django.setup()
    from loyalty.shops.scope import get_shop, scope
    from segmentation import services

    started = time.perf_counter()
    with scope(get_shop(pk=shop_id)):
        run = services.score_shop(datetime.date.fromisoformat(DAY))
    return time.perf_counter() - started, run.buyers


QUERY = """SELECT customer_id, placed_on, net_amount, cost_amount FROM customers_order
           WHERE shop_id = {shop} AND is_paid AND customer_id IS NOT NULL"""


def _connect():
    """Connect as the web role with the shop chosen, as a notebook beside the product would have to."""
    import psycopg

    from loyalty import embedded

    found = embedded.connection_settings("bashgah_web")
    return psycopg.connect(
        host=found["HOST"], port=found["PORT"] or None, dbname=found["NAME"], user=found["USER"]
    )


def _rows(shop_id: int):
    connection = _connect()
    connection.execute("SELECT set_config('app.shop_id', %s, false)", [str(shop_id)])
    return connection, QUERY.format(shop=shop_id)


def pandas(shop_id: int) -> tuple[float, int]:
    """The usual notebook: read_sql, groupby, qcut, and the result written back row by row of a COPY."""
    import pandas as pd

    connection, query = _rows(shop_id)
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(query)
        frame = pd.DataFrame(cursor.fetchall(), columns=["customer_id", "placed_on", "net", "cost"])
    frame["placed_on"] = pd.to_datetime(frame["placed_on"])
    frame["profit"] = frame["net"] - pd.to_numeric(frame["cost"])
    facts = frame.groupby("customer_id").agg(
        last=("placed_on", "max"),
        frequency=("net", "size"),
        monetary=("net", "sum"),
        profit=("profit", "sum"),
    )
    facts["recency"] = (pd.Timestamp(DAY) - facts["last"]).dt.days
    for column, reverse in (("recency", True), ("frequency", False), ("monetary", False)):
        score = pd.qcut(facts[column].rank(method="first"), 5, labels=False) + 1
        facts[column[0]] = 6 - score if reverse else score
    _write(connection, facts[["r", "f", "m", "monetary", "frequency"]].itertuples())
    return time.perf_counter() - started, len(facts)


def polars(shop_id: int) -> tuple[float, int]:
    """The same in polars, rows fetched through the same driver."""
    import polars as pl

    connection, query = _rows(shop_id)
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(query)
        frame = pl.DataFrame(
            cursor.fetchall(), schema=["customer_id", "placed_on", "net", "cost"], orient="row"
        )
    day = datetime.date.fromisoformat(DAY)
    facts = frame.group_by("customer_id").agg(
        recency=(pl.lit(day) - pl.col("placed_on").max()).dt.total_days(),
        frequency=pl.len(),
        monetary=pl.col("net").sum(),
    )
    scored = facts.with_columns(
        r=6
        - pl.col("recency")
        .qcut(5, labels=list("12345"), allow_duplicates=True)
        .cast(pl.String)
        .cast(pl.Int8),
        f=pl.col("frequency")
        .qcut(5, labels=list("12345"), allow_duplicates=True)
        .cast(pl.String)
        .cast(pl.Int8),
        m=pl.col("monetary")
        .qcut(5, labels=list("12345"), allow_duplicates=True)
        .cast(pl.String)
        .cast(pl.Int8),
    )
    _write(connection, scored.select("customer_id", "r", "f", "m", "monetary", "frequency").iter_rows())
    return time.perf_counter() - started, len(facts)


def duckdb(shop_id: int) -> tuple[float, int]:
    """The same as SQL in DuckDB over the rows of the same driver (its PostgreSQL extension is a download)."""
    import duckdb as engine
    import polars as pl

    connection, query = _rows(shop_id)
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(query)
        frame = pl.DataFrame(
            cursor.fetchall(), schema=["customer_id", "placed_on", "net", "cost"], orient="row"
        )
    tables = engine.connect()
    tables.register("frame", frame.to_arrow())
    found = tables.sql(
        f"""WITH facts AS (SELECT customer_id, DATE '{DAY}' - max(placed_on) AS recency, count(*) AS frequency,
                           sum(net)::bigint AS monetary FROM frame GROUP BY 1)
            SELECT customer_id, 6 - ntile(5) OVER (ORDER BY recency), ntile(5) OVER (ORDER BY frequency),
                   ntile(5) OVER (ORDER BY monetary), monetary, frequency FROM facts"""
    ).fetchall()
    _write(connection, found)
    return time.perf_counter() - started, len(found)


def _write(connection, rows) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE scored (customer_id bigint, r int, f int, m int, monetary bigint, frequency bigint)"
        )
        with cursor.copy("COPY scored FROM STDIN") as copy:
            for row in rows:
                copy.write_row([int(value) for value in row])
    connection.commit()


RUNNERS: dict[str, Callable[[int], tuple[float, int]]] = {
    "ours": ours,
    "pandas": pandas,
    "polars": polars,
    "duckdb": duckdb,
}


def main() -> None:
    name, shop_id = sys.argv[1:]
    seconds, customers = RUNNERS[name](int(shop_id))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    megabytes = peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    print(json.dumps({"seconds": seconds, "mb": megabytes, "customers": customers}))


if __name__ == "__main__":
    main()
