"""What remembering costs: nights one after the other, with and without the history of every customer.

The nights before DAY are lived through in order, each as the clock would. A second telling of the same nights
without history gives the difference in time; the bytes that the nights added give 24 months.
"""

from __future__ import annotations

import datetime
import statistics
import time
from unittest import mock

from benchmarks.world import DAY

NIGHTS = 28
MONTHS_24 = 730


def run(shop, runs: int) -> None:
    """Print the middle night with and without history, and how large two years of it become."""
    from django.db import connection

    from benchmarks.recompute import forget
    from loyalty.shops.scope import scope
    from segmentation import history, services

    day = datetime.date.fromisoformat(DAY)

    def lived() -> list[float]:
        forget()
        with scope(shop):
            services.score_shop(day - datetime.timedelta(days=NIGHTS))
        seconds = []
        for ago in range(NIGHTS - 1, -1, -1):
            started = time.perf_counter()
            with scope(shop):
                run = services.score_shop(day - datetime.timedelta(days=ago))
            # Once a week everybody is added up anew, which would hide what a night takes.
            if not run.is_whole:
                seconds.append(time.perf_counter() - started)
        return seconds

    def asked(sql: str) -> int:
        with scope(shop), connection.cursor() as cursor:
            cursor.execute(sql, {"shop_id": shop.pk})
            return int(cursor.fetchone()[0])

    with mock.patch.object(history, "day_to_keep", return_value=None):
        without = statistics.median(lived())
    with_it = statistics.median(lived())
    people = asked("SELECT count(*) FROM segmentation_scorehistory WHERE shop_id = %(shop_id)s")
    changes = asked(
        "SELECT sum(cardinality(changes)) FROM segmentation_scorehistory WHERE shop_id = %(shop_id)s"
    )
    each_night = (changes - people) / NIGHTS
    # A row has its head, its keys and those of its two indexes; every change is four bytes of an array.
    row_bytes = (
        asked(
            "SELECT pg_column_size(h.*) - 4 * cardinality(changes) FROM segmentation_scorehistory AS h"
            " WHERE shop_id = %(shop_id)s LIMIT 1"
        )
        + 2 * 24
    )
    after = people * row_bytes + 4 * (people + each_night * MONTHS_24)
    print(f"{'a night without history':<40}{without:>9.2f} s")
    print(f"{'a night with history':<40}{with_it:>9.2f} s   {with_it / without - 1:+.0%}")
    print(f"{'changes a night':<40}{each_night:>9,.0f}     of {people:,} people")
    print(f"{'history of 24 months':<40}{after / 1e9:>9.2f} GB  at this rate, without dead rows")
    size = asked("SELECT pg_total_relation_size('segmentation_scorehistory')")
    print(
        f"{'the table as it lies, all shops':<40}{size / 1e9:>9.2f} GB  after {NIGHTS} nights, dead rows included"
    )
