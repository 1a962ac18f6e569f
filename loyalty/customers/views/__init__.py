"""The screens of customers: the list, a person, and what one writes down about them."""

from .lists import customer_export, customer_filter, customer_list, customer_tag
from .orders import (
    order_add,
    order_cancel,
    order_list,
    order_restore,
    product_list,
    refund_add,
    refund_cancel,
)
from .people import (
    consent_add,
    customer_add,
    customer_detail,
    customer_edit,
    customer_history,
    interaction_add,
)

__all__ = [
    "consent_add",
    "customer_add",
    "customer_detail",
    "customer_edit",
    "customer_export",
    "customer_filter",
    "customer_history",
    "customer_list",
    "customer_tag",
    "interaction_add",
    "order_add",
    "order_cancel",
    "order_list",
    "order_restore",
    "product_list",
    "refund_add",
    "refund_cancel",
]
