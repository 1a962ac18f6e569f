"""A gateway that keeps every message in a phone on the screen, and misbehaves as it is told to."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from campaigns.gateways.base import Delivery, Outbound, Outcome, Result, Sighting, Trace
from campaigns.models import SandboxMessage, SandboxSettings
from loyalty.shops.models import Shop
from loyalty.shops.scope import scope

SLOW_ANSWER_SECONDS = 2
SLOW_ARRIVAL = timedelta(minutes=1)


class SandboxGateway:
    """Plays the other company's computer: transactions of its own, records of its own, faults on request."""

    max_batch = 50
    answers_within = 10.0
    reports_after = 0.0

    def __init__(self, shop: Shop):
        self.shop = shop

    def send(self, batch: Sequence[Outbound]) -> dict[int, Result]:
        """See Gateway.send."""
        with scope(self.shop):
            faults = self.faults()
            if faults.is_busy:
                return {one.reference: Result(Outcome.RETRY_LATER, reason="busy") for one in batch}
            if faults.refuses:
                return {one.reference: Result(Outcome.REJECTED, reason="invalid_number") for one in batch}
            prices = self.take(batch, faults)
        if faults.is_slow:
            time.sleep(SLOW_ANSWER_SECONDS)
        if faults.loses_answers:
            return {one.reference: Result(Outcome.UNKNOWN, reason="no_answer") for one in batch}
        return {
            one.reference: Result(Outcome.ACCEPTED, gateway_id=f"S{one.reference}", price_amount=price)
            for one, price in zip(batch, prices, strict=True)
        }

    def take(self, batch: Sequence[Outbound], faults: SandboxSettings) -> list[int]:
        """Record the messages as received and return what each costs; in the shop's scope."""
        price = self.shop.sms_page_price_amount
        delivery = Delivery.FAILED if faults.fails_deliveries else Delivery.DELIVERED
        with connection.cursor() as cursor:
            cursor.execute(
                """INSERT INTO campaigns_sandboxmessage (shop_id, direction, phone, text, reference, pages,
                       price_amount, delivery, received_at, arrives_at)
                   SELECT %(shop)s, 'out', phone, text, reference, pages, pages * %(price)s, %(delivery)s,
                       clock_timestamp(), clock_timestamp() + %(delay)s
                   FROM unnest(%(phones)s::text[], %(texts)s::text[], %(references)s::bigint[],
                               %(pages)s::int[]) AS batch (phone, text, reference, pages)""",
                {
                    "shop": self.shop.pk,
                    "price": price,
                    "delivery": delivery,
                    "delay": SLOW_ARRIVAL if faults.is_slow else timedelta(0),
                    "phones": [one.phone for one in batch],
                    "texts": [one.text for one in batch],
                    "references": [one.reference for one in batch],
                    "pages": [one.pages for one in batch],
                },
            )
        return [one.pages * price for one in batch]

    def look_up(self, references: Sequence[int]) -> dict[int, Sighting]:
        """See Gateway.look_up."""
        now = timezone.now()
        with scope(self.shop):
            if self.faults().hides_records:
                return {reference: Sighting(Trace.CANNOT_TELL) for reference in references}
            taken = SandboxMessage.objects.filter(reference__in=references)
            found = {
                reference: Sighting(
                    Trace.FOUND,
                    gateway_id=f"S{reference}",
                    price_amount=price,
                    delivery=Delivery.PENDING if arrives_at > now else Delivery(delivery),
                    # Nobody knows yet why a text that is still on its way will not arrive.
                    reason="phone_off" if delivery == Delivery.FAILED and arrives_at <= now else "",
                )
                for reference, price, arrives_at, delivery in taken.values_list(
                    "reference", "price_amount", "arrives_at", "delivery"
                )
            }
        return {reference: found.get(reference, Sighting(Trace.ABSENT)) for reference in references}

    def faults(self) -> SandboxSettings:
        """Return what it is told to do wrong; in the shop's scope."""
        return SandboxSettings.objects.first() or SandboxSettings()
