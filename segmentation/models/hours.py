"""When people buy: the orders of a year by hour of the week and by day."""

from __future__ import annotations

from django.db import models

from loyalty.shops.fields import ShopModel


class BuyingTimes(ShopModel):
    """When the orders of everybody, of a segment or of a stage fell in the year that ends with `as_of`.

    `hours` are the orders of each hour of the week, from Monday's first to Sunday's last (168 numbers on the
    shop's clock); `days` those of each day, oldest first; `untimed_orders` came without a time of day and are
    in no hour.
    """

    class Kind(models.TextChoices):
        EVERYONE = "everyone"
        SEGMENT = "segment"
        STAGE = "stage"

    kind = models.CharField(max_length=8, choices=Kind)
    key = models.CharField(max_length=20, blank=True)
    as_of = models.DateField()
    computed_at = models.DateTimeField()
    orders = models.IntegerField()
    untimed_orders = models.IntegerField(default=0)
    hours = models.JSONField()
    days = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "kind", "key"], name="one_week_per_group")]

    def __str__(self) -> str:
        return f"{self.key or self.kind}: {self.orders}"
