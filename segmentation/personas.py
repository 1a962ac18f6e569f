"""What a group is like as one person: its figures against the shop's, its favourites and reachability."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, QuerySet

from loyalty.shops.scope import current_shop_id

from . import past
from .models import CustomerScore, CustomerTaste

# A card of fewer would be a portrait of somebody.
FEWEST_PEOPLE = 20
MOST_FAVOURITES = 5
# From such a difference to the shop on, something is said to move these people.
BY_SHARE, BY_RATIO = 0.08, 1.25


@dataclass(frozen=True)
class Figures:
    """The sums and middles of some customers; None where nothing is known."""

    customers: int
    buyers: int
    amount: int
    amount_each: float | None
    orders_each: float | None
    order_days_each: float | None
    basket_amount: float | None
    gap_days: float | None
    gap_spread: float | None
    recency_days: float | None
    full_price_share: float | None
    discount_share: float | None
    engagements_each: float | None


@dataclass(frozen=True)
class Favourite:
    """What is bought most by some of the people; `share` is of those with a known taste, 100 is the shop's."""

    key: int
    name: str
    customers: int
    share: float
    index: float | None


@dataclass(frozen=True)
class Reach:
    """Those with a phone, and what they said: the other three add up to them."""

    with_phone: int
    reachable: int
    declined: int
    never_asked: int


_FIGURES = """
SELECT count(*), count(last_order_on), coalesce(sum(monetary_amount), 0)::bigint,
       avg(monetary_amount) FILTER (WHERE last_order_on IS NOT NULL)::float,
       avg(frequency) FILTER (WHERE last_order_on IS NOT NULL)::float,
       avg(order_days) FILTER (WHERE last_order_on IS NOT NULL)::float,
       sum(monetary_amount)::float / nullif(sum(frequency), 0),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY expected_gap_days),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY gap_spread),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY (%s::date - last_order_on)::float),
       avg(full_price_share), sum(discount_amount)::float / nullif(sum(gross_amount), 0), avg(engagements)::float
FROM segmentation_customerscore WHERE shop_id = %s {inside}"""


def figures(as_of: datetime.date, people: QuerySet | None = None) -> Figures:
    """Return the figures of `people`, everybody where None, in the scored window."""
    sql, params = people.in_sql() if people is not None else ("", ())
    inside = f"AND customer_id IN ({sql})" if sql else ""
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES.format(inside=inside), [as_of, current_shop_id(), *params])
        customers, buyers, amount, *each = cursor.fetchone()
    step = past.one_in()
    return Figures(customers * step, buyers * step, amount * step, *each)


def favourites(column: str, people: QuerySet) -> list[Favourite]:
    """Return what is the favourite `column` ("product" or "category") of most of `people`."""
    known = CustomerTaste.objects.filter(**{f"{column}__isnull": False})
    inside = known.filter(customer__in=people.order_by().values("pk"))
    counted = inside.order_by().values_list(f"{column}_id", f"{column}__name").annotate(count=Count("pk"))
    rows = list(counted.order_by("-count", f"{column}_id")[:MOST_FAVOURITES])
    if not rows:
        return []
    total, of_all = inside.count(), known.count()
    everybody = dict(
        known.filter(**{f"{column}__in": [row[0] for row in rows]})
        .order_by()
        .values_list(f"{column}_id")
        .annotate(count=Count("pk"))
    )
    return [
        Favourite(
            key,
            name,
            count * past.one_in(),
            count / total,
            100 * (count / total) / (everybody[key] / of_all),
        )
        for key, name, count in rows
    ]


def stages(people: QuerySet) -> dict[str, int]:
    """Return how many of `people` are in each stage, most first."""
    found = CustomerScore.objects.filter(customer__in=people.order_by().values("pk"))
    counted = found.order_by().values_list("stage").annotate(count=Count("pk"))
    return dict(counted.order_by("-count", "stage"))


def weekdays(kind: str, week: Sequence[int]) -> dict[str, list[int]]:
    """Return {group of `kind`: people by their usual day of `week`}, for the pictures of all groups."""
    counted = (
        CustomerTaste.objects.filter(weekday__isnull=False)
        .order_by()
        .values_list(f"customer__score__{kind}", "weekday")
        .annotate(count=Count("pk"))
    )
    found: dict[str, list[int]] = {}
    for group, weekday, count in counted:
        found.setdefault(group or "", [0] * len(week))[week.index(weekday)] += count
    return found


def motives(group: Figures, shop: Figures) -> list[str]:
    """Return the names of what moves a group more than the shop's customers on average, [] where nothing does."""

    def above(name: str, ratio: float = BY_RATIO) -> bool:
        one, other = getattr(group, name), getattr(shop, name)
        return one is not None and bool(other) and one >= ratio * other

    found = []
    if None not in (group.full_price_share, shop.full_price_share):
        if group.full_price_share >= shop.full_price_share + BY_SHARE:
            found.append("full_price")
        if group.full_price_share <= shop.full_price_share - BY_SHARE:
            found.append("price")
    if above("discount_share") and "price" not in found and "full_price" not in found:
        found.append("price")
    # A small spread is a steady rhythm.
    if group.gap_spread is not None and shop.gap_spread and group.gap_spread * BY_RATIO <= shop.gap_spread:
        found.append("habit")
    if above("basket_amount"):
        found.append("large_basket")
    if above("order_days_each"):
        found.append("often")
    if above("engagements_each"):
        found.append("takes_part")
    return found


def tone(stage_counts: dict[str, int], moved_by: Sequence[str]) -> str:
    """Return the name of the tone that suits a group: welcome, gentle, price, thanks or friendly."""
    people = sum(stage_counts.values()) or 1

    def share(*stages: str) -> float:
        return sum(stage_counts.get(stage, 0) for stage in stages) / people

    if share("new", "prospect") >= 0.5:
        return "welcome"
    if share("at_risk", "inactive", "lost") >= 0.5:
        return "gentle"
    if "price" in moved_by:
        return "price"
    if "full_price" in moved_by or "often" in moved_by:
        return "thanks"
    return "friendly"


@dataclass(frozen=True)
class Petal:
    turn: float
    reach: float
    middle: float


@dataclass(frozen=True)
class Picture:
    """A flower drawn from a group's own figures: a petal a weekday, the core its share of the people, and the
    ring around it its share of the money (`ring` and `gap` are lengths along the circle).
    """

    petals: tuple[Petal, ...]
    core: float
    ring: float
    gap: float


RING_RADIUS = 92


def picture(days: Sequence[float], share: float, amount_share: float | None) -> Picture:
    """Return the picture in a box of 200 × 200 around its middle; without days all petals are alike."""
    total = sum(days)
    parts = [day / total for day in days] if total else [1 / 7] * 7
    most = max(parts)
    petals = tuple(
        Petal(round(at * 360 / 7, 1), round(20 + 22 * part / most, 1), round(-32 - 22 * part / most, 1))
        for at, part in enumerate(parts)
    )
    around = 2 * math.pi * RING_RADIUS
    ring = around * min(max(amount_share or 0, 0), 1)
    return Picture(
        petals, round(10 + 22 * math.sqrt(min(share, 1)), 1), round(ring, 1), round(around - ring, 1)
    )
