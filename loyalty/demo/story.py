"""Tells a demo shop's story: its people and sales, tiers that moved over time, campaigns with hold-outs.

The day is given, never asked for: the same day tells the same story. It ends the evening before, so that the
shop opens this morning with something to do.
"""

from __future__ import annotations

import datetime

from django.contrib.auth.hashers import make_password

from loyalty import pipeline
from loyalty.customers.models import ConsentEvent, Customer, Interaction, Order, OrderLine, Product, Refund
from loyalty.shops.models import Role, Shop, StaffMember, User
from loyalty.shops.rls import refresh_statistics
from loyalty.shops.scope import scope, setting
from loyalty.tiers import services as tiers
from segmentation import likeness_runs
from segmentation import services as segmentation

from . import campaigns, load, own
from .process import SPAN_DAYS, Invention

PASSWORD = "bashgah-demo"
STAFF = {
    Role.OWNER: ("owner@example.com", "آرزو نمونه"),
    Role.MARKETER: ("marketer@example.com", "بهار فرضی"),
    Role.COUNTER: ("counter@example.com", "پویا آزمونی"),
}
# The club was founded when the books were a year old.
FOUNDED_DAYS_AGO = SPAN_DAYS - 365


def staff() -> dict[str, User]:
    """Return the three demo people by role, made where they are not there yet. They work in every demo shop."""
    people = {}
    for role, (email, name) in STAFF.items():
        people[role], _ = User.objects.get_or_create(
            email=email, defaults={"name": name, "password": make_password(PASSWORD)}
        )
    return people


def make_shop(fixture: dict) -> Shop:
    """Make the fixture's shop, empty, with the demo people as its staff."""
    fields = ("slug", "name", "language", "calendar", "currency", "display_unit", "time_zone", "phone_region")
    with setting("app.every_shop", "on"):
        shop = Shop.objects.create(
            **{field: fixture[field] for field in (*fields, "sms_page_price_amount")}, is_demo=True
        )
    people = staff()
    with scope(shop):
        for role, user in people.items():
            StaffMember.objects.create(user=user, role=role)
    return shop


def review_days(today: datetime.date) -> list[datetime.date]:
    """Return the days the tiers were reviewed on: by the month at first, then by the week, lately each day."""
    ages = [
        *range(FOUNDED_DAYS_AGO - 30, 90, -30),
        *range(84, 14, -7),
        *range(13, 0, -1),
    ]
    return [today - datetime.timedelta(days=age) for age in ages]


def tell(fixture: dict, today: datetime.date) -> Shop:
    """Make the shop of `fixture` and live its story up to the morning of `today`; return the shop."""
    shop = make_shop(fixture)
    with scope(shop):
        invention = Invention(fixture, today - datetime.timedelta(days=1))
        past = invention.past()
        load.past(shop, fixture, past)
        refresh_statistics(Customer, ConsentEvent, Product, Order, OrderLine, Refund, Interaction)
        campaigns.run(shop, invention, past, today, User.objects.get(email=STAFF[Role.MARKETER][0]))
        tiers.preset(today - datetime.timedelta(days=FOUNDED_DAYS_AGO))
        for day in review_days(today):
            tiers.review_shop(day)
        # Nobody scored this shop each night; what its campaigns were told is told anew by the week.
        segmentation.look_back(today, told_from=today)
        pipeline.night(today)
        likeness_runs.work_out(likeness_runs.begin(today))
        own.build(shop, today, User.objects.get(email=STAFF[Role.OWNER][0]))
    return shop
