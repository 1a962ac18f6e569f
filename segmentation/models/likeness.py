"""Groups of customers who are alike, as they were found once, and who was in which."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from loyalty.customers.models import Customer
from loyalty.shops.fields import ShopForeignKey, ShopModel


class LikenessRun(ShopModel):
    """One grouping by `segmentation.likeness`: what was found, kept until a few newer ones stand.

    `groups` are those of the pure module as JSON, by number from 1. A run that is still being worked out has
    no `finished_at`; one that could not be made says why in `failure`.
    """

    class Failure(models.TextChoices):
        """Why there are no groups; the words are in the template."""

        PEOPLE = "people"
        KINDS = "kinds"

    as_of = models.DateField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    asked_groups = models.PositiveSmallIntegerField(null=True)
    customers = models.PositiveIntegerField(default=0)
    suggested_groups = models.PositiveSmallIntegerField(null=True)
    silhouette = models.FloatField(null=True)
    silhouettes = models.JSONField(default=dict)
    stability = models.FloatField(null=True)
    used = models.JSONField(default=list)
    groups = models.JSONField(default=list)
    failure = models.CharField(max_length=10, choices=Failure, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(asked_groups=None) | Q(asked_groups__gte=2, asked_groups__lte=8),
                name="two_to_eight_groups",
            ),
            models.CheckConstraint(
                condition=Q(finished_at=None) | Q(finished_at__gte=F("started_at")),
                name="a_grouping_ends_after_it_began",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.as_of}: {len(self.groups)}"


class LikenessMember(ShopModel):
    """A customer in the group `number` of a run."""

    run = ShopForeignKey(LikenessRun, on_delete=models.CASCADE, related_name="members")
    customer = ShopForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop", "run", "customer"], name="one_likeness_per_run")
        ]
        indexes = [
            models.Index(fields=["shop", "run", "number", "customer"], name="likeness_by_group"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.number}"
