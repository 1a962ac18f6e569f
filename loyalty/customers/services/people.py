"""Adding and changing people, what they agree to, and dealings beyond purchases."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Func, Value
from django.utils import timezone
from django.utils.translation import gettext as _

from loyalty.shops import audit
from loyalty.shops.models import User
from loyalty.ui.text import clean_name

from ..models import ConsentEvent, Customer, Interaction
from ..models.customer import CustomerQuerySet

IDENTITIES = ("name", "phone", "card_number", "external_id")
# One spelling of each, or a list of cities has Tehran twice. Marks that turn the line's direction go, too.
WORDS = ("province", "city", "neighbourhood", "job", "education", "income_band", "acquired_by")
MOST_TAGS = 20
TAG_LENGTH = 40
STARS = range(1, 6)
# Where what a colleague writes down comes from; a till or a telephone writes, too.
STAFF = "staff"


def save_customer(customer: Customer, *, changed: Iterable[str] = ()) -> Customer:
    """Check and save a person added or edited by hand, and leave an audit row.

    `changed` names the fields that were edited (the audit row keeps names of fields, never what was in them).
    Raise ValidationError with whole sentences, also when somebody else took the phone a moment ago.
    """
    is_new = customer.pk is None
    if not any(getattr(customer, field) for field in IDENTITIES):
        raise ValidationError(_("Write a name or a mobile number, so that this person can be found again."))
    for field in ("phone", "card_number", "external_id"):
        setattr(customer, field, getattr(customer, field) or None)
    for field in WORDS:
        setattr(customer, field, clean_name(getattr(customer, field)))
    customer.full_clean()
    try:
        # A savepoint, so that a refusal by the database leaves the request's transaction usable.
        with transaction.atomic():
            customer.save()
    except IntegrityError as error:
        raise ValidationError(
            _("Somebody has just recorded this mobile, card or customer number; look for the person first.")
        ) from error
    action = "customers.added" if is_new else "customers.changed"
    audit.record(action, str(customer), customer=customer.pk, fields=sorted(changed))
    return customer


def consent_state(customer: Customer) -> ConsentEvent | None:
    """Return the last word on marketing SMS, or None where the person was never asked."""
    said = ConsentEvent.objects.filter(customer=customer, channel="sms", purpose="marketing")
    return said.order_by(*ConsentEvent.LATEST_FIRST).first()


def give_consent(customer: Customer, **said) -> ConsentEvent:
    """Write down that the person agreed to marketing SMS; see `_say`."""
    return _say(customer, ConsentEvent.Action.IN, **said)


def withdraw_consent(customer: Customer, **said) -> ConsentEvent:
    """Write down that the person declined marketing SMS; see `_say`."""
    return _say(customer, ConsentEvent.Action.OUT, **said)


def _say(
    customer: Customer,
    action: str,
    *,
    source: str = ConsentEvent.Source.STAFF,
    evidence: str = "",
    by: User | None = None,
    occurred_at: datetime.datetime | None = None,
) -> ConsentEvent:
    """Add one word to the log; nothing in it is ever changed.

    Agreement entered by staff needs its evidence in words; declining never does. Saying the same again with
    the same evidence adds nothing, so that a double click leaves one row.
    """
    evidence = evidence.strip()[:200]
    by_hand = source in (ConsentEvent.Source.STAFF, ConsentEvent.Source.COUNTER)
    if action == ConsentEvent.Action.IN and by_hand and not evidence:
        raise ValidationError(_("Write how the person agreed, for example “on paper, at the counter”."))
    last = consent_state(customer)
    if last and (last.action, last.source, last.evidence) == (action, source, evidence):
        return last
    event = ConsentEvent.objects.create(
        customer=customer,
        action=action,
        source=source,
        evidence=evidence,
        actor=by,
        occurred_at=occurred_at or timezone.now(),
    )
    audit.record(f"customers.consent_{action}", str(customer), customer=customer.pk, source=str(source))
    return event


def record_interaction(
    customer: Customer,
    *,
    kind: str,
    occurred_at: datetime.datetime | None = None,
    source: str = STAFF,
    **details,
) -> Interaction:
    """Write down a dealing that is no purchase; one that a colleague writes down is in the audit list.

    `details` is JSON-able; `text` in it is shown on the page, and so is the `rating` of a review, whose whole
    number of stars says whether it speaks for the shop.
    """
    if kind not in Interaction.Kind.values:
        raise ValidationError(_("Choose what happened."))
    if "rating" in details and (kind != Interaction.Kind.REVIEW or details["rating"] not in STARS):
        raise ValidationError(_("Only a review has stars, one to five."))
    if source == STAFF:
        audit.record("customers.noted", str(customer), customer=customer.pk, kind=kind)
    return Interaction.objects.create(
        customer=customer,
        kind=kind,
        occurred_at=occurred_at or timezone.now(),
        source=source,
        details=details,
    )


def tag_customers(people: CustomerQuerySet, tag: str) -> int:
    """Put `tag` on each of the people who lack it, in one statement; return how many got it.

    People who already carry as many tags as one may are left as they are.
    """
    tag = " ".join(tag.split())
    if not tag or len(tag) > TAG_LENGTH or "," in tag or "،" in tag:
        raise ValidationError(_("A tag is one to forty letters, without a comma."))
    lacking = people.order_by().exclude(tags__contains=[tag]).exclude(tags__len__gte=MOST_TAGS)
    with transaction.atomic():
        tagged = Customer.objects.filter(pk__in=lacking.values("pk")).update(
            tags=Func(F("tags"), Value(tag), function="array_append"), updated_at=timezone.now()
        )
    audit.record("customers.tagged", tag, rows=tagged)
    return tagged
