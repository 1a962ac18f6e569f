"""Points of a whole shop, for orders that brought none when they were recorded: those of a file, and changed ones.

They are entered by the batch, each in a transaction of its own, because every journal moves an account of the
shop that the tills need as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from loyalty.customers.models import Order

from . import services
from .models import Account, Journal, Posting

Kind = Account.Kind
# So many journals hold the account of the shop for some hundredths of a second.
NEW, CHANGED = 300, 20


@dataclass(frozen=True)
class Batch:
    """Orders to be entered together: new ones, or such as have to be settled."""

    order_ids: Sequence[int]
    is_new: bool


def batches() -> list[Batch]:
    """Return what is to be entered, in the order of time."""
    new = list(services.unearned(_orders()).values_list("pk", flat=True))
    changed = services.changed()
    return [
        *(Batch(ids, True) for ids in _parts(new, NEW)),
        *(Batch(ids, False) for ids in _parts(changed, CHANGED)),
    ]


def enter(batch: Batch) -> None:
    """Enter the points of a batch; what was entered meanwhile stays as it is."""
    orders = _orders().filter(pk__in=batch.order_ids).select_related("customer")
    mine = _hold({order.customer_id for order in orders})
    if batch.is_new:
        _earn(services.unearned(orders.all()), mine)
    else:
        for order in orders.order_by("pk"):
            services.settle(order)


def _orders():
    return Order.objects.filter(customer__isnull=False)


def _parts(ids: list[int], most: int) -> Iterator[list[int]]:
    return (ids[start : start + most] for start in range(0, len(ids), most))


def _hold(customers: Collection[int]) -> dict[tuple[int, str], Account]:
    """Return the accounts of these customers, made where missing, and locked.

    All of them before the first posting locks one of the shop's: a till holds its customer's while it waits for
    the shop's, so the other way round the two would wait for each other.
    """
    held = Account.objects.filter(customer__in=customers, kind__in=services.OWN)
    known = set(held.values_list("customer", "kind"))
    wanted = {(customer, kind) for customer in customers for kind in services.OWN}
    missing = [services.new_account(*owner) for owner in sorted(wanted - known)]
    Account.objects.bulk_create(missing, ignore_conflicts=True)
    locked = held.order_by("pk").select_for_update()
    return {(account.customer_id, account.kind): account for account in locked}


def _earn(orders: Iterable[Order], mine: dict[tuple[int, str], Account]) -> None:
    """Enter what `services.earn` would of each order, in few statements."""
    rule, issued = services.rule(), services.account(None, Kind.ISSUED)
    journals, given = [], []
    for order in orders:
        points = order.net_amount // rule.amount_per_point
        wallet, debt = (mine[order.customer_id, kind] for kind in (Kind.POINTS, Kind.DEBT))
        sides = services.giving(points, wallet, debt, issued)
        # What one order has paid back the next one of the same customer need not.
        debt.balance += sides[1][1]
        journals.append(services.earning(order, points, rule))
        given.append(sides)
    Journal.objects.bulk_create(journals)
    kept = zip(journals, given, strict=True)
    Posting.objects.bulk_create(row for journal, sides in kept for row in services.postings(journal, sides))
