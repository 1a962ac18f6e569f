import datetime

import pytest
from django.db import connection

from loyalty.customers.models import Order
from loyalty.shops.scope import scope
from loyalty.tiers import services
from loyalty.tiers.models import Programme, TierMembership
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory, RefundFactory

from .conftest import buyer, day, everything, history, rank_of


def test_every_buyer_gets_the_tier_their_year_reaches(programme):
    people = {
        1: buyer(999),
        2: buyer(4_999),
        3: buyer(2_500, 2_500),
        4: buyer(10_000, 5_000, 5_000),
    }
    one_big_purchase = buyer(50_000)
    nobody_yet = CustomerFactory()
    done = services.review_shop(TODAY)
    assert {rank: rank_of(customer) for rank, customer in people.items()} == {1: 1, 2: 2, 3: 3, 4: 4}
    assert rank_of(one_big_purchase) == 2
    assert rank_of(nobody_yet) is None
    assert (done.customers, done.entered, done.moved_up, done.moved_down) == (5, 5, 0, 0)


def test_only_the_window_counts(programme):
    old = buyer(5_000, 5_000, on=day(365))
    edge = buyer(5_000, 5_000, on=day(364))
    services.review_shop(TODAY)
    assert rank_of(old) == 1
    assert rank_of(edge) == 3


def test_running_twice_changes_nothing(programme):
    buyer(999)
    falling = buyer(2_500, 2_500)
    services.review_shop(TODAY)
    RefundFactory(customer=falling, amount=4_500, on=TODAY)
    services.review_shop(TODAY)
    before = everything()
    done = services.review_shop(TODAY)
    assert (done.entered, done.moved_up, done.moved_down, done.warned, done.cleared) == (0, 0, 0, 0, 0)
    assert everything() == before


def test_a_higher_tier_is_entered_at_once_and_only_the_one_reached(programme):
    customer = buyer(500, on=day(10))
    services.review_shop(day(10))
    OrderFactory(customer=customer, net_amount=9_000, on=TODAY)
    assert services.review_customer(customer.pk, TODAY) == "up"
    assert history(customer) == [(1, "first", day(10), TODAY), (3, "up", TODAY, None)]


def test_a_refund_lowers_the_metric_at_once_and_the_tier_after_the_grace(programme):
    customer = buyer(3_000, 3_000)
    services.review_shop(TODAY)
    RefundFactory(customer=customer, amount=2_000, on=TODAY)
    assert services.review_customer(customer.pk, TODAY) is None
    warned = customer.tier_memberships.get(is_current=True)
    assert (warned.tier.rank, warned.falls_on) == (3, TODAY + datetime.timedelta(days=30))
    services.review_shop(TODAY + datetime.timedelta(days=29))
    assert rank_of(customer) == 3
    services.review_shop(TODAY + datetime.timedelta(days=30))
    assert rank_of(customer) == 2


def test_reaching_the_tier_again_ends_the_grace(programme):
    customer = buyer(3_000, 3_000)
    services.review_shop(TODAY)
    RefundFactory(customer=customer, amount=2_000, on=TODAY)
    services.review_shop(TODAY)
    OrderFactory(customer=customer, net_amount=1_000, on=TODAY)
    done = services.review_shop(TODAY)
    assert done.cleared == 1
    assert customer.tier_memberships.get(is_current=True).falls_on is None


def test_a_fall_is_one_level_with_a_new_grace_for_the_next(programme):
    customer = buyer(10_000, 10_000, 10_000)
    services.review_shop(TODAY)
    later = TODAY + datetime.timedelta(days=365)
    services.review_shop(later)
    assert rank_of(customer) == 4
    for step, rank in ((30, 3), (60, 2), (90, 1), (120, 1), (150, 1)):
        services.review_shop(later + datetime.timedelta(days=step))
        assert rank_of(customer) == rank
    assert customer.tier_memberships.get(is_current=True).falls_on is None


def test_nights_that_were_missed_take_no_second_level(programme):
    customer = buyer(10_000, 10_000, 10_000)
    services.review_shop(TODAY)
    later = TODAY + datetime.timedelta(days=365)
    services.review_shop(later)
    services.review_shop(later + datetime.timedelta(days=300))
    assert rank_of(customer) == 3


def test_someone_whose_orders_were_all_cancelled_is_still_reviewed(programme):
    customer = buyer(3_000, 3_000)
    services.review_shop(TODAY)
    Order.objects.filter(customer=customer).update(status=Order.Status.CANCELLED)
    services.review_shop(TODAY)
    assert customer.tier_memberships.get(is_current=True).falls_on == TODAY + datetime.timedelta(days=30)


def test_the_receipt_says_by_what_numbers(programme):
    customer = buyer(3_000, 3_000)
    RefundFactory(customer=customer, amount=500, on=TODAY)
    services.review_shop(TODAY)
    row = customer.tier_memberships.get()
    assert (row.value, row.orders, row.refunds, row.is_estimated) == (5_500, 2, 1, False)
    assert (row.version_number, row.rules["metric"], row.rules["window_days"]) == (1, "spend", 365)
    assert (row.needed["name"], row.needed["threshold"], row.needed["min_orders"]) == ("طلایی", 5_000, 2)


def test_a_receipt_repeats_nothing_that_is_the_same_for_everybody(programme):
    buyer(3_000, 3_000)
    services.review_shop(TODAY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(pg_column_size(m.*)) FROM tiers_tiermembership AS m")
        assert cursor.fetchone()[0] <= 160


def test_the_receipt_is_enough_to_judge_again(programme):
    for amounts in ((999,), (4_999,), (2_500, 2_500), (10_000, 5_000, 5_000), (50_000,)):
        buyer(*amounts)
    services.review_shop(TODAY)
    for row in TierMembership.objects.select_related("tier"):
        reached = [
            level["rank"]
            for level in row.rules["levels"]
            if row.value >= level["threshold"] and row.orders >= level["min_orders"]
        ]
        assert row.tier.rank == max(reached)


@pytest.mark.parametrize(
    ("metric", "value"), [("spend", 6_000), ("profit", 3_000), ("orders", 3), ("order_days", 2)]
)
def test_each_metric_counts_what_it_says(programme, metric, value):
    Programme.objects.update(metric=metric)
    customer = CustomerFactory()
    for amount, cost, ago in ((2_000, 1_000, 5), (3_000, 1_500, 5), (1_000, None, 9)):
        OrderFactory(customer=customer, net_amount=amount, cost_amount=cost, on=day(ago))
    services.review_shop(TODAY)
    assert customer.tier_memberships.get().value == value


def sale(customer, amount, cost=None, on=TODAY):
    return OrderFactory(customer=customer, net_amount=amount, cost_amount=cost, on=on)


def now(customer) -> tuple[int, bool]:
    row = customer.tier_memberships.get(is_current=True)
    return row.value, row.is_estimated


def test_what_has_no_known_cost_is_reckoned_at_the_shops_own_margin(programme):
    Programme.objects.update(metric="profit")
    known, unknown, partly = CustomerFactory(), buyer(3_000, 3_000), CustomerFactory()
    sale(known, 6_000, 4_500)
    sale(partly, 2_000, 1_500)
    sale(partly, 1_000)
    # Of two years ago, when everything was dearer to buy: no part of the margin of the days counted.
    sale(known, 50_000, 49_000, on=day(400))
    services.review_shop(TODAY)
    assert (now(known), now(unknown), now(partly)) == ((1_500, False), (1_500, True), (750, True))


def test_where_no_cost_is_known_at_all_spend_stands_in_for_profit(programme):
    Programme.objects.update(metric="profit")
    customer = buyer(3_000, 3_000)
    services.review_shop(TODAY)
    assert now(customer) == (6_000, True)
    assert rank_of(customer) == 3


@pytest.mark.parametrize("cost", [None, 0, 60, 99])
def test_buying_never_lowers_a_profit_tier(programme, cost):
    Programme.objects.update(metric="profit")
    sale(CustomerFactory(), 50_000_000, 20_000_000)
    customer = buyer(9_000, 9_000)
    services.review_shop(TODAY)
    before = services.next_tier(customer.tier_memberships.get(), TODAY).value
    assert rank_of(customer) == 3
    sale(customer, 100, cost)
    after = services.next_tier(customer.tier_memberships.get(), TODAY).value
    assert after >= before
    assert services.review_customer(customer.pk, TODAY) is None
    assert customer.tier_memberships.get().falls_on is None


def test_one_customer_and_the_whole_shop_are_judged_alike(programme):
    people = [buyer(*amounts) for amounts in ((999,), (4_999,), (2_500, 2_500), (10_000, 5_000, 5_000))]
    for customer in people:
        services.review_customer(customer.pk, TODAY)
    done = services.review_shop(TODAY)
    assert (done.entered, done.moved_up) == (0, 0)
    assert [rank_of(customer) for customer in people] == [1, 2, 3, 4]


def test_a_review_of_an_earlier_day_leaves_newer_memberships_alone(programme):
    customer = buyer(3_000, 3_000)
    services.review_shop(TODAY)
    before = everything()
    services.review_shop(day(30))
    assert everything() == before
    assert rank_of(customer) == 3


def test_another_shops_customers_are_not_reviewed(programme, other_shop):
    with scope(other_shop):
        stranger = buyer(3_000, 3_000)
    services.review_shop(TODAY)
    with scope(other_shop):
        assert rank_of(stranger) is None


def test_putting_back_restores_the_tier_a_mistake_took_away(programme):
    customer = buyer(500, on=day(10))
    services.review_shop(day(10))
    before = everything()
    remembered = services.remember(customer.pk)
    mistake = OrderFactory(customer=customer, net_amount=9_000, on=TODAY)
    services.review_customer(customer.pk, TODAY)
    Order.objects.filter(pk=mistake.pk).update(status=Order.Status.CANCELLED)
    services.put_back(customer.pk, remembered)
    services.review_customer(customer.pk, TODAY)
    assert everything() == before


def test_putting_back_a_first_order_leaves_no_tier(programme):
    customer = buyer(500)
    assert services.remember(customer.pk) is None
    services.review_customer(customer.pk, TODAY)
    services.put_back(customer.pk, None)
    assert rank_of(customer) is None


def test_the_way_to_the_next_tier_is_by_todays_numbers(programme):
    customer = buyer(2_000, 1_000)
    services.review_shop(TODAY)
    ahead = services.next_tier(customer.tier_memberships.get(), TODAY)
    assert (ahead.tier.rank, ahead.missing, ahead.missing_orders, ahead.share) == (3, 2_000, 0, 0.5)


def test_above_the_top_there_is_nothing(programme):
    customer = buyer(10_000, 10_000, 10_000)
    services.review_shop(TODAY)
    assert services.next_tier(customer.tier_memberships.get(), TODAY) is None
