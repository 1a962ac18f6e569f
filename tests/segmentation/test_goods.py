"""What is bought: the weekly statements against counting one order, one person and one pair at a time."""

import datetime
import random
from collections import Counter, defaultdict

import pytest

from loyalty.customers.filters import CustomerFilter
from loyalty.customers.models import Customer, Order, OrderLine, Product
from loyalty.shops.scope import scope
from segmentation import goods, services
from segmentation.models import (
    CustomerOutlook,
    CustomerScore,
    GoodsFavourite,
    GoodsFigure,
    GoodsPair,
    GoodsRun,
)
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory, RefundFactory
from tests.segmentation.test_taste import before, make_goods, sell


@pytest.fixture
def few(monkeypatch):
    """Let two people be enough for a share, a favourite and a pair."""
    monkeypatch.setattr(goods, "ENOUGH_PEOPLE", 2)
    monkeypatch.setattr(goods, "FAVOURITE_PEOPLE", 2)
    monkeypatch.setattr(goods, "PAIR_PEOPLE", 2)


def make_sales(seed: int, people: int = 25, orders: int = 220) -> None:
    """Sell: guests, returned and cancelled orders, discounts, unknown costs and products, one product twice."""
    chance = random.Random(seed)
    made, buyers = [*make_goods(), None], CustomerFactory.create_batch(people)
    for _ in range(orders):
        order = OrderFactory(
            customer=chance.choice([None, *buyers[:-1]]),
            on=before(int(800 * chance.random() ** 2) - 3),
            status=chance.choices(Order.Status.values, [12, 1, 1, 2])[0],
            net_amount=0,
        )
        lines = [
            OrderLine(
                order=order,
                line_no=number,
                product=product,
                quantity=chance.randrange(1, 4),
                unit_amount=1_000,
                net_amount=chance.randrange(500, 3_000),
                discount_amount=chance.choice([0, 0, 200]),
                cost_amount=chance.choice([None, 400]),
            )
            for number, product in enumerate(chance.choices(made, k=chance.randrange(4)), 1)
        ]
        OrderLine.objects.bulk_create(lines)
        Order.objects.filter(pk=order.pk).update(net_amount=sum(line.net_amount for line in lines))
        if lines and chance.random() < 0.2:
            RefundFactory(order=order, on=order.placed_on, amount=chance.choice([300, 10_000]))


def one_of(kind: str, line: OrderLine) -> int | None:
    return line.product_id if kind == "product" else line.product.category_id if line.product else None


def year() -> list[Order]:
    found = Order.objects.paid().filter(customer__isnull=False, placed_on__range=(before(364), TODAY))
    return list(found.prefetch_related("lines__product", "refunds"))


@pytest.mark.parametrize("kind", goods.KINDS)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_sales_of_goods_are_those_of_their_orders(shop, few, seed, kind):
    make_sales(seed)
    services.score_shop(TODAY)
    goods.renew(TODAY)
    buyers, orders, sums = defaultdict(set), defaultdict(set), defaultdict(Counter)
    for order in year():
        given = sum(refund.amount for refund in order.refunds.all() if refund.refunded_on <= TODAY)
        kept = 1.0 if not given else max(0.0, 1 - given / order.net_amount)
        for line in order.lines.all():
            one = one_of(kind, line)
            if one is None:
                continue
            buyers[one].add(order.customer_id)
            orders[one].add(order.pk)
            sums[one]["quantity"] += line.quantity
            sums[one]["amount"] += round(line.net_amount * kept)
            sums[one]["discount"] += line.discount_amount
            if line.cost_amount is not None:
                sums[one]["costed"] += round(line.net_amount * kept)
                sums[one]["profit"] += round((line.net_amount - line.cost_amount) * kept)
    figures = {row.goods.pk: row for row in GoodsFigure.objects.filter(**{f"{kind}__isnull": False})}
    assert {one for one, row in figures.items() if row.buyers} == set(buyers)
    for one, row in figures.items():
        assert (row.buyers, row.orders) == (len(buyers[one]), len(orders[one]))
        assert row.quantity == sums[one]["quantity"]
        assert row.amount == pytest.approx(sums[one]["amount"], abs=5)
        assert row.discount_amount == sums[one]["discount"]
        if row.profit_amount is not None:
            assert row.profit_amount == pytest.approx(sums[one]["profit"], abs=5)
            assert row.margin_share == pytest.approx(row.profit_amount / row.costed_amount)
    run = GoodsRun.objects.get()
    with_goods = [o for o in year() if any(one_of("product", line) for line in o.lines.all())]
    assert run.orders == len(with_goods)
    assert run.buyers == len({order.customer_id for order in with_goods})


@pytest.mark.parametrize("kind", goods.KINDS)
def test_first_and_last_days_are_those_of_each_person(shop, few, kind):
    make_sales(3)
    services.score_shop(TODAY)
    goods.renew(TODAY)
    found = defaultdict(Counter)
    ripe_people = again_people = 0
    for customer in Customer.objects.prefetch_related("orders__lines__product"):
        bought = [o for o in customer.orders.all() if o.is_paid and o.placed_on <= TODAY]
        if not bought:
            continue
        days = sorted({order.placed_on for order in bought})
        is_ripe = days[0] <= before(goods.AGAIN_DAYS)
        is_again = is_ripe and len(days) > 1 and (days[1] - days[0]).days <= goods.AGAIN_DAYS
        is_away = CustomerScore.objects.get(customer=customer).stage in goods.AWAY
        ripe_people += is_ripe
        again_people += is_again
        for day, names in ((days[0], ("first", "ripe", "again")), (days[-1], ("last", "", "away"))):
            held = {one_of(kind, line) for o in bought if o.placed_on == day for line in o.lines.all()}
            for one in held - {None}:
                found[one][names[0]] += 1
                found[one][names[1]] += is_ripe
                found[one][names[2]] += is_again if names[2] == "again" else is_away
    for row in GoodsFigure.objects.filter(**{f"{kind}__isnull": False}):
        mine = found[row.goods.pk]
        assert (row.first_buyers, row.ripe_buyers, row.again_buyers) == (
            mine["first"],
            mine["ripe"],
            mine["again"],
        )
        assert (row.last_buyers, row.away_buyers) == (mine["last"], mine["away"])
    assert GoodsRun.objects.get().again_share == pytest.approx(again_people / ripe_people)


@pytest.mark.parametrize("kind", goods.KINDS)
def test_each_figure_opens_as_many_people_as_it_counts(shop, few, kind):
    make_sales(4)
    services.score_shop(TODAY)
    goods.renew(TODAY)
    away = "&".join(f"stage={stage}" for stage in goods.AWAY)
    for row in GoodsFigure.objects.filter(**{f"{kind}__isnull": False}):
        for query, count in (
            (f"{kind}={row.goods.pk}", row.buyers),
            (f"first_{kind}={row.goods.pk}", row.first_buyers),
            (f"last_{kind}={row.goods.pk}", row.last_buyers),
            (f"last_{kind}={row.goods.pk}&{away}", row.away_buyers),
        ):
            assert CustomerFilter(query, today=TODAY).qs.count() == count
    for pair in GoodsPair.objects.filter(**{f"{kind}__isnull": False}):
        query = f"{kind}={pair.goods.pk}&also_{kind}={pair.other.pk}"
        assert CustomerFilter(query, today=TODAY).qs.count() == pair.buyers
    for row in GoodsFavourite.objects.filter(**{f"{kind}__isnull": False}):
        query = f"{kind}={row.goods.pk}&segment={row.segment}"
        assert CustomerFilter(query, today=TODAY).qs.count() == row.buyers
    assert GoodsPair.objects.exists()
    assert GoodsFavourite.objects.exists()


@pytest.mark.parametrize("kind", goods.KINDS)
def test_a_group_is_counted_as_everybody_is(shop, few, kind):
    make_sales(5)
    services.score_shop(TODAY)
    goods.renew(TODAY)
    found = goods.of(Customer.objects.all(), GoodsRun.objects.get(), kind)
    names = (*goods.goods_sql.COUNTS, *goods.goods_sql.SHARES)

    def told(rows) -> dict:
        return {row.goods: [getattr(row, name) for name in names] for row in rows}

    kept, counted = told(GoodsFigure.objects.filter(**{f"{kind}__isnull": False})), told(found.figures)
    assert kept.keys() == counted.keys()
    for goods_sold, figures in kept.items():
        assert counted[goods_sold] == pytest.approx(figures)
    pairs = GoodsPair.objects.filter(**{f"{kind}__isnull": False})
    assert {(one.goods, one.other, one.buyers) for one in pairs} == {
        (one.goods, one.other, one.buyers) for one in found.pairs
    }


@pytest.mark.parametrize("kind", goods.KINDS)
@pytest.mark.parametrize("of", ["stage", "segment"])
def test_a_groups_figures_open_as_many_of_its_people(shop, few, kind, of):
    make_sales(6)
    services.score_shop(TODAY)
    goods.renew(TODAY)
    run, again = GoodsRun.objects.get(), 0
    for key in set(CustomerScore.objects.exclude(**{of: ""}).values_list(of, flat=True)):
        group = f"{of}={key}"
        found = goods.of(CustomerFilter(group, today=TODAY).qs, run, kind)
        for row in found.figures:
            for query, count in (
                (f"{group}&{kind}={row.goods.pk}", row.buyers),
                (f"{group}&first_{kind}={row.goods.pk}", row.first_buyers),
                (f"{group}&last_{kind}={row.goods.pk}", row.last_buyers),
            ):
                assert CustomerFilter(query, today=TODAY).qs.count() == count
        again += sum(row.again_buyers for row in found.figures)
    assert again == sum(row.again_buyers for row in GoodsFigure.objects.filter(**{f"{kind}__isnull": False}))


def test_of_a_large_group_a_part_is_counted_and_scaled_up(shop, few, monkeypatch):
    bread, *_rest = make_goods()
    for customer in CustomerFactory.create_batch(40):
        sell(OrderFactory(customer=customer, on=before(9)), bread)
    services.score_shop(TODAY)
    goods.renew(TODAY)
    monkeypatch.setattr(goods, "MOST_COUNTED", 10)
    found = goods.of(Customer.objects.all(), GoodsRun.objects.get(), "product")
    assert found.one_in == 4
    assert [(row.buyers, row.amount) for row in found.figures] == [(40, 40_000)]


def test_goods_that_go_together_have_a_lift_over_chance(shop, few):
    bread, jam, tea, *_rest = make_goods()
    for number in range(12):
        # Four buy bread and jam, two bread alone, six tea alone.
        wanted = (bread, jam) if number < 4 else (bread,) if number < 6 else (tea,)
        sell(OrderFactory(on=before(10)), *wanted)
    services.score_shop(TODAY)
    goods.renew(TODAY)
    pair = GoodsPair.objects.get(product__isnull=False)
    assert {pair.product, pair.other_product} == {bread, jam}
    # 4 of 12 bought both; by chance it would have been 6/12 × 4/12 of them.
    assert (pair.buyers, pair.support, pair.lift) == (4, pytest.approx(4 / 12), pytest.approx(2))
    assert sorted([pair.share, pair.other_share]) == pytest.approx([4 / 6, 1])


def test_too_few_people_make_no_share(shop):
    bread, *_rest = make_goods()
    for _ in range(goods.ENOUGH_PEOPLE - 1):
        sell(OrderFactory(on=before(300)), bread)
    services.score_shop(TODAY)
    goods.renew(TODAY)
    row = GoodsFigure.objects.get(product=bread)
    assert (row.first_buyers, row.again_share, row.away_lift, row.margin_share) == (19, None, None, None)
    sell(OrderFactory(on=before(300)), bread)
    services.score_shop(TODAY)
    goods.renew(TODAY)
    assert GoodsFigure.objects.get(product=bread).again_share == 0


def test_expected_demand_is_expected_orders_times_what_each_takes(shop):
    bread, jam, *_rest = make_goods()
    often, seldom = CustomerFactory.create_batch(2)
    for customer, days, wanted in (
        (often, 10, (bread, bread)),
        (often, 40, (bread, jam)),
        (seldom, 200, (jam,)),
    ):
        sell(OrderFactory(customer=customer, on=before(days)), *wanted)
    services.score_shop(TODAY)
    goods.renew(TODAY)
    # Without an outlook: a third of the last ninety days.
    assert GoodsFigure.objects.get(product=bread).expected_quantity == pytest.approx(1)
    assert GoodsRun.objects.get().demand_source == "recent"
    for customer, orders in ((often, 2.0), (seldom, 0.5)):
        CustomerOutlook.objects.create(
            customer=customer,
            as_of=TODAY,
            p_alive=1,
            p_back=1,
            orders_30=orders,
            orders_90=0,
            orders_365=0,
            amount_365_amount=0,
        )
    goods.renew(TODAY)
    # Two expected orders with 3 ÷ 2 loaves each; jam: 2 × 1 ÷ 2 and 0.5 × 1.
    assert GoodsFigure.objects.get(product=bread).expected_quantity == pytest.approx(3)
    assert GoodsFigure.objects.get(product=jam).expected_quantity == pytest.approx(1.5)
    assert GoodsRun.objects.get().demand_source == "outlook"


def test_a_shop_reports_on_its_own_goods(shop, other_shop):
    bread, *_rest = make_goods()
    sell(OrderFactory(on=before(10)), bread)
    with scope(other_shop):
        sell(OrderFactory(on=before(10)), *make_goods())
        services.score_shop(TODAY)
        goods.renew(TODAY)
    services.score_shop(TODAY)
    goods.renew(TODAY)
    assert [row.goods for row in GoodsFigure.objects.filter(product__isnull=False)] == [bread]
    assert Product.objects.count() == 7


def test_without_orders_there_is_nothing_to_report(shop):
    services.score_shop(TODAY)
    assert goods.renew(datetime.date(2026, 1, 1)) == 0
