"""What the segments' routes with arguments open."""

from __future__ import annotations

from dataclasses import asdict

from django.utils import timezone

from loyalty.customers.models import Customer
from loyalty.shops.scope import current_shop
from segmentation import likeness, own, services
from segmentation.models import LikenessRun, OwnSegment, SchemeVersion
from segmentation.rules import Rules
from tests.factories import CustomerFactory


def scheme_version() -> dict:
    SchemeVersion.objects.create(number=1, rules=Rules(90).to_json(), applied_at=timezone.now())
    return {"number": 1}


def persona() -> dict:
    """Any group is one, even an empty one; it is not there before the first scoring."""
    services.score_shop(current_shop().today())
    return {"kind": "segment", "key": "loyal"}


def own_segment() -> dict:
    asked = {"field": "tag", "op": "any", "not": False, "values": {"values": ["vip"]}}
    definition = {"version": 1, "root": {"join": "all", "not": False, "of": [asked]}}
    number = OwnSegment.objects.count()
    segment = OwnSegment(name=f"own {number}", definition=definition)
    return {"pk": own.save(segment, Customer.objects.none, None).pk}


def deleted_own_segment() -> dict:
    made = own_segment()
    own.delete(OwnSegment.objects.get(**made))
    return made


def likeness_group() -> dict:
    now = timezone.now()
    group = likeness.Group(1, 0, {fact.name: None for fact in likeness.FACTS}, ())
    run = LikenessRun.objects.create(
        as_of=now, started_at=now, finished_at=now, groups=[asdict(group)], silhouette=0.5, stability=0.9
    )
    return {"pk": run.pk, "number": 1}


OBJECTS = {
    "segmentation:cluster_keep": likeness_group,
    **{
        f"segmentation:own_segment_{name}": own_segment
        for name in ("detail", "edit", "delete", "duplicate", "freeze")
    },
    "segmentation:own_segment_undelete": deleted_own_segment,
    "segmentation:own_segment_restore": lambda: {**own_segment(), "number": 1},
    "segmentation:own_segment_places": lambda: {"pk": CustomerFactory().pk},
    "segmentation:own_segment_why": lambda: {**own_segment(), "customer": CustomerFactory().pk},
    "segmentation:persona": persona,
    "segmentation:quality_orders": lambda: {"lack": "cost"},
    "segmentation:scheme_restore": scheme_version,
}
# Numbers of versions begin at one in every shop.
WORDS = {"segmentation:persona", "segmentation:quality_orders", "segmentation:scheme_restore"}
