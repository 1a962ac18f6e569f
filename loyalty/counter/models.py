"""What the counter itself must remember: how often somebody looked people up, and what they recorded."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from loyalty.customers.models import Customer, Order
from loyalty.shops.fields import ShopForeignKey, ShopModel
from loyalty.shops.models import StaffMember


class LookUpCount(ShopModel):
    """How many times a staff member looked somebody up in one minute: one small row, counted up in place."""

    staff = ShopForeignKey(StaffMember, on_delete=models.CASCADE, related_name="+")
    minute_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "staff", "minute_at"], name="one_look_up_count_per_minute"
            )
        ]

    def __str__(self) -> str:
        return f"{self.staff_id} {self.minute_at:%H:%M}: {self.count}"


class CounterRecord(ShopModel):
    """A purchase recorded at the counter, by whom, and the tier as it was before, for the ten minutes of
    doubt.

    `key` is the form's own token: sending the form twice records once.
    """

    staff = ShopForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    customer = ShopForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    order = ShopForeignKey(Order, on_delete=models.PROTECT, related_name="+")
    key = models.UUIDField()
    tier_before = models.JSONField(null=True)
    recorded_at = models.DateTimeField(default=timezone.now)
    taken_back_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-recorded_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["shop", "key"], name="a_purchase_is_recorded_once")]
        indexes = [models.Index(fields=["shop", "staff", "-recorded_at"], name="counter_record_latest")]

    def __str__(self) -> str:
        return f"{self.staff_id}: {self.order_id}"
