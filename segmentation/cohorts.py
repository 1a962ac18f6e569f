"""Cohorts by the period of the first purchase, kept as a small table that a screen reads at once.

Counted in full by the week and after an import, and by the night only from the first period that anything
new is dated in. Paid orders of known customers count; a refund lowers the money of the period it was given in.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from django.db import connection, transaction
from django.db.models import Min
from django.utils import timezone

from loyalty.customers.facts import Statement, in_index_order
from loyalty.customers.models import Order, Refund
from loyalty.shops.scope import current_shop
from loyalty.ui.periods import KINDS, Period, period_of

from .models import CohortPeriod, CohortRun
from .statements import stand_in

# What lies further back than this is counted in full: a night should not read a year of orders.
NIGHT_DAYS = 200

# One row a customer and period. `first` gives the customer's own first period; both are places in %(starts)s.
_ROLLUP = """
CREATE TEMPORARY TABLE segmentation_cohorts ON COMMIT DROP AS
SELECT customer_id, {cohort} AS cohort, period, orders, amount
FROM (
    SELECT customer_id, width_bucket(placed_on, %(starts)s::date[]) AS period,
           count(*) AS orders, sum(net_amount)::bigint AS amount
    FROM customers_order
    WHERE shop_id = %(shop_id)s AND is_paid AND customer_id IS NOT NULL
          AND placed_on <= %(as_of)s{since}
    GROUP BY customer_id, width_bucket(placed_on, %(starts)s::date[])
) AS sale{scores}"""
# Read in the order of the covering index, so that neither grouping nor window has to sort.
_FROM_ALL_ORDERS = {
    "cohort": "min(period) OVER (PARTITION BY customer_id)",
    "since": "",
    "scores": "",
}
# The scores know the first day of each customer, so only the orders of the open periods are read.
_FROM_SCORES = {
    "cohort": "width_bucket(score.first_order_on, %(starts)s::date[])",
    "since": " AND placed_on >= %(from_on)s",
    "scores": """
JOIN segmentation_customerscore AS score USING (customer_id)
WHERE score.shop_id = %(shop_id)s AND score.first_order_on IS NOT NULL""",
}

# `places` says for each place among the starts which place of its own kind it falls in.
_WRITE = """
INSERT INTO segmentation_cohortperiod (shop_id, kind, cohort_on, period_on, buyers, orders, amount)
SELECT %(shop_id)s, %(kind)s, (%(kind_starts)s::date[])[cohort], (%(kind_starts)s::date[])[period],
       sum(buyers), sum(orders), sum(amount)
FROM (
    SELECT cohort, period, count(*) AS buyers, sum(orders) AS orders, sum(amount)::bigint AS amount
    FROM (
        SELECT (%(places)s::int[])[cohort] AS cohort, (%(places)s::int[])[period] AS period,
               sum(orders) AS orders, sum(amount) AS amount
        FROM segmentation_cohorts GROUP BY customer_id, 1, 2
    ) AS bought GROUP BY cohort, period
    UNION ALL
    SELECT (%(places)s::int[])[cohort],
           (%(places)s::int[])[greatest(cohort, width_bucket(refunded_on, %(starts)s::date[]))],
           0, 0, -sum(amount)::bigint
    FROM (SELECT customer_id, refunded_on, amount FROM customers_refund
          WHERE shop_id = %(shop_id)s AND customer_id IS NOT NULL AND refunded_on <= %(as_of)s
                AND (refunded_on >= %(from_on)s OR customer_id IN ({new}))) AS refund
    JOIN ({first}) AS first USING (customer_id)
    GROUP BY 1, 2
) AS part
GROUP BY cohort, period"""
# What was given back before somebody's first order lowers the period of that order.
_NEW = """
SELECT customer_id FROM segmentation_customerscore
WHERE shop_id = %(shop_id)s AND first_order_on >= %(from_on)s"""
_FIRST_OF_ALL = "SELECT DISTINCT customer_id, cohort FROM segmentation_cohorts"
_FIRST_BY_SCORE = """
SELECT customer_id, width_bucket(first_order_on, %(starts)s::date[]) AS cohort
FROM segmentation_customerscore WHERE shop_id = %(shop_id)s AND first_order_on IS NOT NULL"""


def renew(as_of: datetime.date) -> int:
    """Count all cohorts of the shop in scope as of `as_of`; return how many rows are kept."""
    return _count(as_of, None)


def refresh(as_of: datetime.date) -> int:
    """Count what has changed since the last time, from scores as of `as_of`; return how many rows were written.

    Orders and returns that were added are found by their keys, however old their days. What was changed
    without being added (an order cancelled by hand) waits for the next full count.
    """
    run = CohortRun.objects.first()
    if run is None or run.calendar != current_shop().calendar or run.as_of > as_of:
        return renew(as_of)
    added = Order.objects.filter(pk__gt=run.last_order_id).aggregate(on=Min("placed_on"))["on"]
    given = Refund.objects.filter(pk__gt=run.last_refund_id).aggregate(on=Min("refunded_on"))["on"]
    from_on = min(day for day in (run.as_of, added, given) if day)
    # A quarter is the longest period there is, and its months begin and end with it.
    from_on = period_of(from_on, run.calendar, "quarter").first_on
    return _count(as_of, from_on if from_on > as_of - datetime.timedelta(days=NIGHT_DAYS) else None)


def _count(as_of: datetime.date, from_on: datetime.date | None) -> int:
    with transaction.atomic():
        written = _write(as_of, from_on)
        _keep_run(as_of)
    return written


def _write(as_of: datetime.date, from_on: datetime.date | None) -> int:
    shop = current_shop()
    with transaction.atomic():
        earliest = Order.objects.paid().filter(customer__isnull=False).aggregate(on=Min("placed_on"))["on"]
        if earliest is None or earliest > as_of:
            CohortPeriod.objects.all().delete()
            return 0
        months = period_of(earliest, shop.calendar).until(period_of(as_of, shop.calendar))
        starts = [month.first_on for month in months]
        params = {
            "shop_id": shop.pk,
            "as_of": as_of,
            "starts": starts,
            "from_on": from_on or datetime.date.min,
        }
        CohortPeriod.objects.filter(period_on__gte=params["from_on"]).delete()
        written = 0
        with connection.cursor() as cursor, _rollup(cursor, params, in_full=from_on is None):
            first = _FIRST_OF_ALL if from_on is None else _FIRST_BY_SCORE
            for kind in KINDS:
                of_kind = [period_of(start, shop.calendar, kind).first_on for start in starts]
                kind_starts = sorted(set(of_kind))
                places = [kind_starts.index(start) + 1 for start in of_kind]
                mine = {"kind": kind, "kind_starts": kind_starts, "places": places}
                cursor.execute(_WRITE.format(first=first, new=_NEW), params | mine)
                written += cursor.rowcount
    return written


@contextmanager
def _rollup(cursor, params: dict, *, in_full: bool) -> Iterator[None]:
    if in_full:
        with in_index_order():
            cursor.execute(_ROLLUP.format(**_FROM_ALL_ORDERS), params)
    else:
        cursor.execute(_ROLLUP.format(**_FROM_SCORES), params)
    cursor.execute("ANALYZE segmentation_cohorts")
    yield
    cursor.execute("DROP TABLE segmentation_cohorts")


def _keep_run(as_of: datetime.date) -> None:
    last = {
        f"last_{model.__name__.lower()}_id": model.objects.order_by("-pk")
        .values_list("pk", flat=True)
        .first()
        or 0
        for model in (Order, Refund)
    }
    CohortRun.objects.update_or_create(
        defaults={
            "as_of": as_of,
            "computed_at": timezone.now(),
            "calendar": current_shop().calendar,
            **last,
        }
    )


# ---------- What a screen shows ----------


@dataclass(frozen=True)
class Cell:
    """One cohort in one period: `rate` of its people who bought, `each_amount` per head of all of them.

    `is_open` while the period is still running, so that its figures will grow.
    """

    cohort: Period
    period: Period
    buyers: int
    orders: int
    amount: int
    size: int
    is_open: bool

    @property
    def rate(self) -> float:
        return self.buyers / self.size

    @property
    def each_amount(self) -> int:
        return round(self.amount / self.size)


@dataclass(frozen=True)
class Cohort:
    """Those who first bought in `period`; `cells` are that period and each one after it."""

    period: Period
    size: int
    cells: list[Cell]


@dataclass(frozen=True)
class Matrix:
    """The cohorts, oldest first."""

    run: CohortRun
    kind: str
    cohorts: list[Cohort]

    @cached_property
    def steps(self) -> list[int]:
        """The columns: how many periods after the first purchase."""
        return list(range(max((len(cohort.cells) for cohort in self.cohorts), default=0)))

    @cached_property
    def means(self) -> list[float | None]:
        """The share of all people who bought again, by step, over the periods that are over; None without one."""
        found = []
        for step in self.steps:
            over = [c.cells[step] for c in self.cohorts if len(c.cells) > step and not c.cells[step].is_open]
            people = sum(cell.size for cell in over)
            found.append(sum(cell.buyers for cell in over) / people if people else None)
        return found


def matrix_then(kind: str, day: datetime.date) -> Matrix | None:
    """Return the cohorts as of a past day, as far as its orders are known today: as kept of the quarters before it,
    and from there on counted up to it.
    """
    run = CohortRun.objects.first()
    if run is None or run.calendar != current_shop().calendar:
        return None
    from_on = period_of(min(day, run.as_of), run.calendar, "quarter").first_on
    columns = "shop_id, kind, cohort_on, period_on, buyers, orders, amount"
    earlier = f"SELECT {columns} FROM public.{CohortPeriod._meta.db_table} WHERE period_on < %(from_on)s"
    with transaction.atomic():
        stand_in(CohortPeriod._meta.db_table, Statement(earlier, {"from_on": from_on}), columns)
        _write(day, from_on)
        found = matrix(kind, CohortRun(as_of=day, computed_at=timezone.now(), calendar=run.calendar))
        transaction.set_rollback(True)
    return found


def matrix(kind: str, run: CohortRun | None = None) -> Matrix | None:
    """Return every cohort of months or quarters as kept, or None where nothing is counted yet."""
    run = run or CohortRun.objects.first()
    rows = {(row.cohort_on, row.period_on): row for row in CohortPeriod.objects.filter(kind=kind) if run}
    if not rows:
        return None
    last = period_of(run.as_of, run.calendar, kind)
    # The period is over when its last day has passed, or is the day of the count itself.
    last_is_open = run.as_of + datetime.timedelta(days=1) < last.end_on
    cohorts = []
    for period in period_of(min(on for on, _ in rows), run.calendar, kind).until(last):
        own = rows.get((period.first_on, period.first_on))
        if own is None or not own.buyers:
            continue
        cells = []
        for later in period.until(last):
            row = rows.get((period.first_on, later.first_on))
            figures = (row.buyers, row.orders, row.amount) if row else (0, 0, 0)
            cells.append(Cell(period, later, *figures, own.buyers, last_is_open and later == last))
        cohorts.append(Cohort(period, own.buyers, cells))
    return Matrix(run, kind, cohorts)
