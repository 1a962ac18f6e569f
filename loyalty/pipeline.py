"""The table of contents: what happens when orders arrive and each night, in the order the data flow.

order → facts → scores → segment, stage, quadrant
              → qualifying metric → tier → points, benefits

Work on a whole shop goes by steps. Each is committed by itself, so that nobody at the till waits for more than
one of them, and comes to the same when it is repeated.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Iterable
from functools import partial

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from campaigns import digest, results
from loyalty.customers import sales
from loyalty.points import backlog
from loyalty.points import services as points
from loyalty.shops import weeks
from loyalty.shops.locks import Held
from loyalty.shops.scope import current_shop, step
from loyalty.tiers import services as tiers
from segmentation import outlook, reports
from segmentation import services as segmentation

# Up to this many customers are renewed one by one; for more, one pass over the whole shop is cheaper.
ONE_BY_ONE = 50

log = logging.getLogger(__name__)


def orders_arrived(*, as_of: datetime.date, customer_ids: Iterable[int] | None = None) -> dict[str, int]:
    """Renew what follows from new or changed orders; the shop is in scope.

    `customer_ids` names the customers concerned (all where None). Returns counts for the report:
    customers scored and customers whose tier moved up or down.
    """
    # In one order, so that two who renew the same customers wait for each other and never in a circle.
    ids = None if customer_ids is None else sorted(set(customer_ids))
    if ids is not None and len(ids) <= ONE_BY_ONE:
        moves = [_renew_or_leave(customer_id, as_of) for customer_id in ids]
        points.catch_up(ids)
        return {"scored": len(ids), "moved_up": moves.count("up"), "moved_down": moves.count("down")}
    # A file of sales reaches into the weeks that the trends are drawn from.
    with step():
        segmentation.look_back(as_of, refresh=True)
    with step():
        reports.renew_import(as_of)
    result = night(as_of)
    with step():
        if outlook.is_missing():
            outlook.renew(as_of)
    return result


def renew(customer_id: int, as_of: datetime.date) -> str | None:
    """Renew one customer; return "up" or "down" where the tier changed, otherwise None. Raise Held where a run
    is at their scores.
    """
    if not segmentation.score_customer(customer_id, as_of):
        raise Held
    return tiers.review_customer(customer_id, as_of)


def _renew_or_leave(customer_id: int, as_of: datetime.date) -> str | None:
    """As `renew`, but where a run holds the customer a worker does it afterwards: nobody at the till waits.

    A task that gets lost does no harm: the order has marked its customer for the next run.
    """
    try:
        return renew(customer_id, as_of)
    except Held:
        transaction.on_commit(partial(_ask, current_shop().pk, customer_id, as_of.isoformat()))
        return None


def _ask(*args) -> None:
    try:
        # By its name: the roof knows none of the doors.
        current_app.send_task("loyalty.tasks.renew", args)
    except OperationalError:
        log.warning("The broker cannot be reached; a customer is renewed by the next run.")


def night(day: datetime.date) -> dict[str, int]:
    """Renew the whole shop as of `day`: the nightly run, and what follows a large import."""
    with step():
        run = segmentation.score_shop(day)
    with step():
        sales.keep(day)
    with step():
        segmentation.look_back(day)
    with step():
        review = tiers.review_shop(day)
    give_points()
    with step():
        results.renew_verdicts(day)
    with step():
        if weeks.is_due(day):
            weeks.run(day, week)
        else:
            reports.renew_night(day)
    return {"scored": run.customers, "moved_up": review.moved_up, "moved_down": review.moved_down}


def give_points() -> None:
    """Give and settle the points that orders of a file or of a changed rule have not brought yet."""
    with step():
        batches = backlog.batches()
    for batch in batches:
        with step():
            backlog.enter(batch)


def week(day: datetime.date) -> dict[str, object]:
    """Renew what a night is too short for, as of `day`; return counts for the row that keeps it."""
    sales.keep(day, anew=True)
    # The reports carry on from what is expected of each customer.
    counts = {"looked_ahead": outlook.renew(day).people, **reports.renew_week(day)}
    # Last: it says what all the others have found.
    return {**counts, "digest": len(digest.keep(day).findings)}
