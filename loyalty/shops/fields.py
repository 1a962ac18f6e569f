"""The base of every table that belongs to a shop, and the foreign key between two of them."""

from __future__ import annotations

from django.db import models

from .scope import current_shop_id


class ShopForeignKey(models.ForeignKey):
    """A foreign key within one shop.

    Foreign key checks ignore row-level security, so a plain one could point at another shop's row. Django
    makes no constraint for this one; `rls.secure_tables` makes the composite (shop_id, …) → (shop_id, id)
    instead, and an index that begins the same way in place of Django's.
    """

    def __init__(self, to, on_delete, **kwargs):
        kwargs["db_constraint"] = False
        kwargs.setdefault("db_index", False)
        super().__init__(to, on_delete, **kwargs)


class ShopOneToOneField(models.OneToOneField):
    """As ShopForeignKey, at most once; `rls.secure_tables` puts the shop before it in its uniqueness."""

    def __init__(self, to, on_delete, **kwargs):
        kwargs["db_constraint"] = False
        super().__init__(to, on_delete, **kwargs)


class ShopModel(models.Model):
    """A row of one shop: `shop` defaults to the one in scope; its key in the database is (shop_id, id)."""

    shop = models.ForeignKey(
        "shops.Shop",
        on_delete=models.CASCADE,
        default=current_shop_id,
        editable=False,
        related_name="+",
        db_index=False,
    )
    # Set on a model whose rows are never changed: the web role may then only read and add.
    append_only = False

    class Meta:
        abstract = True
