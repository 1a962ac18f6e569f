"""What was sold on the days that are over."""

from __future__ import annotations

from django.db import models

from loyalty.shops.fields import ShopModel


class SalesDay(ShopModel):
    """The income of one day: net of the refunds given on it, guests included. Not every day is kept."""

    day = models.DateField()
    amount = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "day"], name="one_row_per_day_of_sales")]

    def __str__(self) -> str:
        return f"{self.day}: {self.amount}"
