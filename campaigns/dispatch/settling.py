"""What became of messages: those whose sender vanished, those with a report due; and campaigns at their end.

A claim whose lease is over says only that nobody answered for it. It may be out. So the gateway is asked by
our own reference: found means sent, surely absent means back into the queue, and where it cannot tell, the
message is "uncertain": never sent again by itself, shown to the owner, who decides.
"""

from __future__ import annotations

import datetime

from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from campaigns import gateways
from campaigns.dispatch import control
from campaigns.gateways.base import Delivery, Gateway, Sighting, Trace
from campaigns.models import Campaign, GatewayLine, Message
from loyalty.shops.models import Shop
from loyalty.shops.scope import scope

LOOK_UP = 200
# How long the settling itself may take; after that somebody else asks.
SETTLING_SECONDS = 60
# Operators stop reporting after two days.
REPORTS_WITHIN = datetime.timedelta(hours=48)
# A schedule missed by more than this is for a person to decide: "tonight only" would arrive the day after.
TOO_LATE = datetime.timedelta(hours=6)
NO_ANSWER = Sighting(Trace.NO_ANSWER)


def settle_expired(shop: Shop, gateway: Gateway | None = None) -> int:
    """Find out about claims whose lease is over; return how many. Must not run inside a transaction."""
    with scope(shop, durable=True), connection.cursor() as cursor:
        gateway = gateway or _gateway(shop)
        cursor.execute(
            """UPDATE campaigns_message
               SET lease_until = statement_timestamp() + %(seconds)s * interval '1 second'
               WHERE shop_id = %(shop)s AND id = ANY(ARRAY(
                   SELECT id FROM campaigns_message
                   WHERE shop_id = %(shop)s AND state = 'claimed' AND lease_until <= statement_timestamp()
                   ORDER BY lease_until LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
               RETURNING reference""",
            {"shop": shop.pk, "seconds": SETTLING_SECONDS, "limit": LOOK_UP},
        )
        references = [reference for (reference,) in cursor.fetchall()]
    if not references:
        return 0
    seen = gateway.look_up(references)
    with scope(shop, durable=True), connection.cursor() as cursor:
        cursor.execute(SETTLE, _answers(shop, references, seen) | {"reports_after": gateway.reports_after})
    return len(references)


SETTLE = """
UPDATE campaigns_message AS m
SET state = CASE seen.trace WHEN 'found' THEN 'accepted' WHEN 'absent' THEN 'queued' ELSE 'unknown' END,
    state_reason = CASE seen.trace WHEN 'found' THEN '' WHEN 'absent' THEN 'sent_again' ELSE 'no_record' END,
    lease_until = NULL,
    due_at = CASE seen.trace WHEN 'found' THEN statement_timestamp() + %(reports_after)s * interval '1 second'
                             WHEN 'absent' THEN statement_timestamp() END,
    sent_at = CASE seen.trace WHEN 'found' THEN statement_timestamp() END,
    gateway_id = seen.gateway_id, price_amount = seen.price
FROM unnest(%(references)s::bigint[], %(traces)s::text[], %(gateway_ids)s::text[], %(prices)s::bigint[])
     AS seen (reference, trace, gateway_id, price)
WHERE m.shop_id = %(shop)s AND m.reference = ANY(%(references)s) AND m.reference = seen.reference
      AND m.state = 'claimed'
      AND seen.trace <> 'no_answer'"""


def _answers(shop: Shop, references: list[int], seen: dict[int, Sighting]) -> dict:
    found = [seen.get(reference, NO_ANSWER) for reference in references]
    return {
        "shop": shop.pk,
        "references": references,
        "traces": [str(one.trace) for one in found],
        "gateway_ids": [one.gateway_id for one in found],
        "prices": [one.price_amount for one in found],
        "deliveries": [str(one.delivery) for one in found],
        "reasons": [one.reason for one in found],
    }


def collect_reports(shop: Shop, gateway: Gateway | None = None) -> int:
    """Ask for the delivery reports that are due; return how many became final. Not inside a transaction."""
    with scope(shop, durable=True), connection.cursor() as cursor:
        gateway = gateway or _gateway(shop)
        cursor.execute(
            """UPDATE campaigns_message
               SET due_at = statement_timestamp() + %(seconds)s * interval '1 second'
               WHERE shop_id = %(shop)s AND id = ANY(ARRAY(
                   SELECT id FROM campaigns_message
                   WHERE shop_id = %(shop)s AND state = 'accepted' AND due_at <= statement_timestamp()
                   ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
               RETURNING reference""",
            {"shop": shop.pk, "seconds": SETTLING_SECONDS, "limit": LOOK_UP},
        )
        references = [reference for (reference,) in cursor.fetchall()]
    if not references:
        return 0
    seen = gateway.look_up(references)
    with scope(shop, durable=True), connection.cursor() as cursor:
        cursor.execute(REPORT, _answers(shop, references, seen) | {"within": REPORTS_WITHIN})
    return sum(one.trace == Trace.FOUND and one.delivery != Delivery.PENDING for one in seen.values())


# A report may come twice, or late: only "accepted" moves on, and never back.
REPORT = """
UPDATE campaigns_message AS m
SET state = CASE WHEN seen.trace = 'found' AND seen.delivery <> 'pending' THEN seen.delivery ELSE m.state END,
    state_reason = CASE WHEN seen.trace = 'found' THEN seen.reason ELSE m.state_reason END,
    reported_at = CASE WHEN seen.trace = 'found' AND seen.delivery <> 'pending' THEN seen.at END,
    due_at = CASE WHEN seen.trace = 'found' AND seen.delivery <> 'pending' THEN NULL
                  WHEN seen.trace IN ('absent', 'cannot_tell') OR m.sent_at < seen.at - %(within)s THEN NULL
                  -- asked again when it has been out half as long again, at most every half a minute
                  ELSE seen.at + greatest((seen.at - m.sent_at) / 2, interval '30 seconds') END
FROM (SELECT statement_timestamp() AS at, answer.*
      FROM unnest(%(references)s::bigint[], %(traces)s::text[], %(deliveries)s::text[], %(reasons)s::text[])
           AS answer (reference, trace, delivery, reason)) AS seen
WHERE m.shop_id = %(shop)s AND m.reference = ANY(%(references)s) AND m.reference = seen.reference
      AND m.state = 'accepted'"""


def _gateway(shop: Shop) -> Gateway:
    line = GatewayLine.objects.first() or GatewayLine()
    return gateways.for_line(line, shop)


def start_due(shop: Shop) -> int:
    """Begin the scheduled campaigns whose time has come; those long overdue wait for a person instead.

    Each is a transaction of its own: freezing a large list must not hold up the others.
    """
    due = Campaign.objects.filter(state=Campaign.State.SCHEDULED, launched_at__lte=Now())
    with scope(shop):
        due.filter(launched_at__lt=Now() - TOO_LATE).update(
            state=Campaign.State.PAUSED, state_reason="missed", updated_at=Now()
        )
        waiting = list(due.order_by("launched_at", "pk"))
    for campaign in waiting:
        with scope(shop):
            control.begin(campaign, shop)
    return len(waiting)


def finish_campaigns(shop: Shop) -> int:
    """Call done what has nothing left to send; uncertain messages stay for their owner to decide about.

    A campaign of which nothing at all could be handed over has failed. One that was paused after its last
    message has nothing to wait for either; one paused before it began has.
    """
    state = Message.State
    messages = Message.objects.filter(campaign=OuterRef("pk"))
    left = messages.filter(state__in=[state.QUEUED, state.CLAIMED])
    out = messages.filter(Q(sent_at__isnull=False) | Q(state=state.UNKNOWN))
    refused = messages.filter(state__in=[state.REJECTED, state.FAILED])
    with scope(shop):
        control.skip_cancelled()
        at_work = (Campaign.State.SENDING, Campaign.State.PAUSED)
        over = Campaign.objects.filter(~Exists(left), Exists(messages), state__in=at_work)
        ending = {"finished_at": Now(), "updated_at": Now()}
        failed = over.filter(~Exists(out), Exists(refused)).update(state=Campaign.State.FAILED, **ending)
        return failed + over.update(state=Campaign.State.DONE, **ending)
