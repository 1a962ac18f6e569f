"""Works out the groups of customers who are alike, keeps who is in which, and holds them against the segments."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from dataclasses import asdict

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from loyalty.shops.scope import current_shop_id

from . import likeness, past
from .models import CustomerScore, LikenessMember, LikenessRun

Sums = dict[tuple[int, str], tuple[int, int]]

# Older ones go, with the lists they opened; whoever wants one for good saves it as a segment of their own.
KEPT_RUNS = 5
# Beyond this a run that has not ended was killed with its worker.
LONGEST = datetime.timedelta(hours=1)

# In the order of `likeness.FACTS`. Whoever has bought nothing in the window has no basket and no discount.
_FACTS = """
SELECT customer_id, (%(as_of)s::date - last_order_on)::float, order_days::float, monetary_amount::float,
       margin_share, expected_gap_days,
       CASE WHEN gross_amount > 0 THEN discount_amount::float / gross_amount END,
       CASE WHEN order_days > 0 THEN monetary_amount::float / order_days END
FROM segmentation_customerscore
WHERE shop_id = %(shop_id)s AND last_order_on IS NOT NULL
ORDER BY customer_id"""

_CROSSED = """
SELECT member.number, score.segment, count(*), sum(score.monetary_amount)::bigint
FROM segmentation_likenessmember AS member
JOIN segmentation_customerscore AS score
     ON score.shop_id = member.shop_id AND score.customer_id = member.customer_id
WHERE member.shop_id = %(shop_id)s AND member.run_id = %(run_id)s
GROUP BY 1, 2"""


def latest() -> LikenessRun | None:
    """Return the newest grouping that was made, None before the first."""
    return LikenessRun.objects.exclude(finished_at=None).filter(failure="").first()


def under_way() -> LikenessRun | None:
    """Return the grouping that is being worked out now, if there is one."""
    return LikenessRun.objects.filter(finished_at=None, started_at__gt=timezone.now() - LONGEST).first()


def begin(as_of: datetime.date, groups: int | None = None) -> LikenessRun:
    """Note that everybody is to be put into `groups` groups (as many as are best kept apart where None)."""
    return LikenessRun.objects.create(as_of=as_of, started_at=timezone.now(), asked_groups=groups)


def work_out(run: LikenessRun) -> LikenessRun:
    """Find the groups of a run that was begun and keep who is in which; a failure stands in the run."""
    people, labels = _find(run)
    if labels is not None:
        _keep(run, people, labels)
    run.save()
    _forget()
    return run


def found_then() -> tuple[LikenessRun, Sums]:
    """Return the groups of a past day, which is laid over the present, and what `sums` says of them.

    Nothing of it is kept, so nobody can be listed by these groups.
    """
    day = past.laid()
    run = LikenessRun(as_of=day.day, started_at=timezone.now())
    people, labels = _find(run)
    sums: dict[tuple[int, str], tuple[int, int]] = {}
    scores = CustomerScore.objects.filter(last_order_on__isnull=False).order_by("customer_id")
    rows = scores.values_list("segment", "monetary_amount")
    for number, (segment, spent) in zip(() if labels is None else labels, rows, strict=labels is not None):
        count, amount = sums.get((number, segment), (0, 0))
        sums[int(number), segment] = count + day.one_in, amount + spent * day.one_in
    return run, sums


def _find(run: LikenessRun) -> tuple[list[int], Sequence[int] | None]:
    """Find the groups of a run; return the people and the number of each one's group, None where there are none."""
    people, rows = _facts(run.as_of)
    run.customers = len(people) * past.one_in()
    labels = None
    try:
        found = likeness.group(rows, run.asked_groups)
    except likeness.TooFew as few:
        run.failure = str(few)
    else:
        run.groups = [asdict(group) for group in found.groups]
        run.silhouette, run.stability = found.silhouette, found.stability
        run.silhouettes = {str(k): round(value, 4) for k, value in found.silhouettes.items()}
        run.suggested_groups, run.used = found.suggested, list(found.used)
        labels = found.labels
    run.finished_at = timezone.now()
    return people, labels


def _facts(as_of: datetime.date) -> tuple[list[int], list[tuple]]:
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, {"shop_id": current_shop_id(), "as_of": as_of})
        people, rows = [], []
        while chunk := cursor.fetchmany(20_000):
            people += [row[0] for row in chunk]
            rows += [row[1:] for row in chunk]
    return people, rows


def _keep(run: LikenessRun, people: list[int], labels) -> None:
    """Write the members: COPY into a table under row-level security is refused, hence the temporary one."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE alike (customer_id bigint, number smallint) ON COMMIT DROP")
        with cursor.copy("COPY alike FROM STDIN") as stream:
            for customer_id, number in zip(people, labels, strict=True):
                stream.write_row((customer_id, int(number)))
        cursor.execute(
            f"INSERT INTO {LikenessMember._meta.db_table} (shop_id, run_id, customer_id, number)"
            " SELECT %s, %s, customer_id, number FROM alike ORDER BY customer_id",
            [current_shop_id(), run.pk],
        )
        cursor.execute("DROP TABLE alike")


def _forget() -> None:
    kept = list(LikenessRun.objects.values_list("pk", flat=True)[:KEPT_RUNS])
    old = list(LikenessRun.objects.exclude(pk__in=kept).values_list("pk", flat=True))
    if old:
        with connection.cursor() as cursor:
            # In one statement, and not row by row as a cascade would.
            cursor.execute(
                f"DELETE FROM {LikenessMember._meta.db_table} WHERE shop_id = %s AND run_id = ANY(%s)",
                [current_shop_id(), old],
            )
        LikenessRun.objects.filter(pk__in=old).delete()


def sums(run: LikenessRun) -> Sums:
    """Return {(group, RFM segment): (people, their net spend)} as the scores stand now."""
    with connection.cursor() as cursor:
        cursor.execute(_CROSSED, {"shop_id": current_shop_id(), "run_id": run.pk})
        return {(number, segment): (people, spent) for number, segment, people, spent in cursor.fetchall()}


# A group's one number: the run, and in its last digit the group (there are eight at most).
TEN = 10


def key_of(run_id: int, number: int) -> int:
    """Return the one number that names a group of a run."""
    return run_id * TEN + number


def members(keys: Collection[int]) -> QuerySet[LikenessMember]:
    """Return who is in the groups that `keys` name; nobody for those no longer kept."""
    found = Q(pk__in=())
    for key in keys:
        found |= Q(run=key // TEN, number=key % TEN)
    return LikenessMember.objects.filter(found)
