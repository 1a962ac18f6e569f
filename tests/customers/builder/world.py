"""A small shop at random, with a gap wherever the real ones have gaps, and random questions about it."""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils import timezone

from campaigns.models import Campaign, Message
from loyalty.customers.filters.builder.fields import FIELDS
from loyalty.customers.filters.builder.fields.person import KNOWABLE
from loyalty.customers.models import (
    ConsentEvent,
    Customer,
    Interaction,
    Order,
    OrderLine,
    Product,
    ProductCategory,
)
from loyalty.shops.models import Shop
from loyalty.tiers import preset
from loyalty.tiers.models import Tier, TierMembership
from segmentation.models import (
    CustomerOutlook,
    CustomerScore,
    LikenessMember,
    LikenessRun,
    OwnSegment,
    Quadrant,
    Segment,
    Stage,
)
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory, RefundFactory

SEED = 20261123
DAY = datetime.timedelta(days=1)
CITIES, JOBS, TAGS = ["تهران", "شیراز", "Yazd"], ["معلم", "baker"], ["a", "b", "c"]
# Names of attributes, some of which look like places in an array: they are names all the same.
NAMES = ["size", "pet", "1403", "09121234567", "-1", "²", "۱۴"]
SIZES = ["L", "M"]
BRANCHES, CHANNELS = ["north", "south"], ["shop", "web"]
PEOPLE = 24


@dataclass
class World:
    shop: Shop
    people: list[Customer] = field(default_factory=list)
    products: list[Product] = field(default_factory=list)
    categories: list[ProductCategory] = field(default_factory=list)
    tiers: list[Tier] = field(default_factory=list)
    campaigns: list[Campaign] = field(default_factory=list)
    own: list[OwnSegment] = field(default_factory=list)
    likeness: LikenessRun | None = None


def ago(chance: random.Random, most: int = 120) -> datetime.date:
    return TODAY - chance.randint(0, most) * DAY


def moment(shop: Shop, day: datetime.date, hour: int) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(hour, 30), shop.zone)


def make(shop: Shop, seed: int) -> World:
    """Make the shop's people with everything that conditions ask about; its scope is open."""
    chance = random.Random(seed)
    made = World(shop)
    made.categories = [ProductCategory.objects.create(name=name) for name in ("coffee", "tea")]
    made.products = [
        Product.objects.create(sku=f"P{n}", name=f"product {n}", category=(*made.categories, None)[n % 3])
        for n in range(4)
    ]
    made.tiers = list(Tier.objects.filter(programme=preset.create(TODAY)).order_by("rank"))
    made.campaigns = [
        Campaign.objects.create(
            name=f"c{n}", text="hi", state="done", launched_at=timezone.now(), result_window_days=10 + 20 * n
        )
        for n in range(2)
    ]
    made.people = [person(chance, made) for _ in range(PEOPLE)]
    made.likeness = LikenessRun.objects.create(
        as_of=TODAY,
        started_at=timezone.now(),
        finished_at=timezone.now(),
        groups=[{"number": number} for number in (1, 2, 3)],
    )
    for one in made.people[1:]:
        LikenessMember.objects.create(run=made.likeness, customer=one, number=1 + one.pk % 3)
    made.own = [
        OwnSegment.objects.create(name=f"own {n}", definition=question) for n, question in enumerate(INNER)
    ]
    return made


INNER = (
    {
        "version": 1,
        "root": {
            "join": "any",
            "not": False,
            "of": [
                {"field": "city", "op": "any", "not": True, "values": {"values": [CITIES[0]]}},
                {"field": "gender", "op": "any", "not": False, "values": {"values": ["female"]}},
            ],
        },
    },
    # Asks the scores alone, and takes in those who have none.
    {
        "version": 1,
        "root": {
            "join": "all",
            "not": False,
            "of": [{"field": "stage", "op": "any", "not": True, "values": {"values": ["loyal", "active"]}}],
        },
    },
)


def person(chance: random.Random, made: World) -> Customer:
    maybe = lambda *values: chance.choice((*values, None))  # noqa: E731
    one = CustomerFactory(
        gender=maybe("female", "male") or "",
        city=maybe(*CITIES) or "",
        province=maybe("فارس") or "",
        neighbourhood=maybe("ونک") or "",
        job=maybe(*JOBS) or "",
        marital_status=maybe("married") or "",
        education=maybe("BA") or "",
        income_band=maybe("high") or "",
        acquired_by=maybe("friend") or "",
        email=maybe("a@example.com") or "",
        tags=chance.sample(TAGS, chance.randint(0, 2)),
        attributes=chance.choice(
            [{}, {"size": None}, *({name: chance.choice(SIZES), "pet": "cat"} for name in NAMES)]
        ),
        birth_on=maybe(TODAY.replace(year=chance.randint(1950, 2008)) + chance.randint(-9, 9) * DAY),
        wedding_on=maybe(TODAY.replace(year=2010) + chance.randint(-9, 9) * DAY),
        joined_on=maybe(ago(chance)),
    )
    if chance.random() < 0.3:
        Customer.objects.filter(pk=one.pk).update(phone=None)
    for _ in range(chance.choice([0, 1, 2, 4, 6])):
        sale(chance, made, one)
    for _ in range(chance.choice([0, 0, 1])):
        RefundFactory(customer=one, on=ago(chance), amount=chance.choice([50, 900]), cost_amount=maybe(20))
    if chance.random() < 0.85:
        score(chance, one)
    if chance.random() < 0.7:
        CustomerOutlook.objects.create(
            customer=one,
            as_of=TODAY,
            p_alive=chance.random(),
            p_back=chance.choice([0.1, 0.29, 0.5, 0.9]),
            orders_30=0,
            orders_90=0,
            orders_365=1,
            amount_365_amount=100,
            profit_365_amount=maybe(50, 400),
        )
    if chance.random() < 0.6:
        falls = maybe(TODAY + chance.randint(0, 30) * DAY)
        TierMembership.objects.create(
            customer=one, tier=chance.choice(made.tiers), from_on=ago(chance), reason="first", falls_on=falls
        )
    for _ in range(chance.choice([0, 1, 2, 4])):
        said = moment(made.shop, ago(chance), chance.randint(0, 23))
        ConsentEvent.objects.create(
            customer=one, action=chance.choice(["in", "out"]), source="staff", occurred_at=said
        )
    for _ in range(chance.choice([0, 1, 3])):
        details = chance.choice([{}, {"campaign": made.campaigns[0].pk}])
        Interaction.objects.create(
            customer=one,
            kind=chance.choice(["reply", "visit", "complaint"]),
            occurred_at=moment(made.shop, ago(chance), chance.randint(0, 23)),
            details=details,
        )
    for campaign in made.campaigns:
        if chance.random() < 0.7:
            message(chance, made, campaign, one)
    return one


def sale(chance: random.Random, made: World, one: Customer) -> Order:
    net, discount = chance.choice([100, 400, 1_000]), chance.choice([0, 0, 50])
    order = OrderFactory(
        customer=one,
        on=ago(chance),
        status=chance.choice(["completed", "completed", "refunded", "cancelled"]),
        net_amount=net,
        discount_amount=discount,
        gross_amount=net + discount,
        cost_amount=chance.choice([None, net // 3]),
        branch=chance.choice(["", *BRANCHES]),
        channel=chance.choice(["", *CHANNELS]),
    )
    for number in range(chance.choice([0, 1, 2])):
        OrderLine.objects.create(
            order=order,
            line_no=number,
            product=chance.choice([*made.products, None]),
            unit_amount=net // 2,
            net_amount=net // 2,
        )
    if chance.random() < 0.2:
        RefundFactory(order=order, customer=one, on=ago(chance, 30), amount=net // 2, cost_amount=None)
    return order


def score(chance: random.Random, one: Customer) -> None:
    first = ago(chance)
    number = chance.choice([None, *range(1, 6)])
    CustomerScore.objects.create(
        customer=one,
        as_of=TODAY,
        computed_at=timezone.now(),
        first_order_on=None if number is None else first,
        last_order_on=None if number is None else first + chance.randint(0, (TODAY - first).days) * DAY,
        frequency=chance.randint(0, 5),
        order_days=1,
        monetary_amount=chance.choice([0, 500, 2_000]),
        gross_amount=0,
        discount_amount=0,
        lifetime_orders=chance.randint(0, 5),
        lifetime_order_days=chance.randint(0, 5),
        lifetime_amount=chance.choice([-100, 0, 500, 2_000]),
        expected_on=chance.choice([None, TODAY + chance.randint(-20, 20) * DAY]),
        r_score=number,
        f_score=number,
        m_score=number,
        segment="" if number is None else chance.choice(Segment.values),
        stage=chance.choice(Stage.values),
        quadrant=chance.choice(["", *Quadrant.values]),
    )


def message(chance: random.Random, made: World, campaign: Campaign, one: Customer) -> None:
    state = chance.choice(["delivered", "accepted", "failed", "queued", "skipped", "unknown"])
    written = moment(made.shop, ago(chance, 110), 9)
    made_one = Message.objects.create(
        campaign=campaign,
        customer=one,
        phone=f"+98999{one.pk % 10**7:07d}",
        text="hi",
        pages=1,
        reference=chance.getrandbits(60),
        state=state,
        sent_at=written if state in Message.SENT else None,
    )
    Message.objects.filter(pk=made_one.pk).update(created_at=written)


# ---------- Questions ----------


def value_of(chance: random.Random, made: World, key: str, name: str):
    """Return a value that means something somewhere in this shop, as it is stored."""
    pools = {
        "gender": ["female", "male", "other"],
        "city": CITIES,
        "province": ["فارس"],
        "neighbourhood": ["ونک"],
        "job": JOBS,
        "marital_status": ["married", "single"],
        "education": ["BA"],
        "income_band": ["high"],
        "acquired_by": ["friend"],
        "tag": TAGS,
        "known": list(KNOWABLE),
        "stage": Stage.values,
        "segment": Segment.values,
        "quadrant": Quadrant.values,
        "r_score": [1, 2, 3, 4, 5],
        "f_score": [1, 2, 3, 4, 5],
        "m_score": [1, 2, 3, 4, 5],
        "tier": [tier.pk for tier in made.tiers],
        "likeness": [made.likeness.pk * 10 + number for number in (1, 2)],
        "product": [product.pk for product in made.products],
        "category": [category.pk for category in made.categories],
        "branch": BRANCHES,
        "channel": CHANNELS,
        "consent": ["in", "out", "none"],
        "interactions": ["reply", "visit", "complaint"],
        "attribute": [*SIZES, "cat"],
        "own": [segment.pk for segment in made.own],
        **dict.fromkeys(
            ("received", "bought_after", "replied", "opted_out"), [one.pk for one in made.campaigns]
        ),
    }
    if name == "values":
        pool = pools[key]
        return chance.sample(pool, chance.randint(1, min(3, len(pool))))
    if name in ("since", "until"):
        return ago(chance).isoformat()
    if name == "name":
        return chance.choice(NAMES)
    if name in ("within", "days"):
        return chance.randint(1, 60)
    if name == "times":
        return chance.randint(1, 2)
    if name == "amount":
        return chance.choice([50, 400])
    # A bound of a number: of the size that its field has here.
    return {
        "age": chance.randint(15, 70),
        **dict.fromkeys(
            ("spend", "profit", "average", "expected_profit"), chance.choice([-50, 0, 1, 100, 400, 1_000])
        ),
        "discounted": chance.randint(0, 2),
        "chance": chance.choice([10, 29, 40, 90]),
        "full_price": chance.randint(0, 100),
        "discount_share": chance.randint(0, 30),
    }.get(key, chance.randint(0, 4))


def question(chance: random.Random, made: World, key: str = "", op: str = "") -> dict:
    """Return one condition as it is stored."""
    asked = FIELDS[key] if key else chance.choice(list(FIELDS.values()))
    way = asked.op(op) if op else chance.choice(asked.ops)
    values = {
        param.name: value_of(chance, made, asked.key, param.name)
        for param in way.params
        if param.required or chance.random() < 0.6
    }
    for first, last in (("min", "max"), ("since", "until")):
        if first in values and last in values:
            values[first], values[last] = sorted((values[first], values[last]))
    return {"field": asked.key, "op": way.key, "not": chance.random() < 0.4, "values": values}


def group(chance: random.Random, made: World, depth: int = 1) -> dict:
    nodes = [
        group(chance, made, depth + 1) if depth < 3 and chance.random() < 0.35 else question(chance, made)
        for _ in range(chance.randint(1, 4))
    ]
    return {"join": chance.choice(["all", "any"]), "not": chance.random() < 0.3, "of": nodes}


def definition(root: dict) -> dict:
    return {"version": 1, "root": root}


# ---------- Parts of a tree, by their places ----------


def places(root: dict, above: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Yield the place of every node, a group before what is in it."""
    for number, node in enumerate(root["of"]):
        yield (*above, number)
        if "of" in node:
            yield from places(node, (*above, number))


def at(root: dict, path: tuple[int, ...]) -> dict:
    for number in path:
        root = root["of"][number]
    return root


def until(root: dict, path: tuple[int, ...]) -> dict:
    """Return a tree that ends with the node at a place."""
    nodes = root["of"][: path[0] + 1]
    if len(path) > 1:
        nodes = [*nodes[:-1], until(nodes[-1], path[1:])]
    return root | {"of": nodes}


def without(root: dict, path: tuple[int, ...]) -> dict | None:
    """Return a tree without the node at a place, and without the groups that are empty then."""
    nodes = list(root["of"])
    nodes[path[0]] = without(nodes[path[0]], path[1:]) if len(path) > 1 else None
    left = [node for node in nodes if node is not None]
    return root | {"of": left} if left else None
