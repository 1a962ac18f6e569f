"""Who the counter may find, and how often: a few digits or letters lead to a few people, never to a list."""

from __future__ import annotations

import datetime

from django.core import signing
from django.db import connection
from django.db.models import Prefetch, Sum
from django.http import Http404

from loyalty.customers import search
from loyalty.customers.models import Customer
from loyalty.customers.models.customer import CustomerQuerySet
from loyalty.shops.models import StaffMember
from loyalty.shops.scope import current_shop, current_shop_id
from loyalty.tiers.models import TierMembership
from loyalty.ui.phones import PhoneError, normalize
from loyalty.ui.text import ascii_digits, fold

from .models import LookUpCount

LAST_DIGITS, MIN_LETTERS, MOST = 4, 3, 8
# Someone who serves a customer every five seconds for ten minutes; a copier of phone books looks more often.
MOST_LOOK_UPS, WINDOW = 120, datetime.timedelta(minutes=10)
# So long one can still ask who looked up how many.
KEPT = datetime.timedelta(days=30)
SALT = "counter.person"
TOKEN_SECONDS = 12 * 3600


class TooVague(ValueError):
    """The text may not find anybody; `digits` says whether it is digits or letters that are wrong."""

    def __init__(self, digits: bool) -> None:
        super().__init__("digits" if digits else "letters")
        self.digits = digits


def find(text: str) -> CustomerQuerySet:
    """Return whom `text` names: the last four digits of a phone or a whole one, a card, or words of a name.

    Any other number of digits is refused: with ten tries for each further one a whole phone could be read out
    of a masked one. Raise TooVague for those, and for fewer than three letters, unless they are exactly
    somebody's card.
    """
    people = Customer.objects.all()
    exact = ascii_digits(text).strip()
    digits = search.number_in(text)
    card = people.filter(card_number=exact)
    if digits:
        if (by_phone := _by_phone(people, text, digits)) is not None:
            return (by_phone | card).order_by("name_sort", "pk")
    elif len(fold(text).replace(" ", "")) >= MIN_LETTERS:
        return search.best_first(search.find(people, text), text)
    if exact and card.exists():
        return card
    raise TooVague(bool(digits))


def _by_phone(people: CustomerQuerySet, text: str, digits: str) -> CustomerQuerySet | None:
    """Return whose phone this is or ends with; None for neither four digits nor a whole number."""
    if len(digits) == LAST_DIGITS:
        return people.phone_ends_with(digits)
    try:
        return people.filter(phone=normalize(text, current_shop().phone_region))
    except PhoneError:
        return None


def with_tiers(found: CustomerQuerySet) -> CustomerQuerySet:
    """Fetch each person's tier along: `current_memberships`, a list of none or one."""
    members = TierMembership.objects.filter(is_current=True).select_related("tier")
    return found.prefetch_related(Prefetch("tier_memberships", members, to_attr="current_memberships"))


def count_look_up(staff: StaffMember, now: datetime.datetime) -> bool:
    """Count a look-up of `staff`; return False where it is one too many for ten minutes."""
    minute = now.replace(second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO counter_lookupcount (shop_id, staff_id, minute_at, count) VALUES (%s, %s, %s, 1)
               ON CONFLICT (shop_id, staff_id, minute_at)
               DO UPDATE SET count = counter_lookupcount.count + 1 RETURNING count""",
            [current_shop_id(), staff.pk, minute],
        )
        is_first = cursor.fetchone()[0] == 1
    mine = LookUpCount.objects.filter(staff=staff)
    if is_first:
        mine.filter(minute_at__lt=minute - KEPT).delete()
    recent = mine.filter(minute_at__gt=minute - WINDOW)
    return recent.aggregate(total=Sum("count"))["total"] <= MOST_LOOK_UPS


def seal(staff: StaffMember, customer: Customer) -> str:
    """Return what stands for a customer who was found: this staff member's, for today, and good for
    nothing else.

    Customers have no address at the counter, so that nobody can leaf through them by counting up.
    """
    return signing.dumps([staff.pk, customer.pk], salt=SALT)


def unseal(staff: StaffMember, token: str) -> Customer:
    """Return the customer a token stands for; raise Http404 for anybody else's, an old or an invented one."""
    try:
        staff_id, customer_id = signing.loads(token, salt=SALT, max_age=TOKEN_SECONDS)
    except (signing.BadSignature, ValueError) as error:
        raise Http404 from error
    customer = Customer.objects.filter(pk=customer_id).first() if staff_id == staff.pk else None
    if customer is None:
        raise Http404
    return customer
