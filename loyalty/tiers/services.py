"""Puts customers into tiers: a whole shop in one statement, or one customer after an order, always with a
receipt.

A tier is entered at once. When the numbers no longer reach it, the customer keeps it for the programme's
days of grace (`falls_on` says until when) and then falls one level; reaching it again before clears that
day.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils import timezone

from loyalty.customers.facts import Statement, in_index_order, window_start
from loyalty.shops import prepared
from loyalty.shops.locks import Held
from loyalty.shops.scope import current_shop

from . import preset as presets
from . import rules
from .draft import Draft, Level
from .models import Programme, ProgrammeVersion, Tier, TierMembership
from .standing import standing_sql

# Advisory locks of this room, told apart from other rooms' by their first number ("TIER").
LOCK = 0x54494552


@dataclass(frozen=True)
class Review:
    """What a review did: customers looked at, those who entered, moved up or down, and those now in grace."""

    customers: int = 0
    entered: int = 0
    moved_up: int = 0
    moved_down: int = 0
    warned: int = 0
    cleared: int = 0


@dataclass(frozen=True)
class NextTier:
    """The tier above a customer's: `missing` of the metric and `missing_orders` beside it, and how far
    one has come.

    `share` (0–1) is the way made from the present tier; `value` the metric's number so far.
    """

    tier: Tier
    missing: int
    missing_orders: int
    share: float
    value: int
    metric: str

    @property
    def counts_money(self) -> bool:
        return self.metric in rules.MONEY_METRICS


def active_programme() -> Programme | None:
    """Return the shop's programme, or None before the first one."""
    return Programme.objects.filter(is_active=True).first()


def current_version(programme: Programme) -> ProgrammeVersion:
    """Return the version in force: the last one that was not undone."""
    return programme.versions.filter(undone_at=None).order_by("-number")[0]


def preset(as_of: datetime.date) -> Programme:
    """Return the shop's programme, made from its own sales where there is none: four tiers, ready to use."""
    lock_shop()
    return active_programme() or presets.create(as_of)


def review_shop(as_of: datetime.date) -> Review:
    """Review every customer as of `as_of` in one statement; a shop with sales and no programme gets the
    preset.

    Only memberships that change are written, so a second run of the same day changes nothing. Runs of one
    shop wait for each other.
    """
    with transaction.atomic():
        lock_shop()
        programme = active_programme()
        if programme is None:
            if not presets.has_buyers(as_of):
                return Review()
            programme = presets.create(as_of)
        return write(Draft.of(programme), programme, current_version(programme), as_of)


# A review under way is not waited for; of two orders of one customer the second sees the tier of the first.
_IN_FORCE = """
SELECT pg_try_advisory_xact_lock_shared(%(room)s::int, %(shop_id)s::int),
       (SELECT id FROM customers_customer WHERE shop_id = %(shop_id)s AND id = %(customer_id)s FOR NO KEY UPDATE),
       programme.id, metric, window_days, grace_days, version.id, version.number,
       (SELECT array_agg(concat_ws('|', tier.id, rank, threshold_amount, min_orders, name) ORDER BY rank)
        FROM tiers_tier AS tier WHERE tier.shop_id = %(shop_id)s AND tier.programme_id = programme.id)
FROM tiers_programme AS programme
CROSS JOIN LATERAL (
    SELECT id, number FROM tiers_programmeversion AS version
    WHERE version.shop_id = %(shop_id)s AND version.programme_id = programme.id AND undone_at IS NULL
    ORDER BY number DESC LIMIT 1) AS version
WHERE programme.shop_id = %(shop_id)s AND is_active"""


def review_customer(customer_id: int, as_of: datetime.date) -> str | None:
    """Review one customer as of `as_of`; return "up" or "down" where the tier changed, otherwise None. Raise
    Held, and change nothing, where a review of the whole shop is under way.
    """
    # No savepoint: an order whose review fails is not recorded either.
    with transaction.atomic(savepoint=False):
        params = {"room": LOCK, "shop_id": current_shop().pk, "customer_id": customer_id}
        found = prepared.rows(_IN_FORCE, params)
        if found and found[0][0]:
            _, _, programme_id, metric, window_days, grace_days, version_id, number, levels = found[0]
            draft = Draft(metric, window_days, grace_days, tuple(map(_level, levels)))
            programme, version = Programme(pk=programme_id), ProgrammeVersion(pk=version_id, number=number)
            done = write(draft, programme, version, as_of, customer_ids=[customer_id])
    if not found:
        return None
    if not found[0][0]:
        raise Held
    if done.moved_up:
        return "up"
    return "down" if done.moved_down else None


def _level(row: str) -> Level:
    """Return a level as far as a review needs it."""
    tier_id, rank, threshold, min_orders, name = row.split("|", 4)
    return Level(int(tier_id), int(rank), name, "", int(threshold), int(min_orders))


def next_tier(membership: TierMembership, as_of: datetime.date) -> NextTier | None:
    """Return the tier above and what is missing to it by the numbers of `as_of`; None at the top."""
    programme = membership.tier.programme
    draft = Draft.of(programme)
    standing = standing_sql(current_shop(), draft, as_of, [membership.customer_id])
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT value, orders FROM ({standing.sql}) AS standing", standing.params)
        value, orders = cursor.fetchone()
    gap = rules.gap(value, orders, draft.steps, membership.tier.rank)
    if gap is None:
        return None
    above = Tier(programme=programme, **_fields(draft.level(gap.rank)))
    return NextTier(above, gap.value, gap.orders, gap.share, value, draft.metric)


def _fields(level: Level) -> dict:
    return {
        "pk": level.tier_id,
        "rank": level.rank,
        "name": level.name,
        "colour": level.colour,
        "threshold_amount": level.threshold,
        "min_orders": level.min_orders,
    }


def people_on(programme: Programme, day: datetime.date) -> dict[int, int]:
    """Return how many were in each tier of `programme` at the end of `day`, by its key."""
    held = TierMembership.objects.filter(Q(until_on=None) | Q(until_on__gt=day), from_on__lte=day)
    held = held.filter(undone_at=None, tier__programme=programme).order_by()
    return dict(held.values_list("tier").annotate(Count("pk")))


def kept_since() -> datetime.date | None:
    """Return the first day on which anybody was in a tier, None where nobody ever was."""
    members = TierMembership.objects.filter(undone_at=None)
    return members.order_by("from_on").values_list("from_on", flat=True).first()


def remember(customer_id: int) -> dict | None:
    """Return the customer's tier as it is now, for `put_back`; None where there is none yet."""
    now = TierMembership.objects.filter(customer_id=customer_id, is_current=True).first()
    return now and {"membership": now.pk, "falls_on": now.falls_on and now.falls_on.isoformat()}


def put_back(customer_id: int, remembered: dict | None) -> None:
    """Take back every change of tier since `remembered`: what a mistaken order opened stays as undone
    rows.
    """
    since = remembered["membership"] if remembered else 0
    rows = TierMembership.objects.filter(customer_id=customer_id, undone_at=None)
    with transaction.atomic():
        rows.filter(pk__gt=since).update(is_current=False, undone_at=timezone.now())
        if remembered:
            rows.filter(pk=since).update(is_current=True, until_on=None, falls_on=remembered["falls_on"])


def lock_shop() -> None:
    """Wait for other reviews and edits of this shop, and keep them waiting until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, current_shop().pk])


def write(
    draft: Draft,
    programme: Programme,
    version: ProgrammeVersion,
    as_of: datetime.date,
    *,
    customer_ids: Collection[int] | None = None,
    keep_moves: bool = False,
) -> Review:
    """Carry out what follows from `draft` as of `as_of`, in one statement.

    With `keep_moves` each change is kept with `version`, so that undoing the version can put it back.
    """
    standing = standing_sql(current_shop(), draft, as_of, customer_ids)
    params = {
        **standing.params,
        "programme_id": programme.pk,
        "version_id": version.pk,
        "window_from": window_start(as_of, draft.window_days),
        "now": timezone.now(),
        "version_number": version.number,
    }
    statement = Statement(_WRITE.format(standing=standing.sql, moves=_MOVES if keep_moves else ""), params)
    if customer_ids is None:
        with in_index_order(), connection.cursor() as cursor:
            cursor.execute(statement.sql, statement.params)
            done = dict(cursor.fetchall())
    else:
        done = dict(prepared.rows(statement.sql, statement.params))
    return Review(
        customers=sum(done.values()),
        entered=done.get("first", 0),
        moved_up=done.get("up", 0),
        moved_down=done.get("down", 0),
        warned=done.get("warn", 0),
        cleared=done.get("clear", 0),
    )


# `opened` looks at `closed` first: the old row must be let go before one_current_tier_per_customer sees
# the new one.
_WRITE = """
WITH decided AS MATERIALIZED (
    SELECT customer_id, value, is_estimated, orders, membership_id, falls_on, action, to_rank, falls_after
    FROM ({standing}) AS standing
),
closed AS (
    UPDATE tiers_tiermembership AS m SET is_current = false, until_on = %(as_of)s
    FROM decided WHERE m.shop_id = %(shop_id)s AND m.id = decided.membership_id AND action IN ('up', 'down')
    RETURNING m.id
),
marked AS (
    UPDATE tiers_tiermembership AS m SET falls_on = decided.falls_after
    FROM decided WHERE m.shop_id = %(shop_id)s AND m.id = decided.membership_id AND action IN ('warn',
    'clear') RETURNING m.id
),
opened AS (
    INSERT INTO tiers_tiermembership
        (shop_id, customer_id, tier_id, from_on, is_current, falls_on, reason, opened_at, value, orders,
         is_estimated, version_number, refunds)
    SELECT %(shop_id)s, decided.customer_id, tier.id, %(as_of)s, true, decided.falls_after, action, %(now)s,
           value, orders, is_estimated, %(version_number)s,
           (SELECT count(*) FROM customers_refund AS refund
            WHERE refund.shop_id = %(shop_id)s AND refund.customer_id = decided.customer_id
                  AND refund.refunded_on BETWEEN %(window_from)s AND %(as_of)s)
    FROM decided
    JOIN tiers_tier AS tier
         ON tier.shop_id = %(shop_id)s AND tier.programme_id = %(programme_id)s AND tier.rank =
         decided.to_rank
    WHERE action IN ('first', 'up', 'down') AND (SELECT count(*) FROM closed) >= 0
    RETURNING id, customer_id
){moves}
SELECT action, count(*) FROM decided GROUP BY action"""

_MOVES = """,
kept AS (
    INSERT INTO tiers_versionmove
        (shop_id, version_id, customer_id, action, before_id, after_id, falls_before, falls_after)
    SELECT %(shop_id)s, %(version_id)s, customer_id, action, membership_id, opened.id, falls_on,
    decided.falls_after FROM decided LEFT JOIN opened USING (customer_id) WHERE action <> 'none'
)"""
