"""What a customer's tier gives them today, handing it over, and taking that back."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from loyalty.customers.models import Customer, Interaction
from loyalty.customers.services import record_interaction
from loyalty.shops import audit
from loyalty.shops.models import User
from loyalty.shops.scope import current_shop
from loyalty.ui.money import currency

from . import periods
from .models import Benefit, BenefitGrant, TierMembership

Period = Benefit.Period
AUTOMATIC, STANDING, READY, GIVEN = "automatic", "standing", "ready", "given"


@dataclass(frozen=True)
class Offer:
    """A benefit as it stands today.

    `state`: automatic (a discount), standing (always so, nothing to hand over), ready, given. `until_on`
    is the last day it may be given, or was given for. A grant of today may be taken back.
    """

    benefit: Benefit
    state: str
    until_on: datetime.date | None = None
    grant: BenefitGrant | None = None
    may_take_back: bool = False


def offers(customer: Customer, day: datetime.date) -> list[Offer]:
    """Return what the customer's tier gives on `day`: what can be handed over first, the discount last.

    A birthday benefit is there around the birthday only, and one that is given once disappears the day after.
    """
    member = TierMembership.objects.filter(customer=customer, is_current=True).first()
    if member is None:
        return []
    grants = {
        (grant.benefit_id, grant.period_key): grant
        for grant in BenefitGrant.objects.filter(
            customer=customer, undone_at=None, benefit__tier=member.tier_id
        )
    }
    found = []
    for benefit in Benefit.objects.filter(tier=member.tier_id, is_active=True):
        key, until_on = _period(benefit, customer, day)
        grant = grants.get((benefit.pk, key))
        if benefit.kind == Benefit.Kind.DISCOUNT:
            found.append(Offer(benefit, AUTOMATIC))
        elif benefit.period == Period.ALWAYS:
            found.append(Offer(benefit, STANDING))
        elif key and grant is None:
            found.append(Offer(benefit, READY, until_on))
        elif grant and (grant.given_on == day or benefit.period != Period.ONCE):
            found.append(Offer(benefit, GIVEN, until_on, grant, grant.given_on == day))
    order = {READY: 0, GIVEN: 0, STANDING: 1, AUTOMATIC: 2}
    return sorted(found, key=lambda offer: (order[offer.state], offer.benefit.pk))


def _period(benefit: Benefit, customer: Customer, day: datetime.date) -> tuple[str, datetime.date | None]:
    """Return what a grant on `day` would count for, and until when; ("", None) where it cannot be given."""
    calendar = current_shop().calendar
    if benefit.period == Period.MONTHLY:
        return periods.month_key(day, calendar), periods.last_day(day, calendar, 1)
    if benefit.period == Period.SEASON:
        return periods.season_key(day, calendar), periods.last_day(day, calendar, 3)
    if benefit.period == Period.ONCE:
        return "once", None
    if benefit.period == Period.BIRTHDAY and customer.birth_on:
        birthday = periods.birthday_near(customer.birth_on, day, calendar)
        if abs((birthday - day).days) <= periods.BIRTHDAY_DAYS:
            return f"b-{birthday}", birthday + datetime.timedelta(days=periods.BIRTHDAY_DAYS)
    return "", None


def give(customer: Customer, benefit_id: int, day: datetime.date, by: User | None) -> BenefitGrant:
    """Hand a benefit over, once a period: a second click returns the first grant.

    Raise ValidationError where the customer's tier does not give it today.
    """
    offer = next((offer for offer in offers(customer, day) if offer.benefit.pk == benefit_id), None)
    if offer is None or offer.state in (AUTOMATIC, STANDING):
        raise ValidationError(_("This cannot be given today."))
    if offer.grant:
        return offer.grant
    key, _until = _period(offer.benefit, customer, day)
    try:
        with transaction.atomic():
            grant = BenefitGrant.objects.create(
                customer=customer, benefit=offer.benefit, period_key=key, given_on=day, given_by=by
            )
    except IntegrityError:
        # Two tills at the same moment: the second one waited for the first and finds its grant.
        return BenefitGrant.objects.get(
            customer=customer, benefit=offer.benefit, period_key=key, undone_at=None
        )
    record_interaction(
        customer, kind=Interaction.Kind.REDEMPTION, source="tiers", text=str(offer.benefit), grant=grant.pk
    )
    audit.record("tiers.benefit_given", str(customer), customer=customer.pk, benefit=str(offer.benefit))
    return grant


def take_back(grant: BenefitGrant, day: datetime.date) -> None:
    """Undo a grant of `day`: it was a mistake, and the customer may have the benefit again."""
    if grant.given_on != day:
        raise ValidationError(_("Only what was given today can be taken back."))
    with transaction.atomic():
        undone = BenefitGrant.objects.filter(pk=grant.pk, undone_at=None).update(undone_at=timezone.now())
        if not undone:
            return
        Interaction.objects.filter(
            customer=grant.customer_id, kind=Interaction.Kind.REDEMPTION, details__grant=grant.pk
        ).delete()
        audit.record(
            "tiers.benefit_taken_back",
            str(grant.customer),
            customer=grant.customer_id,
            benefit=str(grant.benefit),
        )


def discount_share(customer: Customer) -> Decimal:
    """Return the share (0–1) that the customer's tier takes off every purchase; 0 where it takes nothing."""
    found = Benefit.objects.filter(
        kind=Benefit.Kind.DISCOUNT,
        is_active=True,
        tier__memberships__customer=customer,
        tier__memberships__is_current=True,
    )
    return found.values_list("value_share", flat=True).first() or Decimal(0)


def discount_on(amount: int, share: Decimal) -> int:
    """Return what `share` takes off `amount` (minor units), rounded down to what the shop's unit can say.

    No till can print a tenth of a toman, and the shop never takes off more than it promised.
    """
    shop = current_shop()
    unit = currency(shop.currency).unit(shop.display_unit)
    coin = unit.factor // 10**unit.decimals
    exact = amount * int(share * 10_000) // 10_000
    return exact - exact % coin
