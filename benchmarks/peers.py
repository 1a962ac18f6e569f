"""What an analyst would run instead: pandas, polars and DuckDB over the same orders, to the same columns.

Each runs in a process of its own, reads what it needs, scores, and writes its result: into the database, or,
where it read a file, into another file. pandas reads and writes as its own guide does, by read_sql and to_sql;
polars and DuckDB get the quickest way that needs no download, a binary COPY laid over numpy without a copy (DuckDB's
own extension for PostgreSQL and ADBC are downloads).
"""

from __future__ import annotations

import datetime
import io
from pathlib import Path

import numpy as np

from benchmarks import scoring
from benchmarks.world import DAY
from segmentation import value_volume

READ = ("customer_id", "placed_on", "net_amount", "cost_amount", "gross_amount", "discount_amount")
ORDERS = f"""SELECT {", ".join(READ)} FROM customers_order
WHERE shop_id = {{shop}} AND is_paid AND customer_id IS NOT NULL AND placed_on <= '{DAY}'"""
# Days since the first of 2000, as PostgreSQL counts in binary; no cost is a number no cost has.
EPOCH = datetime.date(2000, 1, 1)
TODAY = (datetime.date.fromisoformat(DAY) - EPOCH).days
UNKNOWN = -(2**60)
BINARY = ORDERS.replace("cost_amount", f"coalesce(cost_amount, {UNKNOWN})", 1)
ROW = np.dtype(
    [("fields", ">i2")]
    + [
        part
        for name, kind in zip(READ, (">i8", ">i4", ">i8", ">i8", ">i8", ">i8"), strict=True)
        for part in ((f"{name}_length", ">i4"), (name, kind))
    ]
)
HEADER_BYTES, TRAILER_BYTES = 19, 2


def connect(shop_id: int):
    """Connect as the web role with the shop chosen, as a notebook beside the product would have to."""
    import psycopg

    from loyalty import embedded

    found = embedded.connection_settings("bashgah_web")
    connection = psycopg.connect(
        host=found["HOST"], port=found["PORT"] or None, dbname=found["NAME"], user=found["USER"]
    )
    connection.autocommit = True
    connection.execute("SELECT set_config('app.shop_id', %s, false)", [str(shop_id)])
    connection.autocommit = False
    return connection


def orders(connection, shop_id: int) -> dict[str, np.ndarray]:
    """Return the columns of READ, fetched as fast as the driver can."""
    held = io.BytesIO()
    with connection.cursor().copy(f"COPY ({BINARY.format(shop=shop_id)}) TO STDOUT (FORMAT binary)") as copy:
        for block in copy:
            held.write(block)
    rows = np.frombuffer(held.getbuffer()[HEADER_BYTES:-TRAILER_BYTES], ROW)
    return {name: rows[name].astype("i8" if name != "placed_on" else "i4") for name in READ}


def export(shop_id: int, path: Path) -> None:
    """Write the orders as a parquet file, for those who start from one."""
    import polars as pl

    pl.DataFrame(orders(connect(shop_id), shop_id)).write_parquet(path)


def write_back(connection, columns: dict[str, np.ndarray]) -> None:
    """Write the result as a new table, as text, by COPY: quicker than any to_sql."""
    import polars as pl

    kinds = {"i": "bigint", "u": "bigint", "f": "float8"}
    table = ", ".join(f"{name} {kinds.get(column.dtype.kind, 'text')}" for name, column in columns.items())
    connection.execute(f"CREATE TEMPORARY TABLE scored ({table})")
    text = (
        pl.DataFrame(columns)
        .with_columns(pl.selectors.float().fill_nan(None))
        .write_csv(include_header=False)
    )
    with connection.cursor().copy("COPY scored FROM STDIN (FORMAT csv)") as copy:
        copy.write(text)
    connection.commit()


def pandas(shop_id: int, path: Path) -> dict[str, np.ndarray]:
    """The usual notebook: read_sql, groupby, and the result written back."""
    import pandas as pd
    import sqlalchemy

    engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: connect(shop_id))
    frame = pd.read_sql(ORDERS.format(shop=shop_id), engine, parse_dates=["placed_on"])
    frame["profit"] = frame["net_amount"] - frame["cost_amount"]
    frame["costed"] = frame["net_amount"].where(frame["cost_amount"].notna())
    frame["is_full"] = frame["discount_amount"] == 0
    facts = frame.groupby("customer_id").agg(
        first=("placed_on", "min"),
        last=("placed_on", "max"),
        frequency=("net_amount", "size"),
        monetary=("net_amount", "sum"),
        gross=("gross_amount", "sum"),
        discount=("discount_amount", "sum"),
        full_price=("is_full", "mean"),
        profit=("profit", "sum"),
        costed=("costed", "sum"),
    )
    days = frame[["customer_id", "placed_on"]].drop_duplicates().sort_values(["customer_id", "placed_on"])
    days["gap"] = days.groupby("customer_id")["placed_on"].diff().dt.days
    gaps = days.dropna(subset="gap")
    by_customer = gaps.groupby("customer_id")["gap"]
    facts["order_days"] = days.groupby("customer_id").size()
    today = pd.Timestamp(DAY)
    lately = days[(today - days["placed_on"]).dt.days < value_volume.VOLUME_DAYS]
    facts["year_days"] = lately.groupby("customer_id").size().reindex(facts.index, fill_value=0)
    facts["own_gap"] = by_customer.median()
    facts["spread"] = (by_customer.std(ddof=0) / by_customer.mean()).where(facts["order_days"] > 2)

    def came_back(expected: np.ndarray) -> np.ndarray:
        usual = gaps["customer_id"].map(pd.Series(expected, facts.index))
        back = (gaps["gap"] > 2.5 * usual) & ((today - gaps["placed_on"]).dt.days <= usual)
        return facts.index.isin(gaps.loc[back, "customer_id"])

    columns = {name: facts[name].to_numpy() for name in facts}
    columns |= {
        "customer_id": facts.index.to_numpy(),
        "recency": (today - facts["last"]).dt.days.to_numpy(),
        "tenure": (facts["last"] - facts["first"]).dt.days.to_numpy(),
        "margin": (facts["profit"] / facts["costed"].where(facts["costed"] > 0)).to_numpy(),
        "profit": facts["profit"].where(facts["costed"] > 0).to_numpy(),
    }
    found = scoring.score(columns, gaps["gap"].to_numpy(), came_back)
    pd.DataFrame(found).to_sql("scored", engine, schema="pg_temp", index=False)
    return found


def polars(shop_id: int, path: Path) -> dict[str, np.ndarray]:
    """Polars, lazy where that helps, on all cores."""
    import polars as pl

    connection = connect(shop_id)
    frame = pl.DataFrame(orders(connection, shop_id))
    cost = pl.col("cost_amount")
    known = cost != UNKNOWN
    facts = (
        frame.group_by("customer_id")
        .agg(
            first=pl.col("placed_on").min(),
            last=pl.col("placed_on").max(),
            frequency=pl.len(),
            monetary=pl.col("net_amount").sum(),
            gross=pl.col("gross_amount").sum(),
            discount=pl.col("discount_amount").sum(),
            full_price=(pl.col("discount_amount") == 0).mean(),
            profit=(pl.col("net_amount") - cost).filter(known).sum(),
            costed=pl.col("net_amount").filter(known).sum(),
        )
        .sort("customer_id")
    )
    days = frame.select("customer_id", "placed_on").unique().sort("customer_id", "placed_on")
    gaps = days.with_columns(gap=pl.col("placed_on").diff().over("customer_id")).drop_nulls()
    rhythm = gaps.group_by("customer_id").agg(
        order_days=pl.len() + 1,
        own_gap=pl.col("gap").median(),
        spread=pl.when(pl.len() > 1).then(pl.col("gap").std(ddof=0) / pl.col("gap").mean()),
    )
    lately = days.filter(TODAY - pl.col("placed_on") < value_volume.VOLUME_DAYS)
    lately = lately.group_by("customer_id").agg(year_days=pl.len())
    for found in (rhythm, lately):
        facts = facts.join(found, on="customer_id", how="left", maintain_order="left")
    facts = facts.with_columns(
        order_days=pl.col("order_days").fill_null(1),
        year_days=pl.col("year_days").fill_null(0),
        recency=TODAY - pl.col("last"),
        tenure=pl.col("last") - pl.col("first"),
        margin=pl.when(pl.col("costed") > 0).then(pl.col("profit") / pl.col("costed")),
        profit=pl.when(pl.col("costed") > 0).then(pl.col("profit")),
    )

    def came_back(expected: np.ndarray) -> np.ndarray:
        usual = pl.DataFrame({"customer_id": facts["customer_id"], "usual": expected})
        late = gaps.lazy().filter(TODAY - pl.col("placed_on") <= 400).join(usual.lazy(), on="customer_id")
        back = late.filter(
            pl.col("gap") > 2.5 * pl.col("usual"), TODAY - pl.col("placed_on") <= pl.col("usual")
        ).collect()
        return facts["customer_id"].is_in(back["customer_id"].unique().implode()).to_numpy()

    found = scoring.score(
        {name: facts[name].to_numpy() for name in facts.columns}, gaps["gap"].to_numpy(), came_back
    )
    write_back(connection, found)
    return found


def duckdb(shop_id: int, path: Path) -> dict[str, np.ndarray]:
    """DuckDB over the rows of the database."""
    import duckdb as engine
    import pyarrow as pa

    connection = connect(shop_id)
    tables = engine.connect()
    rows = pa.table(orders(connection, shop_id))
    tables.register("orders", rows)
    found = _in_duckdb(tables)
    write_back(connection, found)
    return found


def duckdb_file(shop_id: int, path: Path) -> dict[str, np.ndarray]:
    """DuckDB from a parquet file made beforehand, to another one: no database at all."""
    import duckdb as engine
    import polars as pl

    tables = engine.connect()
    tables.sql(f"CREATE VIEW orders AS SELECT * FROM '{path}'")
    found = _in_duckdb(tables)
    pl.DataFrame(found).write_parquet(path.with_name("scored.parquet"))
    return found


def _in_duckdb(tables) -> dict[str, np.ndarray]:
    known = f"cost_amount <> {UNKNOWN}"
    tables.sql("SET preserve_insertion_order = false")
    tables.sql("""CREATE TEMP TABLE gaps AS
        SELECT customer_id, placed_on, placed_on - lag(placed_on) OVER (
            PARTITION BY customer_id ORDER BY placed_on) AS gap
        FROM (SELECT DISTINCT customer_id, placed_on FROM orders)""")
    tables.sql(f"""CREATE TEMP TABLE facts AS
        SELECT customer_id, first, last, {TODAY} - last AS recency, last - first AS tenure, frequency, monetary,
               gross, discount, full_price, coalesce(order_days, 1) AS order_days,
               coalesce(year_days, 0) AS year_days, own_gap, spread,
               CASE WHEN costed > 0 THEN profit END AS profit,
               CASE WHEN costed > 0 THEN profit / costed END AS margin
        FROM (SELECT customer_id, min(placed_on) AS first, max(placed_on) AS last, count(*) AS frequency,
                     sum(net_amount)::bigint AS monetary, sum(gross_amount)::bigint AS gross,
                     sum(discount_amount)::bigint AS discount, avg((discount_amount = 0)::int) AS full_price,
                     sum(net_amount - cost_amount) FILTER (WHERE {known})::bigint AS profit,
                     sum(net_amount) FILTER (WHERE {known})::bigint AS costed
              FROM orders GROUP BY customer_id)
        LEFT JOIN (SELECT customer_id, count(*) AS order_days, median(gap) AS own_gap,
                          count(*) FILTER (WHERE {TODAY} - placed_on < {value_volume.VOLUME_DAYS}) AS year_days,
                          CASE WHEN count(gap) > 1 THEN stddev_pop(gap) / avg(gap) END AS spread
                   FROM gaps GROUP BY customer_id) USING (customer_id) ORDER BY customer_id""")
    columns = {
        name: np.ma.filled(column.astype(float), np.nan) if np.ma.isMaskedArray(column) else column
        for name, column in tables.sql("SELECT * FROM facts ORDER BY customer_id").fetchnumpy().items()
    }
    pooled = tables.sql("SELECT gap FROM gaps WHERE gap IS NOT NULL").fetchnumpy()["gap"]

    def came_back(expected: np.ndarray) -> np.ndarray:
        import pyarrow as pa

        tables.register("usual", pa.table({"customer_id": columns["customer_id"], "usual": expected}))
        back = tables.sql(f"""SELECT DISTINCT customer_id FROM gaps JOIN usual USING (customer_id)
            WHERE {TODAY} - placed_on <= 400 AND gap > 2.5 * usual AND {TODAY} - placed_on <= usual""")
        return np.isin(columns["customer_id"], back.fetchnumpy()["customer_id"])

    return scoring.score(columns, np.asarray(pooled), came_back)
