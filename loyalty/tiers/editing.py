"""Changing the rules in the open: see who would move and what it costs, apply, and undo."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from loyalty.customers.facts import in_index_order
from loyalty.shops import audit
from loyalty.shops.models import User
from loyalty.shops.scope import current_shop

from . import preset, services
from .draft import Draft, Level, Perk
from .models import Benefit, Programme, ProgrammeVersion, Tier
from .standing import standing_sql

PAGE = 20
FIRST = 5


@dataclass(frozen=True)
class Mover:
    """A customer who would change tier. `direction` is "up" or "down" (down: one level, after the days of
    grace).
    """

    customer_id: int
    name: str
    value: int
    orders: int
    from_rank: int
    to_rank: int
    direction: str


@dataclass(frozen=True)
class Preview:
    """What applying a draft would do. Amounts are minor units a year; `profit_per_order` is None where
    unknown.
    """

    draft: Draft
    up: int
    down: int
    kept: int
    estimated: int
    cost_before: int
    cost_after: int
    profit_per_order: int | None
    movers: list[Mover]

    @property
    def moving(self) -> int:
        return self.up + self.down

    @property
    def first_movers(self) -> list[Mover]:
        return self.movers[:FIRST]

    @property
    def cost_change(self) -> int:
        return self.cost_after - self.cost_before

    @property
    def break_even_orders(self) -> int | None:
        """Extra orders a year that pay for a dearer discount; None where it is not dearer or profit is
        unknown.
        """
        if self.cost_change <= 0 or not self.profit_per_order or self.profit_per_order <= 0:
            return None
        return -(-self.cost_change // self.profit_per_order)

    @property
    def break_even_each(self) -> float | None:
        """The same for each of those who move up."""
        return self.break_even_orders / self.up if self.break_even_orders and self.up else None


def preview(draft: Draft, as_of: datetime.date, page: int | None = None) -> Preview:
    """Return what applying `draft` on `as_of` would do, with people it moves. Writes nothing.

    `page` asks for one page of them, those who move up first; without it come the first of both directions.

    The yearly cost is each tier's discount on what its customers spent in the last 365 days, as they are
    now and as they would be; those who would move down are counted one level lower, where the grace will
    have ended.
    """
    now = Draft.of(services.active_programme())
    standing = standing_sql(current_shop(), draft, as_of)
    sql = _PREVIEW.format(
        standing=standing.sql,
        before=_points("coalesce(rank, to_rank)", now),
        after=_points("lands", draft),
        first=_MIXED if page is None else "",
    )
    params = standing.params | {"limit": PAGE, "offset": ((page or 1) - 1) * PAGE}
    with transaction.atomic(), in_index_order(), connection.cursor() as cursor:
        cursor.execute(sql, params)
        *numbers, movers = cursor.fetchone()
    return Preview(draft, *numbers, [Mover(**mover) for mover in movers])


# The best of both directions in turn.
_MIXED = "row_number() OVER (PARTITION BY action = 'up' ORDER BY value DESC, customer_id), "
# One row: the numbers in the order of Preview's fields, and the people as JSON.
_PREVIEW = """
WITH decided AS MATERIALIZED (
    SELECT customer_id, value, is_estimated, orders, yearly_amount, yearly_orders, yearly_profit, yearly_costed,
           rank, to_rank, action, CASE WHEN action IN ('warn', 'down') THEN rank - 1 ELSE to_rank END AS lands
    FROM ({standing}) AS standing
)
SELECT count(*) FILTER (WHERE action = 'up'),
       count(*) FILTER (WHERE action IN ('warn', 'down')),
       count(*) FILTER (WHERE action = 'clear'),
       count(*) FILTER (WHERE is_estimated),
       coalesce(sum(yearly_amount * {before}), 0)::bigint / 10000,
       coalesce(sum(yearly_amount * {after}), 0)::bigint / 10000,
       round(sum(yearly_profit) / nullif(sum(yearly_costed), 0)
             * sum(yearly_amount) / nullif(sum(yearly_orders), 0))::bigint,
       (SELECT coalesce(json_agg(mover), '[]') FROM (
            SELECT customer_id, customer.name, value, orders, rank AS from_rank, lands AS to_rank,
                   CASE WHEN action = 'up' THEN 'up' ELSE 'down' END AS direction
            FROM decided
            JOIN customers_customer AS customer
                 ON customer.shop_id = %(shop_id)s AND customer.id = decided.customer_id
            WHERE action IN ('up', 'warn', 'down')
            ORDER BY {first}action = 'up' DESC, value DESC, customer_id LIMIT %(limit)s OFFSET %(offset)s
       ) AS mover)
FROM decided"""


def _points(rank: str, draft: Draft) -> str:
    """Return SQL for the discount of a rank in hundredths of a percent."""
    cases = " ".join(f"WHEN {level.rank} THEN {int(level.discount * 10000)}" for level in draft.levels)
    return f"CASE {rank} {cases} ELSE 0 END"


def check(draft: Draft) -> None:
    """Raise ValidationError with a sentence for each rule that cannot be applied."""
    sentences = {
        "not_higher": _("%(tier)s must begin above the tier below it."),
        "fewer_orders": _("%(tier)s cannot ask for fewer orders than the tier below it."),
        "not_free": _("%(tier)s is the way in and has no condition."),
    }
    errors = [
        ValidationError(sentences[code], code=code, params={"tier": draft.level(rank).name, "rank": rank})
        for rank, code in draft.problems()
    ]
    if errors:
        raise ValidationError(errors)


def apply(draft: Draft, by: User | None, as_of: datetime.date) -> ProgrammeVersion:
    """Put `draft` in force as of `as_of` and return its version.

    Whoever reaches a higher tier is in it at once; whoever no longer reaches theirs keeps it for the days of
    grace. Raise ValidationError for rules that break the ladder or change nothing.
    """
    check(draft)
    with transaction.atomic():
        services.lock_shop()
        programme = services.preset(as_of)
        if draft == Draft.of(programme):
            raise ValidationError(_("Nothing has been changed yet."), code="unchanged")
        _store(programme, draft)
        version = ProgrammeVersion.objects.create(
            programme=programme,
            number=programme.versions.order_by("-number")[0].number + 1,
            rules=Draft.of(programme).to_json(),
            created_by=by,
            applied_at=preset.moment_of(as_of),
        )
        done = services.write(Draft.of(programme), programme, version, as_of, keep_moves=True)
        version.moved_up, version.moved_down = done.moved_up, done.warned + done.moved_down
        version.save(update_fields=["moved_up", "moved_down"])
        audit.record(
            "tiers.applied", str(version.number), moved_up=version.moved_up, moved_down=version.moved_down
        )
    return version


def undo(by: User | None, as_of: datetime.date) -> ProgrammeVersion:
    """Take the version in force back and return the one that is in force again.

    Whoever it moved and who has not moved since is exactly where they were, with the same first day and
    the same end of grace; everybody is then reviewed under the rules that are back.
    """
    with transaction.atomic():
        services.lock_shop()
        programme = services.preset(as_of)
        live = list(programme.versions.filter(undone_at=None).order_by("-number")[:2])
        if len(live) < 2:
            raise ValidationError(_("There is nothing before the first version."), code="first")
        undone, back = live
        undone.undone_at, undone.undone_by = timezone.now(), by
        undone.save(update_fields=["undone_at", "undone_by"])
        _store(programme, Draft.from_json(back.rules))
        _put_back(undone)
        services.review_shop(as_of)
        audit.record("tiers.undone", str(undone.number), in_force=back.number)
    return back


def _put_back(version: ProgrammeVersion) -> None:
    params = {"shop_id": current_shop().pk, "version_id": version.pk, "now": version.undone_at}
    # One after the other: a row must be let go before the one it replaced is current again.
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE tiers_tiermembership AS m SET is_current = false, undone_at = %(now)s
               FROM tiers_versionmove AS move
               WHERE move.shop_id = %(shop_id)s AND move.version_id = %(version_id)s
                     AND m.shop_id = %(shop_id)s AND m.id = move.after_id AND m.is_current""",
            params,
        )
        cursor.execute(
            """UPDATE tiers_tiermembership AS m SET is_current = true, until_on = NULL, falls_on =
            move.falls_before
               FROM tiers_versionmove AS move
               LEFT JOIN tiers_tiermembership AS after ON after.shop_id = %(shop_id)s AND after.id =
               move.after_id WHERE move.shop_id = %(shop_id)s AND move.version_id = %(version_id)s
                     AND m.shop_id = %(shop_id)s AND m.id = move.before_id
                     AND (after.undone_at = %(now)s OR move.after_id IS NULL AND m.is_current
                                                       AND m.falls_on IS NOT DISTINCT FROM
                                                       move.falls_after)""",
            params,
        )


def _store(programme: Programme, draft: Draft) -> None:
    """Write the values of `draft` into the rows of the programme."""
    programme.metric, programme.window_days = draft.metric, draft.window_days
    programme.grace_days = draft.grace_days
    programme.save()
    # All off first: a tier holds one discount at a time.
    Benefit.objects.filter(tier__programme=programme).update(is_active=False)
    for level in draft.levels:
        Tier.objects.filter(programme=programme, pk=level.tier_id).update(
            name=level.name, threshold_amount=level.threshold, min_orders=level.min_orders
        )
        for perk in level.perks:
            _store_perk(level, perk)


def _store_perk(level: Level, perk: Perk) -> None:
    Benefit.objects.update_or_create(
        pk=perk.id,
        tier_id=level.tier_id,
        defaults={
            "kind": perk.kind,
            "text": perk.text,
            "value_share": perk.value_share,
            "cost_amount": perk.cost_amount,
            "period": perk.period,
            "is_active": True,
        },
    )


def with_perk(draft: Draft, rank: int, perk: Perk) -> Draft:
    """Return `draft` with `perk` added to the level `rank`, or put in the place of the one with its id."""
    level = draft.level(rank)
    others = [old for old in level.perks if old.id != perk.id]
    if perk.id is None or len(others) == len(level.perks):
        return draft.replacing(replace(level, perks=(*level.perks, perk)))
    perks = tuple(perk if old.id == perk.id else old for old in level.perks)
    return draft.replacing(replace(level, perks=perks))


def without_perk(draft: Draft, benefit_id: int) -> Draft:
    """Return `draft` without the benefit of this id."""
    levels = tuple(
        replace(level, perks=tuple(perk for perk in level.perks if perk.id != benefit_id))
        for level in draft.levels
    )
    return replace(draft, levels=levels)
