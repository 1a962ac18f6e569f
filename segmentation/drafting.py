"""Other rules than those in force: kept as a draft, previewed without writing a score, applied, gone back
from.
"""

from __future__ import annotations

import datetime
from dataclasses import replace
from enum import Enum

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from loyalty.customers.facts import Statement
from loyalty.shops import audit
from loyalty.shops.models import Shop, User
from loyalty.shops.scope import current_shop

from . import keeping, services, state, statements, taste, volume
from .counting import Counted
from .models import CutsReason, Scheme, SchemeVersion, ScoreRun, naming
from .rules import Rules

# People named beside each move.
NAMED = 5
KINDS = ("segment", "quadrant")
# Choices that move nobody: what things are called, and when cuts are taken.
_MOVES_NOBODY = ("names", "refresh", "rfm_weights")


class Applied(Enum):
    """What putting a version in force means for the scores: they stay, are written, or are yet to be."""

    MOVES_NOBODY = "moves_nobody"
    IS_SCORED = "is_scored"
    IS_LATER = "is_later"


def rules_tried() -> Rules:
    """Return the rules of the draft, or those in force where nothing is being tried."""
    draft = SchemeVersion.objects.draft()
    return Rules.from_json(draft.rules) if draft else services.rules_of_shop()


def keep(rules: Rules, by: User | None = None) -> SchemeVersion | None:
    """Keep `rules` as the draft, in place of an earlier one; rules that are in force already need none."""
    if rules == services.rules_of_shop():
        discard()
        return None
    return _keep(rules, by)


def keep_refresh(by: User | None = None) -> SchemeVersion:
    """Keep the rules in force as a draft, to see what cuts taken anew would do. Refuses to replace a draft."""
    _refuse_to_replace()
    return _keep(services.rules_of_shop(), by, is_refresh=True)


def restore(version: SchemeVersion, by: User | None = None) -> SchemeVersion | None:
    """Keep an earlier version as the draft, with the cuts it stood by, if they are of its rules and others than
    those in force; None where nothing would be different. Refuses to replace a draft.
    """
    _refuse_to_replace()
    rules, run, stand = Rules.from_json(version.rules), ScoreRun.objects.current(), None
    if version.stand and run:
        stood = keeping.Stand.from_json(version.stand)
        if stood.cuts.get("basis") == rules.basis and not stood.says_the_same(run):
            stand = version.stand
    if stand is None and rules == services.rules_of_shop():
        discard()
        return None
    return _keep(rules, by, restores=version.number, stand=stand)


def undo(by: User | None = None) -> SchemeVersion | None:
    """As `restore`, for the version that was in force before the present one. Refuses where there is none."""
    applied = SchemeVersion.objects.applied()[:2]
    if len(applied) < 2:
        raise ValidationError(_("There is no earlier version to go back to."))
    return restore(applied[1], by)


def _refuse_to_replace() -> None:
    draft = SchemeVersion.objects.draft()
    # Of the others nothing was typed: a press makes them again.
    if draft and not draft.is_refresh and draft.restores is None:
        raise ValidationError(_("There is a draft. Apply it or throw it away first."))


def _keep(rules: Rules, by: User | None, **fields) -> SchemeVersion:
    fresh = {"restores": None, "stand": None, "is_refresh": False, "preview": None} | fields
    draft, _made = SchemeVersion.objects.update_or_create(
        number=None,
        defaults={"rules": rules.to_json(), "created_by": by, "created_at": timezone.now(), **fresh},
    )
    return draft


def discard() -> None:
    SchemeVersion.objects.filter(number=None).delete()


def preview(draft: SchemeVersion, as_of: datetime.date) -> dict:
    """Find what applying `draft` would do as of a day, keep it with the draft, and return it. Writes no score.

    `moves` by kind are [from, to, people, net spend, keys of the first people]; `people` and `amount` of all
    who move; `cuts` the new ones; `is_fresh` whether these are others or taken anew; `sums` by group as in a run,
    and `run` the one it compares with.
    """
    shop, rules, run = current_shop(), Rules.from_json(draft.rules), ScoreRun.objects.current()
    if run and moves_nobody(draft):
        return _keep_preview(draft, as_of, run, dict.fromkeys(KINDS, []), run.cuts, run.sums)
    if rules.units_weight and not volume.are_known():
        # Otherwise the week adds them up, and until then nobody would move.
        taste.renew(as_of)
    taking = keeping.Taking(shop, as_of, rules, run, draft)
    with (
        transaction.atomic(),
        services.state_table(shop, as_of, rules, taking.cuts) as cuts,
    ):
        moves, sums = {kind: _moves(shop, kind) for kind in KINDS}, Counted(state.ALL_STATE).sums
    is_fresh = taking.reason != CutsReason.KEPT or keeping.bare(cuts) != keeping.bare(run.cuts)
    return _keep_preview(draft, as_of, run, moves, cuts, sums, is_fresh)


def _keep_preview(
    draft: SchemeVersion,
    as_of: datetime.date,
    run: ScoreRun | None,
    moves: dict[str, list[list]],
    cuts: dict,
    sums: dict,
    is_fresh: bool = False,
) -> dict:
    draft.preview = {
        "as_of": as_of.isoformat(),
        "run": run and run.pk,
        "moves": moves,
        "people": sum(move[2] for move in moves["segment"]),
        "amount": sum(move[3] for move in moves["segment"]),
        "buyers": cuts["buyers"],
        "cuts": cuts,
        "is_fresh": is_fresh,
        "sums": sums,
    }
    draft.save(update_fields=["preview"])
    return draft.preview


def _moves(shop: Shop, kind: str) -> list[list]:
    sql = f"""SELECT score.{kind}, state.{kind}, count(*), sum(state.monetary_amount)::bigint,
       (array_agg(state.customer_id ORDER BY state.monetary_amount DESC, state.customer_id))[:{NAMED}]
FROM {state.STATE} AS state
JOIN segmentation_customerscore AS score
  ON score.shop_id = %(shop_id)s AND score.customer_id = state.customer_id
WHERE score.{kind} <> state.{kind} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"""
    return [list(row) for row in statements.rows(Statement(sql, {"shop_id": shop.pk}))]


def apply(draft: SchemeVersion, as_of: datetime.date, *, note: str = "", at_once: bool = True) -> Applied:
    """Put `draft` in force, and return what that means for the scores; with `at_once` everybody is scored here."""
    rules, before, run = Rules.from_json(draft.rules), services.rules_of_shop(), ScoreRun.objects.current()
    does_nothing, now = moves_nobody(draft), timezone.now()
    last = SchemeVersion.objects.applied().first()
    if last is None:
        last = SchemeVersion.objects.create(number=1, rules=before.to_json(), created_at=now, applied_at=now)
    last.stand = run and keeping.Stand.of(run).to_json()
    last.save(update_fields=["stand"])
    draft.number, draft.note, draft.applied_at = last.number + 1, note, now
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
    if does_nothing:
        return Applied.MOVES_NOBODY
    if not at_once:
        return Applied.IS_LATER
    services.score_shop(as_of)
    return Applied.IS_SCORED


def moves_nobody(draft: SchemeVersion) -> bool:
    """Say whether only names and the like differ from what is in force."""
    before, after = services.rules_of_shop(), Rules.from_json(draft.rules)
    bare = replace(after, **{name: getattr(before, name) for name in _MOVES_NOBODY})
    return bare == before and draft.stand is None and not draft.is_refresh
