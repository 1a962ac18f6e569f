"""One shop of a chosen size, made once with a fixed seed and kept for the next run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import django
from django.db import connection, connections, transaction

# size: (customers, orders for each on average)
SIZES = {"XS": (2_000, 10), "S": (100_000, 20), "M": (1_000_000, 20)}
DAY = "2026-11-23"

PEOPLE = """
INSERT INTO customers_customer (shop_id, external_id, phone, name, name_search, name_sort, email, gender, province,
    city, neighbourhood, job, marital_status, education, income_band, tags, attributes, note, acquired_by,
    created_at, updated_at)
SELECT %(shop)s, n::text, '+98999' || lpad(n::text, 7, '0'), 'n' || n, 'n' || n, 'n' || n, '', '', '', '', '', '',
    '', '', '', '{}', '{}', '', '', now(), now()
FROM generate_series(1, %(customers)s) AS n"""

# Each customer has a rate of their own (exponential over people, hence geometric counts) and a first day; orders
# lie evenly between it and the day they stopped. A tenth of the orders has no known cost, a quarter a discount.
ORDERS = """
INSERT INTO customers_order (shop_id, customer_id, source, external_id, placed_at, placed_on, status, gross_amount,
    discount_amount, net_amount, cost_amount, branch, channel, created_at)
SELECT %(shop)s, id, 'bench', id || '-' || i, day + interval '12 hours', day, 'completed', amount + discount, discount,
    amount, CASE WHEN luck < 0.9 THEN (amount * 0.6)::bigint END, '', '', now()
FROM (
    SELECT id, i, luck, %(day)s::date - (stopped + (began - stopped) * random())::int AS day,
           (scale * -ln(1 - random()) * 500000)::bigint + 1000 AS amount,
           CASE WHEN random() < 0.25 THEN 100000 ELSE 0 END AS discount
    FROM (
        SELECT id, 1 + floor(-ln(1 - random()) * (%(orders)s - 1))::int AS count, random() AS luck,
               700 * random() AS began, CASE WHEN random() < 0.4 THEN 0 ELSE 300 * random() END AS away,
               0.5 + random() AS scale
        FROM customers_customer WHERE shop_id = %(shop)s ORDER BY id
    ) AS person
    CROSS JOIN LATERAL (SELECT least(away, began) AS stopped) AS until
    CROSS JOIN LATERAL generate_series(1, count) AS i
) AS sale"""


# What a load is quicker without; the foreign keys come back unvalidated, for the orders are made from their
# customers.
LATER = """SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = 'customers_order'::regclass AND contype = 'f'"""
INDEXES = """SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = 'customers_order'::regclass AND NOT indisprimary
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)"""


@contextmanager
def shop_of(size: str) -> Iterator:
    """Yield the shop of `size`, generating it on its first use; the embedded server runs for the block."""
    from loyalty import embedded

    with embedded.postgres():
        django.setup()
        from django.core.management import call_command

        from loyalty.shops.models import Shop
        from loyalty.shops.scope import every_shop, setting

        call_command("migrate", verbosity=0)
        slug = f"bench-{size.lower()}"
        shop = next((shop for shop in every_shop() if shop.slug == slug), None)
        if shop is None:
            with setting("app.every_shop", "on"):
                shop = Shop.objects.create(slug=slug, name=slug)
            make(shop, *SIZES[size])
        yield shop
        connections.close_all()


def make(shop, customers: int, orders: int) -> None:
    """Fill `shop`, and leave its tables as a night's VACUUM would: index-only scans need the visibility map."""
    from loyalty.shops.rls import OWNER
    from loyalty.shops.scope import scope

    started = time.perf_counter()
    with connections[OWNER].cursor() as owner:
        owner.execute(LATER)
        keys = owner.fetchall()
        owner.execute(INDEXES)
        indexes = owner.fetchall()
        for name, _ in keys:
            owner.execute(f"ALTER TABLE customers_order DROP CONSTRAINT {name}")
        for name, _ in indexes:
            owner.execute(f"DROP INDEX {name}")
        # A shop's first run adds up everybody anyway.
        owner.execute("ALTER TABLE customers_order DISABLE TRIGGER USER")
        with transaction.atomic(), scope(shop), connection.cursor() as cursor:
            cursor.execute("SELECT setseed(0.1405)")
            cursor.execute(PEOPLE, {"shop": shop.pk, "customers": customers})
            cursor.execute(ORDERS, {"shop": shop.pk, "orders": orders, "day": DAY})
            made = cursor.rowcount
        owner.execute("ALTER TABLE customers_order ENABLE TRIGGER USER")
        owner.execute("SET maintenance_work_mem = '1GB'")
        for _, definition in indexes:
            owner.execute(definition)
        for name, definition in keys:
            owner.execute(f"ALTER TABLE customers_order ADD CONSTRAINT {name} {definition} NOT VALID")
        owner.execute("VACUUM ANALYZE")
    print(f"made {customers:,} customers and {made:,} orders in {time.perf_counter() - started:.0f} s")
