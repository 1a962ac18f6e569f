import datetime
import random
from dataclasses import replace
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from loyalty.shops.models import AuditEntry
from loyalty.tiers import editing, services
from loyalty.tiers.draft import Draft, Perk, changes
from loyalty.tiers.models import Benefit, TierMembership, VersionMove
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory, RefundFactory

from .conftest import buyer, day, everything, rank_of


def moved(draft: Draft, rank: int, **fields) -> Draft:
    return draft.replacing(replace(draft.level(rank), **fields))


@pytest.fixture
def draft(programme):
    return Draft.of(programme)


def invent_a_shop(dice: random.Random) -> None:
    """Fill the shop in scope with people, purchases and returns, and review it on a few days."""
    for _ in range(dice.randint(5, 25)):
        customer = CustomerFactory()
        for _ in range(dice.randint(0, 6)):
            order = OrderFactory(
                customer=customer,
                net_amount=dice.choice([500, 1_000, 2_500, 6_000, 12_000]),
                cost_amount=dice.choice([None, 300, 400]),
                on=day(dice.randint(0, 500)),
            )
            if dice.random() < 0.2:
                RefundFactory(order=order, amount=order.net_amount // 2, on=day(dice.randint(0, 30)))
    for ago in (120, 60, 10, 0):
        services.review_shop(day(ago))


def invent_a_draft(dice: random.Random, draft: Draft) -> Draft:
    steps = sorted(dice.sample(range(200, 30_000, 100), 3))
    orders = sorted(dice.choices(range(5), k=3))
    for level, threshold, minimum in zip(draft.levels[1:], steps, orders, strict=True):
        draft = moved(draft, level.rank, threshold=threshold, min_orders=minimum)
    metric = dice.choice(["spend", "spend", "profit"])
    return replace(draft, metric=metric, window_days=dice.choice([90, 365]), grace_days=dice.choice([7, 30]))


@pytest.mark.parametrize("seed", range(25))
def test_predicted_movers_are_the_actual_movers_and_undo_puts_everything_back(programme, owner, seed):
    dice = random.Random(seed)
    invent_a_shop(dice)
    before, ranks = (
        everything(),
        dict(TierMembership.objects.filter(is_current=True).values_list("customer", "tier__rank")),
    )
    draft = invent_a_draft(dice, Draft.of(programme))
    predicted = editing.preview(draft, TODAY)
    assert everything() == before
    version = editing.apply(draft, owner.user, TODAY)

    up = {
        mover.customer_id: (mover.from_rank, mover.to_rank)
        for mover in predicted.movers
        if mover.direction == "up"
    }
    down = {mover.customer_id for mover in predicted.movers if mover.direction == "down"}
    now = dict(TierMembership.objects.filter(is_current=True).values_list("customer", "tier__rank"))
    warned = TierMembership.objects.filter(is_current=True, falls_on__isnull=False)
    assert (version.moved_up, version.moved_down) == (predicted.up, predicted.down)
    if predicted.moving <= editing.PAGE:
        assert {key: (ranks[key], now[key]) for key in now if now[key] > ranks[key]} == up
        assert {key for key in now if now[key] < ranks[key]} <= down
        assert (
            set(VersionMove.objects.filter(action__in=["warn", "down"]).values_list("customer", flat=True))
            == down
        )
        assert {row.customer_id for row in warned} >= {key for key in down if now[key] == ranks[key]}

    editing.undo(owner.user, TODAY)
    assert everything() == before


def test_a_lower_threshold_moves_up_at_once_those_it_named(draft):
    near, far = buyer(2_000, 2_000, name="Near"), buyer(1_500, name="Far")
    services.review_shop(TODAY)
    cheaper = moved(draft, 3, threshold=4_000)
    shown = editing.preview(cheaper, TODAY)
    assert [(mover.customer_id, mover.from_rank, mover.to_rank) for mover in shown.movers] == [
        (near.pk, 2, 3)
    ]
    editing.apply(cheaper, None, TODAY)
    assert (rank_of(near), rank_of(far)) == (3, 2)
    assert near.tier_memberships.get(is_current=True).version_number == 2


def test_a_higher_threshold_takes_nothing_away_before_the_grace_is_over(draft):
    customer = buyer(3_000, 3_000)
    services.review_shop(TODAY)
    dearer = moved(draft, 3, threshold=9_000)
    assert editing.preview(dearer, TODAY).down == 1
    editing.apply(dearer, None, TODAY)
    assert rank_of(customer) == 3
    services.review_shop(TODAY + datetime.timedelta(days=30))
    assert rank_of(customer) == 2


def test_the_discount_cost_is_the_share_of_a_years_spend_before_and_after(draft):
    buyer(2_000, 2_000)
    buyer(8_000, 2_000)
    services.review_shop(TODAY)
    shown = editing.preview(moved(draft, 3, threshold=4_000), TODAY)
    # Silver gives 3 % and gold 5 %.
    assert (shown.cost_before, shown.cost_after) == (4_000 * 3 // 100 + 500, 4_000 * 5 // 100 + 500)
    assert shown.cost_change == 80


def test_those_about_to_fall_are_counted_one_level_lower(draft):
    buyer(3_000, 3_000)
    services.review_shop(TODAY)
    shown = editing.preview(moved(draft, 3, threshold=9_000), TODAY)
    assert (shown.cost_before, shown.cost_after) == (300, 180)
    assert shown.break_even_orders is None


def test_another_discount_alone_moves_nobody_but_costs(draft):
    buyer(3_000, 3_000)
    services.review_shop(TODAY)
    shown = editing.preview(draft.replacing(draft.level(3).with_discount(Decimal("0.07"))), TODAY)
    assert (shown.moving, shown.cost_change) == (0, 120)


def test_the_yearly_cost_looks_a_year_back_whatever_the_window(draft):
    customer = buyer(3_000, on=day(200))
    OrderFactory(customer=customer, net_amount=3_000, on=TODAY)
    services.review_shop(TODAY)
    shown = editing.preview(replace(draft, window_days=90), TODAY)
    assert shown.down == 1
    assert (shown.cost_before, shown.cost_after) == (300, 180)


def test_break_even_is_told_in_orders_by_the_average_profit_of_one(draft):
    customer = CustomerFactory()
    OrderFactory(customer=customer, net_amount=2_000, cost_amount=1_970, on=TODAY)
    OrderFactory(customer=customer, net_amount=2_000, cost_amount=1_970, on=TODAY)
    services.review_shop(TODAY)
    shown = editing.preview(moved(draft, 3, threshold=4_000), TODAY)
    assert (shown.profit_per_order, shown.cost_change, shown.break_even_orders) == (30, 80, 3)
    assert shown.break_even_each == 3.0


def test_without_known_costs_there_is_no_break_even(draft):
    buyer(2_000, 2_000)
    services.review_shop(TODAY)
    shown = editing.preview(moved(draft, 3, threshold=4_000), TODAY)
    assert (shown.profit_per_order, shown.break_even_orders) == (None, None)


def test_the_movers_are_paged_without_repeating_or_losing_anybody(draft):
    people = {buyer(2_000, 2_000).pk for _ in range(45)}
    services.review_shop(TODAY)
    cheaper = moved(draft, 3, threshold=4_000)
    pages = [
        [mover.customer_id for mover in editing.preview(cheaper, TODAY, page).movers] for page in (1, 2, 3)
    ]
    assert [len(page) for page in pages] == [20, 20, 5]
    assert {key for page in pages for key in page} == people


def test_undo_leaves_alone_whoever_has_moved_since(draft):
    customer = buyer(2_000, 2_000)
    services.review_shop(TODAY)
    editing.apply(moved(draft, 3, threshold=4_000), None, TODAY)
    OrderFactory(customer=customer, net_amount=30_000, on=TODAY)
    services.review_customer(customer.pk, TODAY)
    assert rank_of(customer) == 4
    editing.undo(None, TODAY)
    assert rank_of(customer) == 4


def test_two_changes_are_undone_one_after_the_other(programme, draft):
    buyer(2_000, 2_000)
    buyer(3_000, 3_000)
    services.review_shop(TODAY)
    first = everything()
    editing.apply(moved(draft, 3, threshold=9_000), None, TODAY)
    second = everything()
    editing.apply(moved(Draft.of(programme), 3, threshold=4_000), None, TODAY)
    editing.undo(None, TODAY)
    assert everything() == second
    editing.undo(None, TODAY)
    assert everything() == first
    assert Draft.of(programme) == draft


def test_the_first_version_cannot_be_undone(programme):
    with pytest.raises(ValidationError, match="before the first"):
        editing.undo(None, TODAY)


def test_a_draft_that_changes_nothing_is_not_applied(draft):
    with pytest.raises(ValidationError, match="Nothing has been changed"):
        editing.apply(draft, None, TODAY)


def test_a_broken_ladder_is_refused_with_the_tier_it_is_about(draft):
    with pytest.raises(ValidationError) as refused:
        editing.apply(moved(draft, 3, threshold=1_000), None, TODAY)
    assert refused.value.messages == ["طلایی must begin above the tier below it."]


def test_benefits_that_shrink_upwards_are_warned_about(draft):
    assert draft.warnings() == []
    assert draft.replacing(draft.level(4).with_discount(Decimal("0.02"))).warnings() == [(4, "less_discount")]


def test_a_benefit_taken_off_comes_back_with_undo_as_the_same_row(programme, draft):
    gift = Benefit.objects.get(tier__rank=4, period="season")
    editing.apply(editing.without_perk(draft, gift.pk), None, TODAY)
    gift.refresh_from_db()
    assert not gift.is_active
    editing.undo(None, TODAY)
    gift.refresh_from_db()
    assert gift.is_active
    assert Draft.of(programme) == draft


def test_a_new_benefit_is_a_version_of_its_own(programme, draft):
    version = editing.apply(editing.with_perk(draft, 2, Perk("gift", "A mug", period="once")), None, TODAY)
    assert [change.what for change in changes(draft, Draft.of(programme))] == ["benefit_added"]
    assert Draft.from_json(version.rules) == Draft.of(programme)


def test_applying_and_undoing_are_in_the_audit_list(draft, owner):
    editing.apply(moved(draft, 3, threshold=4_000), owner.user, TODAY)
    editing.undo(owner.user, TODAY)
    assert [entry.action for entry in AuditEntry.objects.order_by("pk")] == [
        "tiers.created",
        "tiers.applied",
        "tiers.undone",
    ]


def test_a_draft_survives_its_version_exactly(draft):
    assert Draft.from_json(draft.to_json()) == draft
