"""Which cuts a run scores by: those kept from the run before, or fresh ones, and why."""

from __future__ import annotations

import datetime

from loyalty.customers.facts import Statement
from loyalty.shops import audit
from loyalty.shops.models import Shop

from . import cutting, lifecycle, rfm, state, statements
from .counting import Counted
from .models import CutsReason, ScoreRun
from .rules import Rules

_COUNTS = "SELECT count(*) AS customers, count(last_order_on) AS buyers FROM {facts} AS facts"


def reason(
    as_of: datetime.date, rules: Rules, run: ScoreRun | None, buyers: int, calendar: str
) -> CutsReason:
    """Return why the cuts of `run`, the last one, are taken anew as of a day, or that they are kept."""
    if run is None or run.cuts_on is None or not run.cuts.get("buyers"):
        return CutsReason.FIRST
    if run.cuts.get("basis") != rules.basis:
        return CutsReason.RULES
    if as_of < run.cuts_on:
        return CutsReason.EARLIER
    if cutting.is_other_base(run.cuts["taken_from"], buyers):
        return CutsReason.GROWN
    is_due = cutting.is_due(rules.refresh, run.cuts_on, as_of, calendar)
    return CutsReason.SCHEDULE if is_due else CutsReason.KEPT


class Taking:
    """The cuts of one run, decided once the facts are there: `cuts` is to be called with them."""

    def __init__(
        self,
        shop: Shop,
        as_of: datetime.date,
        rules: Rules,
        run: ScoreRun | None,
        wish: CutsReason | None = None,
    ):
        self.shop, self.as_of, self.rules, self.run = shop, as_of, rules, run
        self.wish, self.reason = wish, CutsReason.FIRST

    def cuts(self, facts: Statement = state.ALL_FACTS) -> dict:
        counts = statements.row(_over(facts, _COUNTS))
        found = reason(self.as_of, self.rules, self.run, counts["buyers"], self.shop.calendar)
        # What a person asked for takes its place before what the calendar says.
        self.reason = self.wish if self.wish and found != CutsReason.FIRST else found
        if self.reason == CutsReason.KEPT:
            return self.run.cuts | counts
        return fresh_cuts(self.rules, facts)

    def fields(self, counted: Counted, given: dict | None = None) -> dict:
        """Return what the run keeps of this, from the state of all customers; `given` cuts count as kept."""
        counts = counted.scores
        if given and self.run:
            self.reason = CutsReason.KEPT
        kept = {"cuts_reason": self.reason, "score_counts": counts}
        if self.reason == CutsReason.KEPT:
            return kept | {"cuts_on": self.run.cuts_on, "score_counts_then": self.run.score_counts_then}
        kept |= {"cuts_on": self.as_of, "score_counts_then": counts}
        if self.run is not None and self.run.cuts.get("basis") == self.rules.basis:
            kept |= {
                "cuts_before": self.run.cuts,
                "moved_by_cuts": moved_by_cuts(self.run.cuts, self.rules, counted.scored),
            }
        return kept


def _over(facts: Statement, sql: str, **params) -> Statement:
    return Statement(sql.format(facts=facts.sql), facts.params | params)


def fresh_cuts(rules: Rules, facts: Statement = state.ALL_FACTS) -> dict:
    """Return the cuts of all facts, by what the owner chose and what the shop allows."""
    found = statements.row(_over(facts, state.CUTS, shares=list(rfm.SHARES)))
    gaps = statements.rows(_over(facts, state.GAPS))
    found |= {"gap_days": lifecycle.pooled_gap(gaps), "repeat_gaps": sum(count for _gap, count in gaps)}
    base = cutting.Base(found["buyers"], found["repeaters"], found["gap_days"], None)
    if cutting.FALLBACK in cutting.ways(rules.cuts, base).values():
        base = cutting.Base(**{**base.__dict__, **statements.row(_over(facts, state.BASKET))})
    found |= cutting.cuts(found, rules.cuts, base)
    found |= {"basis": rules.basis, "taken_from": found["buyers"], "value_score": None}
    median = statements.row(_over(facts, state.value_median_sql(rules), **found))
    return found | {"value_score": median["percentile_cont"]}


def moved_by_cuts(before: dict, rules: Rules, scored: Statement) -> int:
    """Return how many would be in another segment by the cuts before."""
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
