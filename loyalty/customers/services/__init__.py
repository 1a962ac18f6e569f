"""Every change to people and their purchases that a person makes; files have a door of their own."""

from .goods import set_cost, set_margin
from .orders import (
    FIRST_DAY,
    HAND_SOURCES,
    MOST_LINES,
    Line,
    cancel_order,
    cancel_refund,
    cost_of_lines,
    new_number,
    record_order,
    refund_order,
    refundable_amount,
    restore_order,
)
from .people import (
    consent_state,
    give_consent,
    record_interaction,
    save_customer,
    tag_customers,
    withdraw_consent,
)

__all__ = [
    "FIRST_DAY",
    "HAND_SOURCES",
    "MOST_LINES",
    "Line",
    "cancel_order",
    "cancel_refund",
    "consent_state",
    "cost_of_lines",
    "give_consent",
    "new_number",
    "record_interaction",
    "record_order",
    "refund_order",
    "refundable_amount",
    "restore_order",
    "save_customer",
    "set_cost",
    "set_margin",
    "tag_customers",
    "withdraw_consent",
]
