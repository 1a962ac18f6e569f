"""When people buy: the orders of a year by hour of the week and by day, kept for every segment and stage."""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from loyalty.shops.scope import current_shop

from . import past
from .models import BuyingTimes

DAYS = 365
HOURS = 24
WEEK = range(1, 8)
# Parts of a day by their first hour; the night belongs to none of them.
PARTS = {"morning": range(5, 12), "afternoon": range(12, 17), "evening": range(17, 24)}
# A weekday stands out with so many times its seventh, and not by the luck of few orders (three deviations).
STANDS_OUT, DEVIATIONS = 1.15, 3
# Hours with less than this share of the busiest one's orders are taken for closed at both ends of the day.
OPEN_SHARE = 0.02
# Up to so many customers a night counts anew; a larger shop's times change no faster than by the week.
NIGHT_MOST = 100_000


@dataclass(frozen=True)
class Times:
    """The orders of a year: `hours[weekday, hour]` with ISO weekdays, and `days[day]`."""

    as_of: datetime.date
    computed_at: datetime.datetime
    hours: Mapping[tuple[int, int], int]
    days: Mapping[datetime.date, int]
    untimed_orders: int = 0

    @property
    def orders(self) -> int:
        return sum(self.days.values())

    @property
    def knows_hours(self) -> bool:
        """Whether most orders came with a time of day."""
        return sum(self.hours.values()) > self.untimed_orders

    @property
    def since_on(self) -> datetime.date:
        return self.as_of - datetime.timedelta(days=DAYS - 1)

    @cached_property
    def open_hours(self) -> range:
        """The hours between the first and the last in which the shop sells."""
        by_hour = Counter()
        for (_weekday, hour), orders in self.hours.items():
            by_hour[hour] += orders
        most = max(by_hour.values(), default=0)
        busy = [hour for hour, orders in by_hour.items() if orders and orders >= OPEN_SHARE * most]
        return range(min(busy), max(busy) + 1) if busy else range(0)

    @cached_property
    def weekdays(self) -> dict[int, int]:
        found = dict.fromkeys(WEEK, 0)
        for day, orders in self.days.items():
            found[day.isoweekday()] += orders
        return found

    @property
    def busiest_weekday(self) -> int | None:
        """The weekday that stands out by its orders, None where they are spread evenly."""
        if not self.orders:
            return None
        day = max(self.weekdays, key=lambda one: (self.weekdays[one], -one))
        expected = self.orders / len(WEEK)
        chance = DEVIATIONS * (self.orders * (1 / 7) * (6 / 7)) ** 0.5
        return day if self.weekdays[day] > max(STANDS_OUT * expected, expected + chance) else None

    def parts(self, weekday: int | None = None) -> dict[str, int]:
        """Return the orders of each part of the day, on one weekday or on all."""
        return {
            part: sum(
                self.hours.get((day, hour), 0) for day in WEEK for hour in hours if weekday in (None, day)
            )
            for part, hours in PARTS.items()
        }


def renew(as_of: datetime.date) -> int:
    """Keep the times of everybody and of each segment and stage of the shop in scope; return how many rows."""
    now = timezone.now()
    hours, days = defaultdict(Counter), defaultdict(Counter)
    for segment, stage, day, hour, orders in _counted(as_of, by_group=True):
        for group in (("everyone", ""), ("segment", segment), ("stage", stage)):
            if group[0] == "everyone" or group[1]:
                days[group][day] += orders
                hours[group][day.isoweekday(), hour] += orders
    kept = [
        BuyingTimes(
            kind=group[0],
            key=group[1],
            as_of=as_of,
            computed_at=now,
            orders=sum(days[group].values()),
            untimed_orders=sum(orders for (_day, hour), orders in hours[group].items() if hour is None),
            hours=[hours[group][weekday, hour] for weekday in WEEK for hour in range(HOURS)],
            days=[days[group][as_of - datetime.timedelta(days=ago)] for ago in reversed(range(DAYS))],
        )
        for group in days
    ]
    with transaction.atomic():
        BuyingTimes.objects.all().delete()
        BuyingTimes.objects.bulk_create(kept)
    return len(kept)


def times(kind: str, key: str) -> Times | None:
    """Return the kept times of everybody (`kind` ""), a segment or a stage; None where none are kept."""
    row = BuyingTimes.objects.filter(kind=kind or BuyingTimes.Kind.EVERYONE, key=key).first()
    if row is None:
        return None
    first = row.as_of - datetime.timedelta(days=len(row.days) - 1)
    return Times(
        row.as_of,
        row.computed_at,
        {
            (weekday, hour): row.hours[(weekday - 1) * HOURS + hour]
            for weekday in WEEK
            for hour in range(HOURS)
        },
        {first + datetime.timedelta(days=place): orders for place, orders in enumerate(row.days)},
        row.untimed_orders,
    )


def times_of(people: QuerySet, as_of: datetime.date) -> Times:
    """Return the times of any people, counted now; of a part of a shop's past scaled up to the whole."""
    hours, days, untimed = Counter(), Counter(), 0
    for day, hour, counted in _counted(as_of, people):
        orders = counted * past.one_in()
        days[day] += orders
        if hour is None:
            untimed += orders
        else:
            hours[day.isoweekday(), hour] += orders
    return Times(as_of, timezone.now(), hours, days, untimed)


def _counted(
    as_of: datetime.date, people: QuerySet | None = None, *, by_group: bool = False
) -> Iterable[tuple]:
    """Return (day, hour, orders), with segment and stage before them where wanted.

    An order at midnight sharp came without a time of day: files of sales often have none. Its hour is None.
    """
    shop = current_shop()
    params = [shop.time_zone, shop.pk, as_of - datetime.timedelta(days=DAYS - 1), as_of]
    some = groups = join = ""
    if people is not None:
        query, of_people = people.in_sql()
        some, params = f" AND customer_id IN ({query})", [*params, *of_people]
    if by_group:
        groups = "segment, stage, "
        join = "JOIN segmentation_customerscore AS score ON score.shop_id = %s AND score.customer_id = sale.customer_id"
        params.append(shop.pk)
    sql = f"""
SELECT {groups}placed_on, hour, count(*)
FROM (SELECT customer_id, placed_on,
             CASE WHEN clock <> time '00:00' THEN extract(hour FROM clock)::int END AS hour
      FROM (SELECT customer_id, placed_on, (placed_at AT TIME ZONE %s)::time AS clock FROM customers_order
            WHERE shop_id = %s AND is_paid AND customer_id IS NOT NULL AND placed_on BETWEEN %s AND %s{some}
           ) AS timed) AS sale {join}
GROUP BY {groups}placed_on, hour"""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()
