"""What a text says to one person, and what it must not say."""

import datetime

import pytest

from campaigns import personal
from loyalty.shops.models import Shop
from loyalty.tiers import preset, services
from loyalty.tiers.models import Programme, Tier
from tests.factories import CustomerFactory, OrderFactory

TODAY = datetime.date(2026, 11, 23)


@pytest.mark.parametrize("name", ["Stop & Go", "Reply STOP", "لغو۱۱"])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_shop_called_stop_still_says_how_to_stop(name, language):
    shop = Shop(name=name, language=language)
    text = personal.render("Come and see us, yours {shop}", {}, shop).text
    assert text.endswith(f"yours {name}\n" + {"en": "Reply STOP to opt out", "fa": "لغو۱۱"}[language])


def test_a_text_that_says_how_to_stop_says_it_once():
    shop = Shop(name="Corner", language="en")
    assert personal.render("{shop}: 10% off. Reply STOP to opt out\n", {}, shop).text.count("STOP") == 1


def gap_of(customer) -> str:
    shop = Shop.objects.get(pk=customer.shop_id)
    return personal.values_of([customer.pk], "{gap_to_next_tier}", shop, TODAY)[customer.pk].get(
        "gap_to_next_tier", ""
    )


def test_what_is_missing_to_the_next_tier_is_said_in_spend_and_never_in_profit(shop):
    programme = preset.create(TODAY)
    Tier.objects.filter(programme=programme, rank=2).update(threshold_amount=50_000_000)
    customer = CustomerFactory()
    OrderFactory(customer=customer, net_amount=30_000_000, cost_amount=20_000_000, on=TODAY)
    services.review_shop(TODAY)
    assert "۲٬۰۰۰٬۰۰۰" in gap_of(customer)
    for metric in ("profit", "orders", "order_days"):
        Programme.objects.update(metric=metric)
        assert gap_of(customer) == ""
