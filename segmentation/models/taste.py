"""What each customer usually buys, and when."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyalty.customers.models import Customer, Product, ProductCategory
from loyalty.shops.fields import ShopForeignKey, ShopModel, ShopOneToOneField


class Weekday(models.IntegerChoices):
    """Numbered as ISO does, and as PostgreSQL's isodow does."""

    MONDAY = 1, _("Monday")
    TUESDAY = 2, _("Tuesday")
    WEDNESDAY = 3, _("Wednesday")
    THURSDAY = 4, _("Thursday")
    FRIDAY = 5, _("Friday")
    SATURDAY = 6, _("Saturday")
    SUNDAY = 7, _("Sunday")


class CustomerTaste(ShopModel):
    """The favourites of one customer: the product and the category that most of their orders hold.

    `orders` are those that hold the main category (the product, where it has none), `share` their part of the
    customer's orders with known goods. `weekday` is the day on which they usually come, NULL where they have
    none. Whoever bought nothing for long has no row; of whom no goods are known may have one for the `units`, which
    are of all lines.
    """

    customer = ShopOneToOneField(Customer, on_delete=models.CASCADE, related_name="taste")
    product = ShopForeignKey(
        Product, on_delete=models.CASCADE, null=True, blank=True, related_name="favourite_of"
    )
    category = ShopForeignKey(
        ProductCategory, on_delete=models.CASCADE, null=True, blank=True, related_name="favourite_of"
    )
    orders = models.IntegerField(default=0)
    share = models.FloatField(null=True)
    weekday = models.SmallIntegerField(choices=Weekday, null=True)
    # The quantities of all lines of the 365 days up to the run; NULL of whoever has none.
    units = models.FloatField(null=True)
    # The day of the run that last changed the row; it holds as of every later run, too.
    computed_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop", "customer"], name="one_taste_per_customer"),
            models.CheckConstraint(
                condition=Q(share__isnull=True) | Q(share__gte=0, share__lte=1), name="a_taste_is_a_share"
            ),
        ]
        indexes = [
            models.Index(fields=["shop", "category", "customer"], name="taste_by_category"),
            models.Index(fields=["shop", "product", "customer"], name="taste_by_product"),
            models.Index(fields=["shop", "weekday", "customer"], name="taste_by_weekday"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.product_id or self.category_id or self.weekday}"
