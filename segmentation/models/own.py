"""The segments an owner builds: what they mean now, what they meant before, and who was in a frozen one."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyalty.customers.models import Customer
from loyalty.shops.fields import ShopForeignKey, ShopModel


class OwnSegmentQuerySet(models.QuerySet):
    def kept(self) -> OwnSegmentQuerySet:
        """Those that were not deleted."""
        return self.filter(deleted_at=None)


class OwnSegment(ShopModel):
    """A named tree of conditions. A dynamic one is worked out whenever it is looked at; a frozen one is the
    people it meant when it was saved.

    `definition` is the tree as `customers.filters.builder` reads and checks it; the sentence that says it is
    made from it in the reader's language and never stored.
    """

    class Kind(models.TextChoices):
        DYNAMIC = "dynamic", _("Always up to date")
        FROZEN = "frozen", _("Frozen as it is now")

    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.DYNAMIC)
    definition = models.JSONField()
    version = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(
        "shops.User", on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    # When its people were determined; a new name leaves them as they are.
    frozen_at = models.DateTimeField(null=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = OwnSegmentQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "name"],
                condition=Q(deleted_at=None),
                name="one_own_segment_per_name",
                violation_error_message=_("Another segment of yours already has this name."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_frozen(self) -> bool:
        return self.kind == self.Kind.FROZEN


class OwnSegmentVersion(ShopModel):
    """A segment as it was saved once; never changed. Going back to one saves it again as the newest."""

    append_only = True

    segment = ShopForeignKey(OwnSegment, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=8, choices=OwnSegment.Kind)
    definition = models.JSONField()
    created_by = models.ForeignKey("shops.User", on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["shop", "segment", "number"], name="one_own_version_per_number")
        ]

    def __str__(self) -> str:
        return f"{self.segment_id}/{self.number}"


class OwnSegmentMember(ShopModel):
    """A person in a frozen segment."""

    segment = ShopForeignKey(OwnSegment, on_delete=models.CASCADE, related_name="members")
    customer = ShopForeignKey(Customer, on_delete=models.CASCADE, related_name="own_segment_places")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "segment", "customer"], name="one_place_per_own_segment_and_customer"
            )
        ]

    def __str__(self) -> str:
        return f"{self.segment_id}: {self.customer_id}"
