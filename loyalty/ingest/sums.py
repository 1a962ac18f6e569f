"""The money of one row, from whatever a file gives of it: amount or quantity × price, discount or rate,
cost or profit.

Pure and in whole numbers. Amounts are minor units with their sign, quantities thousandths, rates basis
points.
"""

from __future__ import annotations

from typing import NamedTuple

ONE = 1000


class Unknown(Exception):
    """The row's money cannot be known: `reason` and the field to look at."""

    def __init__(self, reason: str, field: str) -> None:
        super().__init__(reason)
        self.reason, self.field = reason, field


class Amounts(NamedTuple):
    """`gross` − `discount` = `net` where the file lets us know; `tax` is not in `net`. None is unknown."""

    quantity: int
    unit: int
    gross: int
    discount: int
    net: int
    tax: int | None
    cost: int | None

    def largest(self) -> int:
        """Return the largest of the sums of money, without sign."""
        return max(abs(amount or 0) for amount in self[1:])

    def unsigned(self) -> Amounts:
        """Return the same sums without sign: of a refund it is known that it goes back."""
        if self.quantity >= 0 and self.net >= 0 and self.gross >= 0:
            return self
        return self._replace(
            quantity=abs(self.quantity),
            unit=abs(self.unit),
            gross=abs(self.gross),
            net=abs(self.net),
            tax=None if self.tax is None else abs(self.tax),
            cost=None if self.cost is None else abs(self.cost),
        )


# How the cells of these fields are read: (cells, text) → (value, None) or (None, reason).
READERS = {
    **{
        field: lambda cells, text: cells.money(text)
        for field in ("amount", "gross", "net", "discount_amount", "tax", "cost", "profit")
    },
    "unit_price": lambda cells, text: cells.price(text),
    "quantity": lambda cells, text: cells.quantity(text),
    "discount_rate": lambda cells, text: cells.share(text),
}


# With none of these only the order's sum can tell what was paid.
PAID = frozenset(("amount", "net", "gross"))


def work_out(given: dict) -> Amounts:
    """Return the sums of a row from the fields it fills; raise Unknown where they do not say it."""
    quantity = given.get("quantity")
    quantity = ONE if quantity is None else quantity
    price = given.get("unit_price")
    tax, rate, discount = given.get("tax"), given.get("discount_rate"), given.get("discount_amount")
    gross, net = given.get("gross"), given.get("net")
    if gross is None and price is not None:
        gross = divide(price[0] * quantity, price[1] * ONE)
    if given.get("amount") is not None:
        if abs(tax or 0) > abs(given["amount"]):
            raise Unknown("tax_over_amount", "tax")
        # What was paid holds the tax, and net spend does not where the tax is known.
        paid = given["amount"] - _like(given["amount"], tax or 0)
        if net is None or abs(net) > abs(paid):
            # More "net" than was paid is a subtotal from before the discount.
            gross, net = net if gross is None else gross, paid
    # Tills write a discount as −5 as often as 5.
    discount = None if discount is None else abs(discount)
    if net is None:
        if gross is None:
            raise Unknown("amount_empty", "amount")
        if discount is None:
            discount = divide(abs(gross) * (rate or 0), 10_000)
        if discount > abs(gross):
            raise Unknown("discount_over_amount", "discount_amount")
        net = gross - _like(gross, discount)
    elif gross is None:
        if discount is None:
            discount = divide(abs(net) * rate, 10_000 - rate) if rate and rate < 10_000 else 0
        gross = net + _like(net, discount)
    elif discount is None:
        discount = max(abs(gross) - abs(net), 0)
    cost, profit = given.get("cost"), given.get("profit")
    if cost is None and profit is not None:
        cost = net - profit
    if min(net, gross, quantity) >= 0:
        if (cost or 0) < 0:
            raise Unknown("cost_negative", "profit" if given.get("cost") is None else "cost")
        if (tax or 0) < 0:
            raise Unknown("tax_negative", "tax")
    unit = divide(price[0], price[1]) if price else divide(gross * ONE, quantity) if quantity else gross
    return Amounts(quantity, unit, gross, discount, net, tax, cost)


def divide(numerator: int, denominator: int) -> int:
    """Return the quotient rounded half away from zero."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return whole if numerator >= 0 else -whole


def _like(amount: int, size: int) -> int:
    """Return `size` with the sign of `amount`."""
    return abs(size) if amount >= 0 else -abs(size)
