"""One import of a file: what was asked, how far it is, what came of it; and the rows on their way in."""

from __future__ import annotations

import secrets
from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyalty.shops.fields import ShopForeignKey, ShopModel
from loyalty.shops.scope import current_shop_id

from .outcomes import BUCKETS


def random_name() -> str:
    return secrets.token_hex(16)


def folder() -> Path:
    """Return where the files of imports are kept; nothing serves this folder."""
    return Path(settings.MEDIA_ROOT) / "imports"


class ImportRun(ShopModel):
    """An import, from the upload to the report.

    uploaded → queued → running → done | failed | cancelled. `mapping` and `layout` are the documents of
    `mapping.Mapping` and the reading's `Layout`. A worker holds a running import by `lease_token` until
    `leased_until`, and moves `stage`, `read_line` and `next_bucket` in the same transaction as the rows.
    """

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("Waiting for you")
        QUEUED = "queued", _("Waiting for its turn")
        RUNNING = "running", _("Running")
        DONE = "done", _("Finished")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Stopped")

    class Stage(models.TextChoices):
        READING = "reading", _("Reading the rows")
        PEOPLE = "people", _("Finding the customers")
        ORDERS = "orders", _("Recording the orders")
        SCORING = "scoring", _("Renewing segments and tiers")

    OPEN = (State.QUEUED, State.RUNNING)

    name = models.CharField(_("file"), max_length=200)
    # Never the name it was uploaded under: that one may be a path, or another shop's.
    stored_as = models.CharField(max_length=40, default=random_name, editable=False)
    size_bytes = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State, default=State.UPLOADED)
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.READING)
    signature = models.CharField(max_length=40, blank=True)
    layout = models.JSONField(default=dict)
    mapping = models.JSONField(default=dict)
    is_dry_run = models.BooleanField(default=False)

    read_line = models.BigIntegerField(default=0)
    read_bytes = models.BigIntegerField(default=0)
    staged_rows = models.BigIntegerField(default=0)
    brought_rows = models.BigIntegerField(default=0)
    next_bucket = models.IntegerField(default=0)
    rows = models.BigIntegerField(default=0)
    added = models.BigIntegerField(default=0)
    updated = models.BigIntegerField(default=0)
    unchanged = models.BigIntegerField(default=0)
    ignored = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    report = models.JSONField(default=dict)
    error_code = models.CharField(max_length=40, blank=True)
    error_details = models.JSONField(default=dict)

    lease_token = models.CharField(max_length=32, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    wants_cancel = models.BooleanField(default=False)
    started_by = models.ForeignKey(
        "shops.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="done")
                | Q(rows=F("added") + F("updated") + F("unchanged") + F("ignored") + F("rejected")),
                name="every_row_of_an_import_is_accounted_for",
            ),
        ]
        indexes = [models.Index(fields=["shop", "-created_at"], name="import_newest_first")]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> Path:
        """Return where the file lies."""
        return folder() / self.stored_as

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def accepted(self) -> int:
        return self.added + self.updated + self.unchanged + self.ignored

    @property
    def progress_share(self) -> float:
        """Return 0–1: reading and recording take about the same time, scoring a little at the end."""
        if self.stage == self.Stage.READING:
            return 0.45 * min(self.read_bytes / self.size_bytes, 1) if self.size_bytes else 0
        if self.stage == self.Stage.ORDERS:
            return 0.5 + 0.42 * self.next_bucket / (2 * BUCKETS)
        return {"people": 0.46, "scoring": 0.93}[self.stage]


class ImportReject(ShopModel):
    """A row that was not brought in. `excerpt` holds no whole phone number."""

    run = ShopForeignKey(ImportRun, on_delete=models.CASCADE, related_name="rejects")
    line_no = models.BigIntegerField()
    reason = models.CharField(max_length=40)
    column = models.CharField(max_length=130, blank=True)
    excerpt = models.CharField(max_length=170, blank=True)

    class Meta:
        ordering = ["line_no", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["shop", "run", "line_no"], name="a_row_is_rejected_once")
        ]

    def __str__(self) -> str:
        return f"{self.line_no}: {self.reason}"


class RememberedMapping(ShopModel):
    """What the shop once said about files with these columns."""

    signature = models.CharField(max_length=40)
    mapping = models.JSONField(default=dict)
    used_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-used_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["shop", "signature"], name="one_mapping_per_header")]

    def __str__(self) -> str:
        return self.signature


class Staged(ShopModel):
    """Rows on their way in. Unlogged: after a crash of the database they are read from the file again.

    `run_key` is the import's id without a foreign key, and the shop's has no constraint either: both would be
    checked for every one of a million rows.
    """

    shop = models.ForeignKey(
        "shops.Shop",
        on_delete=models.CASCADE,
        default=current_shop_id,
        editable=False,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    run_key = models.BigIntegerField()

    class Meta:
        abstract = True


class StagedPerson(Staged):
    """A person met in the file: what rows told, and, once found or made, which customer they are."""

    key = models.CharField(max_length=110)
    phone = models.CharField(max_length=16, null=True)  # noqa: DJ001
    external_id = models.CharField(max_length=100, null=True)  # noqa: DJ001
    card_number = models.CharField(max_length=40, null=True)  # noqa: DJ001
    details = models.JSONField(default=dict)
    first_line = models.BigIntegerField()
    customer_key = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop", "run_key", "key"], name="one_staged_person_per_key")
        ]

    def __str__(self) -> str:
        return self.key


class StagedProduct(Staged):
    """A product met in the file."""

    sku = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    category = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop", "run_key", "sku"], name="one_staged_product_per_sku")
        ]

    def __str__(self) -> str:
        return self.sku


class StagedRow(Staged):
    """A sale or refund as `rows.Row` has it."""

    line_no = models.BigIntegerField()
    bucket = models.SmallIntegerField()
    order_key = models.CharField(max_length=100, null=True)  # noqa: DJ001
    base = models.CharField(max_length=20, null=True)  # noqa: DJ001
    fingerprint = models.CharField(max_length=20, null=True)  # noqa: DJ001
    is_refund = models.BooleanField()
    original = models.CharField(max_length=100, null=True)  # noqa: DJ001
    person = models.CharField(max_length=110, null=True)  # noqa: DJ001
    placed_at = models.DateTimeField()
    placed_on = models.DateField()
    status = models.CharField(max_length=12)
    quantity = models.BigIntegerField()
    unit_amount = models.BigIntegerField()
    gross = models.BigIntegerField()
    discount = models.BigIntegerField()
    net = models.BigIntegerField()
    tax = models.BigIntegerField(null=True)
    cost = models.BigIntegerField(null=True)
    sku = models.CharField(max_length=100, null=True)  # noqa: DJ001
    branch = models.CharField(max_length=80)
    channel = models.CharField(max_length=40)
    note = models.CharField(max_length=200)
    refund_amount = models.BigIntegerField(null=True)
    order_amount = models.BigIntegerField(null=True)
    order_discount = models.BigIntegerField(null=True)
    order_tax = models.BigIntegerField(null=True)
    # Of a refund: whether the file also has a sale of its number.
    with_sale = models.BooleanField(db_default=False)

    class Meta:
        indexes = [models.Index(fields=["shop", "run_key", "bucket"], name="staged_row_by_bucket")]

    def __str__(self) -> str:
        return str(self.line_no)
