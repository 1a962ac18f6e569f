"""Has the weekly work of a shop done with the first night that finds the last one a week old."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from .models import WeekRun

DAYS = 7

Work = Callable[[datetime.date], dict]


def is_due(day: datetime.date) -> bool:
    """Say whether no weekly work was done in the seven days that end with `day`, nor after it.

    A night that was slept through puts the work off by a day and not by a week. The night of a past day, done
    again, leaves the newer work alone.
    """
    return not WeekRun.objects.filter(day__gt=day - datetime.timedelta(days=DAYS)).exists()


def run(day: datetime.date, work: Work) -> dict:
    """Do the weekly work of the shop in scope as of `day`, keep that it was done, and return its result.

    The row is written in the transaction of the work: what fails is due again with the next night.
    """
    result = work(day)
    WeekRun.objects.update_or_create(day=day, defaults={"result": result})
    return result
