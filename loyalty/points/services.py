"""Giving, taking back and using points: each is one journal, entered once however often it is asked for.

A refund takes back by the rule its order earned by, never by today's. Points that were already used cannot be
taken from the balance: they are owed, and the next points earned pay for them first.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, QuerySet, Sum, Value
from django.db.models.functions import Concat
from django.utils import timezone
from django.utils.translation import gettext as _

from loyalty.customers.models import Customer, Order, Refund
from loyalty.shops import audit, prepared
from loyalty.shops.scope import current_shop_id

from .models import Account, EarnRule, Journal, Posting

Kind = Account.Kind
OWN = frozenset({Kind.POINTS, Kind.DEBT})

# Accounts and by how much a journal moves each.
Sides = list[tuple[Account, int]]


def rule() -> EarnRule:
    """Return the shop's rule; an unsaved one that gives nothing where none was set."""
    return EarnRule.objects.first() or EarnRule()


def set_rule(amount_per_point: int | None, as_of: datetime.date) -> EarnRule:
    """Give one point for every `amount_per_point` minor units from `as_of` on; None switches points off.

    Changing the rate keeps the first day: orders since then that have not earned yet earn by the new rate.
    """
    if amount_per_point is not None and amount_per_point <= 0:
        raise ValidationError(_("Write an amount above zero."))
    found = rule()
    if amount_per_point is not None and not found.is_on:
        found.started_on = as_of
    found.amount_per_point = amount_per_point
    found.save()
    audit.record("points.rule", "", amount_per_point=amount_per_point)
    return found


def balance(customer: Customer) -> int:
    """Return the points a customer can use."""
    return (
        Account.objects.filter(customer=customer, kind=Kind.POINTS).values_list("balance", flat=True).first()
        or 0
    )


def owed(customer: Customer) -> int:
    """Return the points taken back that were already used."""
    return -(
        Account.objects.filter(customer=customer, kind=Kind.DEBT).values_list("balance", flat=True).first()
        or 0
    )


def earn(order: Order) -> Journal | None:
    """Give the points of a paid order, once; None where it earns nothing."""
    found = rule()
    if not found.is_on or not order.is_paid or order.customer is None or order.placed_on < found.started_on:
        return None
    points = max(order.net_amount, 0) // found.amount_per_point
    if not points:
        return None
    with transaction.atomic():
        sides = giving(points, *_accounts(order.customer, Kind.POINTS, Kind.DEBT, Kind.ISSUED))
        return _post(earning(order, points, found), sides)


def earning(order: Order, points: int, by: EarnRule) -> Journal:
    """Return the journal, not yet entered, that gives `points` for an order."""
    return _journal(
        _earn_key(order),
        Journal.Kind.EARN,
        asked={"order": order.pk, "customer": order.customer_id},
        order=order,
        occurred_at=order.placed_at,
        rule_snapshot={"amount_per_point": by.amount_per_point, "earned": points},
    )


def reverse_for_refund(refund: Refund) -> Journal | None:
    """Take back what a refund gave up; None where its order earned nothing, or it was taken back already."""
    return settle(refund.order) if refund.order else None


def settle(order: Order) -> Journal | None:
    """Bring an order's points to what its amount, its refunds and its status say now; None where they are
    right.

    Whatever happened in between (a refund in parts, one taken out again, a corrected amount, a
    cancellation), only the difference is entered, so that parts add up to exactly the whole and asking
    again changes nothing.
    """
    earned = Journal.objects.filter(idem_key=_earn_key(order)).first()
    if earned is None:
        return None
    with transaction.atomic():
        wallet, debt, clawed = _accounts(order.customer, Kind.POINTS, Kind.DEBT, Kind.CLAWED_BACK)
        # Asked after the wallet is locked: two returns at once must not both take the whole.
        order = Order.objects.get(pk=order.pk)
        given_back = int(order.refunds.aggregate(total=Sum("amount"))["total"] or 0)
        before = Posting.objects.filter(journal__reverses=earned, account=clawed)
        taken = int(before.aggregate(total=Sum("amount"))["total"] or 0)
        rate = earned.rule_snapshot["amount_per_point"]
        due = points_due(order.net_amount, given_back, order.is_paid, rate)
        points = earned.rule_snapshot["earned"] - taken - due
        if not points:
            return None
        gives = giving(-points, wallet, debt, clawed) if points < 0 else None
        takes = min(points, wallet.balance)
        journal = _journal(
            f"settle:{order.source}:{order.external_id}:{before.count() + 1}",
            Journal.Kind.REVERSE,
            asked={"order": order.pk, "due": due},
            order=order,
            reverses=earned,
        )
        return _post(journal, gives or [(wallet, -takes), (debt, takes - points), (clawed, points)])


def points_due(net_amount: int, given_back: int, is_paid: bool, amount_per_point: int) -> int:
    """Return the points an order is worth after `given_back` of its money went back."""
    if not is_paid or given_back >= net_amount:
        return 0
    earned = net_amount // amount_per_point
    return earned - earned * given_back // net_amount


def _earn_key(order: Order) -> str:
    return f"earn:{order.source}:{order.external_id}"


def giving(points: int, wallet: Account, debt: Account, source: Account) -> Sides:
    """Return the sides of giving `points`: what is owed is paid first."""
    pays = min(points, -debt.balance)
    return [(wallet, points - pays), (debt, pays), (source, -points)]


def redeem(customer: Customer, points: int, key: str) -> Journal:
    """Use `points` of a customer. The same `key` again returns the same journal.

    Raise ValidationError where the balance is too low, or the key stands for another redemption.
    """
    if points <= 0:
        raise ValidationError(_("Write how many points are used."))
    with transaction.atomic():
        wallet, redeemed = _accounts(customer, Kind.POINTS, Kind.REDEEMED)
        asked = {"customer": customer.pk, "points": points}
        journal = _journal(f"redeem:{key}", Journal.Kind.REDEEM, asked)
        return _post(journal, [(wallet, -points), (redeemed, points)])


def catch_up(customer_ids: Collection[int]) -> int:
    """Give the points of orders that have none yet, settle those that changed, and return how many
    journals it took. Those of a whole shop are the `backlog`'s.
    """
    if not _has_books():
        return 0
    orders = Order.objects.filter(customer__in=customer_ids).select_related("customer")
    made = [earn(order) for order in unearned(orders)]
    made += [settle(order) for order in orders.filter(pk__in=changed(customer_ids)).order_by("pk")]
    return sum(journal is not None for journal in made)


def _has_books() -> bool:
    """Say whether points are on, or were: most shops are spared the rest with every order."""
    sql = """SELECT EXISTS (SELECT FROM points_earnrule WHERE shop_id = %(shop_id)s AND amount_per_point IS NOT NULL)
OR EXISTS (SELECT FROM points_journal WHERE shop_id = %(shop_id)s)"""
    return prepared.rows(sql, {"shop_id": current_shop_id()})[0][0]


def unearned(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Return those of `orders` that bring points and have not done so yet, in the order of time."""
    found = rule()
    if not found.is_on:
        return orders.none()
    cause = Concat(Value("earn:"), OuterRef("source"), Value(":"), OuterRef("external_id"))
    new = orders.paid().filter(placed_on__gte=found.started_on, net_amount__gte=found.amount_per_point)
    return new.exclude(Exists(Journal.objects.filter(idem_key=cause))).order_by("placed_at", "pk")


def changed(customer_ids: Collection[int] | None = None) -> list[int]:
    """Return the orders whose points are not what `points_due` says, found in one statement."""
    some = "AND o.customer_id = ANY(%(customer_ids)s)" if customer_ids is not None else ""
    sql = f"""
SELECT id FROM (
    SELECT o.id, o.is_paid, o.net_amount, coalesce(refund.amount, 0) AS given_back,
           (earned.rule_snapshot ->> 'amount_per_point')::bigint AS rate,
           (earned.rule_snapshot ->> 'earned')::bigint - coalesce(taken.points, 0) AS has
    FROM points_journal AS earned
    JOIN customers_order AS o ON o.shop_id = earned.shop_id AND o.source = earned.order_source
         AND o.external_id = earned.order_ref {some}
    LEFT JOIN (SELECT order_id, sum(amount)::bigint AS amount FROM customers_refund GROUP BY order_id) AS
    refund
         ON refund.order_id = o.id
    LEFT JOIN (
        SELECT j.reverses_id, sum(p.amount)::bigint AS points FROM points_journal AS j
        JOIN points_posting AS p ON p.shop_id = j.shop_id AND p.journal_id = j.id
        JOIN points_account AS a ON a.shop_id = p.shop_id AND a.id = p.account_id AND a.kind = 'clawed_back'
        GROUP BY j.reverses_id
    ) AS taken ON taken.reverses_id = earned.id
    WHERE earned.kind = 'earn'
) AS books
WHERE has <> CASE WHEN NOT is_paid OR given_back >= net_amount THEN 0
                  ELSE net_amount / rate - div((net_amount / rate)::numeric * given_back, net_amount) END
ORDER BY id"""
    with connection.cursor() as cursor:
        cursor.execute(sql, {"customer_ids": list(customer_ids or ())})
        return [key for (key,) in cursor.fetchall()]


def _accounts(customer: Customer, *kinds: str) -> list[Account]:
    """Return the accounts of these kinds, made where missing; the customer's own are locked.

    The shop's own take part in every journal, so only the posting itself locks them.
    """
    accounts = [account(customer if kind in OWN else None, kind) for kind in kinds]
    mine = [found.pk for found in accounts if found.customer_id]
    locked = {row.pk: row for row in Account.objects.select_for_update().filter(pk__in=mine).order_by("pk")}
    return [locked.get(found.pk, found) for found in accounts]


def account(owner: Customer | None, kind: str) -> Account:
    """Return the account of a customer, or of the shop, made where missing."""
    found = Account.objects.filter(customer=owner, kind=kind)
    if not found.exists():
        Account.objects.bulk_create([new_account(owner and owner.pk, kind)], ignore_conflicts=True)
    return found.get()


def new_account(customer_id: int | None, kind: str) -> Account:
    """Return an account that is not kept yet."""
    return Account(customer_id=customer_id, kind=kind, min_balance=0 if kind == Kind.POINTS else None)


def _journal(
    key: str,
    kind: str,
    asked: dict,
    order: Order | None = None,
    occurred_at: datetime.datetime | None = None,
    rule_snapshot: dict | None = None,
    reverses: Journal | None = None,
) -> Journal:
    return Journal(
        idem_key=key,
        fingerprint=hashlib.sha256(json.dumps([kind, asked], sort_keys=True).encode()).digest(),
        kind=kind,
        reverses=reverses,
        order_source=order.source if order else "",
        order_ref=order.external_id if order else "",
        occurred_at=occurred_at or timezone.now(),
        rule_snapshot=rule_snapshot or {},
        actor=audit.actor.get(),
    )


def postings(journal: Journal, sides: Sides) -> list[Posting]:
    """Return the postings of a kept journal, not yet entered."""
    # In the order of accounts, so that two journals never wait for each other crosswise.
    moving = sorted((side for side in sides if side[1]), key=lambda side: side[0].pk)
    return [
        Posting(journal=journal, seq=seq, account=account, amount=amount)
        for seq, (account, amount) in enumerate(moving, 1)
    ]


def _post(journal: Journal, sides: Sides) -> Journal:
    """Enter one journal with its sides, or return the one its key was entered as."""
    if known := Journal.objects.filter(idem_key=journal.idem_key).first():
        return _same(known, journal)
    try:
        with transaction.atomic():
            journal.save(force_insert=True)
            Posting.objects.bulk_create(postings(journal, sides))
    except IntegrityError as error:
        violated = error.__cause__.diag.constraint_name
        if violated == "an_account_keeps_its_floor":
            raise ValidationError(_("There are not enough points for this."), code="not_enough") from error
        known = Journal.objects.filter(idem_key=journal.idem_key).first()
        if violated != "one_journal_per_cause" or known is None:
            raise
        return _same(known, journal)
    return journal


def _same(known: Journal, asked: Journal) -> Journal:
    if bytes(known.fingerprint) != asked.fingerprint:
        raise ValidationError(_("This was already entered with other numbers."), code="other_request")
    return known


def unbalanced() -> list[int]:
    """Return the accounts whose balance is not the sum of their postings: none, unless something is very
    wrong.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT a.id FROM points_account AS a
               LEFT JOIN points_posting AS p ON p.shop_id = a.shop_id AND p.account_id = a.id
               GROUP BY a.id, a.balance HAVING coalesce(sum(p.amount), 0) <> a.balance ORDER BY a.id"""
        )
        return [key for (key,) in cursor.fetchall()]
