"""What the customers' routes with arguments open."""

from __future__ import annotations

from loyalty.customers.models import Product, ProductCategory
from tests.factories import CustomerFactory, OrderFactory, RefundFactory


def customer() -> dict:
    return {"pk": CustomerFactory().pk}


def order() -> dict:
    return {"pk": OrderFactory().pk}


def refund() -> dict:
    return {"pk": RefundFactory(order=OrderFactory()).pk}


def product() -> dict:
    return {"pk": Product.objects.create(sku="A").pk}


def category() -> dict:
    return {"pk": ProductCategory.objects.create(name="Fruit").pk}


OBJECTS = {
    "customers:customer_detail": customer,
    "customers:customer_edit": customer,
    "customers:customer_history": customer,
    "customers:consent_add": customer,
    "customers:interaction_add": customer,
    "customers:order_list": customer,
    "customers:order_add": customer,
    "customers:refund_add": order,
    "customers:order_cancel": order,
    "customers:order_restore": order,
    "customers:refund_cancel": refund,
    "customers:product_edit": product,
    "customers:category_edit": category,
}
