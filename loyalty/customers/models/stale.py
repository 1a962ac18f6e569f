"""Whose sums are out of date."""

from __future__ import annotations

from django.db import models

from loyalty.shops.fields import ShopForeignKey, ShopModel

from .customer import Customer


class StaleFacts(ShopModel):
    """A mark on a customer of whom something happened: an order, a return or a dealing was added, changed or
    taken out.

    Triggers write it in the transaction of the change itself, so that no path, by hand, file or hook, can
    forget it. Whoever keeps sums takes the marks away and adds up these customers anew. A customer may have
    many marks: without a key, two who mark the same customer never wait for each other.
    """

    customer = ShopForeignKey(Customer, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return str(self.customer_id)
