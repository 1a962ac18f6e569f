"""Saved segments: versions, frozen people, copies, taking back."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone

from loyalty.customers.filters import CustomerFilter
from loyalty.customers.models import Customer
from segmentation.models import LikenessRun, OwnSegment
from tests.conftest import TODAY

from .making import IN_TEHRAN, TAGGED, address, definition, make, names_in, typed


def test_every_save_is_a_version_and_going_back_is_one_more(people, visitor):
    segment = make(IN_TEHRAN)
    visitor.post(address("edit", segment.pk), typed({"field": "tag", "values": "vip"}, name="تازه"))
    segment.refresh_from_db()
    assert (segment.version, segment.definition) == (2, definition(TAGGED))
    visitor.post(reverse("segmentation:own_segment_restore", args=[segment.pk, 1]))
    segment.refresh_from_db()
    assert (segment.version, segment.definition, segment.name) == (3, definition(IN_TEHRAN), "تهرانی‌ها")


def test_a_new_name_leaves_the_people_of_a_frozen_segment_alone(people, visitor):
    frozen = make(IN_TEHRAN, kind="frozen", people=Customer.objects.filter(city="تهران"))
    Customer.objects.filter(name="سه").update(city="تهران")
    same = {"field": "city", "op": "any", "values": "تهران"}
    visitor.post(address("edit", frozen.pk), typed(same, name="نام تازه", kind="frozen"))
    kept = OwnSegment.objects.get(pk=frozen.pk)
    assert (kept.name, kept.version, kept.frozen_at) == ("نام تازه", 2, frozen.frozen_at)
    assert names_in(frozen) == {"یک", "دو"}
    # Going back to the old name does not freeze anew, either.
    visitor.post(address("restore", frozen.pk, 1))
    assert names_in(frozen) == {"یک", "دو"}
    visitor.post(address("freeze", frozen.pk))
    assert names_in(frozen) == {"یک", "دو", "سه"}
    assert OwnSegment.objects.get(pk=frozen.pk).frozen_at > frozen.frozen_at
    visitor.post(address("edit", frozen.pk), typed({"field": "tag", "values": "vip"}, kind="frozen"))
    assert names_in(frozen) == {"یک"}


def test_a_frozen_group_by_likeness_is_renamed_when_its_grouping_is_gone(people, visitor):
    run = LikenessRun.objects.create(
        as_of=TODAY, started_at=timezone.now(), finished_at=timezone.now(), groups=[{"number": 1}]
    )
    node = {"field": "likeness", "op": "any", "not": False, "values": {"values": [run.pk * 10 + 1]}}
    frozen = make(node, kind="frozen", people=Customer.objects.filter(name="یک"))
    run.delete()
    visitor.post(address("edit", frozen.pk), typed({"field": "likeness", "op": "any"}, kind="frozen"))
    kept = OwnSegment.objects.get(pk=frozen.pk)
    assert (kept.name, kept.definition) == ("گروه من", definition(node))
    assert names_in(frozen) == {"یک"}
    refused = visitor.post(address("edit", frozen.pk), typed({"field": "likeness", "op": "any"}))
    assert refused.status_code == 422
    copied = visitor.post(address("duplicate", frozen.pk))
    copied = OwnSegment.objects.exclude(pk=frozen.pk).get()
    assert (names_in(copied), copied.frozen_at) == ({"یک"}, frozen.frozen_at)


def test_deleting_is_taken_back(people, visitor):
    segment = make(IN_TEHRAN)
    visitor.post(address("delete", segment.pk))
    assert CustomerFilter(f"own={segment.pk}", today=TODAY).problems
    visitor.post(address("undelete", segment.pk))
    assert not CustomerFilter(f"own={segment.pk}", today=TODAY).problems


def test_a_copy_has_a_name_of_its_own(people, visitor):
    segment = make(IN_TEHRAN)
    for _ in range(2):
        visitor.post(address("duplicate", segment.pk))
    assert OwnSegment.objects.values("name").distinct().count() == 3
