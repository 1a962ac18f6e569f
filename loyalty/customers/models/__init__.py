"""What happened: people, what they bought and gave back, what they agreed to, and how they took part."""

from .customer import ConsentEvent, Customer, Interaction
from .orders import Order, OrderLine, Product, ProductCategory, Refund
from .sales import SalesDay
from .stale import StaleFacts

__all__ = [
    "ConsentEvent",
    "Customer",
    "Interaction",
    "Order",
    "OrderLine",
    "Product",
    "ProductCategory",
    "Refund",
    "SalesDay",
    "StaleFacts",
]
