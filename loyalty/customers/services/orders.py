"""Purchases and returns written down by hand: recorded, given back, or taken out if they were a mistake.

What follows from them (scores, tiers) is renewed by the door that called, through `loyalty.pipeline`.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from loyalty.shops import audit, prepared
from loyalty.shops.scope import current_shop
from loyalty.ui.money import MAX_MINOR, format_amount
from loyalty.ui.presentation import current

from ..models import Customer, Order, OrderLine, Product, Refund

MANUAL = "manual"
# Only what people typed may be taken out by people; what a file or hook brought is corrected there.
HAND_SOURCES = frozenset({MANUAL, "counter"})
MOST_LINES = 50
# No till has kept its sales from before; whoever writes 1303 or 1903 has slipped by a hundred years.
FIRST_DAY = datetime.date(1970, 1, 1)


@dataclass(frozen=True)
class Line:
    """One line as a person writes it: how many of what, at which price each (minor units)."""

    product: Product | None
    quantity: Decimal
    unit_amount: int

    @property
    def amount(self) -> int:
        return int((self.quantity * self.unit_amount).quantize(Decimal(1), ROUND_HALF_UP))


def new_number() -> str:
    """Return an order number nobody has used. A form carries it, so that sending it twice records once."""
    return f"M-{uuid.uuid4().hex[:16]}"


def record_order(
    customer: Customer | None,
    *,
    placed_at: datetime.datetime,
    gross_amount: int,
    discount_amount: int = 0,
    cost_amount: int | None = None,
    branch: str = "",
    channel: str = "",
    lines: Sequence[Line] = (),
    number: str = "",
    source: str = MANUAL,
) -> Order:
    """Record a paid purchase in one transaction and return it; a guest's has no customer.

    With lines, `gross_amount` must be what they add up to, the discount is spread over them, and the cost is
    taken from the products where all of them know theirs (unless `cost_amount` says otherwise). Recording the
    same `number` for the same person again returns the first order. Raise ValidationError with a sentence.
    """
    _check_amounts(gross_amount, discount_amount, cost_amount, lines)
    number = number or new_number()
    if lines and cost_amount is None:
        cost_amount = cost_of_lines(lines, discount_amount)
    order = Order(
        customer=customer,
        source=source,
        external_id=number,
        placed_at=placed_at,
        placed_on=current_shop().day_of(placed_at),
        gross_amount=gross_amount,
        discount_amount=discount_amount,
        net_amount=gross_amount - discount_amount,
        cost_amount=cost_amount,
        branch=branch,
        channel=channel,
    )
    with transaction.atomic(savepoint=False):
        is_new = prepared.insert(order)
        if is_new:
            OrderLine.objects.bulk_create(_order_lines(order, lines, discount_amount))
    # Of two clicks at the same moment the second one waited for the first and finds its order.
    if not is_new:
        known = Order.objects.get(source=source, external_id=number)
        return _same_order(known, customer, gross_amount, discount_amount)
    _audit("customers.order_recorded", order, net_amount=order.net_amount)
    return order


def _audit(action: str, order: Order, **details) -> None:
    audit.record(action, str(order.customer or "–"), order=order.pk, **details)


def _same_order(known: Order, customer: Customer | None, gross_amount: int, discount_amount: int) -> Order:
    asked = (customer.pk if customer else None, gross_amount, discount_amount)
    if (known.customer_id, known.gross_amount, known.discount_amount) != asked:
        raise ValidationError(_("This order number is already recorded."))
    return known


def _check_amounts(gross: int, discount: int, cost: int | None, lines: Sequence[Line]) -> None:
    if gross <= 0:
        raise ValidationError(_("A purchase has an amount above zero."))
    if gross > MAX_MINOR:
        raise ValidationError(_("This amount is too large; please check it."))
    if not 0 <= discount <= gross:
        raise ValidationError(_("The discount cannot be more than the amount."))
    if cost is not None and not 0 <= cost <= MAX_MINOR:
        raise ValidationError(_("The cost of the goods cannot be negative."))
    if len(lines) > MOST_LINES:
        raise ValidationError(_("A purchase recorded by hand has at most fifty lines."))
    if any(line.quantity <= 0 or line.unit_amount < 0 for line in lines):
        raise ValidationError(_("Each line needs a quantity above zero and a price."))
    if lines and sum(line.amount for line in lines) != gross:
        raise ValidationError(_("The amount is not what the lines add up to."))


def shares(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` by `weights` into whole numbers that add up to it exactly (rounded cumulatively)."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    marks = [total * upto // whole for upto in accumulate(weights)]
    return [after - before for before, after in zip([0, *marks], marks, strict=False)]


def cost_of_lines(lines: Sequence[Line], discount_amount: int = 0) -> int | None:
    """Return what the goods cost the shop, or None where one line's cost is not known."""
    costs = _costs(lines, shares(discount_amount, [line.amount for line in lines]))
    return None if None in costs else sum(costs)


def _costs(lines: Sequence[Line], discounts: Sequence[int]) -> list[int | None]:
    return [_line_cost(line, line.amount - off) for line, off in zip(lines, discounts, strict=True)]


def _line_cost(line: Line, net_amount: int) -> int | None:
    """Return the product's own cost, or what its category's margin leaves of the price, or None."""
    if line.product is None:
        return None
    if line.product.cost_amount is not None:
        cost = line.quantity * line.product.cost_amount
    elif line.product.category and line.product.category.margin_share is not None:
        cost = net_amount * (1 - line.product.category.margin_share)
    else:
        return None
    return int(Decimal(cost).quantize(Decimal(1), ROUND_HALF_UP))


def _order_lines(order: Order, lines: Sequence[Line], discount_amount: int) -> list[OrderLine]:
    discounts = shares(discount_amount, [line.amount for line in lines])
    costs = _costs(lines, discounts)
    return [
        OrderLine(
            order=order,
            line_no=number,
            product=line.product,
            quantity=line.quantity,
            unit_amount=line.unit_amount,
            discount_amount=off,
            net_amount=line.amount - off,
            cost_amount=cost,
        )
        for number, (line, off, cost) in enumerate(zip(lines, discounts, costs, strict=True), 1)
    ]


def refundable_amount(order: Order) -> int:
    """Return what of the order has not been given back yet (0 for an order that never counted)."""
    if order.status not in (Order.Status.COMPLETED, Order.Status.REFUNDED):
        return 0
    given = order.refunds.aggregate(total=Sum("amount"))["total"] or 0
    return max(0, order.net_amount - int(given))


def refund_order(
    order: Order, *, amount: int, refunded_at: datetime.datetime, reason: str = "", number: str = ""
) -> Refund:
    """Give back `amount` of a paid order, never more than what is left of it.

    The goods' cost comes back in proportion, so that giving everything back in parts returns exactly the
    whole cost. The order's row is locked: two clerks cannot together give back more than was paid.
    """
    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=order.pk)
        number = number or new_number()
        if known := Refund.objects.filter(source=MANUAL, external_id=number, order=order).first():
            return known
        left = refundable_amount(order)
        if amount <= 0:
            raise ValidationError(_("Write how much was given back."))
        if amount > left:
            raise ValidationError(_nothing_left() if not left else _too_much(left))
        if refunded_at < order.placed_at and current_shop().day_of(refunded_at) < order.placed_on:
            raise ValidationError(_("Goods cannot come back before they were bought."))
        refund = Refund.objects.create(
            customer_id=order.customer_id,
            order=order,
            source=MANUAL,
            external_id=number,
            refunded_at=refunded_at,
            refunded_on=current_shop().day_of(refunded_at),
            amount=amount,
            cost_amount=_cost_given_back(order, order.net_amount - left, amount),
            reason=reason[:200],
        )
        if amount == left:
            order.status = Order.Status.REFUNDED
            order.save(update_fields=["status"])
        _audit("customers.order_refunded", order, amount=amount)
        return refund


def _cost_given_back(order: Order, before: int, amount: int) -> int | None:
    if order.cost_amount is None:
        return None
    upto = order.cost_amount * (before + amount) // order.net_amount
    return upto - order.cost_amount * before // order.net_amount


def _nothing_left() -> str:
    return _("Nothing is left to give back on this purchase.")


def _too_much(left: int) -> str:
    return _("At most %(amount)s can be given back on this purchase.") % {
        "amount": format_amount(left, current()),
    }


def cancel_refund(refund: Refund) -> Order:
    """Take out a return that was recorded by mistake, and return the order it belonged to."""
    if refund.source not in HAND_SOURCES or refund.order is None:
        raise ValidationError(_("This return came from a file; correct it there and import the file again."))
    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=refund.order_id)
        refund.delete()
        if order.status == Order.Status.REFUNDED:
            order.status = Order.Status.COMPLETED
            order.save(update_fields=["status"])
        _audit("customers.refund_taken_out", order, amount=refund.amount)
    return order


def cancel_order(order: Order) -> Order:
    """Cancel a purchase that was recorded by mistake; it stays visible and no longer counts."""
    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=order.pk)
        if order.source not in HAND_SOURCES:
            raise ValidationError(
                _("This purchase came from a file; correct it there and import the file again.")
            )
        if order.refunds.exists():
            raise ValidationError(_("Something was given back on this purchase; take the return out first."))
        if order.status != Order.Status.CANCELLED:
            order.status = Order.Status.CANCELLED
            order.save(update_fields=["status"])
            _audit("customers.order_cancelled", order, net_amount=order.net_amount)
    return order


def restore_order(order: Order) -> Order:
    """Undo `cancel_order`."""
    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=order.pk)
        if order.source not in HAND_SOURCES or order.status != Order.Status.CANCELLED:
            raise ValidationError(_("Only a purchase that was cancelled by hand can be brought back."))
        order.status = Order.Status.COMPLETED
        order.save(update_fields=["status"])
        _audit("customers.order_restored", order, net_amount=order.net_amount)
    return order
