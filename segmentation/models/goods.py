"""What is bought: figures of every product and category, favourites of segments, and what goes together."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from loyalty.customers.models import Product, ProductCategory
from loyalty.shops.fields import ShopForeignKey, ShopModel

from . import naming
from .choices import Segment


class GoodsRun(ShopModel):
    """What the figures of goods are measured against: one row a shop.

    `away_share` is that of the customers who are away, `again_share` that of those who came again soon enough
    after their first day. Pairs are counted among every `one_in`-th customer.
    """

    class Source(models.TextChoices):
        OUTLOOK = "outlook"
        RECENT = "recent"

    as_of = models.DateField()
    computed_at = models.DateTimeField()
    buyers = models.IntegerField()
    orders = models.IntegerField()
    amount = models.BigIntegerField()
    away_share = models.FloatField(null=True)
    again_share = models.FloatField(null=True)
    one_in = models.IntegerField(default=1)
    demand_source = models.CharField(max_length=8, choices=Source)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop"], name="one_goods_run_per_shop")]

    def __str__(self) -> str:
        return f"{self.as_of}"


class OfGoods(ShopModel):
    """A row about one product or one category, never both."""

    product = ShopForeignKey(Product, on_delete=models.CASCADE, null=True, related_name="+")
    category = ShopForeignKey(ProductCategory, on_delete=models.CASCADE, null=True, related_name="+")

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(product__isnull=True) ^ Q(category__isnull=True),
                name="a_%(class)s_is_of_a_product_or_a_category",
            ),
        ]

    @property
    def kind(self) -> str:
        """“product” or “category”, which is also the condition of the list of customers."""
        return "category" if self.product_id is None else "product"

    @property
    def goods(self) -> Product | ProductCategory:
        return self.product or self.category


class GoodsFigure(OfGoods):
    """One product or category in the year that ends with the run's day.

    Refunds are spread over the lines of their order. `profit_amount` is of what has a known cost, which sold
    for `costed_amount`; NULL where nothing has. Of all time are: `first_buyers`, who bought it on their first
    day (`ripe_buyers` of them so long ago that they could have come again, `again_buyers` did), and
    `last_buyers`, who bought it on their last day so far (`away_buyers` of them are away).
    """

    buyers = models.IntegerField(default=0)
    orders = models.IntegerField(default=0)
    quantity = models.DecimalField(max_digits=16, decimal_places=3, default=0)
    amount = models.BigIntegerField(default=0)
    gross_amount = models.BigIntegerField(default=0)
    discount_amount = models.BigIntegerField(default=0)
    discounted_orders = models.IntegerField(default=0)
    costed_amount = models.BigIntegerField(null=True)
    profit_amount = models.BigIntegerField(null=True)
    first_buyers = models.IntegerField(default=0)
    ripe_buyers = models.IntegerField(default=0)
    again_buyers = models.IntegerField(default=0)
    last_buyers = models.IntegerField(default=0)
    away_buyers = models.IntegerField(default=0)
    # Units of the next 30 days.
    expected_quantity = models.FloatField(null=True)
    # Shares of the above, kept so that a list can be sorted by them; NULL where too few people stand behind.
    margin_share = models.FloatField(null=True)
    discounted_share = models.FloatField(null=True)
    again_share = models.FloatField(null=True)
    away_lift = models.FloatField(null=True)

    # The people it was counted of, where not of everybody, and those of them who are away: as addresses have them.
    of, away_query = "", "&stage=inactive&stage=lost"
    # Whether a list can ask for those who bought it last.
    opens_last = True
    # Where nobody of them is away, no share is so many times theirs.
    is_nobody_away = False

    class Meta(OfGoods.Meta):
        constraints = [
            *OfGoods.Meta.constraints,
            models.UniqueConstraint(
                fields=["shop", "product"], condition=Q(category=None), name="one_figure_per_product"
            ),
            models.UniqueConstraint(
                fields=["shop", "category"], condition=Q(product=None), name="one_figure_per_category"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.goods}: {self.buyers}"


class GoodsFavourite(OfGoods):
    """What a segment likes more than others: its share of the segment's money against its share of all money."""

    segment = models.CharField(max_length=20, choices=Segment)
    buyers = models.IntegerField()
    amount = models.BigIntegerField()
    share = models.FloatField()
    index = models.FloatField()

    def __str__(self) -> str:
        return f"{self.segment}: {self.goods}"

    def get_segment_display(self) -> str:
        """The word of the shop, which may be the owner's own."""
        return naming.segment_label(self.segment)


class GoodsPair(OfGoods):
    """Two products, or two categories, that the same people bought: how many, and how much oftener than chance."""

    other_product = ShopForeignKey(Product, on_delete=models.CASCADE, null=True, related_name="+")
    other_category = ShopForeignKey(ProductCategory, on_delete=models.CASCADE, null=True, related_name="+")
    buyers = models.IntegerField()
    # Of all buyers, both; and of those who bought the first, the other too, and the other way round.
    support = models.FloatField()
    share = models.FloatField()
    other_share = models.FloatField()
    lift = models.FloatField()

    def __str__(self) -> str:
        return f"{self.goods} + {self.other}"

    @property
    def other(self) -> Product | ProductCategory:
        return self.other_product or self.other_category
