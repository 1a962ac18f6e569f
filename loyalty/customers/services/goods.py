"""What goods cost the shop: written by hand, and used for every sale that says nothing of its own cost."""

from __future__ import annotations

from decimal import Decimal

from loyalty.shops import audit

from ..models import Product, ProductCategory


def set_cost(product: Product, cost_amount: int | None) -> Product:
    """Write what one piece costs the shop, for the sales recorded from now on; None is unknown."""
    product.cost_amount = cost_amount
    product.save(update_fields=["cost_amount"])
    audit.record("customers.cost_set", str(product), product=product.pk, cost_amount=cost_amount)
    return product


def set_margin(category: ProductCategory, margin_share: Decimal | None) -> ProductCategory:
    """Write what the shop keeps of a sale in the category where a product's cost is unknown; None is unknown."""
    category.margin_share = margin_share
    category.save(update_fields=["margin_share"])
    share = None if margin_share is None else float(margin_share)
    audit.record("customers.margin_set", str(category), category=category.pk, margin_share=share)
    return category
