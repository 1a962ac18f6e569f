"""The screens of customers: the list, a person, and what one writes down about them."""

from .goods import category_edit, category_list, goods_list, product_edit
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
    "category_edit",
    "category_list",
    "consent_add",
    "customer_add",
    "customer_detail",
    "customer_edit",
    "customer_export",
    "customer_filter",
    "customer_history",
    "customer_list",
    "customer_tag",
    "goods_list",
    "interaction_add",
    "order_add",
    "order_cancel",
    "order_list",
    "order_restore",
    "product_edit",
    "product_list",
    "refund_add",
    "refund_cancel",
]
