"""What the shop has, for a person to choose from: words in use, goods, branches, campaigns."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from campaigns.models import Campaign
from loyalty.shops.scope import current_shop, current_shop_id
from loyalty.tiers.models import Tier
from loyalty.ui.dates import format_day
from loyalty.ui.presentation import current
from loyalty.ui.templatetags.ui import num
from loyalty.ui.text import ascii_digits, sort_key
from segmentation import likeness_runs
from segmentation.models import LikenessRun, OwnSegment

from ...models import Product, ProductCategory

# So many choices are offered; whoever means another one types it.
MOST_CHOICES = 300
# Words that no index lists are looked for among so many rows.
MOST_ROWS = 20_000

# Hops along the index of cities from one to the next: DISTINCT would read everybody.
CITIES = """
WITH RECURSIVE known AS (
    (SELECT city AS word FROM customers_customer WHERE shop_id = %(shop)s AND city > '' ORDER BY city LIMIT 1)
    UNION ALL
    SELECT (SELECT city FROM customers_customer WHERE shop_id = %(shop)s AND city > known.word
            ORDER BY city LIMIT 1)
    FROM known WHERE known.word IS NOT NULL)
SELECT word FROM known WHERE word IS NOT NULL LIMIT %(most)s"""
TAGS = """
SELECT DISTINCT unnest(tags) AS word FROM (
    SELECT tags FROM customers_customer WHERE shop_id = %(shop)s AND tags <> '{}' LIMIT %(rows)s) AS part
ORDER BY word LIMIT %(most)s"""
ATTRIBUTES = """
SELECT DISTINCT jsonb_object_keys(attributes) AS word FROM (
    SELECT attributes FROM customers_customer
    WHERE shop_id = %(shop)s AND jsonb_typeof(attributes) = 'object' AND attributes <> '{}' LIMIT %(rows)s) AS part
ORDER BY word LIMIT %(most)s"""
_PERSON = """
SELECT DISTINCT {column} AS word FROM (
    SELECT {column} FROM customers_customer WHERE shop_id = %(shop)s AND {column} > '' LIMIT %(rows)s) AS part
ORDER BY word LIMIT %(most)s"""
_ORDER = """
SELECT DISTINCT {column} AS word FROM (
    SELECT {column} FROM customers_order WHERE shop_id = %(shop)s AND {column} > ''
    ORDER BY placed_on DESC LIMIT %(rows)s) AS part
ORDER BY word LIMIT %(most)s"""
STATEMENTS = {
    "city": CITIES,
    "tags": TAGS,
    "attributes": ATTRIBUTES,
    **{
        column: _PERSON.format(column=column)
        for column in ("province", "neighbourhood", "job", "education", "income_band", "acquired_by")
    },
    **{column: _ORDER.format(column=column) for column in ("branch", "channel")},
}


def words_in(column: str) -> Callable[[], list[str]]:
    """Return a function that returns the words in use in a column, in Persian order."""
    statement = STATEMENTS[column]

    def known() -> list[str]:
        with connection.cursor() as cursor:
            params = {"shop": current_shop_id(), "most": MOST_CHOICES, "rows": MOST_ROWS}
            cursor.execute(statement, params)
            return sorted((word for (word,) in cursor.fetchall()), key=sort_key)

    return known


def tiers() -> list[tuple[int, str]]:
    found = Tier.objects.filter(programme__is_active=True).order_by("rank", "pk")
    return [(tier.pk, tier.name) for tier in found]


def likenesses() -> list[tuple[int, str]]:
    """Return the groups by likeness that are still kept, the newest first."""
    shown = current()
    return [
        (
            likeness_runs.key_of(run.pk, group["number"]),
            _("group %(number)s by likeness of %(day)s")
            % {"number": num(group["number"]), "day": format_day(run.as_of, shown)},
        )
        for run in LikenessRun.objects.exclude(finished_at=None)
        for group in run.groups
    ]


def categories() -> list[tuple[int, str]]:
    return list(ProductCategory.objects.values_list("pk", "name")[:MOST_CHOICES])


def find_categories(name: str) -> list[int]:
    return _keys(ProductCategory.objects.filter(name=name))


def name_categories(keys: list[int]) -> dict[int, str]:
    return dict(ProductCategory.objects.filter(pk__in=keys).values_list("pk", "name"))


def products() -> list[tuple[int, str]]:
    """Return the first products; a person who means another types its name or code."""
    return [(one.pk, _with_code(one)) for one in Product.objects.order_by("name", "pk")[:MOST_CHOICES]]


def find_products(text: str) -> list[int]:
    """Return the product with a code, and only where there is none those with a name, or with both as offered."""
    name, _space, code = text.removesuffix(")").rpartition(" (")
    wanted = ({"sku": text}, {"sku": ascii_digits(text)}, {"name": text}, {"name": name, "sku": code})
    return next(filter(None, (_keys(Product.objects.filter(**one)) for one in wanted)), [])


def name_products(keys: list[int]) -> dict[int, str]:
    return {product.pk: str(product) for product in Product.objects.filter(pk__in=keys)}


def label_products(keys: list[int]) -> dict[int, str]:
    return {product.pk: _with_code(product) for product in Product.objects.filter(pk__in=keys)}


def _with_code(product: Product) -> str:
    """Return the name with the code: two products may have one name."""
    return f"{product.name} ({product.sku})" if product.name else product.sku


def campaigns() -> list[tuple[int, str]]:
    """Return the last campaigns, each with its day: they are often called alike."""
    launched = Campaign.objects.exclude(launched_at=None).order_by("-launched_at", "-pk")
    return [(one.pk, _with_day(one)) for one in launched[:MOST_CHOICES]]


def find_campaigns(name: str) -> list[int]:
    return _keys(Campaign.objects.exclude(launched_at=None).filter(name=name))


def name_campaigns(keys: list[int]) -> dict[int, str]:
    return dict(Campaign.objects.filter(pk__in=keys).values_list("pk", "name"))


def label_campaigns(keys: list[int]) -> dict[int, str]:
    return {one.pk: _with_day(one) for one in Campaign.objects.filter(pk__in=keys)}


def _with_day(campaign: Campaign) -> str:
    if campaign.launched_at is None:
        return campaign.name
    return f"{campaign.name} ({format_day(current_shop().day_of(campaign.launched_at), current())})"


def own_segments() -> list[tuple[int, str]]:
    return list(OwnSegment.objects.kept().values_list("pk", "name")[:MOST_CHOICES])


def find_own_segments(name: str) -> list[int]:
    return _keys(OwnSegment.objects.kept().filter(name=name))


def name_own_segments(keys: list[int]) -> dict[int, str]:
    return dict(OwnSegment.objects.kept().filter(pk__in=keys).values_list("pk", "name"))


def _keys(rows: QuerySet) -> list[int]:
    """Return the keys of what was found; two are enough to know that a name is not enough."""
    return list(rows.order_by("pk").values_list("pk", flat=True)[:2])
