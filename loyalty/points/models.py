"""The points ledger: accounts, journals, postings. Rows are only added, and every journal sums to zero.

The database keeps the books: a trigger adds each posting to its account's balance, a constraint refuses a
balance below its floor, and a deferred trigger refuses a journal that does not sum to zero.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyalty.customers.models import Customer
from loyalty.shops.fields import ShopForeignKey, ShopModel


class EarnRule(ShopModel):
    """What a shop gives for a purchase: one point for every `amount_per_point`; no row or NULL means no
    points.

    Orders placed before `started_on` earn nothing, so that switching points on does not pay out the past.
    """

    amount_per_point = models.BigIntegerField(_("one point for every"), null=True, blank=True)
    started_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop"], name="one_earn_rule_per_shop"),
            models.CheckConstraint(
                condition=Q(amount_per_point__isnull=True)
                | Q(amount_per_point__gt=0, started_on__isnull=False),
                name="a_point_costs_something",
            ),
        ]

    def __str__(self) -> str:
        return f"1 / {self.amount_per_point}"

    @property
    def is_on(self) -> bool:
        return self.amount_per_point is not None


class Account(ShopModel):
    """Where points are: a customer's own, what a customer owes, or one of the shop's counterparts.

    `balance` is changed by postings only. `min_balance` is the floor; NULL lets a counterpart go below zero.
    """

    class Kind(models.TextChoices):
        POINTS = "points", _("Points")
        DEBT = "debt", _("Owed points")
        ISSUED = "issued", _("Points given out")
        REDEEMED = "redeemed", _("Points used")
        CLAWED_BACK = "clawed_back", _("Points taken back")

    customer = ShopForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="points_accounts"
    )
    kind = models.CharField(max_length=12, choices=Kind)
    unit = models.CharField(max_length=3, default="PTS")
    balance = models.BigIntegerField(default=0)
    min_balance = models.BigIntegerField(null=True, default=None)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "customer", "kind", "unit"], name="one_account_per_kind", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(min_balance__isnull=True) | Q(balance__gte=F("min_balance")),
                name="an_account_keeps_its_floor",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.customer_id or ''}"


class Journal(ShopModel):
    """One thing that happened to points, with the rule of its day: taking it back goes by that rule, not
    today's.

    `idem_key` names the cause (`earn:counter:C-1`), so that the same cause is entered once; `fingerprint`
    is what was asked, so that the same key with another request is noticed.
    """

    append_only = True

    class Kind(models.TextChoices):
        EARN = "earn", _("Earned")
        REVERSE = "reverse", _("Taken back")
        REDEEM = "redeem", _("Used")

    idem_key = models.CharField(max_length=250)
    fingerprint = models.BinaryField(max_length=32)
    kind = models.CharField(max_length=8, choices=Kind)
    reverses = ShopForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversals"
    )
    order_source = models.CharField(max_length=40, blank=True)
    order_ref = models.CharField(max_length=100, blank=True)
    occurred_at = models.DateTimeField()
    posted_at = models.DateTimeField(default=timezone.now)
    rule_snapshot = models.JSONField(default=dict)
    actor = models.ForeignKey("shops.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-posted_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["shop", "idem_key"], name="one_journal_per_cause")]
        indexes = [
            models.Index(fields=["shop", "order_source", "order_ref"], name="journal_of_order"),
            models.Index(fields=["shop", "-posted_at", "-id"], name="journal_latest_first"),
        ]

    def __str__(self) -> str:
        return self.idem_key


class Posting(ShopModel):
    """One side of a journal: so many points to (or, below zero, from) an account."""

    append_only = True

    journal = ShopForeignKey(Journal, on_delete=models.PROTECT, related_name="postings")
    seq = models.PositiveSmallIntegerField()
    account = ShopForeignKey(Account, on_delete=models.PROTECT, related_name="postings")
    amount = models.BigIntegerField()

    class Meta:
        ordering = ["journal_id", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["shop", "journal", "seq"], name="one_posting_per_place"),
            models.CheckConstraint(condition=~Q(amount=0), name="a_posting_moves_something"),
        ]
        indexes = [models.Index(fields=["shop", "account", "journal"], name="posting_of_account")]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.amount:+}"
