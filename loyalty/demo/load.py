"""Writes an invented past into a shop: COPY into temporary tables, then one INSERT … SELECT each.

COPY straight into a table under row-level security is refused by PostgreSQL, hence the temporary ones.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator

from django.db import connection
from psycopg.types.json import Jsonb

from loyalty.customers.models import Product, ProductCategory
from loyalty.shops.models import Shop
from loyalty.ui.text import clean_name, search_key, sort_key

from .process import Dealing, Past, Person, Sale

SOURCE = "till"


def moment(shop: Shop, day: datetime.date, minute: int) -> datetime.datetime:
    """Return the aware moment `minute` minutes after the shop's midnight of `day`."""
    return datetime.datetime.combine(day, datetime.time(minute // 60, minute % 60), shop.zone)


def copy(table: str, columns: str, rows: Iterable[tuple]) -> None:
    """Fill a new temporary table (dropped with the transaction) with `rows`; `columns` is its SQL definition."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {table}")
        cursor.execute(f"CREATE TEMPORARY TABLE {table} ({columns}) ON COMMIT DROP")
        with cursor.copy(f"COPY {table} FROM STDIN") as stream:
            for row in rows:
                stream.write_row(row)
        cursor.execute(f"ANALYZE {table}")
        # Nothing here is small enough for a nested loop, and a planner without statistics would choose it.
        cursor.execute("SET LOCAL enable_nestloop = off")


def goods(shop: Shop, fixture: dict) -> None:
    """Make the shop's categories (with their margin) and products."""
    for category in fixture["categories"]:
        margin = None if category.get("cost_unknown") else category["margin"]
        made = ProductCategory.objects.create(name=category["name"], margin_share=margin)
        Product.objects.bulk_create(
            Product(shop=shop, sku=sku, name=name, category=made) for sku, name, _ in category["products"]
        )


def people(shop: Shop, fixture: dict, everybody: list[Person]) -> None:
    """Write the customers and the word they said about being written to."""

    def rows() -> Iterator[tuple]:
        for person in everybody:
            name = clean_name(person.name)
            phone = f"{fixture['phone_prefix']}{person.number:0{fixture['phone_digits']}d}"
            yield (
                str(person.number),
                # One in twenty-five never gave a number; the books of every shop have such gaps.
                phone
                if person.number % 25 and len(phone) == len(fixture["phone_prefix"]) + fixture["phone_digits"]
                else None,
                f"{8000 + person.number}",
                name,
                search_key(name),
                sort_key(name),
                person.birth_on,
                person.gender,
                person.place[0],
                person.place[1],
                person.neighbourhood,
                person.job,
                person.tags,
                person.acquired_by,
                person.joined_on,
                person.consent,
                moment(shop, person.joined_on, 12 * 60),
            )

    copy(
        "demo_people",
        "external_id text, phone text, card_number text, name text, name_search text, name_sort text, birth_on date,"
        " gender text, province text, city text, neighbourhood text, job text, tags text[], acquired_by text,"
        " joined_on date, consent text, joined_at timestamptz",
        rows(),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO customers_customer (shop_id, external_id, phone, card_number, name, name_search, name_sort,
                 email, birth_on, gender, province, city, neighbourhood, job, marital_status, education, income_band,
                 tags, attributes, note, joined_on, acquired_by, created_at, updated_at)
               SELECT %s, external_id, phone, card_number, name, name_search, name_sort, '', birth_on, gender,
                 province, city, neighbourhood, job, '', '', '', tags, '{}', '', joined_on, acquired_by, joined_at,
                 joined_at
               FROM demo_people ORDER BY external_id::int""",
            [shop.pk],
        )
        cursor.execute(
            """INSERT INTO customers_consentevent (shop_id, customer_id, channel, purpose, action, source, evidence,
                 occurred_at)
               SELECT %s, c.id, 'sms', 'marketing', p.consent, 'counter', '', p.joined_at
               FROM demo_people p JOIN customers_customer c ON c.shop_id = %s AND c.external_id = p.external_id
               WHERE p.consent IS NOT NULL""",
            [shop.pk, shop.pk],
        )


def sales(shop: Shop, some: list[Sale], source: str = SOURCE, first_number: int = 1) -> None:
    """Write orders, their lines and refunds; order numbers count from `first_number`."""
    numbered = list(enumerate(some, start=first_number))
    copy(
        "demo_orders",
        "external_id text, person text, placed_at timestamptz, placed_on date, status text, gross bigint,"
        " discount bigint, net bigint, cost bigint, branch text, channel text, refund_on date, refund bigint",
        (
            (str(number), None if sale.person is None else str(sale.person), moment(shop, sale.placed_on, sale.minute),
             sale.placed_on, sale.status, sale.gross, sale.discount, sale.net, sale.cost, sale.branch, sale.channel,
             sale.refund_on, sale.refund_amount)
            for number, sale in numbered
        ),
    )  # fmt: skip
    copy(
        "demo_lines",
        "external_id text, line_no int, sku text, quantity int, unit bigint, discount bigint, net bigint, cost bigint",
        (
            (str(number), line_no, line.sku, line.quantity, line.unit, line.discount, line.net, line.cost)
            for number, sale in numbered
            for line_no, line in enumerate(sale.lines, start=1)
        ),
    )
    # Fresh tables have no statistics yet: joined by their new keys, known from RETURNING, nothing is looked up.
    copy("demo_keys", "external_id text, id bigint, customer_id bigint", ())
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH made AS (
                 INSERT INTO customers_order (shop_id, customer_id, source, external_id, placed_at, placed_on,
                   status, gross_amount, discount_amount, net_amount, cost_amount, branch, channel, created_at)
                 SELECT %(shop)s, c.id, %(source)s, o.external_id, o.placed_at, o.placed_on, o.status, o.gross,
                   o.discount, o.net, o.cost, o.branch, o.channel, o.placed_at
                 FROM demo_orders o LEFT JOIN (SELECT id, external_id FROM customers_customer OFFSET 0) c
                   ON c.external_id = o.person
                 ORDER BY o.placed_at, o.external_id
                 RETURNING external_id, id, customer_id)
               INSERT INTO demo_keys SELECT external_id, id, customer_id FROM made""",
            {"shop": shop.pk, "source": source},
        )
        cursor.execute("ANALYZE demo_keys")
        cursor.execute(
            """INSERT INTO customers_orderline (shop_id, order_id, line_no, product_id, quantity, unit_amount,
                 discount_amount, net_amount, cost_amount)
               SELECT %(shop)s, k.id, l.line_no, p.id, l.quantity, l.unit, l.discount, l.net, l.cost
               FROM demo_lines l
               JOIN demo_keys k ON k.external_id = l.external_id
               JOIN customers_product p ON p.shop_id = %(shop)s AND p.sku = l.sku""",
            {"shop": shop.pk},
        )
        cursor.execute(
            """INSERT INTO customers_refund (shop_id, customer_id, order_id, source, external_id, refunded_at,
                 refunded_on, amount, cost_amount, reason)
               SELECT %(shop)s, k.customer_id, k.id, %(source)s, 'R' || d.external_id,
                 d.placed_at + (d.refund_on - d.placed_on) * interval '1 day', d.refund_on, d.refund,
                 d.cost * d.refund / nullif(d.net, 0), ''
               FROM demo_orders d JOIN demo_keys k ON k.external_id = d.external_id
               WHERE d.refund_on IS NOT NULL AND d.refund > 0""",
            {"shop": shop.pk, "source": source},
        )


def dealings(shop: Shop, some: list[Dealing]) -> None:
    """Write what people did beyond buying."""
    copy(
        "demo_dealings",
        "person text, kind text, occurred_at timestamptz, details jsonb",
        (
            (str(one.person), one.kind, moment(shop, one.happened_on, one.minute), Jsonb(one.details))
            for one in some
        ),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO customers_interaction (shop_id, customer_id, kind, occurred_at, source, details)
               SELECT %(shop)s, c.id, d.kind, d.occurred_at, %(source)s, d.details
               FROM demo_dealings d JOIN customers_customer c ON c.shop_id = %(shop)s AND c.external_id = d.person
               ORDER BY d.occurred_at, c.id""",
            {"shop": shop.pk, "source": SOURCE},
        )


def past(shop: Shop, fixture: dict, invented: Past) -> None:
    """Write everything of an invented past into `shop`, whose scope is open."""
    goods(shop, fixture)
    people(shop, fixture, invented.people)
    sales(shop, invented.sales)
    dealings(shop, invented.dealings)


def read_fixture(path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))
