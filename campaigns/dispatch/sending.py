"""Claim, send, mark: how a queued message leaves, so that a killed worker neither loses nor doubles one.

1. Claim up to a batch of rows in one UPDATE and commit: from here on they are ours, with a lease.
2. Call the gateway outside any transaction, under our own references.
3. Mark each row by its reference. What was not answered for stays claimed; see `settling`.

All leases are by the database's clock: a worker whose own clock is a day ahead would otherwise take over what
others are just sending.
"""

from __future__ import annotations

import datetime
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection
from django.db.models.functions import Now

from campaigns import gateways
from campaigns.dispatch import settling
from campaigns.gateways.base import Gateway, Outbound, Outcome, Result
from campaigns.hours import is_quiet
from campaigns.models import Campaign, GatewayLine, Message
from campaigns.parameters import Parameters
from loyalty.customers.models import ConsentEvent
from loyalty.shops.models import Shop
from loyalty.shops.scope import scope

BATCH = 50
# Longer than the slowest gateway may take to answer, with room for one that answers after our patience.
LEASE_SECONDS = 60
# A message gives up after so many tries, ten minutes apart at most: about a day of nothing but refusals. A
# night or a pause is no try. After it a person may ask for as many again.
TRIES = 150
# A message that could not be taken waits 5 s, 10 s, 20 s … ten minutes; a line in trouble rests likewise.
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS, LONGEST_REST_SECONDS = 5, 600, 300
# One lane a shop ("SEND"): a large campaign of one shop must not take every worker from the others.
LANE = 0x53454E44
# The order of ConsentEvent.LATEST_FIRST, in SQL: of two words at once, "out" counts.
LAST_WORD = ", ".join(f"{name.strip('-').replace('pk', 'id')} DESC" for name in ConsentEvent.LATEST_FIRST)
UNANSWERED = Result(Outcome.UNKNOWN, reason="no_answer")


@dataclass(frozen=True)
class Claim:
    """A claimed message and the attempt it is claimed for."""

    message: Outbound
    attempt: int


@dataclass
class Batch:
    """What was done: messages claimed, people skipped because they had opted out, and answers by outcome."""

    claimed: int = 0
    skipped: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def is_empty(self) -> bool:
        return not self.claimed and not self.skipped

    def add(self, other: Batch) -> None:
        self.claimed += other.claimed
        self.skipped += other.skipped
        self.outcomes += other.outcomes


def drain(shop: Shop, *, seconds: float | None = None, gateway: Gateway | None = None) -> Batch | None:
    """Send what the shop has due, for at most `seconds`; return what was done.

    Return None at once where another worker is already at it. Must not run inside a transaction.
    """
    if not _lane("pg_try_advisory_lock", shop):
        return None
    until = None if seconds is None else time.monotonic() + seconds
    done = Batch()
    try:
        settling.start_due(shop)
        settling.settle_expired(shop, gateway)
        while until is None or time.monotonic() < until:
            batch = dispatch_batch(shop, gateway)
            if batch.is_empty:
                break
            done.add(batch)
        while settling.collect_reports(shop, gateway) and (until is None or time.monotonic() < until):
            continue
        settling.finish_campaigns(shop)
    finally:
        _lane("pg_advisory_unlock", shop)
    return done


def _lane(function: str, shop: Shop) -> bool:
    # A lock of the session and not of a transaction: a killed worker lets go of it with its connection.
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [LANE, shop.pk])
        return cursor.fetchone()[0]


def has_work() -> bool:
    """Whether anything of the shop in scope is due: to be sent, settled, asked about or started."""
    states = Message.State
    due = Message.objects.filter(due_at__lte=Now())
    at_work = Campaign.objects.filter(state__in=[Campaign.State.SENDING, Campaign.State.SCHEDULED])
    return (
        at_work.filter(launched_at__lte=Now()).exists()
        or Message.objects.filter(state=states.CLAIMED, lease_until__lte=Now()).exists()
        or due.filter(state=states.ACCEPTED).exists()
    )


def dispatch_batch(shop: Shop, gateway: Gateway | None = None) -> Batch:
    """Send one batch of the shop's due messages; must not run inside a transaction.

    `gateway` stands in for the one of the shop's line.
    """
    with scope(shop, durable=True):
        open_lines = GatewayLine.objects.filter(is_open=True).exclude(rests_until__gt=Now())
        line = open_lines.annotate(read_at=Now()).first()
        if line is None:
            return Batch()
        gateway = gateway or gateways.for_line(line, shop)
        claims, skipped = claim(shop, min(BATCH, gateway.max_batch))
    if not claims:
        return Batch(skipped=skipped)
    answers = gateway.send([one.message for one in claims]) if _is_fresh(line.read_at, gateway) else {}
    results = [(one, answers.get(one.message.reference, UNANSWERED)) for one in claims]
    with scope(shop, durable=True):
        mark(shop, results, gateway)
        note_trouble(line, [result for _claim, result in results])
    return Batch(len(claims), skipped, Counter(str(result.outcome) for _claim, result in results))


def _is_fresh(claimed_at: datetime.datetime, gateway: Gateway) -> bool:
    """Whether there is still time to send: a process that slept since may have lost its claims to others.

    By the clock of the leases: the monotonic one stands still while a machine sleeps.
    """
    with connection.cursor() as cursor:
        patience = LEASE_SECONDS - 2 * gateway.answers_within
        cursor.execute("SELECT statement_timestamp() < %s + %s * interval '1 second'", (claimed_at, patience))
        return cursor.fetchone()[0]


def claim(shop: Shop, limit: int) -> tuple[list[Claim], int]:
    """Claim due messages of the oldest campaign at work; return them, and how many had opted out since.

    Whatever may have changed since the launch is asked again here: whether the campaign still runs, whether
    it is night, whether the person still agrees.
    """
    for campaign_id in awake_campaigns(shop):
        sql, params = claim_sql(shop, campaign_id, limit)
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            rows = cursor.fetchall()
        if rows:
            claims = [Claim(Outbound(*row[1:5]), row[5]) for row in rows if row[0] == Message.State.CLAIMED]
            return claims, len(rows) - len(claims)
    return [], 0


def awake_campaigns(shop: Shop) -> list[int]:
    """Return the campaigns that may send right now, the oldest first."""
    at_work = Campaign.objects.filter(state=Campaign.State.SENDING).order_by("launched_at", "pk")
    rows = at_work.values_list("pk", "respects_quiet_hours", Now())
    return [
        campaign_id
        for campaign_id, is_considerate, now in rows
        if not (is_considerate and is_quiet(now, shop.zone, shop.quiet_from, shop.quiet_until))
    ]


def claim_sql(shop: Shop, campaign_id: int, limit: int) -> tuple[str, list]:
    """Return the claiming UPDATE, and its parameters in order."""
    p = Parameters()
    sql = f"""
WITH due AS MATERIALIZED (
    SELECT id, attempts, state_reason, (
        SELECT action FROM customers_consentevent
        WHERE shop_id = {p(shop.pk)} AND customer_id = message.customer_id
              AND channel = 'sms' AND purpose = 'marketing'
        ORDER BY {LAST_WORD} LIMIT 1) AS consent
    FROM campaigns_message AS message
    WHERE shop_id = {p(shop.pk)} AND campaign_id = {p(campaign_id)} AND state = 'queued'
          AND due_at <= statement_timestamp()
    ORDER BY due_at, id LIMIT {p(limit)} FOR UPDATE SKIP LOCKED
), judged AS (
    SELECT id, CASE WHEN consent IS DISTINCT FROM {p(ConsentEvent.Action.IN)} THEN 'skipped'
                    WHEN attempts > 0 AND attempts %% {p(TRIES)} = 0 AND state_reason <> 'sent_again'
                    THEN 'rejected' ELSE 'claimed' END AS fate
    FROM due
)
UPDATE campaigns_message AS m
SET state = fate, attempts = m.attempts + (fate = 'claimed')::int,
    lease_until = CASE WHEN fate = 'claimed'
        THEN statement_timestamp() + {p(LEASE_SECONDS)} * interval '1 second' END,
    due_at = CASE WHEN fate = 'claimed' THEN m.due_at END,
    state_reason = CASE fate WHEN 'skipped' THEN 'opted_out' WHEN 'rejected' THEN 'gave_up' ELSE '' END
FROM judged WHERE m.shop_id = {p(shop.pk)} AND m.id = ANY(ARRAY(SELECT id FROM due)) AND m.id = judged.id
RETURNING m.state, m.reference, m.phone, m.text, m.pages, m.attempts"""
    return sql, p


def mark(shop: Shop, results: Sequence[tuple[Claim, Result]], gateway: Gateway) -> None:
    """Write down the answers, each by its reference and only for the attempt it answers.

    "Accepted" also counts where the row has been taken back into the queue meanwhile: the text is out.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            MARK,
            {
                "shop": shop.pk,
                "references": [one.message.reference for one, _result in results],
                "attempts": [one.attempt for one, _result in results],
                "outcomes": [str(result.outcome) for _one, result in results],
                "gateway_ids": [result.gateway_id for _one, result in results],
                "prices": [result.price_amount for _one, result in results],
                "reasons": [result.reason for _one, result in results],
                "reports_after": gateway.reports_after,
                "first_wait": FIRST_WAIT_SECONDS,
                "longest_wait": LONGEST_WAIT_SECONDS,
            },
        )


MARK = """
UPDATE campaigns_message AS m
SET state = CASE answer.outcome WHEN 'accepted' THEN 'accepted' WHEN 'rejected' THEN 'rejected'
                                WHEN 'retry_later' THEN 'queued' ELSE m.state END,
    state_reason = answer.reason,
    lease_until = CASE WHEN answer.outcome = 'unknown' THEN m.lease_until END,
    due_at = CASE answer.outcome
        WHEN 'accepted' THEN statement_timestamp() + %(reports_after)s * interval '1 second'
        WHEN 'retry_later' THEN statement_timestamp() + interval '1 second'
            * least(%(first_wait)s * 2 ^ least(m.attempts - 1, 20), %(longest_wait)s) * (0.75 + random() / 2)
        WHEN 'unknown' THEN m.due_at END,
    sent_at = CASE WHEN answer.outcome = 'accepted' THEN statement_timestamp() ELSE m.sent_at END,
    gateway_id = answer.gateway_id, price_amount = answer.price
FROM unnest(%(references)s::bigint[], %(attempts)s::int[], %(outcomes)s::text[], %(gateway_ids)s::text[],
            %(prices)s::bigint[], %(reasons)s::text[])
     AS answer (reference, attempt, outcome, gateway_id, price, reason)
WHERE m.shop_id = %(shop)s AND m.reference = ANY(%(references)s) AND m.reference = answer.reference
      AND m.attempts = answer.attempt
      AND (m.state = 'claimed' OR answer.outcome = 'accepted' AND m.state IN ('queued', 'unknown'))"""


def note_trouble(line: GatewayLine, results: Sequence[Result]) -> None:
    """Let the line rest after a batch in which nothing at all got through, longer each time in a row."""
    in_trouble = all(result.outcome in (Outcome.RETRY_LATER, Outcome.UNKNOWN) for result in results)
    if not in_trouble and not line.troubles:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE campaigns_gatewayline
               SET troubles = CASE WHEN %(trouble)s THEN least(troubles + 1, 30) ELSE 0 END,
                   last_trouble = %(reason)s,
                   rests_until = CASE WHEN %(trouble)s THEN statement_timestamp()
                       + interval '1 second' * least(%(first)s * 2 ^ troubles, %(longest)s) END
               WHERE shop_id = %(shop)s AND id = %(line)s""",
            {
                "shop": line.shop_id,
                "line": line.pk,
                "trouble": in_trouble,
                "reason": results[0].reason if in_trouble else "",
                "first": FIRST_WAIT_SECONDS,
                "longest": LONGEST_REST_SECONDS,
            },
        )
