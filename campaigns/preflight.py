"""The money before the action: what a campaign costs and gives away, and how many more must buy for it.

break-even = (texts + offer to those who would have bought anyway) ÷ (profit of an order − offer)
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import QuerySet

from campaigns import personal
from campaigns.audiences import TREATMENT, Audience
from loyalty.customers.models import Customer
from loyalty.shops.models import Shop

# Rendering this many texts takes some 50 ms; of a longer list every n-th stands for the rest.
SAMPLE = 2_000
YEAR_DAYS = 365
# Buys without a discount nine times in ten, and often enough to say so.
FULL_PRICE_SHARE, FULL_PRICE_ORDERS = 0.9, 3


@dataclass(frozen=True)
class Texts:
    """What the texts come to: pages of the longest and of the average one, and the price of all of them.

    `is_exact` is False where a long list was sampled.
    """

    recipients: int
    pages: float
    most_pages: int
    cost_amount: int
    is_exact: bool


@dataclass(frozen=True)
class Money:
    """The reckoning. Unknown amounts are None; `break_even` is how many more must buy than would anyway."""

    texts: Texts
    offer_cost_amount: int | None
    usual_buyers: int | None
    given_away_amount: int | None
    profit_per_order_amount: int | None
    break_even: int | None

    @property
    def total_amount(self) -> int:
        return self.texts.cost_amount + (self.given_away_amount or 0)

    @property
    def break_even_share(self) -> float | None:
        """The share of recipients that break-even is."""
        if self.break_even is None or not self.texts.recipients:
            return None
        return self.break_even / self.texts.recipients

    @property
    def never_pays(self) -> bool:
        """Whether each further order costs more than it brings."""
        return self.profit_per_order_amount is not None and self.break_even is None


def weigh_texts(text: str, audience: Audience, recipients: int) -> Texts:
    """Return what writing `text` to the audience costs; raise PlaceholderError."""
    shop = audience.shop
    if not personal.is_personal(text) or not recipients:
        pages = personal.render(text, {}, shop).length.pages
        return Texts(recipients, pages, pages, pages * recipients * shop.sms_page_price_amount, True)
    ids = _sample(audience.people(TREATMENT), recipients)
    values = personal.values_of(ids, text, shop, shop.day_of(audience.at))
    pages = [personal.render(text, values[one], shop).length.pages for one in ids]
    average = sum(pages) / len(pages) if pages else 1
    cost = round(average * recipients) * shop.sms_page_price_amount
    return Texts(recipients, average, max(pages, default=1), cost, len(ids) == recipients)


def _sample(people: QuerySet[Customer], count: int) -> list[int]:
    ids = list(people.order_by("pk").values_list("pk", flat=True)) if count <= 10 * SAMPLE else None
    if ids is None:
        return list(people.order_by("pk").values_list("pk", flat=True)[:SAMPLE])
    return ids[:: math.ceil(len(ids) / SAMPLE)] if ids else []


def reckon(texts: Texts, audience: Audience, *, offer_cost_amount: int | None, window_days: int) -> Money:
    """Return the reckoning of a campaign before it is sent."""
    day = audience.shop.day_of(audience.at)
    profit = profit_per_order(audience.shop, day)
    usual = buyers_in(audience, window_days, day) if offer_cost_amount else None
    given_away = None if usual is None else usual * offer_cost_amount
    break_even = None
    if profit is not None and profit > (offer_cost_amount or 0):
        break_even = math.ceil((texts.cost_amount + (given_away or 0)) / (profit - (offer_cost_amount or 0)))
    return Money(texts, offer_cost_amount, usual, given_away, profit, break_even)


def profit_per_order(shop: Shop, as_of: datetime.date) -> int | None:
    """Return the average profit of last year's orders with a known cost; None where none is known."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT avg(net_amount - cost_amount)::bigint FROM customers_order
               WHERE shop_id = %s AND is_paid AND cost_amount IS NOT NULL
                     AND placed_on > %s AND placed_on <= %s""",
            (shop.pk, as_of - datetime.timedelta(days=YEAR_DAYS), as_of),
        )
        return cursor.fetchone()[0]


def buyers_in(audience: Audience, days: int, as_of: datetime.date) -> int:
    """Return how many of those who will receive the text bought in the `days` before: so many buy anyway."""
    since = as_of - datetime.timedelta(days=days)
    people = audience.people(TREATMENT)
    return people.filter(score__last_order_on__gt=since, score__last_order_on__lte=as_of).count()


def full_price_buyers(audience: Audience) -> int:
    """Return how many of those who will receive the text buy without a discount anyway."""
    people = audience.people(TREATMENT)
    return people.filter(
        score__full_price_share__gte=FULL_PRICE_SHARE, score__frequency__gte=FULL_PRICE_ORDERS
    ).count()


def someone(audience: Audience, after: Sequence[int] = ()) -> Customer | None:
    """Return a person who will receive the text, for the preview: preferably one with a name."""
    people = audience.people(TREATMENT).exclude(pk__in=after).order_by("pk")
    return people.exclude(name="").first() or people.first()
