"""What a week found, kept so that the next one can say what is new, gone or changed."""

from __future__ import annotations

from django.db import models

from loyalty.shops.fields import ShopModel


class Digest(ShopModel):
    """The findings as of one day: [{kind, query, count, amount|null}], largest stake first."""

    made_on = models.DateField()
    findings = models.JSONField()

    class Meta:
        ordering = ["-made_on"]
        constraints = [models.UniqueConstraint(fields=["shop", "made_on"], name="one_digest_a_day")]

    def __str__(self) -> str:
        return f"{self.made_on}: {len(self.findings)}"
