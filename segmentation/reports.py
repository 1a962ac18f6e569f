"""The reports that are counted ahead of being looked at: what the nightly and the weekly work renew, in order."""

from __future__ import annotations

import datetime

from . import categories, cohorts, goods, hours, taste
from .models import ScoreRun


def renew_night(as_of: datetime.date) -> None:
    """Bring what a night can afford up to `as_of`, for the shop in scope; its scores are as of that day."""
    cohorts.refresh(as_of)
    run = ScoreRun.objects.current()
    if run and run.customers <= hours.NIGHT_MOST:
        hours.renew(as_of)


def renew_import(as_of: datetime.date) -> None:
    """Count anew what a file of sales may have changed in the past."""
    cohorts.renew(as_of)


def renew_week(as_of: datetime.date) -> dict[str, int]:
    """Renew every kept report of the shop in scope as of `as_of`; return how much there is of each."""
    return {
        "tastes": taste.renew(as_of),
        "rhythms": categories.renew(as_of),
        "cohorts": cohorts.renew(as_of),
        "times": hours.renew(as_of),
        "goods": goods.renew(as_of),
    }
