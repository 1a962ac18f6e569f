"""Brings what CustomerScore keeps up to a day: first the facts, then, by cuts, what follows from them."""

from __future__ import annotations

import datetime
from contextlib import nullcontext
from dataclasses import dataclass

from loyalty.customers.facts import Statement, in_index_order, stretches
from loyalty.shops.models import Shop
from loyalty.shops.rls import refresh_statistics

from . import affected, cutting, history, keeping, state, volume, writes
from .models import CustomerScore, ScoreRun
from .rules import Rules
from .statements import execute, row_by_row

NEWCOMERS = "segmentation_newcomers"
_NEWCOMERS = f"""
CREATE TEMPORARY TABLE {NEWCOMERS} ON COMMIT DROP AS
SELECT id AS customer_id FROM customers_customer AS customer
WHERE shop_id = %(shop_id)s {{some}} AND NOT EXISTS (
    SELECT FROM segmentation_customerscore AS score
    WHERE score.shop_id = %(shop_id)s AND score.customer_id = customer.id)"""
# Every score is a customer's, so where there are as many of both, nobody is new: sooner counted than compared.
_MORE_THAN_SCORES = """AND (SELECT count(*) FROM customers_customer WHERE shop_id = %(shop_id)s)
    > (SELECT count(*) FROM segmentation_customerscore WHERE shop_id = %(shop_id)s)"""
# In the order of their keys, in which they lie in tables and indexes: neighbours are looked up and written together.
_IN = "AND {name} IN (SELECT DISTINCT customer_id FROM {table} ORDER BY customer_id)"

# Who stands where after the run began stands there by the cuts of the run before.
_MARK_NEWER = """
INSERT INTO customers_stalefacts (shop_id, customer_id)
SELECT shop_id, customer_id FROM segmentation_customerscore
WHERE shop_id = %(shop_id)s AND computed_at > %(started_at)s"""


@dataclass
class Renewal:
    """One run over a shop, inside its transaction: `begin` where there was none, or `renew_facts` and then
    `renew_state`.
    """

    shop: Shop
    as_of: datetime.date
    rules: Rules
    started_at: datetime.datetime
    last: ScoreRun | None
    is_whole: bool = False
    # Whether FRESH holds facts that are not written yet, and whether everybody was scored, perhaps by other cuts.
    has_fresh: bool = False
    has_scored_all: bool = False

    def __post_init__(self) -> None:
        if not affected.facts_suffice(self.last, self.as_of, self.rules):
            self.is_whole = True
        self.params = {"shop_id": self.shop.pk, "started_at": self.started_at, "as_of": self.as_of}
        self.history_on = history.day_to_keep(self.as_of)
        self.history_lags = bool(self.history_on) and history.lags_behind()

    def begin(self) -> None:
        """Write the state table, the first of the shop."""
        affected.forget_marks(self.shop)
        self._write(writes.insert_sql(Statement(f"SELECT * FROM {state.STATE}")))
        # The planner would take the table for empty until somebody else looks.
        refresh_statistics(CustomerScore)

    def renew_facts(self) -> None:
        """Add up everybody, or those whom something happened to, and keep in FRESH what has changed.

        Of everybody it is written at once: several processes can read a table, but only their own temporary ones.
        """
        among, which = "", _MORE_THAN_SCORES
        if self.is_whole:
            affected.forget_marks(self.shop)
        else:
            affected.lay_stale(self.shop, self.last, self.as_of)
            among = _IN.format(name="customer_id", table=affected.STALE)
            which = _IN.format(name="id", table=affected.STALE)
        execute(Statement(_NEWCOMERS.format(some=which), self.params))
        self._add_newcomers()
        with in_index_order() if self.is_whole else nullcontext():
            who = state.whom_we_know(among.replace("customer_id", "kept.customer_id", 1))
            ways = (self.shop, self.as_of, self.rules.window_days)
            parts = stretches(self.shop) if self.is_whole else [""]
            self._lay(writes.changed_facts_sql(*ways, who, among, parts), state.FRESH)
        self.has_fresh = True
        if self.is_whole:
            self.write_fresh()
        else:
            # By which each is looked up.
            execute(Statement(f"CREATE UNIQUE INDEX ON {state.FRESH} (customer_id)"))

    def write_fresh(self) -> None:
        """Write the facts that have changed, before what follows from them is known."""
        if self.has_fresh:
            execute(Statement(writes.update_sql(state.FACT_COLUMNS, state.FRESH), self.params))
            self._drop(state.FRESH)
            self.has_fresh = False

    def counts(self) -> dict[str, int]:
        """Return what `keeping.counts` says of the facts, those not written yet among them."""
        found = keeping.counts(state.all_kept(self.shop, self.as_of))
        if not self.has_fresh:
            return found
        some = _IN.format(name="score.customer_id", table=state.FRESH)
        before = keeping.counts(Statement(state.kept_sql(some), self.params))
        after = keeping.counts(Statement(state.FRESH))
        return {name: count - before[name] + after[name] for name, count in found.items()}

    def renew_state(self, cuts: dict, version: int) -> dict:
        """Score by `cuts` everybody, or whom it can concern, write what has changed, and return the cuts."""
        some = ""
        # Units are added up anew by the week, of everybody: nobody keeps a list of whom that moves.
        is_kept = not self.is_whole and not self.rules.units_weight
        if is_kept and affected.state_suffices(self.last, cuts, version):
            affected.lay_due(self.shop, self.last, self.as_of)
            some = _IN.format(name="score.customer_id", table=affected.DUE)
        else:
            self.has_scored_all = True
            self.write_fresh()
        changed = writes.changed_state_sql(some, self.as_of, cuts, self.rules, self.has_fresh)
        columns = (*state.FACT_COLUMNS, *state.STATE_COLUMNS) if self.has_fresh else state.STATE_COLUMNS
        with row_by_row() if some else nullcontext():
            self._lay(changed, writes.CHANGED)
            self._write(Statement(writes.update_sql(columns)))
        self._drop(writes.CHANGED)
        if self.has_fresh:
            self._drop(state.FRESH)
        affected.clear()
        if self.history_lags:
            history.keep(state.all_scored(self.shop, self.as_of), self.as_of)
        return cuts

    def mark_newer(self) -> None:
        """See to it that the next run scores those anew who were scored while this one was under way."""
        execute(Statement(_MARK_NEWER, self.params))

    def _add_newcomers(self) -> None:
        """Add the customers who have no row yet, by the cuts so far."""
        who = f"{state.EVERYBODY[:-1]} {_IN.format(name='customer.id', table=NEWCOMERS)})"
        among = _IN.format(name="customer_id", table=NEWCOMERS)
        found = state.relation_sql(self.shop, self.as_of, self.rules.window_days, who, among)
        scored = state.state_sql(f"({found.sql})", self.as_of, self._cuts_so_far(), self.rules)
        self._write(writes.insert_sql(Statement(scored.sql, found.params | scored.params)))
        self._drop(NEWCOMERS)

    def _cuts_so_far(self) -> dict:
        """The cuts of the last run. Where that found no buyer there are none yet: anything will do until
        `renew_state`, in the same transaction, takes fresh ones."""
        if self.last.buyers:
            # Runs of before the volume of a year, or of before units counted, lack its middle.
            return dict.fromkeys(("year_days", *volume.CUTS)) | self.last.cuts
        return dict.fromkeys(volume.CUTS) | self.last.cuts | {name: [0, 0, 0, 0] for name in cutting.MEASURES}

    def _lay(self, found: Statement, table: str) -> None:
        execute(state.into_table(table, Statement(found.sql, found.params | self.params)))
        execute(Statement(f"ANALYZE {table} (customer_id)"))

    def _write(self, statement: Statement) -> None:
        params = statement.params | self.params
        execute(history.writing(Statement(statement.sql, params), self.history_on))

    def _drop(self, table: str) -> None:
        execute(Statement(f"DROP TABLE {table}"))
