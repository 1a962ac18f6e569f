"""What can be asked of a list as of a past day, and the day itself laid over the present where that takes it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext

from segmentation import overlay, past

from . import own
from .conditions import Condition

# What has no dates, or is asked of the person as they are: the same on any day.
TIMELESS = frozenset(
    {
        "on",
        "id",
        "was",
        "consent",
        "reachable",
        "city",
        "province",
        "neighbourhood",
        "job",
        "tag",
        "gender",
        "twin",
        "acquired",
        "birthday",
    }
)
# What rests on dates alone, and is asked of the past day as of any other; by the first ones whoever meets them was
# a customer by then, whatever else is known of the day.
BOUGHT = frozenset(
    {
        "cohort",
        "first_product",
        "first_category",
        "bought_in",
        "bought_between",
        "bought_at",
        "month_day",
        "product",
        "also_product",
        "discounted_product",
        "category",
        "also_category",
        "discounted_category",
    }
)
# What is missing of a person is so today, but whether they had joined goes by the day.
DATED = BOUGHT | {"joined_min", "joined_max", "missing", "age_min", "age_max"}
# What nobody keeps the past of. All else is known where the scores of the day are laid over those of today.
UNDATED = frozenset(
    {
        "likeness",
        "near",
        "falling",
        "back_min",
        "back_max",
        "with_us_min",
        "with_us_max",
        "expected_orders_min",
        "expected_orders_max",
        "expected_profit_min",
        "expected_profit_max",
    }
)
TASTES = frozenset({"weekday", "favourite_product", "favourite_category"})

Asked = Iterable[tuple[Condition, object]]


def is_known(condition: Condition, value: object, day: datetime.date) -> bool:
    """Say whether anybody knows who met a condition on a past day, as things are laid."""
    name = condition.name
    if condition.then or name in TIMELESS | DATED:
        return True
    if name in UNDATED or not is_laid(day):
        return False
    return own.has_past(value) if name in own.OWN else name not in TASTES or past.laid().has_tastes


def is_laid(day: datetime.date) -> bool:
    """Say whether `day` lies over the present."""
    found = past.laid()
    return found is not None and found.day == day


@contextmanager
def laid_for(asked: Asked, day: datetime.date | None, *, is_sorted: bool) -> Iterator[None]:
    """Lay `day` over the present for the block where the conditions `asked` take that, or a list sorted by score."""
    unknown = {} if day is None else {one.name for one, value in asked if not is_known(one, value, day)}
    wanted = day is not None and (is_sorted or unknown - UNDATED) and overlay.is_whole_on(day)
    with overlay.as_of(day, tastes=bool(unknown & TASTES)) if wanted else nullcontext():
        yield
