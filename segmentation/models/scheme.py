"""What an owner chose about scoring."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from loyalty.shops.fields import ShopModel


class Scheme(ShopModel):
    """How this shop scores: one row a shop, made when the owner first changes something."""

    window_days = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop"], name="one_scheme_per_shop"),
            models.CheckConstraint(
                condition=Q(window_days__isnull=True) | Q(window_days__gte=1), name="a_window_has_a_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.window_days or '∞'}"
