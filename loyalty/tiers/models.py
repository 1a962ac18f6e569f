"""What we promise: a programme of tiers, what each gives, who is in which and why, what was handed over."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from loyalty.customers.models import Customer
from loyalty.shops.fields import ShopForeignKey, ShopModel


class Programme(ShopModel):
    """How a shop's customers are put into tiers. A shop has one active programme."""

    class Metric(models.TextChoices):
        SPEND = "spend", _("Net spend")
        PROFIT = "profit", _("Profit")
        ORDERS = "orders", _("Orders")
        ORDER_DAYS = "order_days", _("Days with an order")

    metric = models.CharField(_("measured by"), max_length=10, choices=Metric, default=Metric.SPEND)
    window_days = models.PositiveSmallIntegerField(_("days counted"), default=365)
    grace_days = models.PositiveSmallIntegerField(_("days of grace"), default=30)
    started_on = models.DateField()
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["shop"], condition=Q(is_active=True), name="one_active_programme"
            ),
            # Without a day of grace a second review on the same day would take a second tier away.
            models.CheckConstraint(
                condition=Q(window_days__gte=1, grace_days__gte=1), name="programme_days_exist"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric} / {self.window_days}"

    @property
    def counts_money(self) -> bool:
        return self.metric in (self.Metric.SPEND, self.Metric.PROFIT)


class ProgrammeVersion(ShopModel):
    """The rules as they were applied once. `rules` never changes; the version in force is the last one
    not undone.
    """

    programme = ShopForeignKey(Programme, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    rules = models.JSONField()
    moved_up = models.PositiveIntegerField(default=0)
    moved_down = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey("shops.User", on_delete=models.PROTECT, null=True, related_name="+")
    applied_at = models.DateTimeField(default=timezone.now)
    undone_by = models.ForeignKey("shops.User", on_delete=models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["shop", "programme", "number"], name="one_version_per_number")
        ]

    def __str__(self) -> str:
        return str(self.number)


class Tier(ShopModel):
    """A level of the programme; rank 1 is the way in and has no threshold.

    `threshold_amount` is in the metric's own unit: minor units of money, or a count of orders or days.
    """

    class Colour(models.TextChoices):
        BRONZE = "bronze", _("Bronze")
        SILVER = "silver", _("Silver")
        GOLD = "gold", _("Gold")
        VIP = "vip", _("VIP")

    programme = ShopForeignKey(Programme, on_delete=models.CASCADE, related_name="tiers")
    rank = models.PositiveSmallIntegerField()
    name = models.CharField(_("name"), max_length=40)
    colour = models.CharField(max_length=10, choices=Colour, default=Colour.BRONZE)
    threshold_amount = models.BigIntegerField(default=0)
    min_orders = models.PositiveIntegerField(_("and at least"), default=0)

    class Meta:
        ordering = ["rank", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["shop", "programme", "rank"], name="one_tier_per_rank"),
            models.CheckConstraint(condition=Q(threshold_amount__gte=0), name="a_threshold_is_not_negative"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def icon(self) -> str:
        return {"bronze": "medal-2", "silver": "medal-2", "gold": "medal", "vip": "diamond"}[self.colour]


class Benefit(ShopModel):
    """What a tier gives. A benefit that was taken off is kept, so that what was handed over keeps its
    name.
    """

    class Kind(models.TextChoices):
        DISCOUNT = "discount", _("Discount")
        EARLY_ACCESS = "early_access", _("Early access")
        GIFT = "gift", _("Gift")
        PRIORITY_LINE = "priority_line", _("Priority line")
        FREE_TEXT = "free_text", _("Something else")

    class Period(models.TextChoices):
        ALWAYS = "always", _("Always")
        MONTHLY = "monthly", _("Once a month")
        SEASON = "season", _("Once a season")
        BIRTHDAY = "birthday", _("On the birthday")
        ONCE = "once", _("Once")

    ICONS = {
        Kind.DISCOUNT: "discount",
        Kind.EARLY_ACCESS: "bell",
        Kind.GIFT: "gift",
        Kind.PRIORITY_LINE: "phone",
        Kind.FREE_TEXT: "sparkles",
    }

    tier = ShopForeignKey(Tier, on_delete=models.CASCADE, related_name="benefits")
    kind = models.CharField(_("kind"), max_length=14, choices=Kind)
    text = models.CharField(_("what it is"), max_length=120, blank=True)
    value_share = models.DecimalField(_("discount"), max_digits=5, decimal_places=4, null=True, blank=True)
    cost_amount = models.BigIntegerField(_("cost to you each time"), null=True, blank=True)
    period = models.CharField(_("how often"), max_length=10, choices=Period, default=Period.ALWAYS)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = [F("value_share").desc(nulls_last=True), "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(value_share__isnull=True) | Q(value_share__gt=0, value_share__lt=1),
                name="a_discount_is_a_share",
            ),
            models.CheckConstraint(
                condition=~Q(kind="discount") | Q(value_share__isnull=False), name="a_discount_has_a_value"
            ),
            models.UniqueConstraint(
                fields=["shop", "tier"],
                condition=Q(kind="discount", is_active=True),
                name="one_discount_per_tier",
            ),
        ]

    def __str__(self) -> str:
        return self.text or self.get_kind_display()

    @property
    def icon(self) -> str:
        return "cake" if self.period == self.Period.BIRTHDAY else self.ICONS[self.kind]


class TierMembership(ShopModel):
    """A customer in a tier from one day until another (that day not included), and the receipt that says why.

    `falls_on` is the day the customer falls one level unless the metric reaches the tier again before. A
    row that was undone stays for the record but belongs to nobody's history.

    The receipt: `value` (of the metric), `orders` and `refunds` in the days counted up to `from_on`,
    `is_estimated` (a part of the profit is reckoned, for want of costs), and the version of the rules. What is the same
    for everybody (metric, days counted, thresholds) stands in that version: repeated in each of a million
    rows it was nine tenths of the table.
    """

    class Reason(models.TextChoices):
        FIRST = "first", _("First order")
        UP = "up", _("Moved up")
        DOWN = "down", _("Moved down")
        MANUAL = "manual", _("Set by hand")

    customer = ShopForeignKey(Customer, on_delete=models.CASCADE, related_name="tier_memberships")
    tier = ShopForeignKey(Tier, on_delete=models.PROTECT, related_name="memberships")
    from_on = models.DateField()
    until_on = models.DateField(null=True)
    is_current = models.BooleanField(default=True)
    falls_on = models.DateField(null=True)
    reason = models.CharField(max_length=10, choices=Reason)
    value = models.BigIntegerField(default=0)
    orders = models.IntegerField(default=0)
    refunds = models.IntegerField(default=0)
    is_estimated = models.BooleanField(default=False)
    # A number and no foreign key, which would be looked up for each of a million rows of one version.
    version_number = models.IntegerField(null=True)
    opened_at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-from_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "customer"],
                condition=Q(is_current=True),
                name="one_current_tier_per_customer",
            ),
            models.CheckConstraint(
                condition=Q(is_current=False) | Q(until_on__isnull=True, undone_at__isnull=True),
                name="a_current_membership_has_no_end",
            ),
            models.CheckConstraint(
                condition=Q(until_on__isnull=True) | Q(until_on__gte=F("from_on")),
                name="a_membership_ends_after_it_began",
            ),
        ]
        indexes = [
            models.Index(fields=["shop", "customer", "-from_on"], name="membership_history"),
            models.Index(fields=["shop", "tier"], condition=Q(is_current=True), name="membership_by_tier"),
            models.Index(
                fields=["shop", "falls_on"],
                condition=Q(is_current=True, falls_on__isnull=False),
                name="falling_soon",
            ),
            models.Index(fields=["shop", "from_on"], name="membership_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.tier_id} {self.from_on}"

    @cached_property
    def rules(self) -> dict:
        """The rules it was judged by (a Draft as JSON); empty without a receipt."""
        versions = ProgrammeVersion.objects.filter(number=self.version_number)
        return versions.filter(programme=self.tier.programme_id).values_list("rules", flat=True).first() or {}

    @property
    def needed(self) -> dict | None:
        """What the tier asked for then, a Level as JSON; None without a receipt."""
        asked = self.rules.get("levels", ())
        return next((level for level in asked if level["rank"] == self.tier.rank), None)


class VersionMove(ShopModel):
    """What a version did to one customer's membership, so that undoing it puts back exactly that."""

    append_only = True

    class Action(models.TextChoices):
        FIRST = "first", _("First order")
        UP = "up", _("Moved up")
        DOWN = "down", _("Moved down")
        WARN = "warn", _("Will move down")
        CLEAR = "clear", _("May stay")

    version = ShopForeignKey(ProgrammeVersion, on_delete=models.CASCADE, related_name="moves")
    customer = ShopForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    action = models.CharField(max_length=5, choices=Action)
    before = ShopForeignKey(TierMembership, on_delete=models.CASCADE, null=True, related_name="+")
    after = ShopForeignKey(TierMembership, on_delete=models.CASCADE, null=True, related_name="+")
    falls_before = models.DateField(null=True)
    falls_after = models.DateField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "version", "customer"], name="one_move_per_version_and_customer"
            )
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.action}"


class BenefitGrant(ShopModel):
    """A benefit handed to a customer by somebody. `period_key` names the month, season or birthday it
    counts for.
    """

    customer = ShopForeignKey(Customer, on_delete=models.CASCADE, related_name="benefit_grants")
    benefit = ShopForeignKey(Benefit, on_delete=models.PROTECT, related_name="grants")
    period_key = models.CharField(max_length=20)
    given_on = models.DateField()
    given_at = models.DateTimeField(default=timezone.now)
    given_by = models.ForeignKey("shops.User", on_delete=models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-given_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "customer", "benefit", "period_key"],
                condition=Q(undone_at__isnull=True),
                name="a_benefit_is_given_once_a_period",
                violation_error_message=_("This has already been given."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.benefit_id} {self.period_key}"
