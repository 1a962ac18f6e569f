"""Makes the things tests are about. Everything of a shop is made inside that shop's scope."""

from __future__ import annotations

import datetime
import itertools

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from loyalty.customers import models as customers
from loyalty.shops.models import Shop, StaffMember, User
from loyalty.shops.scope import current_shop, scope, setting

_numbers = itertools.count(1)


def make_shop(**fields) -> Shop:
    """Create a shop (Persian, rial shown as toman, unless told otherwise)."""
    number = next(_numbers)
    fields = {"slug": f"shop-{number}", "name": f"فروشگاه {number}", **fields}
    with setting("app.every_shop", "on"):
        return Shop.objects.create(**fields)


def make_user(**fields) -> User:
    number = next(_numbers)
    fields = {"email": f"person{number}@example.com", "name": f"Person {number}", **fields}
    return User.objects.create_user(**fields)


def make_staff(shop: Shop, role: str, **fields) -> StaffMember:
    """Create a person with `role` in `shop`."""
    with scope(shop):
        user = fields.pop("user", None) or make_user()
        return StaffMember.objects.create(shop=shop, user=user, role=role, **fields)


class CustomerFactory(DjangoModelFactory):
    class Meta:
        model = customers.Customer

    name = factory.Sequence(lambda n: f"نمونه {n}")
    # 0999 000 …: a range no operator has given to anybody.
    phone = factory.Sequence(lambda n: f"+98999{n:07d}")


class OrderFactory(DjangoModelFactory):
    """A completed order; `placed_on` follows `placed_at` on the shop's clock, or give `on=date`."""

    class Meta:
        model = customers.Order

    class Params:
        on = None

    customer = factory.SubFactory(CustomerFactory)
    external_id = factory.Sequence(lambda n: f"T{n}")
    placed_at = factory.LazyAttribute(
        lambda o: (
            datetime.datetime.combine(o.on, datetime.time(12), current_shop().zone)
            if o.on
            else timezone.now()
        )
    )
    placed_on = factory.LazyAttribute(lambda o: current_shop().day_of(o.placed_at))
    net_amount = 1_000_000
    gross_amount = factory.LazyAttribute(lambda o: o.net_amount + o.discount_amount)
    discount_amount = 0


class RefundFactory(DjangoModelFactory):
    class Meta:
        model = customers.Refund

    class Params:
        on = None

    customer = factory.LazyAttribute(lambda o: o.order.customer if o.order else CustomerFactory())
    order = None
    external_id = factory.Sequence(lambda n: f"R{n}")
    refunded_at = factory.LazyAttribute(
        lambda o: (
            datetime.datetime.combine(o.on, datetime.time(12), current_shop().zone)
            if o.on
            else timezone.now()
        )
    )
    refunded_on = factory.LazyAttribute(lambda o: current_shop().day_of(o.refunded_at))
    amount = 100_000
