"""Random histories of a shop, and what the pure rules make of them, to hold against the SQL."""

from __future__ import annotations

import datetime
import random
from decimal import ROUND_HALF_UP, Decimal

from loyalty.customers.models import Customer, Interaction, Order, Refund
from loyalty.shops.scope import current_shop
from segmentation import cutting, lifecycle, rfm, value_volume
from segmentation.rules import Rules
from tests.factories import CustomerFactory, OrderFactory, RefundFactory

# Small as the histories are, they are cut by fifths, as the shops of thousands they stand for.
BY_FIFTHS = dict.fromkeys(cutting.MEASURES, cutting.FIFTHS)
FIFTHS = (*cutting.MEASURES, *value_volume.MEASURES)
PRAISE = (Interaction.Kind.REVIEW, Interaction.Kind.REFERRAL)
DEALINGS = (
    Interaction.Kind.VISIT,
    Interaction.Kind.REPLY,
    Interaction.Kind.REDEMPTION,
    Interaction.Kind.SURVEY,
)


def make_history(seed: int, day: datetime.date, customers: int = 40, orders: int = 220) -> None:
    """Fill the shop in scope: guests, cancelled and returned orders, refunds, unknown costs, later days."""
    chance = random.Random(seed)
    people = CustomerFactory.create_batch(customers)
    known_cost = chance.choice([0, 0.5, 1])
    made = []
    for number in range(orders):
        # Skewed towards the first people; the last few never buy. Some orders lie after the day.
        buyer = people[int(customers * 0.85 * chance.random() ** 2)]
        net = chance.randrange(0, 5_000_000, 250_000)
        made.append(
            OrderFactory.build(
                customer=None if chance.random() < 0.1 else buyer,
                external_id=f"{seed}-{number}",
                on=day - datetime.timedelta(days=int(700 * chance.random() ** 2) - 5),
                status=chance.choices(Order.Status.values, [12, 1, 1, 2])[0],
                net_amount=net,
                discount_amount=chance.choice([0, 0, 100_000]),
                cost_amount=chance.randrange(0, 3_000_000) if chance.random() < known_cost else None,
            )
        )
    Order.objects.bulk_create(made)
    refunds = []
    for number, order in enumerate(chance.sample(made, orders // 8)):
        refunds.append(
            RefundFactory.build(
                customer=order.customer,
                order=order if chance.random() < 0.7 else None,
                external_id=f"{seed}-{number}",
                on=order.placed_on + datetime.timedelta(days=chance.randrange(30)),
                amount=max(1, order.net_amount // chance.choice([1, 2, 3])),
                cost_amount=chance.choice([None, 1_000]),
            )
        )
    Refund.objects.bulk_create(refunds)
    if chance.random() < 0.7:
        Interaction.objects.bulk_create(
            Interaction(
                customer=chance.choice(people),
                kind=chance.choice(Interaction.Kind.values),
                occurred_at=datetime.datetime.combine(
                    day - datetime.timedelta(days=chance.randrange(-3, 500)),
                    datetime.time(chance.randrange(24)),
                    current_shop().zone,
                ),
                # Odd ones, too: what is no number speaks for nobody, and stops no run.
                details=chance.choice([{}, {"rating": chance.randrange(1, 6)}, {"rating": "5"}]),
            )
            for _ in range(30)
        )


def facts_by_hand(day: datetime.date, window_days: int | None = None) -> dict[int, dict]:
    """Return {customer id: facts} of every customer, added up one order at a time."""
    start = day - datetime.timedelta(days=window_days - 1) if window_days else datetime.date.min
    found = {}
    for customer in Customer.objects.prefetch_related("orders", "refunds__order", "interactions"):
        bought = [o for o in customer.orders.all() if o.is_paid and o.placed_on <= day]
        given_back = [r for r in customer.refunds.all() if r.refunded_on <= day] if bought else []
        inside = [o for o in bought if o.placed_on >= start]
        back_inside = [(r.amount, _refund_cost(r)) for r in given_back if r.refunded_on >= start]
        costed = [(o.net_amount, o.cost_amount) for o in inside if o.cost_amount is not None]
        costed_back = [(amount, cost) for amount, cost in back_inside if cost is not None]
        costed_amount = sum(net for net, _ in costed) - sum(amount for amount, _ in costed_back)
        profit = (
            sum(net - cost for net, cost in costed) - sum(amount - cost for amount, cost in costed_back)
            if costed
            else None
        )
        days = sorted({o.placed_on for o in bought})
        found[customer.pk] = {
            "days": days,
            "first_order_on": days[0] if days else None,
            "last_order_on": days[-1] if days else None,
            "recency_days": (day - days[-1]).days if days else None,
            "frequency": len(inside),
            "order_days": len({o.placed_on for o in inside}),
            "monetary_amount": sum(o.net_amount for o in inside) - sum(amount for amount, _ in back_inside),
            "profit_amount": profit,
            "gross_amount": sum(o.gross_amount for o in inside),
            "discount_amount": sum(o.discount_amount for o in inside),
            "lifetime_orders": len(bought),
            "lifetime_order_days": len(days),
            "lifetime_amount": sum(o.net_amount for o in bought) - sum(r.amount for r in given_back),
            "margin_share": profit / costed_amount if costed and costed_amount > 0 else None,
            "full_price_share": sum(not o.discount_amount for o in inside) / len(inside) if inside else None,
            "refunded_amount": sum(amount for amount, _ in back_inside),
            **_dealings(customer, day),
        }
        fact = found[customer.pk]
        fact["year_days"] = len([one for one in days if one > day - datetime.timedelta(days=365)])
        fact["tenure_days"] = (days[-1] - days[0]).days if days else None
        fact["service_load"] = value_volume.service_load(
            fact["discount_amount"],
            fact["refunded_amount"],
            fact["gross_amount"],
            fact["complaints"],
            fact["frequency"],
        )
    return found


def cuts_by_hand(facts: dict[int, dict], rules: Rules) -> dict:
    """Return the cuts of the shop, as a run keeps them."""
    buyers = [fact for fact in facts.values() if fact["days"]]
    for fact in buyers:
        fact["gap_spread"] = lifecycle.rhythm(fact["days"]).gap_spread
    gaps = [gap for fact in buyers for gap in lifecycle.gaps_of(fact["days"])]

    def known(name):
        return [fact[name] for fact in buyers if fact[name] is not None]

    cuts = {
        "customers": len(facts),
        "buyers": len(buyers),
        "taken_from": len(buyers),
        "repeaters": sum(len(fact["days"]) > 1 for fact in buyers),
        **{name: rfm.cuts(known(name)) for name in FIFTHS},
        "year_days": lifecycle.median(known("year_days")),
        **{flag: any(fact[dealt] for fact in facts.values()) for flag, dealt in value_volume.FLAGS.items()},
        "gap_days": lifecycle.shop_gap(gaps),
        "repeat_gaps": len(gaps),
        "basis": rules.basis,
    }
    baskets = [fact["monetary_amount"] / fact["frequency"] for fact in buyers if fact["frequency"]]
    base = cutting.Base(
        cuts["buyers"], cuts["repeaters"], cuts["gap_days"], lifecycle.median(baskets) if baskets else None
    )
    cuts |= cutting.cuts(cuts, rules.cuts, base)
    values = [value_by_hand(fact, cuts) for fact in buyers]
    return cuts | {"value_score": lifecycle.median(value for value in values if value is not None)}


def state_by_hand(fact: dict, cuts: dict, day: datetime.date) -> dict:
    """Return what the pure rules make of one customer's facts."""
    unkept = ("recency_days", "year_days", "tenure_days", "service_load")
    state = {name: value for name, value in fact.items() if name not in unkept} | {
        "days": fact["days"] or None
    }
    own = lifecycle.rhythm(fact["days"])
    state |= {"own_gap_days": own.own_gap_days, "gap_spread": own.gap_spread}
    if not fact["days"]:
        nothing = dict.fromkeys(
            (
                "expected_gap_days",
                "expected_on",
                "returned_on",
                "r_score",
                "f_score",
                "m_score",
                "value_score",
                "changes_on",
            )
        )
        return state | nothing | {"gap_source": "", "segment": "", "stage": "prospect", "quadrant": ""}
    gap = lifecycle.expected_gap(own, cuts["gap_days"])
    returned_on = lifecycle.returned_on(fact["days"], day, gap)
    cell = (
        rfm.recency_score(fact["recency_days"], cuts["recency_days"]),
        rfm.score(fact["frequency"], cuts["frequency"]),
        rfm.score(fact["monetary_amount"], cuts["monetary_amount"]),
    )
    value = value_by_hand(fact, cuts)
    stage = lifecycle.stage(fact["recency_days"], own, gap, returned_on is not None)
    return state | {
        "expected_gap_days": gap,
        "expected_on": lifecycle.expected_on(fact["last_order_on"], gap),
        "gap_source": lifecycle.gap_source(own, cuts["gap_days"]),
        "returned_on": returned_on,
        **dict(zip(("r_score", "f_score", "m_score"), cell, strict=True)),
        "segment": rfm.segment(*cell),
        "stage": stage,
        "changes_on": lifecycle.changes_on(stage, fact["last_order_on"], gap, returned_on),
        "value_score": value,
        "quadrant": value_volume.quadrant(value, fact["year_days"], cuts["value_score"], cuts["year_days"]),
    }


def value_by_hand(fact: dict, cuts: dict) -> float | None:
    measures = fact | {"gap_spread": lifecycle.rhythm(fact["days"]).gap_spread}
    return value_volume.value_score(value_volume.parts(measures, cuts))


def _refund_cost(refund: Refund) -> int | None:
    """The cost of what came back: its own, or its order's in proportion."""
    sale = refund.order
    if refund.cost_amount is not None or sale is None or sale.cost_amount is None or not sale.net_amount:
        return refund.cost_amount
    share = Decimal(refund.amount) * sale.cost_amount / sale.net_amount
    return int(share.quantize(Decimal(1), ROUND_HALF_UP))


def _dealings(customer: Customer, day: datetime.date) -> dict[str, int]:
    year = [
        (dealing.kind, dealing.details.get("rating", 5))
        for dealing in customer.interactions.all()
        if day - datetime.timedelta(days=364) <= current_shop().day_of(dealing.occurred_at) <= day
    ]
    return {
        "engagements": sum(kind in DEALINGS for kind, _rating in year),
        "advocacies": sum(kind in PRAISE and rating in (4, 5) for kind, rating in year),
        "complaints": sum(kind == Interaction.Kind.COMPLAINT for kind, _rating in year),
    }
