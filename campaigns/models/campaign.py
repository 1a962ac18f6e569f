"""A campaign, its frozen audience, and one message for each person it writes to."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from campaigns import arms
from loyalty.customers.models import Customer
from loyalty.shops.fields import ShopForeignKey, ShopModel


class Campaign(ShopModel):
    """One text to one list of people, with some of them left alone to compare with.

    `audience` is the query string of the customer list it was written from; who that is, is frozen when it
    begins, which for a scheduled campaign is when its time has come: only then is it known who has bought
    meanwhile, what each has had lately and what each text says. What a person confirmed weeks before is the
    most it may come to (`confirmed_recipients`). `key` seeds the draw of the hold-out; `version` grows with
    every edit, so that a launch is of the text that was read. `launched_at` is when sending may begin: the
    start of the window of the result.
    """

    class Kind(models.TextChoices):
        WIN_BACK = "win_back", _("Win back")
        BUY_MORE = "buy_more", _("Buy more")
        RETENTION = "retention", _("Keep")
        OTHER = "other", _("Other")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SCHEDULED = "scheduled", _("Scheduled")
        SENDING = "sending", _("Sending")
        PAUSED = "paused", _("Paused")
        DONE = "done", _("Sent")
        CANCELLED = "cancelled", _("Cancelled")
        FAILED = "failed", _("Failed")

    class Verdict(models.TextChoices):
        EARNED = "earned", pgettext_lazy("verdict", "Earned")
        LOST = "lost", pgettext_lazy("verdict", "Lost")
        CANNOT_TELL = "cannot_tell", pgettext_lazy("verdict", "Cannot tell yet")

    # Nothing more will be sent by itself.
    OVER = (State.DONE, State.CANCELLED, State.FAILED)

    key = models.UUIDField(default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("purpose"), max_length=10, choices=Kind, default=Kind.OTHER)
    audience = models.TextField(blank=True, editable=False)
    text = models.TextField(_("text"), max_length=900)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT, editable=False)
    state_reason = models.CharField(max_length=60, blank=True, editable=False)
    holdout_share = models.DecimalField(
        _("hold-out"),
        max_digits=4,
        decimal_places=3,
        default=Decimal("0.1"),
        validators=[MinValueValidator(0), MaxValueValidator(Decimal("0.5"))],
    )
    respects_quiet_hours = models.BooleanField(_("wait during quiet hours"), default=True)
    result_window_days = models.PositiveSmallIntegerField(
        _("days of the result"), default=30, validators=[MinValueValidator(1), MaxValueValidator(180)]
    )
    # A gift or a credit that the order itself does not show; a discount is already in the order's net amount.
    offer_cost_amount = models.BigIntegerField(_("cost of the offer per order"), null=True, blank=True)
    # What one page cost when it was launched; a later change of price does not change the past.
    page_price_amount = models.BigIntegerField(null=True, editable=False)
    scheduled_at = models.DateTimeField(_("send at"), null=True, blank=True)
    launched_at = models.DateTimeField(null=True, editable=False)
    confirmed_recipients = models.PositiveIntegerField(null=True, editable=False)
    launched_by = models.ForeignKey(
        "shops.User", on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    finished_at = models.DateTimeField(null=True, editable=False)
    verdict = models.CharField(max_length=12, choices=Verdict, blank=True, editable=False)
    effect_amount = models.BigIntegerField(null=True, editable=False)
    created_by = models.ForeignKey(
        "shops.User", on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["shop", "key"], name="one_campaign_per_key"),
            models.CheckConstraint(
                condition=Q(holdout_share__gte=0, holdout_share__lte=Decimal("0.5")),
                name="a_holdout_is_at_most_half",
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(launched_at__isnull=False), name="a_launch_has_its_moment"
            ),
        ]
        indexes = [
            models.Index(
                fields=["shop", "launched_at"],
                condition=Q(state__in=["scheduled", "sending"]),
                name="campaign_at_work",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT

    @property
    def is_over(self) -> bool:
        return self.state in self.OVER

    @property
    def has_begun(self) -> bool:
        """Whether its audience is frozen; a scheduled campaign has none yet."""
        return self.members.exists()

    @property
    def window_ends_at(self) -> datetime.datetime | None:
        """The moment up to which orders count for the result; None before the launch."""
        if self.launched_at is None:
            return None
        return self.launched_at + datetime.timedelta(days=self.result_window_days)


class AudienceMember(ShopModel):
    """One person of a launched campaign's list: written to, left alone, or kept out for a reason."""

    class Arm(models.TextChoices):
        TREATMENT = arms.TREATMENT, _("Written to")
        HOLDOUT = arms.HOLDOUT, _("Left alone to compare")
        EXCLUDED = arms.EXCLUDED, _("Kept out")

    class Reason(models.TextChoices):
        NO_CONSENT = "no_consent", _("Has not agreed to messages")
        INVALID_PHONE = "invalid_phone", _("Has no valid mobile number")
        FREQUENCY_CAP = "frequency_cap", _("Has had enough messages lately")
        OVER_CONFIRMED = "over_confirmed", _("Was one more than had been confirmed")

    campaign = ShopForeignKey(Campaign, on_delete=models.CASCADE, related_name="members")
    customer = ShopForeignKey(Customer, on_delete=models.CASCADE, related_name="audience_memberships")
    arm = models.CharField(max_length=10, choices=Arm)
    reason = models.CharField(max_length=14, choices=Reason, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "campaign", "customer"], name="one_place_per_campaign_and_customer"
            ),
            models.CheckConstraint(
                condition=Q(arm="excluded", reason__gt="") | (~Q(arm="excluded") & Q(reason="")),
                name="only_the_excluded_have_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["shop", "campaign", "arm", "reason"], name="audience_by_arm")]

    def __str__(self) -> str:
        return f"{self.campaign_id}/{self.customer_id}: {self.arm}"


class Message(ShopModel):
    """One text to one person in one campaign: the row is the queue, and what became of it.

        queued → claimed → accepted → delivered | failed
                        ↘ rejected | queued (again, later) | unknown
        queued → skipped

    A row is claimed, and the claim committed, before the gateway is called; a claim whose lease ran out is
    never sent again before the gateway was asked by `reference`, our own number for it. `due_at` is when the
    row next deserves a look: when queued, to be sent; when accepted, to ask for its delivery report.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        CLAIMED = "claimed", _("Being sent")
        ACCEPTED = "accepted", _("Sent")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Not delivered")
        REJECTED = "rejected", _("Refused")
        SKIPPED = "skipped", _("Not sent")
        UNKNOWN = "unknown", _("Uncertain")

    # What `state_reason` says to people; what is not listed is for the log.
    REASONS = {
        "opted_out": _("wanted no more messages"),
        "cancelled": _("the campaign was stopped"),
        "gave_up": _("the gateway never took it"),
        "busy": _("the gateway was busy; it is tried again"),
        "invalid_number": _("the gateway refused the number"),
        "phone_off": _("the phone could not be reached"),
        "no_answer": _("the gateway did not answer; it will be asked"),
        "no_record": _("the gateway cannot tell whether it was sent"),
        "written_off": _("counted as not delivered"),
    }
    # What counts against the cap of messages per person: everything that was, or may yet be, read.
    COUNTED = (State.QUEUED, State.CLAIMED, State.ACCEPTED, State.DELIVERED, State.UNKNOWN)
    SENT = (State.ACCEPTED, State.DELIVERED, State.FAILED)

    campaign = ShopForeignKey(Campaign, on_delete=models.CASCADE, related_name="messages")
    customer = ShopForeignKey(Customer, on_delete=models.CASCADE, related_name="messages")
    phone = models.CharField(max_length=16)
    text = models.TextField()
    pages = models.PositiveSmallIntegerField()
    # 63 random bits: a gateway that knows each number once must not meet one again from another database.
    reference = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    state_reason = models.CharField(max_length=60, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    gateway_id = models.CharField(max_length=60, blank=True)
    price_amount = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    reported_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            # Two workers may hold the same batch, so the database refuses the second message.
            models.UniqueConstraint(fields=["shop", "campaign", "customer"], name="one_message_per_customer"),
            models.UniqueConstraint(fields=["shop", "campaign", "phone"], name="one_message_per_phone"),
            models.UniqueConstraint(fields=["shop", "reference"], name="one_message_per_reference"),
            models.CheckConstraint(
                condition=~Q(state="claimed") | Q(lease_until__isnull=False), name="a_claim_has_a_lease"
            ),
        ]
        indexes = [
            models.Index(
                fields=["shop", "campaign", "due_at", "id"],
                condition=Q(state="queued"),
                name="message_queue",
            ),
            models.Index(fields=["shop", "lease_until"], condition=Q(state="claimed"), name="message_leases"),
            models.Index(
                fields=["shop", "due_at"],
                condition=Q(state="accepted", due_at__isnull=False),
                name="message_reports_due",
            ),
            models.Index(fields=["shop", "campaign", "state"], name="message_by_state"),
            models.Index(fields=["shop", "customer", "-created_at"], name="message_of_customer"),
        ]

    def __str__(self) -> str:
        # No phone and no text: this may stand in a log.
        return f"{self.reference}: {self.state}"

    @property
    def reason_in_words(self) -> str:
        return str(self.REASONS.get(self.state_reason, ""))


class GatewayLine(ShopModel):
    """A shop's way out: which gateway carries its messages, and whether anything may leave right now.

    `is_open` is the owner's switch. After batches that brought nothing but trouble the line rests by itself
    until `rests_until`, longer each time, so that a gateway that is down is not asked a thousand times.
    """

    class Kind(models.TextChoices):
        SANDBOX = "sandbox", _("Sandbox phone")

    kind = models.CharField(max_length=20, choices=Kind, default=Kind.SANDBOX)
    is_open = models.BooleanField(default=True)
    troubles = models.PositiveSmallIntegerField(default=0)
    rests_until = models.DateTimeField(null=True)
    last_trouble = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop"], name="one_line_per_shop")]

    def __str__(self) -> str:
        return self.kind
