"""Scoring in SQL: the same as the pure rules over any history, and careful with what others do meanwhile."""

import datetime

import pytest
from django.db import connection, transaction

from loyalty.customers.models import Customer
from loyalty.shops.scope import scope
from segmentation import services, state, writes
from segmentation.models import CustomerScore, Scheme, ScoreRun
from segmentation.rules import Rules
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory, RefundFactory
from tests.segmentation.histories import BY_FIFTHS, cuts_by_hand, facts_by_hand, make_history, state_by_hand


def stored(customer_id: int) -> dict:
    return CustomerScore.objects.filter(customer_id=customer_id).values(*state.COLUMNS[1:]).get()


def before(days: int) -> datetime.date:
    return TODAY - datetime.timedelta(days=days)


@pytest.mark.parametrize("window_days", [None, 1, 90, 365])
@pytest.mark.parametrize("seed", range(5))
def test_the_sql_gives_what_the_pure_rules_give(shop, seed, window_days):
    make_history(seed, TODAY)
    rules = Rules(window_days, cuts=BY_FIFTHS if seed % 2 else {})
    Scheme.objects.create(window_days=window_days, chosen={"cuts": rules.cuts})
    run = services.score_shop(TODAY)
    facts = facts_by_hand(TODAY, window_days)
    cuts = cuts_by_hand(facts, rules)
    assert run.cuts == cuts
    assert run.customers == len(facts) == CustomerScore.objects.count()
    assert {
        row["customer_id"]: row for row in CustomerScore.objects.values("customer_id", *state.COLUMNS[1:])
    } == {
        customer_id: {"customer_id": customer_id, **state_by_hand(fact, cuts, TODAY)}
        for customer_id, fact in facts.items()
    }


def test_given_cuts_are_used_as_they_are(shop):
    make_history(4, TODAY)
    cuts = services.score_shop(before(60)).cuts
    run = services.score_shop(TODAY, cuts=cuts)
    assert run.cuts == cuts
    facts = facts_by_hand(TODAY)
    assert (run.customers, run.buyers) == (len(facts), sum(bool(fact["days"]) for fact in facts.values()))
    for customer_id, fact in facts.items():
        assert stored(customer_id) == state_by_hand(fact, cuts, TODAY)


@pytest.mark.parametrize("seed", range(3))
def test_one_customer_is_scored_as_the_whole_shop_scores_them(shop, seed):
    make_history(seed, TODAY)
    services.score_shop(TODAY)
    as_the_shop = list(CustomerScore.objects.order_by("customer").values(*state.COLUMNS))
    CustomerScore.objects.all().delete()
    for customer in Customer.objects.all():
        services.score_customer(customer.pk, TODAY)
    assert list(CustomerScore.objects.order_by("customer").values(*state.COLUMNS)) == as_the_shop


@pytest.mark.parametrize("seed", range(3))
def test_nobody_who_has_been_away_a_year_is_frequent(shop, seed):
    make_history(seed, TODAY)
    faithful = CustomerScore.objects.filter(lifetime_order_days__gt=3)
    services.score_shop(TODAY)
    away = faithful.filter(last_order_on__lte=before(365))
    CustomerFactory.create_batch(3)
    for customer in Customer.objects.order_by("-pk")[:3]:
        for ago in range(365, 500, 10):
            OrderFactory(customer=customer, on=before(ago))
    services.score_shop(TODAY)
    assert away.count() >= 3
    assert not away.filter(quadrant__in=["valued_frequent", "volume"]).exists()
    assert CustomerScore.objects.filter(quadrant__in=["valued_frequent", "volume"]).exists()


def test_the_first_order_after_an_upgrade_takes_the_cuts_that_are_missing(shop):
    make_history(7, TODAY)
    cuts = services.score_shop(TODAY).cuts
    # As they were kept before volume was that of a year.
    del cuts["year_days"], cuts["basis"]["volume_days"]
    ScoreRun.objects.update(cuts=cuts)
    order = OrderFactory(on=TODAY)
    services.score_customer(order.customer_id, TODAY)
    assert ScoreRun.objects.current().cuts["year_days"] is not None
    assert stored(order.customer_id)["quadrant"]


def test_an_order_moves_its_customer_by_the_frozen_cuts(shop):
    make_history(7, TODAY)
    cuts = services.score_shop(TODAY).cuts
    customer = CustomerScore.objects.filter(stage="prospect").first().customer
    OrderFactory(customer=customer, on=TODAY, net_amount=90_000_000)
    services.score_customer(customer.pk, TODAY)
    expected = state_by_hand(facts_by_hand(TODAY)[customer.pk], cuts, TODAY)
    assert stored(customer.pk) == expected
    assert (expected["stage"], expected["r_score"], expected["m_score"]) == ("new", 5, 5)


def test_the_first_order_of_a_shop_scores_the_shop(shop):
    order = OrderFactory(on=TODAY)
    services.score_customer(order.customer_id, TODAY)
    assert stored(order.customer_id)["stage"] == "new"
    assert ScoreRun.objects.current().buyers == 1


def test_customers_without_a_paid_order_are_prospects(shop):
    never = CustomerFactory()
    cancelled = OrderFactory(on=TODAY, status="cancelled").customer
    guest = OrderFactory(on=TODAY, customer=None)
    services.score_shop(TODAY)
    for customer in (never, cancelled):
        row = stored(customer.pk)
        assert (row["stage"], row["segment"], row["quadrant"], row["r_score"]) == ("prospect", "", "", None)
    assert guest.customer_id is None
    assert CustomerScore.objects.count() == 2


def test_a_refund_lowers_monetary_but_not_order_days(shop):
    order = OrderFactory(on=before(10), net_amount=5_000, cost_amount=3_000, status="refunded")
    RefundFactory(order=order, on=before(5), amount=2_000)
    services.score_shop(TODAY)
    row = stored(order.customer_id)
    assert (row["monetary_amount"], row["frequency"], row["order_days"]) == (3_000, 1, 1)
    # Two fifths of the goods came back, and with them two fifths of their cost.
    assert row["profit_amount"] == 3_000 - 1_800


def test_a_refund_counts_from_its_own_day(shop):
    order = OrderFactory(on=before(10), net_amount=5_000)
    RefundFactory(order=order, on=TODAY, amount=5_000)
    services.score_shop(before(1))
    assert stored(order.customer_id)["monetary_amount"] == 5_000
    services.score_shop(TODAY)
    assert stored(order.customer_id)["monetary_amount"] == 0


def test_unknown_cost_stays_unknown(shop):
    unknown = OrderFactory(on=TODAY, cost_amount=None).customer
    half = OrderFactory(on=TODAY, cost_amount=None, net_amount=700).customer
    OrderFactory(customer=half, on=TODAY, net_amount=100, cost_amount=60)
    services.score_shop(TODAY)
    assert stored(unknown.pk)["profit_amount"] is None
    assert (stored(half.pk)["profit_amount"], stored(half.pk)["margin_share"]) == (40, 0.4)


def test_two_baskets_on_one_day_are_one_order_day(shop):
    customer = OrderFactory(on=TODAY).customer
    OrderFactory(customer=customer, on=TODAY)
    services.score_shop(TODAY)
    row = stored(customer.pk)
    assert (row["frequency"], row["order_days"], row["lifetime_order_days"]) == (2, 1, 1)


def test_a_run_as_of_a_past_day_knows_nothing_later(shop):
    customer = OrderFactory(on=before(100)).customer
    OrderFactory(customer=customer, on=before(1))
    services.score_shop(before(50))
    row = stored(customer.pk)
    assert (row["last_order_on"], row["frequency"]) == (before(100), 1)
    assert CustomerScore.objects.get().recency_days == 50


def test_a_second_run_writes_nothing(shop):
    make_history(1, TODAY)
    assert services.score_shop(TODAY).changed == CustomerScore.objects.count()
    assert services.score_shop(TODAY).changed == 0


def test_a_night_writes_only_whom_it_changes(shop):
    for _ in range(5):
        OrderFactory(on=before(20))
    late = OrderFactory(on=before(67)).customer
    services.score_shop(TODAY)
    tomorrow = TODAY + datetime.timedelta(days=1)
    # 1.5 usual gaps of 45 days have passed for one of them; the rest only grew a day older.
    assert services.score_shop(tomorrow).changed == 1
    assert (late.score.stage, late.score.as_of, late.score.recency_days) == ("at_risk", tomorrow, 68)
    other = CustomerScore.objects.filter(stage="new").first()
    assert (other.as_of, other.recency_days) == (TODAY, 21)


@pytest.fixture
def buys_meanwhile(monkeypatch):
    """Let a customer buy once, and be scored, after a run has read the facts and before it writes."""

    def prepare(customer, amount):
        into_table, have_come = state.into_table, []

        def order_arrives(name, found):
            if name == writes.CHANGED and not have_come:
                have_come.append(OrderFactory(customer=customer, on=TODAY, net_amount=amount))
                services.score_customer(customer.pk, TODAY)
            return into_table(name, found)

        monkeypatch.setattr(state, "into_table", order_arrives)

    return prepare


def test_a_run_leaves_alone_what_was_scored_after_it_began(shop, buys_meanwhile):
    customer = OrderFactory(on=before(30), net_amount=1_000).customer
    services.score_shop(TODAY)
    buys_meanwhile(customer, 9_000)
    services.score_shop(TODAY)
    assert stored(customer.pk)["monetary_amount"] == 10_000


def test_a_night_leaves_alone_whose_facts_have_changed_once_more(shop, buys_meanwhile):
    customer, other = (OrderFactory(on=before(30), net_amount=1_000).customer for _ in range(2))
    services.score_shop(TODAY)
    for person in (customer, other):
        OrderFactory(customer=person, on=TODAY, net_amount=3_000)
    buys_meanwhile(customer, 9_000)
    run = services.score_shop(TODAY)
    assert not run.is_whole
    assert [stored(person.pk)["monetary_amount"] for person in (customer, other)] == [13_000, 4_000]


def test_a_night_by_other_rules_writes_what_is_fresh_and_scores_everybody(shop):
    make_history(5, TODAY)
    first = services.score_shop(TODAY)
    customer = OrderFactory(on=TODAY, net_amount=77_000).customer
    Scheme.objects.update_or_create(defaults={"chosen": {"refresh": "by_hand"}, "number": first.version + 1})
    run = services.score_shop(TODAY)
    assert not run.is_whole
    assert stored(customer.pk)["monetary_amount"] == 77_000
    found = list(CustomerScore.objects.order_by("customer").values(*state.COLUMNS))
    with transaction.atomic():
        CustomerScore.objects.all().delete()
        services.score_shop(TODAY, cuts=run.cuts, is_whole=True)
        assert list(CustomerScore.objects.order_by("customer").values(*state.COLUMNS)) == found
        transaction.set_rollback(True)


def test_a_shop_without_customers_is_scored_too(shop):
    run = services.score_shop(TODAY)
    assert (run.customers, run.buyers, run.cuts["recency_days"]) == (0, 0, None)


def test_a_run_adds_up_its_groups(shop):
    make_history(3, TODAY)
    run = services.score_shop(TODAY)
    for kind, empty in (("segment", 1), ("stage", 0), ("quadrant", 1)):
        counted = sum(customers for customers, _ in run.sums[kind].values())
        assert counted == (run.buyers if empty else run.customers)
    spent = sum(CustomerScore.objects.values_list("monetary_amount", flat=True))
    assert sum(amount for _, amount in run.sums["stage"].values()) == spent


def test_looking_back_counts_the_past_weeks_once_and_touches_no_customer(shop):
    make_history(3, TODAY)
    run = services.score_shop(TODAY)
    scores = list(CustomerScore.objects.order_by("pk").values())
    assert services.look_back(TODAY) == services.HISTORY_WEEKS - 1
    assert services.look_back(TODAY) == 0
    assert services.look_back(TODAY, refresh=True) == services.HISTORY_WEEKS - 1
    assert list(CustomerScore.objects.order_by("pk").values()) == scores
    assert ScoreRun.objects.current() == run


def test_another_shop_is_neither_seen_nor_written(shop, other_shop):
    with scope(other_shop):
        make_history(2, TODAY)
        services.score_shop(TODAY)
        theirs = CustomerScore.objects.count()
    order = OrderFactory(on=TODAY)
    run = services.score_shop(TODAY)
    assert (run.customers, run.buyers) == (1, 1)
    assert list(CustomerScore.objects.values_list("customer", flat=True)) == [order.customer_id]
    with scope(other_shop):
        assert CustomerScore.objects.count() == theirs


def test_a_run_does_not_change_how_later_statements_are_planned(shop):
    services.score_shop(TODAY)
    with connection.cursor() as cursor:
        cursor.execute("SHOW enable_hashagg")
        assert cursor.fetchone()[0] == "on"


def test_a_shop_that_was_scored_while_it_was_empty_is_scored_as_one_that_was_not(shop):
    CustomerFactory()
    services.score_shop(before(1))
    make_history(4, TODAY)
    OrderFactory(customer=Customer.objects.earliest("pk"), on=TODAY)
    run = services.score_shop(TODAY)
    found = list(CustomerScore.objects.order_by("customer").values_list("customer", *state.COLUMNS[1:]))
    ScoreRun.objects.all().delete()
    CustomerScore.objects.all().delete()
    fresh = services.score_shop(TODAY)
    assert (run.cuts, run.sums) == (fresh.cuts, fresh.sums)
    assert found == list(
        CustomerScore.objects.order_by("customer").values_list("customer", *state.COLUMNS[1:])
    )
