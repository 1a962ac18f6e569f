"""What the counter does: record a purchase once, take the last one back, add a member."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from loyalty import pipeline
from loyalty.customers.models import ConsentEvent, Customer
from loyalty.customers.services import cancel_order, give_consent, record_order, save_customer
from loyalty.shops.models import StaffMember
from loyalty.shops.scope import current_shop
from loyalty.tiers import benefits
from loyalty.tiers import services as tiers

from .models import CounterRecord

SOURCE = "counter"
# How long a slip may be taken back here; afterwards the customer's page is the place for it.
TAKE_BACK = datetime.timedelta(minutes=10)


@dataclass(frozen=True)
class Quote:
    """What a purchase comes to: before the tier's discount, the discount, and after it (minor units)."""

    amount: int
    discount: int

    @property
    def net(self) -> int:
        return self.amount - self.discount


def quote(customer: Customer, amount: int) -> Quote:
    """Return what `amount` comes to for this customer today."""
    return Quote(amount, benefits.discount_on(amount, benefits.discount_share(customer)))


def record(
    staff: StaffMember, customer: Customer, amount: int, key: uuid.UUID, now: datetime.datetime
) -> CounterRecord:
    """Record a purchase of `amount` (before the tier's discount), and renew what follows from it.

    The same `key` again returns the first record. Raise ValidationError with a sentence.
    """
    if known := CounterRecord.objects.filter(key=key).select_related("order", "customer").first():
        return known
    with transaction.atomic():
        before = tiers.remember(customer.pk)
        comes_to = quote(customer, amount)
        order = record_order(
            customer,
            placed_at=now,
            gross_amount=amount,
            discount_amount=comes_to.discount,
            channel=SOURCE,
            number=f"C-{key.hex[:16]}",
            source=SOURCE,
        )
        try:
            with transaction.atomic():
                made = CounterRecord.objects.create(
                    staff=staff, customer=customer, order=order, key=key, tier_before=before, recorded_at=now
                )
        except IntegrityError:
            # Two clicks at the same moment: the second one waited for the first.
            return CounterRecord.objects.get(key=key)
        pipeline.orders_arrived(customer_ids=[customer.pk], as_of=current_shop().day_of(now))
    return made


def last_record(staff: StaffMember, now: datetime.datetime) -> CounterRecord | None:
    """Return the purchase this staff member may still take back, or None."""
    recent = CounterRecord.objects.filter(staff=staff, taken_back_at=None, recorded_at__gt=now - TAKE_BACK)
    return recent.select_related("order", "customer").first()


def take_back(staff: StaffMember, record_id: int, now: datetime.datetime) -> CounterRecord:
    """Take the last purchase back: it counts no more, and the tier is what it was before.

    `record_id` names the one that was on the screen, so that a second click does not take back another.
    """
    with transaction.atomic():
        last = last_record(staff, now)
        if last is None or last.pk != record_id:
            raise ValidationError(_("This purchase can no longer be taken back here."))
        cancel_order(last.order)
        tiers.put_back(last.customer_id, last.tier_before)
        last.taken_back_at = now
        last.save(update_fields=["taken_back_at"])
        pipeline.orders_arrived(customer_ids=[last.customer_id], as_of=current_shop().day_of(now))
    return last


def join(name: str, phone: str, agrees: bool, staff: StaffMember, now: datetime.datetime) -> Customer:
    """Add a member at the counter, with their word on messages. Raise ValidationError with a sentence."""
    with transaction.atomic():
        customer = save_customer(Customer(name=name, phone=phone, joined_on=current_shop().day_of(now)))
        if agrees:
            give_consent(
                customer,
                source=ConsentEvent.Source.COUNTER,
                evidence=_("said so at the counter"),
                by=staff.user,
                occurred_at=now,
            )
        # Whoever is in the club has a row of scores, also before the first purchase.
        pipeline.orders_arrived(customer_ids=[customer.pk], as_of=current_shop().day_of(now))
    return customer
