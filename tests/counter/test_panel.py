import datetime

import pytest

from loyalty.counter.panel import Panel
from loyalty.customers.models import OrderLine, Product
from segmentation import services as segmentation
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory


def day(ago: int) -> datetime.date:
    return TODAY - datetime.timedelta(days=ago)


def visits(*ago: int, **fields):
    customer = CustomerFactory(**fields)
    for days in ago:
        OrderFactory(customer=customer, on=day(days))
    segmentation.score_shop(TODAY)
    return customer


def hint(customer, clerk):
    return Panel(customer, clerk, TODAY).hint


def test_nothing_known_nothing_said(shop, clerk):
    assert not hint(CustomerFactory(), clerk)


@pytest.mark.parametrize(("born", "days"), [("1990-11-23", 0), ("1990-11-28", 5), ("1990-11-18", -5)])
def test_a_birthday_within_a_week_is_the_first_thing_to_say(shop, clerk, born, days):
    customer = visits(200, 190, 180, birth_on=datetime.date.fromisoformat(born))
    said = hint(customer, clerk)
    assert (said.birthday_in, said.late) == (days, None)


def test_being_later_than_usual_is_said_with_the_usual(shop, clerk):
    said = hint(visits(*range(60, 400, 20)), clerk)
    assert said.late == 60 - said.usual_gap
    assert 20 <= said.usual_gap < 30


def test_who_is_in_time_or_new_is_not_called_late(shop, clerk):
    assert hint(visits(5, 25, 45, 65), clerk).late is None
    assert hint(visits(300), clerk).late is None


def test_a_favourite_is_what_was_taken_three_times_in_a_year(shop, clerk):
    customer = visits(5, 25, 45, 400)
    beans = Product.objects.create(sku="B", name="دانهٔ اسپرسو")
    orders = list(customer.orders.order_by("-placed_at"))
    for number, order in enumerate(orders[:2]):
        OrderLine.objects.create(order=order, line_no=number, product=beans, unit_amount=1, net_amount=1)
    OrderLine.objects.create(order=orders[3], line_no=1, product=beans, unit_amount=1, net_amount=1)
    assert hint(customer, clerk).product == ""
    OrderLine.objects.create(order=orders[2], line_no=1, product=beans, unit_amount=1, net_amount=1)
    assert hint(customer, clerk).product == "دانهٔ اسپرسو"


def test_the_year_and_the_last_visit(shop, clerk):
    panel = Panel(visits(6, 100, 364, 500), clerk, TODAY)
    assert (panel.orders_in_year, panel.last_order_on) == (3, day(6))
