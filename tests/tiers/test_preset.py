from loyalty.tiers import preset, services
from loyalty.tiers.draft import Draft
from loyalty.tiers.models import Programme, Tier
from tests.conftest import TODAY

from .conftest import buyer, day


def test_a_shop_with_no_sales_gets_no_programme_from_a_review(shop):
    assert services.review_shop(TODAY).customers == 0
    assert not Programme.objects.exists()


def test_the_first_sales_make_a_programme_in_the_shops_language(shop):
    buyer(1_000_000)
    services.review_shop(TODAY)
    assert [tier.name for tier in Tier.objects.all()] == ["برنزی", "نقره‌ای", "طلایی", "ویژه"]
    assert [tier.colour for tier in Tier.objects.all()] == ["bronze", "silver", "gold", "vip"]
    assert Draft.of(Programme.objects.get()).problems() == []
    assert Draft.of(Programme.objects.get()).warnings() == []


def test_thresholds_come_from_the_shops_own_distribution(shop):
    for number in range(1, 101):
        buyer(number * 1_000_000)
    # The 60th, 85th and 97th percentile of 1 … 100 million: 60.4, 85.15 and 97.03 million, in spoken numbers.
    assert preset.proposed_thresholds(TODAY) == [0, 60_000_000, 80_000_000, 100_000_000]


def test_a_tiny_shop_begins_at_some_average_orders(shop):
    buyer(400_000, 600_000)
    assert preset.proposed_thresholds(TODAY) == [0, 1_500_000, 4_000_000, 10_000_000]


def test_an_empty_shop_still_has_a_ladder(shop):
    assert preset.proposed_thresholds(TODAY) == [0, 30_000_000, 80_000_000, 200_000_000]


def test_only_a_year_back_counts(shop):
    buyer(400_000, 600_000)
    buyer(90_000_000, on=day(400))
    assert preset.proposed_thresholds(TODAY)[1] == 1_500_000


def test_there_is_one_preset_however_often_it_is_asked_for(shop):
    assert services.preset(TODAY) == services.preset(TODAY)
    assert Programme.objects.count() == 1
