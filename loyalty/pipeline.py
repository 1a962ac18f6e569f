"""The table of contents: what happens when orders arrive and each night, in the order the data flow.

order → facts → scores → segment, stage, quadrant
              → qualifying metric → tier → points, benefits
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from campaigns import digest, results
from loyalty.points import services as points
from loyalty.shops import weeks
from loyalty.tiers import services as tiers
from segmentation import outlook, reports
from segmentation import services as segmentation

# Up to this many customers are renewed one by one; for more, one pass over the whole shop is cheaper.
ONE_BY_ONE = 50


def orders_arrived(*, as_of: datetime.date, customer_ids: Iterable[int] | None = None) -> dict[str, int]:
    """Renew what follows from new or changed orders; the shop's scope is open.

    `customer_ids` names the customers concerned (all where None). Returns counts for the report:
    customers scored and customers whose tier moved up or down.
    """
    # In one order, so that two who renew the same customers wait for each other and never in a circle.
    ids = None if customer_ids is None else sorted(set(customer_ids))
    if ids is not None and len(ids) <= ONE_BY_ONE:
        moves = {"up": 0, "down": 0}
        for customer_id in ids:
            segmentation.score_customer(customer_id, as_of)
            moved = tiers.review_customer(customer_id, as_of)
            if moved:
                moves[moved] += 1
        points.catch_up(ids)
        return {"scored": len(ids), "moved_up": moves["up"], "moved_down": moves["down"]}
    # A file of sales reaches into the weeks that the trends are drawn from.
    segmentation.look_back(as_of, refresh=True)
    reports.renew_import(as_of)
    result = night(as_of)
    if outlook.is_missing():
        outlook.renew(as_of)
    return result


def night(day: datetime.date) -> dict[str, int]:
    """Renew the whole shop as of `day`: the nightly run, and what follows a large import."""
    run = segmentation.score_shop(day)
    segmentation.look_back(day)
    review = tiers.review_shop(day)
    points.catch_up()
    results.renew_verdicts(day)
    if weeks.is_due(day):
        weeks.run(day, week)
    else:
        reports.renew_night(day)
    return {"scored": run.customers, "moved_up": review.moved_up, "moved_down": review.moved_down}


def week(day: datetime.date) -> dict[str, object]:
    """Renew what a night is too short for, as of `day`; return counts for the row that keeps it."""
    # The reports carry on from what is expected of each customer.
    counts = {"looked_ahead": outlook.renew(day).people, **reports.renew_week(day)}
    # Last: it says what all the others have found.
    return {**counts, "digest": len(digest.keep(day).findings)}
