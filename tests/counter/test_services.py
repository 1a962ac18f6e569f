import datetime
import uuid

import pytest
from django.core.exceptions import ValidationError

from loyalty.counter import services
from loyalty.counter.models import CounterRecord
from loyalty.customers.models import ConsentEvent, Customer, Order
from loyalty.points import services as points
from loyalty.tiers import preset
from loyalty.tiers import services as tiers
from loyalty.tiers.models import Tier, TierMembership
from tests.factories import CustomerFactory, OrderFactory, make_staff

NOW = datetime.datetime(2026, 11, 23, 12, 30, tzinfo=datetime.UTC)
TODAY = NOW.date()
YESTERDAY = TODAY - datetime.timedelta(days=1)


@pytest.fixture
def silver(shop):
    """Somebody in silver (3 % off), with gold at 5,000,000 and two orders."""
    programme = preset.create(YESTERDAY)
    for rank, amount in ((2, 1_000_000), (3, 5_000_000), (4, 90_000_000)):
        Tier.objects.filter(programme=programme, rank=rank).update(threshold_amount=amount)
    customer = CustomerFactory()
    OrderFactory(customer=customer, net_amount=2_000_000, on=YESTERDAY)
    tiers.review_shop(YESTERDAY)
    return customer


def record(clerk, customer, amount=1_000_000, key=None, now=NOW):
    return services.record(clerk, customer, amount, key or uuid.uuid4(), now)


def rank_of(customer) -> int | None:
    now = TierMembership.objects.filter(customer=customer, is_current=True).select_related("tier").first()
    return now and now.tier.rank


def test_the_tiers_discount_is_taken_off_by_itself(silver, clerk):
    made = record(clerk, silver, 1_234_567)
    # 3 % of 1,234,567 rial is 37,037; a toman is the smallest thing said.
    assert (made.order.gross_amount, made.order.discount_amount, made.order.net_amount) == (
        1_234_567,
        37_030,
        1_197_537,
    )
    assert (made.order.source, made.order.channel) == ("counter", "counter")


def test_somebody_without_a_tier_pays_the_whole(shop, clerk):
    made = record(clerk, CustomerFactory())
    assert made.order.discount_amount == 0


def test_what_follows_is_renewed_at_once(silver, clerk):
    record(clerk, silver, 4_000_000)
    assert rank_of(silver) == 3
    assert silver.score.lifetime_orders == 2


def test_sent_twice_it_is_recorded_once(silver, clerk):
    key = uuid.uuid4()
    assert record(clerk, silver, key=key) == record(clerk, silver, key=key)
    assert CounterRecord.objects.count() == 1
    assert Order.objects.filter(source="counter").count() == 1


def test_the_tier_a_slip_brought_is_taken_back_with_it(silver, clerk):
    before = list(
        TierMembership.objects.filter(undone_at=None).values_list("pk", "from_on", "falls_on", "is_current")
    )
    made = record(clerk, silver, 900_000_000)
    assert rank_of(silver) == 3
    services.take_back(clerk, made.pk, NOW)
    after = list(
        TierMembership.objects.filter(undone_at=None).values_list("pk", "from_on", "falls_on", "is_current")
    )
    assert after == before
    assert Order.objects.get(pk=made.order_id).status == "cancelled"


def test_points_come_and_go_with_the_purchase(silver, clerk):
    points.set_rule(10_000, TODAY)
    made = record(clerk, silver)
    assert points.balance(silver) == 97
    services.take_back(clerk, made.pk, NOW)
    assert points.balance(silver) == 0


def test_after_ten_minutes_it_stays(silver, clerk):
    made = record(clerk, silver)
    with pytest.raises(ValidationError, match="no longer"):
        services.take_back(clerk, made.pk, NOW + datetime.timedelta(minutes=10, seconds=1))
    services.take_back(clerk, made.pk, NOW + datetime.timedelta(minutes=9, seconds=59))


def test_only_the_last_of_ones_own_is_taken_back(silver, clerk, shop):
    first, second = record(clerk, silver), record(clerk, silver, now=NOW + datetime.timedelta(seconds=5))
    colleague = make_staff(shop, "counter")
    later = NOW + datetime.timedelta(minutes=1)
    for staff, made in ((clerk, first), (colleague, second)):
        with pytest.raises(ValidationError):
            services.take_back(staff, made.pk, later)
    services.take_back(clerk, second.pk, later)
    with pytest.raises(ValidationError):
        services.take_back(clerk, second.pk, later)
    assert services.last_record(clerk, later) == first


def test_a_new_member_may_say_yes_or_nothing_to_messages(shop, clerk):
    yes = services.join("ساقی نمونه", "+989990001111", True, clerk, NOW)
    silent = services.join("سهراب نمونه", "+989990002222", False, clerk, NOW)
    event = ConsentEvent.objects.get()
    assert (event.customer, event.action, event.source, event.actor) == (yes, "in", "counter", clerk.user)
    assert silent.joined_on == TODAY


def test_a_new_member_is_a_prospect_at_once(silver, clerk):
    services.record(clerk, silver, 1_000, uuid.uuid4(), NOW)
    joined = services.join("ساقی نمونه", "+989990001111", False, clerk, NOW)
    assert (joined.score.stage, joined.score.segment) == ("prospect", "")


def test_a_number_that_is_taken_makes_no_second_person(shop, clerk):
    CustomerFactory(phone="+989990001111")
    with pytest.raises(ValidationError):
        services.join("ساقی نمونه", "+989990001111", True, clerk, NOW)
    assert Customer.objects.count() == 1
    assert not ConsentEvent.objects.exists()
