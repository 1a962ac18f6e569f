"""What the placeholders of a text say for each person: fetched for many at once, and only what is asked."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import connection

from campaigns import placeholders, sms
from loyalty.customers.models import Customer
from loyalty.points.models import Account
from loyalty.shops.models import Shop
from loyalty.tiers import rules, services
from loyalty.tiers.draft import Draft
from loyalty.tiers.models import Programme, TierMembership
from loyalty.tiers.standing import standing_sql
from loyalty.ui.dates import format_day
from loyalty.ui.money import format_amount, format_number

PERSONAL = frozenset(placeholders.SPELLINGS) - {"shop"}


@dataclass(frozen=True)
class Rendered:
    """One person's text as it will be sent, and its length."""

    text: str
    length: sms.Length


def is_personal(text: str) -> bool:
    """Whether the text differs from person to person; raise PlaceholderError."""
    return bool(PERSONAL & set(placeholders.check(text)))


def render(text: str, values: dict[str, str], shop: Shop) -> Rendered:
    """Return the text for one person: words filled in, the way to stop at its end; raise PlaceholderError."""
    filled = placeholders.fill(text, {"shop": shop.name, **values}, shop.language)
    # Judged by what was written, not by what was filled in: a shop may be called "Reply STOP".
    said = sms.says_how_to_stop(text, shop.language)
    whole = filled.rstrip() if said else sms.with_opt_out(filled, shop.language)
    return Rendered(whole, sms.measure(whole))


def values_of(
    customer_ids: Collection[int], text: str, shop: Shop, as_of: datetime.date
) -> dict[int, dict[str, str]]:
    """Return {customer id: {placeholder: value}} with what `text` asks for, in the shop's own language.

    The reader of a text is the customer, so numbers and days are as the shop presents them, whatever language
    its staff work in. Unknown values are missing; the fallback of the placeholder stands in.
    """
    asked = set(placeholders.check(text))
    found: dict[int, dict[str, str]] = {customer_id: {} for customer_id in customer_ids}
    if not asked & PERSONAL:
        return found
    if asked & {"name", "first_name", "last_order_day"}:
        _add(found, _names_and_days(found, shop))
    if asked & {"tier", "gap_to_next_tier"}:
        _add(found, _tiers(found, shop, as_of, with_gap="gap_to_next_tier" in asked))
    if "points" in asked:
        _add(found, _points(found, shop))
    return found


def _add(found: dict[int, dict[str, str]], more: Iterable[tuple[int, dict[str, str]]]) -> None:
    for customer_id, values in more:
        found[customer_id].update(values)


def _names_and_days(ids: Collection[int], shop: Shop) -> Iterable[tuple[int, dict[str, str]]]:
    presentation = shop.presentation(shop.language)
    rows = Customer.objects.filter(pk__in=ids).values_list("pk", "name", "score__last_order_on")
    for customer_id, name, last in rows:
        values = {"name": name, "first_name": name.split()[0] if name else ""}
        if last:
            values["last_order_day"] = format_day(last, presentation, "day")
        yield customer_id, values


def _tiers(
    ids: Collection[int], shop: Shop, as_of: datetime.date, *, with_gap: bool
) -> Iterable[tuple[int, dict[str, str]]]:
    members = TierMembership.objects.filter(customer__in=ids, is_current=True)
    for customer_id, tier in members.values_list("customer", "tier__name"):
        yield customer_id, {"tier": tier}
    programme = services.active_programme() if with_gap else None
    # Only spend is the customer's own to know: what is missing in profit would tell them our margin, and a
    # bare number of orders reads like a sum. Elsewhere the fallback stands.
    if programme is None or programme.metric != Programme.Metric.SPEND:
        return
    draft, presentation = Draft.of(programme), shop.presentation(shop.language)
    standing = standing_sql(shop, draft, as_of, list(ids))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT customer_id, value, orders, rank FROM ({standing.sql}) AS standing", standing.params
        )
        rows = cursor.fetchall()
    for customer_id, value, orders, rank in rows:
        gap = rules.gap(value, orders, draft.steps, rank) if rank is not None else None
        # What is asked for beyond the metric (a number of orders) is not a sum one could name here.
        if gap and gap.value:
            yield customer_id, {"gap_to_next_tier": format_amount(gap.value, presentation)}


def _points(ids: Collection[int], shop: Shop) -> Iterable[tuple[int, dict[str, str]]]:
    presentation = shop.presentation(shop.language)
    accounts = Account.objects.filter(customer__in=ids, kind=Account.Kind.POINTS)
    for customer_id, balance in accounts.values_list("customer", "balance"):
        yield customer_id, {"points": format_number(balance, presentation)}
