"""Keeps the owner's own segments: each save is a version, a frozen one remembers its people.

Who is meant by a definition is worked out above this room (`customers.filters.builder`) and comes along as a
queryset of customers.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection, transaction
from django.utils import timezone

from loyalty.customers.models import Customer
from loyalty.customers.models.customer import CustomerQuerySet
from loyalty.shops import audit
from loyalty.shops.models import User

from .models import OwnSegment, OwnSegmentMember, OwnSegmentVersion


def save(
    segment: OwnSegment, people: Callable[[], CustomerQuerySet], by: User | None, *, anew: bool = False
) -> OwnSegment:
    """Save a segment as its next version. A frozen one keeps its people as long as its conditions stay the same,
    unless it is to be frozen `anew`; otherwise `people()` says whom it means.

    Raises ValidationError where its name is taken, and whatever `people` raises.
    """
    with transaction.atomic():
        kept = None
        if segment.pk is None:
            segment.created_by = by
        else:
            # Two people saving at once make two versions, one after the other.
            kept = OwnSegment.objects.select_for_update(no_key=True).get(pk=segment.pk)
            segment.version = kept.version + 1
        meant = None if keeps_its_people(segment, kept) and not anew else people()
        if meant is not None:
            segment.frozen_at = timezone.now() if segment.is_frozen else None
        segment.validate_constraints()
        segment.save()
        OwnSegmentVersion.objects.create(
            segment=segment,
            number=segment.version,
            name=segment.name,
            kind=segment.kind,
            definition=segment.definition,
            created_by=by,
        )
        if meant is not None:
            _freeze(segment, meant)
        action = "segmentation.own_changed" if kept else "segmentation.own_made"
        audit.record(action, segment.name, segment=segment.pk, version=segment.version)
    return segment


def keeps_its_people(segment: OwnSegment, before: OwnSegment | None) -> bool:
    """Whether a segment is frozen as it was before: whatever its conditions mean today, or no longer mean."""
    was_frozen = before is not None and before.is_frozen
    return was_frozen and segment.is_frozen and segment.definition == before.definition


def copy(origin: OwnSegment, name: str, by: User | None) -> OwnSegment:
    """Save a segment once more under another name, a frozen one with the people it has."""
    with transaction.atomic():
        made = OwnSegment(name=name, kind=origin.kind, definition=origin.definition)
        save(made, lambda: Customer.objects.filter(own_segment_places__segment=origin), by)
        if made.is_frozen:
            made.frozen_at = origin.frozen_at
            made.save(update_fields=["frozen_at"])
    return made


def _freeze(segment: OwnSegment, people: CustomerQuerySet) -> None:
    """Let a frozen segment hold exactly `people`, and a dynamic one nobody."""
    OwnSegmentMember.objects.filter(segment=segment).delete()
    if not segment.is_frozen:
        return
    sql, params = people.in_sql()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO segmentation_ownsegmentmember (shop_id, segment_id, customer_id)
                SELECT %s, %s, meant.id FROM ({sql}) AS meant (id)""",
            (segment.shop_id, segment.pk, *params),
        )


def delete(segment: OwnSegment) -> None:
    """Put a segment away; lists and campaigns that ask for it say so and mean nobody until it is back."""
    segment.deleted_at = timezone.now()
    segment.save(update_fields=["deleted_at", "updated_at"])
    audit.record("segmentation.own_deleted", segment.name, segment=segment.pk)


def bring_back(segment: OwnSegment) -> None:
    """Take a deletion back. Raises ValidationError where another segment has its name by now."""
    segment.deleted_at = None
    segment.validate_constraints()
    segment.save(update_fields=["deleted_at", "updated_at"])
    audit.record("segmentation.own_restored", segment.name, segment=segment.pk)
