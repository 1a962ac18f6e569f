"""Exports whose maker we know: the same word means different things in them ("Name" is an order at
Shopify).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """A maker's export: recognised when all `marks` are among the headers."""

    maker: str
    marks: tuple[str, ...]
    row_kind: str
    columns: dict[str, tuple[str, ...]]


PRESETS = (
    Preset(
        # One row per line; what belongs to the order stands on its first row only.
        "Shopify orders",
        ("Name", "Financial Status", "Lineitem quantity", "Lineitem price"),
        "line",
        {
            "order_id": ("Name",),
            "email": ("Email",),
            "phone": ("Billing Phone", "Phone", "Shipping Phone"),
            "name": ("Billing Name", "Shipping Name"),
            "city": ("Billing City", "Shipping City"),
            "province": ("Billing Province", "Shipping Province"),
            "status": ("Financial Status",),
            "date": ("Created at", "Paid at"),
            "order_amount": ("Total",),
            "order_tax": ("Taxes",),
            "order_discount_amount": ("Discount Amount",),
            "refund_amount": ("Refunded Amount",),
            "quantity": ("Lineitem quantity",),
            "unit_price": ("Lineitem price",),
            "discount_amount": ("Lineitem discount",),
            "sku": ("Lineitem sku",),
            "product": ("Lineitem name",),
            "branch": ("Location",),
            "channel": ("Source",),
            "note": ("Notes",),
        },
    ),
    Preset(
        # Advanced Order Export for WooCommerce: one row per line, the order's cells on every one.
        "WooCommerce orders",
        ("Order Number", "Order Status", "Order Date", "Order Line (w/o tax)"),
        "line",
        {
            "order_id": ("Order Number",),
            "status": ("Order Status",),
            "date": ("Order Date",),
            "first_name": ("First Name (Billing)",),
            "last_name": ("Last Name (Billing)",),
            "city": ("City (Billing)", "City (Shipping)"),
            "province": ("State Code (Billing)", "State Code (Shipping)"),
            "email": ("Email (Billing)",),
            "phone": ("Phone (Billing)",),
            "sku": ("SKU",),
            "product": ("Name",),
            "quantity": ("Quantity",),
            "unit_price": ("Item Cost",),
            "net": ("Order Line (w/o tax)",),
            "tax": ("Order Line Tax",),
            "refund_amount": ("Order Line Total Refunded",),
            "note": ("Customer Note",),
        },
    ),
    Preset(
        "Square transactions",
        ("Transaction ID", "Event Type", "Gross Sales", "Net Sales"),
        "order",
        {
            "order_id": ("Transaction ID",),
            "date": ("Date",),
            "time": ("Time",),
            "status": ("Event Type",),
            "gross": ("Gross Sales",),
            "discount_amount": ("Discounts",),
            "net": ("Net Sales",),
            "tax": ("Tax",),
            "refund_amount": ("Partial Refunds",),
            "external_id": ("Customer ID",),
            "name": ("Customer Name",),
            "branch": ("Location",),
            "channel": ("Source",),
            "note": ("Description",),
        },
    ),
    Preset(
        # Odoo leaves the order's cells blank on every line but the first.
        "Odoo sales orders",
        ("name", "partner name", "date_order", "order_line/price_unit"),
        "line",
        {
            "order_id": ("name",),
            "name": ("partner name",),
            "date": ("date_order",),
            "product": ("order_line/name",),
            "discount_rate": ("order_line/discount",),
            "unit_price": ("order_line/price_unit",),
            "quantity": ("order_line/product_uom_qty",),
        },
    ),
)
