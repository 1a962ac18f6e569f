"""What the counter shows of one person: tier and why, what to give today, a hint, the way ahead."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Count

from loyalty.customers.models import Customer, Order, OrderLine
from loyalty.points import services as points
from loyalty.shops.models import StaffMember
from loyalty.shops.scope import current_shop
from loyalty.tiers import benefits, periods
from loyalty.tiers import services as tiers
from loyalty.tiers.models import TierMembership

from . import people

YEAR = datetime.timedelta(days=365)
# A favourite was taken this often in a year; fewer times is chance.
FAVOURITE_TIMES = 3
# Later than usual: by this many days at least, and by a quarter of the usual gap. Under three visits
# nothing is usual.
LATE_DAYS, LATE_SHARE, VISITS = 3, 0.25, 3


@dataclass(frozen=True)
class Hint:
    """One thing worth saying. `birthday_in`: days until the birthday (negative: ago); `late`: days past
    the usual.
    """

    birthday_in: int | None = None
    late: int | None = None
    usual_gap: int | None = None
    product: str = ""

    def __bool__(self) -> bool:
        return self.birthday_in is not None or self.late is not None or bool(self.product)


@dataclass(frozen=True)
class NumberedOffer:
    """An offer and its key: Alt+1 gives the first one that can be handed over; 0 for those that cannot."""

    offer: benefits.Offer
    key: int


class Panel:
    """One person on `today`, for `staff`. Everything is asked when it is first used."""

    def __init__(self, customer: Customer, staff: StaffMember, today: datetime.date):
        self.customer, self.staff, self.today = customer, staff, today

    @cached_property
    def token(self) -> str:
        return people.seal(self.staff, self.customer)

    @cached_property
    def key(self) -> uuid.UUID:
        """The token of the next purchase: sent twice, it is recorded once."""
        return uuid.uuid4()

    @cached_property
    def membership(self) -> TierMembership | None:
        members = TierMembership.objects.filter(customer=self.customer, is_current=True)
        return members.select_related("tier__programme").first()

    @cached_property
    def ahead(self) -> tiers.NextTier | None:
        return tiers.next_tier(self.membership, self.today) if self.membership else None

    @cached_property
    def offers(self) -> list[NumberedOffer]:
        numbered, key = [], 0
        for offer in benefits.offers(self.customer, self.today):
            can_be_clicked = offer.state == benefits.READY or offer.may_take_back
            key += can_be_clicked
            numbered.append(NumberedOffer(offer, key if can_be_clicked and key < 10 else 0))
        return numbered

    @cached_property
    def _orders(self) -> list[datetime.date]:
        since = self.today - YEAR
        recent = Order.objects.paid().filter(customer=self.customer, placed_on__range=(since, self.today))
        return list(recent.order_by("-placed_on").values_list("placed_on", flat=True))

    @property
    def orders_in_year(self) -> int:
        return len(self._orders)

    @cached_property
    def last_order_on(self) -> datetime.date | None:
        if self._orders:
            return self._orders[0]
        paid = Order.objects.paid().filter(customer=self.customer, placed_on__lte=self.today)
        return paid.order_by("-placed_on").values_list("placed_on", flat=True).first()

    @cached_property
    def points(self) -> int:
        return points.balance(self.customer)

    @cached_property
    def points_owed(self) -> int:
        return points.owed(self.customer)

    @cached_property
    def points_on(self) -> bool:
        return points.rule().is_on

    @cached_property
    def hint(self) -> Hint:
        """The birthday before being late, either with what they usually take; nothing where nothing is
        known.
        """
        if (days := self._birthday_in()) is not None:
            return Hint(birthday_in=days, product=self._favourite())
        late = self._late()
        return Hint(late=late and late[0], usual_gap=late and late[1], product=self._favourite())

    def _birthday_in(self) -> int | None:
        if self.customer.birth_on is None:
            return None
        birthday = periods.birthday_near(self.customer.birth_on, self.today, current_shop().calendar)
        days = (birthday - self.today).days
        return days if abs(days) <= periods.BIRTHDAY_DAYS else None

    def _late(self) -> tuple[int, int] | None:
        score = getattr(self.customer, "score", None)
        if score is None or not score.expected_gap_days or score.lifetime_order_days < VISITS:
            return None
        usual = round(score.expected_gap_days)
        late = (self.today - self.last_order_on).days - usual if self.last_order_on else 0
        return (late, usual) if late >= max(LATE_DAYS, usual * LATE_SHARE) else None

    def _favourite(self) -> str:
        lines = OrderLine.objects.filter(
            order__customer=self.customer, order__is_paid=True, order__placed_on__gt=self.today - YEAR
        ).exclude(product__name__isnull=True)
        counted = lines.values_list("product__name").annotate(times=Count("order", distinct=True))
        best = counted.order_by("-times", "product__name").first()
        return best[0] if best and best[1] >= FAVOURITE_TIMES else ""
