"""What a person's page knows: numbers, rhythm, purchases and messages, in a fixed number of queries."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cached_property

from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import Count, Q, Sum
from psycopg.rows import dict_row

from campaigns.models import Message
from loyalty.customers.facts import facts_sql
from loyalty.shops.scope import current_shop
from loyalty.tiers import services as tiers
from loyalty.tiers.models import Benefit, TierMembership
from loyalty.ui.money import unit_of
from loyalty.ui.presentation import current
from loyalty.ui.templatetags.ui import day
from segmentation import lifecycle
from segmentation.models import CustomerOutlook, CustomerScore, ScoreRun

from .. import services
from ..models import ConsentEvent, Customer, Interaction, Order, OrderLine, Refund
from . import rhythm, timeline

YEAR_DAYS = 365
ORDERS_A_PAGE = 10
FAVOURITES = 3
# Words of a person that the page shows as they are.
DETAILS = (
    "email",
    "province",
    "neighbourhood",
    "job",
    "education",
    "income_band",
    "acquired_by",
    "card_number",
    "external_id",
)
# What one hopes to know of a person; the share that is known stands beside “edit”.
ASKED = (
    "name",
    "phone",
    "email",
    "birth_on",
    "gender",
    "city",
    "neighbourhood",
    "job",
    "marital_status",
    "education",
    "acquired_by",
    "joined_on",
)


def _whole(amount: int | None) -> int | None:
    """Round an amount that rests on margins to the unit it is shown in: a tenth of a toman is no knowledge."""
    unit = unit_of(current())
    return amount if amount is None or unit.decimals else amount // unit.factor * unit.factor


@dataclass(frozen=True)
class Year:
    """The last 365 days of a person: money in minor units, profit None where no cost is known."""

    spent_amount: int = 0
    profit_amount: int | None = None
    costed_amount: int | None = None
    orders: int = 0
    discount_amount: int = 0
    gross_amount: int = 0
    refunds: int = 0
    refunded_amount: int = 0

    @property
    def average_amount(self) -> int | None:
        return _whole(self.spent_amount // self.orders) if self.orders else None

    @property
    def margin_share(self) -> float | None:
        return self.profit_amount / self.costed_amount if self.costed_amount else None

    @property
    def discount_share(self) -> float | None:
        return self.discount_amount / self.gross_amount if self.gross_amount > 0 else None


class Profile:
    """One person as of a day, for the screen. Everything is asked when it is first used."""

    def __init__(self, customer: Customer, today: datetime.date):
        self.customer, self.today = customer, today

    @cached_property
    def score(self) -> CustomerScore | None:
        return getattr(self.customer, "score", None)

    @cached_property
    def outlook(self) -> CustomerOutlook | None:
        """What is expected of the person; not for the counter."""
        return CustomerOutlook.objects.filter(customer=self.customer).first()

    @cached_property
    def membership(self) -> TierMembership | None:
        members = self.customer.tier_memberships.filter(is_current=True)
        return members.select_related("tier__programme").first()

    @cached_property
    def _facts(self) -> dict:
        statement = facts_sql(current_shop(), self.today, YEAR_DAYS, [self.customer.pk])
        with connection.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement.sql, statement.params).fetchone() or {}

    @cached_property
    def year(self) -> Year:
        start = self.today - datetime.timedelta(days=YEAR_DAYS - 1)
        given_back = self.customer.refunds.filter(refunded_on__range=(start, self.today)).aggregate(
            count=Count("pk"), amount=Sum("amount")
        )
        facts = self._facts
        return Year(
            spent_amount=facts.get("monetary_amount", 0),
            profit_amount=_whole(facts.get("profit_amount")),
            costed_amount=facts.get("costed_amount"),
            orders=facts.get("frequency", 0),
            discount_amount=facts.get("discount_amount", 0) or 0,
            gross_amount=facts.get("gross_amount", 0) or 0,
            refunds=given_back["count"],
            refunded_amount=int(given_back["amount"] or 0),
        )

    @cached_property
    def lines(self) -> list[timeline.Line]:
        return timeline.lines(self.customer, self.today)

    @property
    def lifetime_amount(self) -> int:
        return self._facts.get("lifetime_amount", 0)

    @property
    def lifetime_orders(self) -> int:
        return self._facts.get("lifetime_orders", 0)

    @property
    def first_order_on(self) -> datetime.date | None:
        return self._facts.get("first_order_on")

    @cached_property
    def rhythm(self) -> rhythm.Rhythm | None:
        gap = self.score.expected_gap_days if self.score else None
        return rhythm.of(self._facts.get("days", ()), gap or lifecycle.DEFAULT_GAP, self.today)

    @cached_property
    def rank(self) -> tuple[int, int] | None:
        """The person's place among the buyers by spend, and how many buyers there are."""
        run = ScoreRun.objects.current()
        if run is None or self.score is None or self.score.recency_days is None:
            return None
        above = CustomerScore.objects.filter(monetary_amount__gt=self.score.monetary_amount).count()
        return above + 1, max(run.buyers, above + 1)

    def orders(self, page: str | int | None) -> Page:
        """Return a page of the purchases, newest first, each with lines, returns and what may be done."""
        found = self.customer.orders.prefetch_related("lines__product", "refunds")
        shown = Paginator(found, ORDERS_A_PAGE).get_page(page)
        for order in shown:
            given = sum(refund.amount for refund in order.refunds.all())
            order.left_amount = max(0, order.net_amount - given) if order.is_paid else 0
            order.is_by_hand = order.source in services.HAND_SOURCES
            order.may_be_cancelled = (
                order.is_by_hand and order.status != Order.Status.CANCELLED and not order.refunds.all()
            )
        return shown

    @cached_property
    def loose_refunds(self) -> list[Refund]:
        """Returns that name no purchase."""
        return list(self.customer.refunds.filter(order=None)[:ORDERS_A_PAGE])

    @cached_property
    def favourites(self) -> list[dict]:
        lines = OrderLine.objects.filter(order__customer=self.customer, order__is_paid=True)
        named = lines.filter(~Q(product=None)).values("product__name", "product__sku")
        return list(
            named.annotate(times=Count("order", distinct=True)).order_by("-times", "product__sku")[
                :FAVOURITES
            ]
        )

    @cached_property
    def next_tier(self) -> tiers.NextTier | None:
        return tiers.next_tier(self.membership, self.today) if self.membership else None

    @cached_property
    def benefits(self) -> list[Benefit]:
        return list(self.membership.tier.benefits.filter(is_active=True)) if self.membership else []

    @property
    def details(self) -> list[tuple[str, str]]:
        """What else is known, as (label, words)."""
        person, label = self.customer, lambda name: Customer._meta.get_field(name).verbose_name
        words = {
            "gender": person.get_gender_display(),
            "marital_status": person.get_marital_status_display(),
            "wedding_on": person.wedding_on and day(person.wedding_on),
            **{name: getattr(person, name) for name in DETAILS},
        }
        return [(label(name), str(said)) for name, said in words.items() if said]

    @cached_property
    def messages(self) -> list[Message]:
        """The last messages, each knowing whether the person bought within its campaign's result window."""
        found = list(self.customer.messages.select_related("campaign")[:5])
        days = self._facts.get("days", ())
        for message in found:
            if sent := message.sent_at:
                day = current_shop().day_of(sent)
                end = day + datetime.timedelta(days=message.campaign.result_window_days)
                message.was_followed = any(day <= one <= end for one in days)
        return found

    @cached_property
    def messages_in_30_days(self) -> int:
        since = datetime.datetime.combine(self.today, datetime.time(), current_shop().zone)
        since -= datetime.timedelta(days=29)
        return self.customer.messages.filter(created_at__gte=since, state__in=Message.COUNTED).count()

    @cached_property
    def consents(self) -> list[ConsentEvent]:
        said = self.customer.consent_events.filter(channel="sms", purpose="marketing")
        return list(said.select_related("actor").order_by(*ConsentEvent.LATEST_FIRST)[:10])

    @cached_property
    def interactions(self) -> list[Interaction]:
        return list(self.customer.interactions.all()[:5])

    @cached_property
    def known_share(self) -> float:
        return sum(bool(getattr(self.customer, name)) for name in ASKED) / len(ASKED)

    @cached_property
    def age(self) -> int | None:
        """Whole years; None where the birth date is not known."""
        born = self.customer.birth_on
        if born is None:
            return None
        return self.today.year - born.year - ((self.today.month, self.today.day) < (born.month, born.day))
