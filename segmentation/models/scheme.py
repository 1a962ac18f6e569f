"""What an owner chose about scoring: what is in force, and every version with who made it and when."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from loyalty.shops.fields import ShopModel

from ..rules import Rules


class Scheme(ShopModel):
    """How this shop scores: one row a shop, made when the owner first changes something.

    `chosen` is the rest of `Rules.to_json()`, without what stands in a column.
    """

    window_days = models.PositiveSmallIntegerField(null=True, blank=True)
    chosen = models.JSONField(default=dict, blank=True)
    number = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop"], name="one_scheme_per_shop"),
            models.CheckConstraint(
                condition=Q(window_days__isnull=True) | Q(window_days__gte=1), name="a_window_has_a_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.window_days or '∞'}"

    @property
    def rules(self) -> Rules:
        return Rules.from_json({**self.chosen, "window_days": self.window_days})


class SchemeVersionQuerySet(models.QuerySet):
    def applied(self) -> SchemeVersionQuerySet:
        """Return the versions that were put in force, newest first."""
        return self.exclude(number=None).order_by("-number")

    def draft(self) -> SchemeVersion | None:
        """Return what is being tried and not yet applied, if anything."""
        return self.filter(number=None).first()


class SchemeVersion(ShopModel):
    """The rules as they were put in force once, or, without a number, the one draft a shop may have.

    `restores` is the earlier version that this one went back to; one that `is_refresh` changes no rule and took
    fresh cuts. `stand` are the cuts it stood by when another took its place, and before that those it goes back
    to (`keeping.Stand`). `preview` keeps what a preview in the background found.
    """

    number = models.PositiveIntegerField(null=True)
    rules = models.JSONField()
    note = models.CharField(max_length=200, blank=True)
    restores = models.PositiveIntegerField(null=True)
    is_refresh = models.BooleanField(default=False)
    stand = models.JSONField(null=True)
    moved = models.PositiveIntegerField(null=True)
    preview = models.JSONField(null=True)
    created_by = models.ForeignKey("shops.User", on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    applied_at = models.DateTimeField(null=True)

    objects = SchemeVersionQuerySet.as_manager()

    class Meta:
        ordering = ["-number", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["shop", "number"], name="one_scheme_version_per_number"),
            models.UniqueConstraint(
                fields=["shop"], condition=Q(number=None), name="one_scheme_draft_per_shop"
            ),
        ]

    def __str__(self) -> str:
        return str(self.number or "")
