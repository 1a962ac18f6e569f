"""Which cuts a run scores by: those kept from the run before, or fresh ones, and why."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from loyalty.customers.facts import Statement
from loyalty.shops import audit
from loyalty.shops.models import Shop

from . import cutting, lifecycle, rfm, state, statements, volume
from .counting import Counted
from .models import CutsReason, SchemeVersion, ScoreRun
from .rules import Rules

_COUNTS = (
    f"SELECT {', '.join(f'{sql} AS {name}' for name, sql in state.COUNTED.items())} FROM {{facts}} AS facts"
)


@dataclass(frozen=True)
class Stand:
    """Cuts as they were in force once: with the day they were taken on, and the people of each score then."""

    cuts: dict
    cuts_on: datetime.date | None
    score_counts_then: dict

    @classmethod
    def of(cls, run: ScoreRun) -> Stand:
        return cls(run.cuts, run.cuts_on, run.score_counts_then)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Stand:
        return cls(**{**kept, "cuts_on": datetime.date.fromisoformat(kept["cuts_on"])})

    def to_json(self) -> dict | None:
        """Return what `from_json` reads; None of cuts that nobody took."""
        return self.cuts_on and {**asdict(self), "cuts_on": self.cuts_on.isoformat()}

    def says_the_same(self, other: Stand | ScoreRun) -> bool:
        return bare(self.cuts) == bare(other.cuts)


def bare(cuts: Mapping[str, Any]) -> dict:
    """Return what scores go by: cuts without the counts of their day."""
    return {name: cut for name, cut in cuts.items() if name not in state.COUNTED}


def reason(
    as_of: datetime.date,
    rules: Rules,
    stand: Stand | ScoreRun | None,
    counts: Mapping[str, int],
    calendar: str,
) -> CutsReason:
    """Return why the cuts of `stand` are taken anew as of a day, or that they are kept."""
    if not _is_taken(stand):
        return CutsReason.FIRST
    if stand.cuts.get("basis") != rules.basis:
        return CutsReason.RULES
    if as_of < stand.cuts_on:
        return CutsReason.EARLIER
    if cutting.is_other_base(stand.cuts | {"buyers": stand.cuts["taken_from"]}, counts):
        return CutsReason.GROWN
    is_due = cutting.is_due(rules.refresh, stand.cuts_on, as_of, calendar)
    return CutsReason.SCHEDULE if is_due else CutsReason.KEPT


def _is_taken(stand: Stand | ScoreRun | None) -> bool:
    return bool(stand and stand.cuts_on and stand.cuts.get("buyers"))


class Taking:
    """The cuts of one run, decided once the facts are there: `cuts` is to be called with them.

    Kept are those that `version` goes back to, where they still hold, and otherwise those of `run`, the last one.
    A version is asked what it begins with until a run was made by it.
    """

    def __init__(
        self,
        shop: Shop,
        as_of: datetime.date,
        rules: Rules,
        run: ScoreRun | None,
        version: SchemeVersion | None = None,
        wish: CutsReason | None = None,
    ):
        self.shop, self.as_of, self.rules, self.run = shop, as_of, rules, run
        self.wish, self.reason, self.kept = wish, CutsReason.FIRST, run
        self.stands: list[Stand | ScoreRun | None] = [run]
        if version and (run is None or run.version != version.number):
            if version.stand:
                self.stands.insert(0, Stand.from_json(version.stand))
            elif version.is_refresh:
                self.wish = CutsReason.BY_HAND

    def cuts(
        self,
        facts: Statement = state.ALL_FACTS,
        counted: Callable[[], dict] | None = None,
        settle: Callable[[], None] = lambda: None,
    ) -> dict:
        """Return the cuts to score `facts` by.

        Where not all `facts` are written yet, `counted` gives their `counts` and `settle` writes them.
        """
        if self.wish and _is_taken(self.run):
            # What a person asked for takes its place before what the calendar says.
            self.reason = self.wish
            settle()
            return fresh_cuts(self.rules, facts, self.run)
        found = counted() if counted else counts(facts)
        for stand in self.stands:
            self.reason = reason(self.as_of, self.rules, stand, found, self.shop.calendar)
            if self.reason == CutsReason.KEPT and volume.lack_units(stand.cuts, self.rules):
                self.reason = CutsReason.RULES
            if self.reason == CutsReason.KEPT:
                self.kept = stand
                return stand.cuts | found
        settle()
        return fresh_cuts(self.rules, facts, self.run)

    def fields(self, counted: Counted, found: dict, given: dict | None = None) -> dict:
        """Return what the run keeps of this, from the state of all customers by the cuts it `found`; `given`
        cuts count as kept.
        """
        counts = counted.scores
        if given and self.run:
            self.reason = CutsReason.KEPT
        kept = {"cuts_reason": self.reason, "score_counts": counts}
        if self.reason == CutsReason.KEPT:
            return kept | {"cuts_on": self.kept.cuts_on, "score_counts_then": self.kept.score_counts_then}
        kept |= {"cuts_on": self.as_of, "score_counts_then": counts}
        if self.run is not None and self.run.cuts.get("basis") == self.rules.basis:
            kept |= {
                "cuts_before": self.run.cuts,
                "moved_by_cuts": moved_by_cuts(self.run.cuts, found, self.rules, counted.scored),
            }
        return kept


def _over(facts: Statement, sql: str, **params) -> Statement:
    return Statement(sql.format(facts=facts.sql), facts.params | params)


def counts(facts: Statement) -> dict[str, int]:
    """Return what is counted anew with every run: customers, buyers, repeaters, repeat_gaps."""
    return statements.row(_over(facts, _COUNTS))


def fresh_cuts(rules: Rules, facts: Statement = state.ALL_FACTS, last: ScoreRun | None = None) -> dict:
    """Return the cuts of all facts, by what the owner chose and what the shop allows; those of the `last` run, where
    there was one, are where to look first.
    """
    halves = statements.dicts(_over(facts, state.CUTS, shares=list(rfm.SHARES)))
    found = {name: first if first is not None else halves[1][name] for name, first in halves[0].items()}
    found["gap_days"] = _middle_gap(facts, found["repeat_gaps"], last and last.cuts.get("gap_days"))
    base = cutting.Base(found["buyers"], found["repeaters"], found["gap_days"], None)
    if cutting.FALLBACK in cutting.ways(rules.cuts, base).values():
        base = cutting.Base(**{**base.__dict__, **statements.row(_over(facts, state.BASKET))})
    found |= cutting.cuts(found, rules.cuts, base)
    found |= {"basis": rules.basis, "taken_from": found["buyers"], "value_score": None}
    if rules.units_weight:
        found |= _volume_cuts(rules, facts)
    counts = statements.rows(_over(facts, state.value_counts_sql(rules), **found))
    values = sorted(row for row in counts if row[0] is not None)
    return found | {"value_score": rfm.quantile_of_counts(values, 0.5) if values else None}


def _volume_cuts(rules: Rules, facts: Statement) -> dict[str, float | None]:
    known = Statement(volume.with_units_sql(facts.sql, rules), facts.params)
    means = statements.row(_over(known, volume.MEANS))
    return means | statements.row(_over(known, volume.median_sql(rules), **means))


def _middle_gap(facts: Statement, gaps: int, guess: float | None) -> float | None:
    """Return the middle of all repeat gaps. From one run to the next it is mostly the same."""
    if gaps >= lifecycle.ENOUGH_GAPS and guess is not None and guess == int(guess):
        about = statements.row(_over(facts, state.GAPS_ABOUT, guess=int(guess)))
        if rfm.is_quantile(0.5, gaps, **about):
            return guess
    return lifecycle.pooled_gap(statements.rows(_over(facts, state.GAPS)))


def moved_by_cuts(before: dict, now: dict, rules: Rules, scored: Statement) -> int:
    """Return how many would be in another segment by the cuts before."""
    if all(before[name] == now[name] for name in cutting.MEASURES):
        return 0
    row = ", ".join(f"%({name})s::float8[] AS {name}" for name in cutting.MEASURES)
    then = rfm.segment_sql(
        rfm.recency_score_sql("state.recency_days", "cuts.recency_days"),
        rfm.score_sql("state.frequency", "cuts.frequency"),
        rfm.score_sql("state.monetary_amount", "cuts.monetary_amount"),
        rules.cell_map,
    )
    sql = f"""SELECT count(*) AS people FROM {scored.sql} AS state, (SELECT {row}) AS cuts
WHERE state.segment <> '' AND state.segment <> {then}"""
    params = scored.params | {name: before[name] for name in cutting.MEASURES}
    return statements.row(Statement(sql, params))["people"]


def tell(run: ScoreRun) -> None:
    """Leave a line in the audit list where a run took fresh cuts, unless the line of the rules says it."""
    if run.cuts_reason in (CutsReason.KEPT, CutsReason.RULES) or not run.buyers:
        return
    details = {"day": run.cuts_on.isoformat(), "reason": str(run.cuts_reason), "moved": run.moved_by_cuts}
    if run.cuts_before:
        details["measures"] = {
            name: {"before": run.cuts_before[name], "after": run.cuts[name]} for name in cutting.MEASURES
        }
    audit.record("segmentation.cuts_taken", **details)
