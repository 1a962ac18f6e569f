"""Other rules than those in force: kept as a draft, previewed without writing a score, applied, gone back
from.
"""

from __future__ import annotations

import datetime
from dataclasses import replace

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from loyalty.customers.facts import Statement
from loyalty.shops import audit
from loyalty.shops.models import Shop, User
from loyalty.shops.scope import current_shop

from . import services, state, statements
from .counting import Counted
from .models import CutsReason, Scheme, SchemeVersion, ScoreRun, naming
from .rules import Rules

# People named beside each move.
NAMED = 5
KINDS = ("segment", "quadrant")
# Choices that move nobody: what things are called, and when cuts are taken.
_MOVES_NOBODY = ("names", "refresh", "rfm_weights")


def rules_tried() -> Rules:
    """Return the rules of the draft, or those in force where nothing is being tried."""
    draft = SchemeVersion.objects.draft()
    return Rules.from_json(draft.rules) if draft else services.rules_of_shop()


def keep(rules: Rules, by: User | None = None, *, restores: int | None = None) -> SchemeVersion | None:
    """Keep `rules` as the draft, in place of an earlier one; rules that are in force already need none."""
    if rules == services.rules_of_shop():
        discard()
        return None
    return _keep(rules, by, restores)


def keep_refresh(by: User | None = None) -> SchemeVersion:
    """Keep the rules in force as a draft, to see what cuts taken anew would do. Refuses to replace a draft."""
    draft, rules = SchemeVersion.objects.draft(), services.rules_of_shop()
    if draft and Rules.from_json(draft.rules) != rules:
        raise ValidationError(_("There is a draft. Apply it or throw it away first."))
    return _keep(rules, by, None)


def _keep(rules: Rules, by: User | None, restores: int | None) -> SchemeVersion:
    draft, _made = SchemeVersion.objects.update_or_create(
        number=None,
        defaults={
            "rules": rules.to_json(),
            "restores": restores,
            "created_by": by,
            "created_at": timezone.now(),
            "preview": None,
        },
    )
    return draft


def restore(version: SchemeVersion, by: User | None = None) -> SchemeVersion | None:
    """Keep the rules of an earlier version as the draft; None where they are in force already."""
    return keep(Rules.from_json(version.rules), by, restores=version.number)


def discard() -> None:
    SchemeVersion.objects.filter(number=None).delete()


def preview(draft: SchemeVersion, as_of: datetime.date) -> dict:
    """Find what applying `draft` would do as of a day, keep it with the draft, and return it. Writes no score.

    `moves` by kind are [from, to, people, net spend, keys of the first people]; `people` and `amount` of all
    who move; `cuts` the new ones; `is_fresh` whether these are taken anew; `sums` by group as in a run.
    """
    shop, rules, run = current_shop(), Rules.from_json(draft.rules), ScoreRun.objects.current()
    is_fresh = run is None or is_refresh(draft) or run.cuts.get("basis") != rules.basis
    with (
        transaction.atomic(),
        services.state_table(shop, as_of, rules, None if is_fresh else run.cuts) as cuts,
    ):
        moves = {kind: _moves(shop, kind) for kind in KINDS}
        draft.preview = {
            "as_of": as_of.isoformat(),
            "moves": moves,
            "people": sum(move[2] for move in moves["segment"]),
            "amount": sum(move[3] for move in moves["segment"]),
            "buyers": cuts["buyers"],
            "cuts": cuts,
            "is_fresh": is_fresh,
            "sums": Counted(state.ALL_STATE).sums,
        }
    draft.save(update_fields=["preview"])
    return draft.preview


def is_refresh(draft: SchemeVersion) -> bool:
    """Say whether the draft changes no rule and is about fresh cuts only."""
    return Rules.from_json(draft.rules) == services.rules_of_shop()


def _moves(shop: Shop, kind: str) -> list[list]:
    sql = f"""SELECT score.{kind}, state.{kind}, count(*), sum(state.monetary_amount)::bigint,
       (array_agg(state.customer_id ORDER BY state.monetary_amount DESC, state.customer_id))[:{NAMED}]
FROM {state.STATE} AS state
JOIN segmentation_customerscore AS score
  ON score.shop_id = %(shop_id)s AND score.customer_id = state.customer_id
WHERE score.{kind} <> state.{kind} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"""
    return [list(row) for row in statements.rows(Statement(sql, {"shop_id": shop.pk}))]


def apply(draft: SchemeVersion, as_of: datetime.date, *, note: str = "", at_once: bool = True) -> bool:
    """Put `draft` in force, and return whether everybody is yet to be scored by it.

    With `at_once` they are scored here. A draft that only takes cuts anew makes no version.
    """
    rules, before = Rules.from_json(draft.rules), services.rules_of_shop()
    if is_refresh(draft):
        draft.delete()
        if at_once:
            services.score_shop(as_of, wish=CutsReason.BY_HAND)
        return not at_once
    last = SchemeVersion.objects.applied().first()
    if last is None:
        now = timezone.now()
        last = SchemeVersion.objects.create(number=1, rules=before.to_json(), created_at=now, applied_at=now)
    draft.number, draft.note, draft.applied_at = last.number + 1, note, timezone.now()
    draft.moved = (draft.preview or {}).get("people")
    draft.preview = None
    draft.save()
    chosen = rules.to_json()
    Scheme.objects.update_or_create(
        defaults={"window_days": chosen.pop("window_days"), "chosen": chosen, "number": draft.number}
    )
    naming.forget()
    action = "segmentation.scheme_restored" if draft.restores else "segmentation.scheme_applied"
    audit.record(action, str(draft.number), restores=draft.restores, moved=draft.moved, note=note)
    if moves_nobody(before, rules):
        return False
    if at_once:
        services.score_shop(as_of)
    return not at_once


def moves_nobody(before: Rules, after: Rules) -> bool:
    """Say whether only names and the like differ."""
    return replace(after, **{name: getattr(before, name) for name in _MOVES_NOBODY}) == before


def version_before() -> SchemeVersion | None:
    """Return the version that was in force before the present one, where there is one."""
    applied = list(SchemeVersion.objects.applied()[:2])
    return applied[1] if len(applied) == 2 else None
