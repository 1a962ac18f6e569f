"""Keeps the owner's own segments: each save is a version, a frozen one remembers its people.

Who is meant by a definition is worked out above this room (`customers.filters.builder`) and comes along as a
queryset of customers.
"""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from loyalty.shops import audit
from loyalty.shops.models import User

from .models import OwnSegment, OwnSegmentMember, OwnSegmentVersion


def save(segment: OwnSegment, people: QuerySet, by: User | None) -> OwnSegment:
    """Save a segment as its next version; `people` are frozen where it is to be frozen.

    Raises ValidationError where its name is taken.
    """
    with transaction.atomic():
        is_new = segment.pk is None
        if not is_new:
            # Two people saving at once make two versions, one after the other.
            kept = OwnSegment.objects.select_for_update(no_key=True).get(pk=segment.pk)
            segment.version = kept.version + 1
        else:
            segment.created_by = by
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
        _freeze(segment, people)
        action = "segmentation.own_made" if is_new else "segmentation.own_changed"
        audit.record(action, segment.name, segment=segment.pk, version=segment.version)
    return segment


def _freeze(segment: OwnSegment, people: QuerySet) -> None:
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
