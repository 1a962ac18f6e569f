"""What was sold, to whom, and what came back. Money is whole minor units of the shop's currency."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from loyalty.shops.fields import ShopForeignKey, ShopModel

from .customer import Customer


class ProductCategory(ShopModel):
    """A kind of goods; its margin stands in where a product's own cost is not known."""

    name = models.CharField(_("name"), max_length=120)
    margin_share = models.DecimalField(_("margin"), max_digits=5, decimal_places=4, null=True, blank=True)

    class Meta:
        ordering = ["name", "pk"]
        verbose_name_plural = "product categories"
        constraints = [
            models.UniqueConstraint(fields=["shop", "name"], name="one_category_per_name"),
            models.CheckConstraint(
                condition=Q(margin_share__isnull=True) | Q(margin_share__gte=-1, margin_share__lte=1),
                name="a_margin_is_a_share",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Product(ShopModel):
    """Something sold, known by its code."""

    sku = models.CharField(_("code"), max_length=100)
    name = models.CharField(_("name"), max_length=200, blank=True)
    category = ShopForeignKey(
        ProductCategory, on_delete=models.PROTECT, null=True, blank=True, related_name="products"
    )
    cost_amount = models.BigIntegerField(_("cost"), null=True, blank=True)

    class Meta:
        ordering = ["sku", "pk"]
        constraints = [models.UniqueConstraint(fields=["shop", "sku"], name="one_product_per_sku")]

    def __str__(self) -> str:
        return self.name or self.sku


class OrderQuerySet(models.QuerySet):
    def paid(self) -> OrderQuerySet:
        """Orders that count: completed, or completed and later given back."""
        return self.filter(is_paid=True)


class Order(ShopModel):
    """One purchase. Known again by its source and external id; without a customer it is a guest's.

    `net_amount` is what the customer paid for goods: after discount, without tax where tax is known.
    `cost_amount` is what the goods cost the shop; NULL means unknown, which is not zero.
    """

    class Status(models.TextChoices):
        COMPLETED = "completed", _("Completed")
        PROCESSING = "processing", _("Processing")
        CANCELLED = "cancelled", _("Cancelled")
        REFUNDED = "refunded", _("Returned")

    customer = ShopForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="orders"
    )
    source = models.CharField(max_length=40, default="manual")
    external_id = models.CharField(_("order number"), max_length=100)
    placed_at = models.DateTimeField(_("placed at"))
    # The shop's day of placed_at, stored so that windows and rhythms are plain date arithmetic over an index.
    placed_on = models.DateField(editable=False)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.COMPLETED)
    # A returned order was still a visit: the refund takes its money back, not its day.
    is_paid = models.GeneratedField(
        expression=Q(status__in=["completed", "refunded"]),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    gross_amount = models.BigIntegerField(_("before discount"))
    discount_amount = models.BigIntegerField(_("discount"), default=0)
    net_amount = models.BigIntegerField(_("net amount"))
    tax_amount = models.BigIntegerField(_("tax"), null=True, blank=True)
    cost_amount = models.BigIntegerField(_("cost of goods"), null=True, blank=True)
    branch = models.CharField(_("branch"), max_length=80, blank=True)
    channel = models.CharField(_("channel"), max_length=40, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        ordering = ["-placed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "source", "external_id"],
                name="one_order_per_source_and_number",
                violation_error_message=_("This order number is already recorded."),
            ),
            models.CheckConstraint(condition=Q(discount_amount__gte=0), name="a_discount_is_not_negative"),
            # What comes back is a refund, with its own day; no order takes money away.
            models.CheckConstraint(condition=Q(net_amount__gte=0), name="an_order_takes_no_money_away"),
        ]
        indexes = [
            # Facts of all customers come from this index alone (index-only scan).
            models.Index(
                fields=["shop", "customer", "placed_on"],
                include=["net_amount", "cost_amount", "gross_amount", "discount_amount"],
                condition=Q(is_paid=True),
                name="order_facts_cover",
            ),
            # Who bought on a day is asked every night, and lies all over the table.
            models.Index(fields=["shop", "placed_on"], include=["customer"], name="order_by_day"),
            models.Index(F("shop"), F("customer"), F("placed_at").desc(), name="order_of_customer"),
        ]

    def __str__(self) -> str:
        return self.external_id


class OrderLine(ShopModel):
    """One line of an order."""

    order = ShopForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    line_no = models.PositiveIntegerField()
    product = ShopForeignKey(Product, on_delete=models.PROTECT, null=True, blank=True, related_name="lines")
    quantity = models.DecimalField(max_digits=14, decimal_places=3, default=1)
    unit_amount = models.BigIntegerField()
    discount_amount = models.BigIntegerField(default=0)
    net_amount = models.BigIntegerField()
    cost_amount = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["order_id", "line_no"]
        constraints = [
            models.UniqueConstraint(fields=["shop", "order", "line_no"], name="one_line_per_number")
        ]

    def __str__(self) -> str:
        return f"{self.order_id}/{self.line_no}"


class Refund(ShopModel):
    """Money given back. Dated by itself; a cancellation that names no order still belongs to its customer.

    `cost_amount` is the cost of the goods that came back; NULL where unknown.
    """

    customer = ShopForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="refunds"
    )
    order = ShopForeignKey(Order, on_delete=models.CASCADE, null=True, blank=True, related_name="refunds")
    source = models.CharField(max_length=40, default="manual")
    external_id = models.CharField(max_length=120)
    refunded_at = models.DateTimeField()
    refunded_on = models.DateField(editable=False)
    amount = models.BigIntegerField(_("amount"))
    cost_amount = models.BigIntegerField(null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    # Told by the same file as the order whose number it bears: such a file can take it back, another cannot.
    came_with_order = models.BooleanField(default=False, db_default=False, editable=False)

    class Meta:
        ordering = ["-refunded_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "source", "external_id"], name="one_refund_per_source_and_number"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_refund_gives_something_back"),
        ]
        indexes = [
            models.Index(
                fields=["shop", "customer", "refunded_on"],
                include=["amount", "cost_amount"],
                name="refund_facts_cover",
            ),
            models.Index(fields=["shop", "refunded_on"], name="refund_by_day"),
        ]

    def __str__(self) -> str:
        return self.external_id
