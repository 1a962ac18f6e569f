"""The sandbox gateway's own memory: what reached it and how it is told to misbehave.

It stands in for another company's computer, so it shares nothing with our rows but our reference: comparing
the two is how "none lost, none doubled" is shown.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyalty.shops.fields import ShopModel


class SandboxMessage(ShopModel):
    """A text on the sandbox phone: `out` reached a customer's phone, `in` is what was answered from it.

    `reference` is not unique on purpose: a message handed over twice arrives twice, as it would outside.
    """

    class Direction(models.TextChoices):
        OUT = "out", _("From the shop")
        IN = "in", _("Answer")

    class Delivery(models.TextChoices):
        PENDING = "pending", _("On its way")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Not delivered")

    direction = models.CharField(max_length=3, choices=Direction, default=Direction.OUT)
    phone = models.CharField(max_length=16)
    text = models.TextField()
    reference = models.BigIntegerField(null=True)
    pages = models.PositiveSmallIntegerField(default=1)
    price_amount = models.BigIntegerField(default=0)
    delivery = models.CharField(max_length=10, choices=Delivery, default=Delivery.DELIVERED)
    received_at = models.DateTimeField(default=timezone.now)
    # While the phone is slow a text is pending until then.
    arrives_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["received_at", "pk"]
        indexes = [
            models.Index(fields=["shop", "phone", "received_at"], name="sandbox_conversation"),
            models.Index(
                fields=["shop", "reference"],
                condition=Q(reference__isnull=False),
                name="sandbox_by_reference",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.reference or ''}"


class SandboxSettings(ShopModel):
    """The faults of the sandbox, each switched on and off from its screen."""

    fails_deliveries = models.BooleanField(_("Phones are switched off"), default=False)
    refuses = models.BooleanField(_("The gateway refuses the numbers"), default=False)
    is_busy = models.BooleanField(_("The gateway is busy"), default=False)
    loses_answers = models.BooleanField(
        _("The gateway takes the message but its answer is lost"), default=False
    )
    hides_records = models.BooleanField(_("The gateway cannot say what it has taken"), default=False)
    is_slow = models.BooleanField(_("Everything takes longer"), default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop"], name="one_sandbox_per_shop")]

    def __str__(self) -> str:
        return "sandbox"
