"""Brings what CustomerScore keeps up to a day: first the facts, then, by cuts, what follows from them."""

from __future__ import annotations

import datetime
from contextlib import nullcontext
from dataclasses import dataclass

from loyalty.customers.facts import Statement, one_by_one
from loyalty.shops.models import Shop
from loyalty.shops.rls import refresh_statistics

from . import affected, history, state
from .models import CustomerScore, ScoreRun
from .rules import Rules
from .statements import execute, row

_MISSING = f"""{state.EVERYBODY[:-1]} AND kept.customer_id IS NULL AND customer.id IN ({{some}}))"""
_EVERYBODY = "SELECT id FROM customers_customer WHERE shop_id = %(shop_id)s"
_IN = "AND {name} IN (SELECT customer_id FROM {table})"

# Who stands where after the run began stands there by the cuts of the run before.
_MARK_NEWER = """
INSERT INTO customers_stalefacts (shop_id, customer_id)
SELECT shop_id, customer_id FROM segmentation_customerscore
WHERE shop_id = %(shop_id)s AND computed_at > %(started_at)s"""


_WRITTEN = """SELECT count(*) FROM segmentation_customerscore
WHERE shop_id = %(shop_id)s AND computed_at = %(started_at)s"""


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

    def __post_init__(self) -> None:
        if not affected.facts_suffice(self.last, self.as_of, self.rules):
            self.is_whole = True
        self.params = {"shop_id": self.shop.pk, "started_at": self.started_at, "as_of": self.as_of}
        self.history_on = history.day_to_keep(self.as_of)
        self.history_lags = bool(self.history_on) and history.lags_behind()

    def begin(self) -> None:
        """Write the state table, the first of the shop."""
        affected.forget_marks(self.shop)
        self._write(state.insert_sql(Statement(f"SELECT * FROM {state.STATE}")))
        # The planner would take the table for empty until somebody else looks.
        refresh_statistics(CustomerScore)

    @property
    def changed(self) -> int:
        """How many customers this run wrote."""
        return row(Statement(_WRITTEN, self.params))["count"]

    def renew_facts(self) -> None:
        """Add up everybody, or those whom something happened to, and write the facts that have changed."""
        if self.is_whole:
            affected.forget_marks(self.shop)
            who, among, newcomers = state.kept_known(), "", _EVERYBODY
        else:
            affected.lay_stale(self.shop, self.last, self.as_of)
            among = _IN.format(name="customer_id", table=affected.STALE)
            who = state.kept_known(_IN.format(name="score.customer_id", table=affected.STALE))
            newcomers = f"SELECT customer_id FROM {affected.STALE}"
        with one_by_one() if self.is_whole else nullcontext():
            self._add(_MISSING.format(some=newcomers), among)
            found = state.relation_sql(self.shop, self.as_of, self.rules.window_days, who, among)
            self._lay(state.changed_facts_sql(found))
        execute(Statement(state.update_sql(state.FACT_COLUMNS), self.params))
        self._done()

    def renew_state(self, cuts: dict, version: int) -> dict:
        """Score by `cuts` everybody, or whom it can concern, write what has changed, and return the cuts."""
        some = ""
        if not self.is_whole and affected.state_suffices(self.last, cuts, version):
            affected.lay_due(self.shop, self.last, self.as_of)
            some = _IN.format(name="score.customer_id", table=affected.DUE)
        self._lay(state.changed_state_sql(some, self.as_of, cuts, self.rules))
        self._write(Statement(state.update_sql(state.STATE_COLUMNS)))
        self._done()
        if not some:
            execute(Statement(_MARK_NEWER, self.params))
        affected.clear()
        if self.history_lags:
            history.keep(state.all_scored(self.shop, self.as_of), self.as_of)
        return cuts

    def _add(self, who: str, among: str) -> None:
        """Add the customers who have no row yet, by the cuts so far."""
        found = state.relation_sql(self.shop, self.as_of, self.rules.window_days, who, among)
        scored = state.state_sql(f"({found.sql})", self.as_of, self.last.cuts, self.rules)
        self._write(state.insert_sql(Statement(scored.sql, found.params | scored.params)))

    def _lay(self, found: Statement) -> None:
        execute(state.into_table(state.CHANGED, Statement(found.sql, found.params | self.params)))
        execute(Statement(f"ANALYZE {state.CHANGED} (customer_id)"))

    def _write(self, statement: Statement) -> None:
        params = statement.params | self.params
        execute(history.writing(Statement(statement.sql, params), self.history_on))

    def _done(self) -> None:
        execute(Statement(f"DROP TABLE {state.CHANGED}"))
