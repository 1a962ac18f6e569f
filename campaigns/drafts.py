"""Drafts: writing one down, trying it on a phone, throwing it away."""

from __future__ import annotations

import secrets

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns import gateways, personal, preflight
from campaigns.audiences import Audience
from campaigns.gateways.base import Outbound, Outcome
from campaigns.models import Campaign, GatewayLine
from loyalty.shops import audit
from loyalty.shops.models import User
from loyalty.shops.scope import current_shop


def save_draft(campaign: Campaign, by: User | None) -> Campaign:
    """Save a new or edited draft; its version grows. Saving a new one twice (same key) keeps one.

    Raise ValidationError where it has been sent meanwhile.
    """
    with transaction.atomic():
        known = Campaign.objects.select_for_update(no_key=True).filter(key=campaign.key).first()
        if known is not None:
            if not known.is_draft:
                raise ValidationError(
                    _("This campaign has been sent already; what was sent cannot be edited.")
                )
            campaign.pk, campaign.created_by_id, campaign.created_at = (
                known.pk,
                known.created_by_id,
                known.created_at,
            )
            campaign.version = known.version + 1
            campaign.save(force_update=True)
            return campaign
        campaign.created_by = by
        try:
            with transaction.atomic():
                campaign.save(force_insert=True)
        except IntegrityError as error:
            # Two clicks at once: the other one has just saved it.
            raise ValidationError(_("This draft is just being saved. Open it from the list.")) from error
    return campaign


def delete_draft(campaign: Campaign) -> None:
    """Throw a draft away. Raise ValidationError for anything that was sent."""
    deleted, _rows = Campaign.objects.filter(pk=campaign.pk, state=Campaign.State.DRAFT).delete()
    if not deleted:
        raise ValidationError(_("This campaign has been sent already; only drafts can be deleted."))
    audit.record("campaigns.draft_deleted", campaign.name)


def send_test(campaign: Campaign, phone: str) -> bool:
    """Send the text once to `phone`, filled in for somebody of the audience; return whether it was taken.

    A test belongs to nobody's audience and costs like any other message. Raise PlaceholderError, and
    ValidationError while the line is switched off.
    """
    shop = current_shop()
    line, _made = GatewayLine.objects.get_or_create()
    if not line.is_open:
        raise ValidationError(_("The line is switched off, so nothing leaves."))
    audience = Audience.of(campaign, shop, timezone.now())
    someone = preflight.someone(audience)
    values = {}
    if someone is not None:
        day = shop.day_of(audience.at)
        values = personal.values_of([someone.pk], campaign.text, shop, day)[someone.pk]
    rendered = personal.render(campaign.text, values, shop)
    message = Outbound(secrets.randbits(62), phone, rendered.text, rendered.length.pages)
    answers = gateways.for_line(line, shop).send([message])
    audit.record("campaigns.test_sent", campaign.name, campaign=campaign.pk)
    return answers[message.reference].outcome == Outcome.ACCEPTED
