"""Invents a shop's past: people with rhythms of their own, who come, buy in season, return things and stay away.

The process is the one the statistics of this field assume (purchases at a personal rate until a person drops
out: Fader, Hardie, Lee, Marketing Science 24(2), 2005), with what real shops add to it: regulars whose gaps
hardly vary, taste, seasons, discounts, returns, goods whose cost nobody wrote down. No Django, no clock: the
same seed and last day give the same past.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

import numpy as np
from persiantools.jdatetime import JalaliDate

SPAN_DAYS = 913  # thirty months
OPENING_HOURS = np.array([8, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 21])
HOUR_WEIGHTS = np.array([6, 9, 9, 8, 7, 5, 7, 10, 12, 12, 9, 6]) / 100

# (share of people, gamma shape of the gaps, mean gap in days from … to …, chance to stay away after a purchase)
REGULAR, OCCASIONAL, SEASONAL, PASSING = "regular", "occasional", "seasonal", "passing"
KINDS = {
    REGULAR: (0.22, 5.0, (7, 26), 0.02),
    OCCASIONAL: (0.46, 1.4, (20, 70), 0.05),
    SEASONAL: (0.12, 3.0, (85, 140), 0.08),
    PASSING: (0.20, 1.0, (40, 90), 0.62),
}

# So many have dealings beyond buying, of which one kind or another, as they like the shop or do not.
TAKING_PART = 0.2
LIKED = {"visit": 0.3, "reply": 0.2, "survey": 0.2, "review": 0.18, "referral": 0.12}
DISLIKED = {"complaint": 0.5, "review": 0.25, "survey": 0.25}


@dataclass
class Person:
    """One invented customer; `number` begins at 1 and is the external id."""

    number: int
    name: str
    gender: str
    kind: str
    joined_on: datetime.date
    birth_on: datetime.date | None
    place: tuple[str, str]
    neighbourhood: str
    job: str
    tags: list[str]
    acquired_by: str
    consent: str | None
    discount_taste: float
    spend: float
    taste: np.ndarray


@dataclass
class Line:
    sku: str
    quantity: int
    unit: int
    discount: int
    net: int
    cost: int | None


@dataclass
class Sale:
    """One order of a person (None: a guest). Amounts are minor units."""

    person: int | None
    placed_on: datetime.date
    minute: int
    branch: str
    channel: str
    status: str
    lines: list[Line]
    refund_on: datetime.date | None = None
    refund_amount: int = 0

    @property
    def gross(self) -> int:
        return sum(line.unit * line.quantity for line in self.lines)

    @property
    def discount(self) -> int:
        return sum(line.discount for line in self.lines)

    @property
    def net(self) -> int:
        return sum(line.net for line in self.lines)

    @property
    def cost(self) -> int | None:
        """Return the cost of all lines, or None as soon as one of them is unknown."""
        costs = [line.cost for line in self.lines]
        return None if None in costs else sum(costs)


@dataclass
class Dealing:
    """Something a person did beyond buying; `details` as customers.Interaction keeps them."""

    person: int
    kind: str
    happened_on: datetime.date
    minute: int
    details: dict


@dataclass
class Past:
    people: list[Person] = field(default_factory=list)
    sales: list[Sale] = field(default_factory=list)
    dealings: list[Dealing] = field(default_factory=list)


class Invention:
    """One shop's process, drawn from a fixture (see fixtures/demo_fa.json) with a fixed seed."""

    def __init__(self, fixture: dict, last_day: datetime.date, seed: int = 1405):
        self.fixture, self.last_day = fixture, last_day
        self.first_day = last_day - datetime.timedelta(days=SPAN_DAYS)
        self.rng = np.random.default_rng([seed, len(fixture["slug"]), last_day.toordinal()])
        # Apart, so that what people say changes nothing about what they buy.
        self.talk = np.random.default_rng([seed, len(fixture["slug"]), last_day.toordinal(), 1])
        self.categories = fixture["categories"]
        self.category_weights = np.array([c["weight"] for c in self.categories], dtype=float)

    def past(self) -> Past:
        """Return everybody and everything they bought, up to and including the last day."""
        past = Past()
        for number in range(1, self.fixture["customers"] + 1):
            person = self.person(number)
            past.people.append(person)
            bought = self.sales_of(person)
            past.sales += bought
            past.dealings += self.dealings_of(person, bought)
        past.sales += self.guests(len(past.sales) // 25)
        past.sales.sort(key=lambda sale: (sale.placed_on, sale.minute, sale.person or 0))
        return past

    def person(self, number: int) -> Person:
        rng, fixture = self.rng, self.fixture
        women, men, surnames = fixture["female"], fixture["male"], fixture["surnames"]
        # Every pair of names is used once before any is used again.
        round_, first = divmod(number, len(women) + len(men))
        surname = surnames[(round_ + number) % len(surnames)]
        given = [*women, *men][first]
        kind = rng.choice(list(KINDS), p=[KINDS[k][0] for k in KINDS])
        # A fifth was there when the books begin; later ones come in a growing stream.
        age = SPAN_DAYS if number % 5 == 0 else int(SPAN_DAYS * rng.random() ** 1.25)
        cities = fixture["cities"]
        city = cities[rng.choice(len(cities), p=np.array([c[2] for c in cities]) / sum(c[2] for c in cities))]
        birth = datetime.date(int(rng.integers(1950, 2007)), 1, 1) + datetime.timedelta(
            days=int(rng.integers(0, 365))
        )
        return Person(
            number=number,
            name=f"{given} {surname}",
            gender="female" if first < len(women) else "male",
            kind=str(kind),
            joined_on=self.last_day - datetime.timedelta(days=max(age, 3)),
            birth_on=birth if rng.random() < 0.6 else None,
            place=(city[0], city[1]),
            neighbourhood=str(rng.choice(fixture["neighbourhoods"])) if city is cities[0] else "",
            job=str(rng.choice(fixture["jobs"])) if rng.random() < 0.4 else "",
            tags=[str(rng.choice(fixture["tags"]))] if rng.random() < 0.18 else [],
            acquired_by=str(rng.choice(fixture["acquired_by"])),
            consent="in" if rng.random() < 0.86 else ("out" if rng.random() < 0.4 else None),
            discount_taste=float(rng.beta(1.2, 3.2)),
            spend=float(rng.lognormal(0, 0.45)) * (1.25 if kind == REGULAR else 1.0),
            taste=rng.dirichlet(self.category_weights / self.category_weights.sum() * 6 + 0.02),
        )

    def sales_of(self, person: Person) -> list[Sale]:
        rng = self.rng
        _, shape, (low, high), leaves = KINDS[person.kind]
        mean_gap = float(rng.uniform(low, high))
        stays_away = float(np.clip(rng.beta(2, 2 / leaves), 0.004, 0.95))
        day, sales = person.joined_on, []
        while day <= self.last_day:
            sales.append(self.sale(person, self.usual_day(person, day)))
            if rng.random() < stays_away:
                # A few come back by themselves after a long while.
                if rng.random() > 0.12:
                    break
                day += datetime.timedelta(days=int(mean_gap * rng.uniform(4, 8)))
            day += datetime.timedelta(days=max(1, round(rng.gamma(shape, mean_gap / shape))))
        return sales

    def usual_day(self, person: Person, day: datetime.date) -> datetime.date:
        """Return the busy weekday nearest to `day` for every third person, who have made it a habit."""
        if person.number % 3:
            return day
        wanted = self.fixture["busy_weekdays"]
        weekday = wanted[person.number // 3 % len(wanted)]
        # Three days back to three days on.
        moved = day + datetime.timedelta(days=(weekday - day.isoweekday() + 3) % 7 - 3)
        return moved if person.joined_on <= moved <= self.last_day else day

    def sale(self, person: Person | None, day: datetime.date, discount_share: float | None = None) -> Sale:
        """Return one order on `day`; `discount_share` forces a discount on all of it."""
        rng, fixture = self.rng, self.fixture
        month = (JalaliDate(day).month if fixture["calendar"] == "jalali" else day.month) - 1
        season = np.array([category["season"][month] for category in self.categories])
        taste = (person.taste if person else self.category_weights) * season
        chosen = rng.choice(len(self.categories), size=1 + int(rng.poisson(0.75)), p=taste / taste.sum())
        price_rise = 1 + 0.28 * (day - self.first_day).days / SPAN_DAYS if fixture["currency"] == "IRR" else 1
        lines = [self.line(self.categories[i], person, price_rise, discount_share) for i in chosen]
        sale = Sale(
            person=person.number if person else None,
            placed_on=day,
            minute=int(
                rng.choice(OPENING_HOURS, p=HOUR_WEIGHTS / HOUR_WEIGHTS.sum()) * 60 + rng.integers(0, 60)
            ),
            branch=fixture["branches"][0 if rng.random() < 0.68 else 1],
            channel=fixture["channels"][0 if rng.random() < 0.82 else 1],
            status="completed",
            lines=lines,
        )
        luck = rng.random()
        if luck < 0.008:
            sale.status = "cancelled"
        elif luck < 0.03:
            back = day + datetime.timedelta(days=int(rng.integers(1, 9)))
            if back <= self.last_day:
                whole = luck < 0.016
                sale.status = "refunded" if whole else "completed"
                sale.refund_on, sale.refund_amount = back, sale.net if whole else lines[0].net
        return sale

    def line(
        self, category: dict, person: Person | None, price_rise: float, discount_share: float | None
    ) -> Line:
        rng = self.rng
        sku, _, price = category["products"][int(rng.integers(len(category["products"])))]
        step = self.fixture["amount_step"]
        unit_scale = (
            10 if self.fixture["currency"] == "IRR" else 1
        )  # prices of the fixture are in toman and pence
        quantity = 1 + int(rng.random() < 0.16 * (person.spend if person else 1))
        unit = max(step, round(price * price_rise * unit_scale / step) * step)
        likes = person.discount_taste * 2 if person else 1.0
        share = discount_share
        if share is None:
            share = (
                float(rng.choice([0.1, 0.15, 0.2, 0.3]))
                if rng.random() < category["discount"] * likes
                else 0.0
            )
        gross = unit * quantity
        discount = int(gross * share) // step * step
        cost = None
        if not category.get("cost_unknown"):
            cost = int(gross * (1 - category["margin"]) * rng.uniform(0.95, 1.05)) // step * step
        return Line(sku=sku, quantity=quantity, unit=unit, discount=discount, net=gross - discount, cost=cost)

    def dealings_of(self, person: Person, bought: list[Sale]) -> list[Dealing]:
        """Return what a person did beyond buying, on or soon after days they bought: for most, nothing.

        How much they like the shop decides whether they bring friends and praise it, or complain.
        """
        rng = self.talk
        likes = rng.beta(4, 1.6) if person.kind != REGULAR else rng.beta(6, 1.2)
        if rng.random() >= TAKING_PART:
            return []
        made = []
        for _number in range(1 + int(rng.poisson(2.5))):
            sale = bought[int(rng.integers(len(bought)))]
            day = sale.placed_on + datetime.timedelta(days=int(rng.integers(0, 8)))
            is_glad = rng.random() < likes
            kinds = LIKED if is_glad else DISLIKED
            kind = str(rng.choice(list(kinds), p=list(kinds.values())))
            words = self.fixture["praise" if is_glad else "complaints"]
            details = (
                {"text": words[int(rng.integers(len(words)))]} if kind in ("review", "complaint") else {}
            )
            if kind == "review":
                details["rating"] = int(rng.integers(4, 6) if is_glad else rng.integers(1, 4))
            if day <= self.last_day:
                made.append(Dealing(person.number, kind, day, sale.minute, details))
        return made

    def guests(self, count: int) -> list[Sale]:
        days = self.rng.integers(0, SPAN_DAYS + 1, size=count)
        return [self.sale(None, self.first_day + datetime.timedelta(days=int(day))) for day in days]
