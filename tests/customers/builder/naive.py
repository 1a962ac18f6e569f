"""What a definition means, worked out person by person in plain Python from the rows themselves.

Written from the words on the screen and not from the compiler: the two share nothing but the stored JSON.
"""

from __future__ import annotations

import datetime

from persiantools.jdatetime import JalaliDate

from loyalty.customers.models import Customer
from segmentation.models import CustomerScore, LikenessMember, OwnSegment
from tests.conftest import TODAY

DAY = datetime.timedelta(days=1)


def everybody() -> list[Customer]:
    """Return everybody with all their rows read once."""
    rows = ("refunds__order", "orders__lines__product", "consent_events", "interactions", "tier_memberships")
    return list(
        Customer.objects.select_related("score", "outlook").prefetch_related(*rows, "messages__campaign")
    )


def people(definition: dict, all_people: list[Customer], shop) -> set[int]:
    return {one.pk for one in all_people if holds(definition["root"], one, shop)}


def holds(node: dict, one: Customer, shop) -> bool:
    if "of" in node:
        found = (all if node["join"] == "all" else any)(holds(part, one, shop) for part in node["of"])
    else:
        found = bool(KINDS[node["field"]](one, node["op"], node["values"], shop))
    return not found if node["not"] else found


# ---------- Comparing ----------


def compare(value, op: str, asked: dict) -> bool:
    if value is None:
        return False
    if op == "at_least":
        return value >= asked["min"]
    if op == "at_most":
        return value <= asked["max"]
    return asked["min"] <= value <= asked["max"]


def on_day(day: datetime.date | None, op: str, asked: dict) -> bool:
    if day is None:
        return False
    if op == "in_last":
        return day in {TODAY - n * DAY for n in range(asked["days"])}
    if op == "in_next":
        return day in {TODAY + n * DAY for n in range(asked["days"])}
    if op == "before_last":
        return (TODAY - day).days >= asked["days"]
    since = datetime.date.fromisoformat(asked["since"]) if "since" in asked else datetime.date.min
    until = datetime.date.fromisoformat(asked["until"]) if "until" in asked else datetime.date.max
    return since <= day <= until


def counts(day: datetime.date, asked: dict) -> bool:
    """Whether a day is among those that count."""
    return day <= TODAY and ("within" not in asked or (TODAY - day).days < asked["within"])


def score_of(one: Customer) -> CustomerScore | None:
    return getattr(one, "score", None)


def column(name: str):
    def kind(one, op, asked, shop):
        return getattr(one, name) in asked["values"] and getattr(one, name) != ""

    return kind


def scored(name: str):
    def kind(one, op, asked, shop):
        score = score_of(one)
        return score is not None and getattr(score, name) in asked["values"]

    return kind


def scored_day(name: str):
    def kind(one, op, asked, shop):
        score = score_of(one)
        return on_day(score and getattr(score, name), op, asked)

    return kind


# ---------- People ----------


def age(one, op, asked, shop):
    if one.birth_on is None:
        return False
    had = (TODAY.month, TODAY.day) >= (one.birth_on.month, one.birth_on.day)
    return compare(TODAY.year - one.birth_on.year - (0 if had else 1), op, asked)


def anniversary(name: str):
    def kind(one, op, asked, shop):
        day = getattr(one, name)
        if day is None:
            return False
        born = JalaliDate(day)
        due = [JalaliDate(TODAY + n * DAY) for n in range(asked["days"])]
        # This world has nobody of a leap day near its today.
        return any((born.month, born.day) == (one_day.month, one_day.day) for one_day in due)

    return kind


def attribute(one, op, asked, shop):
    if asked["name"] not in one.attributes:
        return False
    return "values" not in asked or one.attributes[asked["name"]] in asked["values"]


def known(one, op, asked, shop):
    return any(getattr(one, name) not in ("", None) for name in asked["values"])


# ---------- Purchases ----------


def orders(one, asked):
    paid = ("completed", "refunded")
    return [order for order in one.orders.all() if order.status in paid and counts(order.placed_on, asked)]


def refunds(one, asked):
    return [refund for refund in one.refunds.all() if counts(refund.refunded_on, asked)]


def all_time(name: str, worked_out):
    """Of all time the number stands in the score."""

    def kind(one, op, asked, shop):
        if "within" not in asked:
            score = score_of(one)
            return score is not None and compare(getattr(score, name), op, asked)
        return compare(worked_out(one, asked), op, asked)

    return kind


def spend(one, asked):
    return sum(order.net_amount for order in orders(one, asked)) - sum(
        refund.amount for refund in refunds(one, asked)
    )


def profit(one, op, asked, shop):
    known_sales = [order for order in orders(one, asked) if order.cost_amount is not None]
    if not known_sales:
        return False
    total = sum(order.net_amount - order.cost_amount for order in known_sales)
    for refund in refunds(one, asked):
        cost = refund.cost_amount
        if cost is None and refund.order and refund.order.cost_amount is not None:
            share = refund.amount * refund.order.cost_amount / refund.order.net_amount
            # The database rounds a half away from zero.
            cost = int(share + 0.5)
        if cost is not None:
            total -= refund.amount - cost
    return compare(total, op, asked)


def average(one, op, asked, shop):
    found = orders(one, asked)
    return bool(found) and compare(sum(o.net_amount for o in found) // len(found), op, asked)


def full_price(one, op, asked, shop):
    found = orders(one, asked)
    if not found:
        return False
    return compare(sum(o.discount_amount == 0 for o in found) * 100 / len(found), op, asked)


def discount_share(one, op, asked, shop):
    found = orders(one, asked)
    gross = sum(o.gross_amount for o in found)
    # In whole percents, as whole numbers are divided in the database.
    return gross > 0 and compare(sum(o.discount_amount for o in found) * 100 / gross, op, asked)


def bought(is_it):
    def kind(one, op, asked, shop):
        lines = [line for order in orders(one, asked) for line in order.lines.all()]
        lines = [line for line in lines if is_it(line, asked["values"])]
        if op == "times":
            return len({line.order_id for line in lines}) >= asked["times"]
        if op == "amount":
            return bool(lines) and sum(line.net_amount for line in lines) >= asked["amount"]
        return bool(lines)

    return kind


def at_place(name: str):
    return lambda one, op, asked, shop: any(getattr(o, name) in asked["values"] for o in orders(one, asked))


# ---------- Dealings ----------


def last_word(one) -> str:
    said = sorted(one.consent_events.all(), key=lambda event: (event.occurred_at, event.action, event.pk))
    return said[-1].action if said else "none"


def messages(one, asked, shop):
    return [
        message
        for message in one.messages.all()
        if message.state in ("accepted", "delivered", "unknown")
        and ("values" not in asked or message.campaign_id in asked["values"])
        and counts(shop.day_of(written_at(message)), asked)
    ]


def written_at(message) -> datetime.datetime:
    return message.sent_at or message.created_at


def bought_after(one, op, asked, shop):
    for message in messages(one, asked, shop):
        end = written_at(message) + message.campaign.result_window_days * DAY
        if any(written_at(message) <= order.placed_at <= end for order in orders(one, {})):
            return True
    return False


def replied(one, op, asked, shop):
    return any(
        deal.kind == "reply"
        and counts(shop.day_of(deal.occurred_at), asked)
        and ("values" not in asked or deal.details.get("campaign") in asked["values"])
        for deal in one.interactions.all()
    )


def opted_out(one, op, asked, shop):
    sent = [written_at(m) for m in messages(one, {k: v for k, v in asked.items() if k == "values"}, shop)]
    return bool(sent) and any(
        event.action == "out"
        and event.occurred_at >= min(sent)
        and counts(shop.day_of(event.occurred_at), asked)
        for event in one.consent_events.all()
    )


def dealings(one, op, asked, shop):
    found = [
        deal
        for deal in one.interactions.all()
        if deal.kind in asked["values"] and counts(shop.day_of(deal.occurred_at), asked)
    ]
    return len(found) >= asked["times"]


def likeness(one, op, asked, shop):
    places = LikenessMember.objects.filter(customer=one)
    return any(place.run_id * 10 + place.number in asked["values"] for place in places)


def tier(one, op, asked, shop):
    return any(m.is_current and m.tier_id in asked["values"] for m in one.tier_memberships.all())


def member_day(name: str):
    def kind(one, op, asked, shop):
        now = next((m for m in one.tier_memberships.all() if m.is_current), None)
        return on_day(now and getattr(now, name), op, asked)

    return kind


def is_late(one, op, asked, shop):
    score = score_of(one)
    in_touch = ("new", "active", "loyal", "returned", "at_risk")
    return score and score.stage in in_touch and score.expected_on and score.expected_on < TODAY


def looked_ahead(name: str, scale: int = 1):
    def kind(one, op, asked, shop):
        outlook = getattr(one, "outlook", None)
        value = outlook and getattr(outlook, name)
        return compare(value, op, {bound: asked_for / scale for bound, asked_for in asked.items()})

    return kind


def own(one, op, asked, shop):
    return any(holds(OwnSegment.objects.get(pk=key).definition["root"], one, shop) for key in asked["values"])


KINDS = {
    **{name: column(name) for name in ("gender", "city", "province", "neighbourhood", "job", "education")},
    **{name: column(name) for name in ("marital_status", "income_band", "acquired_by")},
    **{name: scored(name) for name in ("stage", "segment", "quadrant", "r_score", "f_score", "m_score")},
    "age": age,
    "birthday": anniversary("birth_on"),
    "wedding": anniversary("wedding_on"),
    "tag": lambda one, op, asked, shop: set(one.tags) & set(asked["values"]),
    "attribute": attribute,
    "known": known,
    "joined": lambda one, op, asked, shop: on_day(one.joined_on, op, asked),
    "first_order": scored_day("first_order_on"),
    "last_order": scored_day("last_order_on"),
    "expected": scored_day("expected_on"),
    "orders": all_time("lifetime_orders", lambda one, asked: len(orders(one, asked))),
    "visits": all_time(
        "lifetime_order_days", lambda one, asked: len({o.placed_on for o in orders(one, asked)})
    ),
    "spend": all_time("lifetime_amount", spend),
    "profit": profit,
    "average": average,
    "discounted": lambda one, op, asked, shop: compare(
        sum(o.discount_amount > 0 for o in orders(one, asked)), op, asked
    ),
    "full_price": full_price,
    "discount_share": discount_share,
    "product": bought(lambda line, keys: line.product_id in keys),
    "category": bought(lambda line, keys: line.product and line.product.category_id in keys),
    "branch": at_place("branch"),
    "channel": at_place("channel"),
    "consent": lambda one, op, asked, shop: last_word(one) in asked["values"],
    "reachable": lambda one, op, asked, shop: bool(one.phone) and last_word(one) == "in",
    "received": lambda one, op, asked, shop: messages(one, asked, shop),
    "bought_after": bought_after,
    "replied": replied,
    "opted_out": opted_out,
    "interactions": dealings,
    "likeness": likeness,
    "tier": tier,
    "tier_since": member_day("from_on"),
    "tier_falls": member_day("falls_on"),
    "late": is_late,
    "own": own,
    "chance": looked_ahead("p_back", 100),
    "expected_profit": looked_ahead("profit_365_amount"),
}
