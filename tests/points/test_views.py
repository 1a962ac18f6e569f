import pytest
from django.urls import reverse

from loyalty.points import services
from loyalty.shops.scope import scope
from tests.factories import OrderFactory

HOME = reverse("points:settings")


def test_points_are_off_until_the_owner_says_what_one_costs(as_owner, shop):
    shown = as_owner.get(HOME, headers={"accept-language": "en"}).content.decode()
    assert "No points yet" in shown
    as_owner.post(HOME, {"amount_per_point": "۱۰٬۰۰۰"})
    assert services.rule().amount_per_point == 100_000
    as_owner.post(HOME, {"amount_per_point": ""})
    assert not services.rule().is_on


@pytest.mark.parametrize("typed", ["abc", "0", "-5"])
def test_a_slip_is_said_in_a_sentence(as_owner, shop, typed):
    answer = as_owner.post(HOME, {"amount_per_point": typed})
    assert answer.status_code == 422
    assert not services.rule().is_on


def test_the_last_entries_are_listed_with_their_customer(as_owner, shop):
    services.set_rule(100_000, shop.today())
    order = OrderFactory(net_amount=2_500_000, on=shop.today())
    services.earn(order)
    shown = as_owner.get(HOME, headers={"accept-language": "en"}).content.decode()
    assert order.customer.name in shown
    assert "+25" in shown


def test_only_the_owner_may_come_in(client, as_marketer):
    assert as_marketer.get(HOME).status_code == 403


def test_another_shops_entries_are_not_listed(as_owner, shop, other_shop):
    with scope(other_shop):
        services.set_rule(100, other_shop.today())
        order = OrderFactory(net_amount=2_500, on=other_shop.today(), customer__name="A stranger")
        services.earn(order)
    assert "A stranger" not in as_owner.get(HOME).content.decode()
