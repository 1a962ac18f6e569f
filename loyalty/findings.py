"""What the overview finds worth doing next: one kind of finding each, with the list of the people it is about."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from loyalty.customers.facts import Statement
from loyalty.customers.filters.conditions import IN_TOUCH, has_birthday, is_late
from loyalty.customers.models import Customer
from loyalty.ingest.models import ImportRun
from loyalty.shops.models import Shop
from loyalty.tiers.models import Tier
from segmentation import statements

A_WEEK = datetime.timedelta(weeks=1)
BIRTHDAY_DAYS = 7

# Those of `is_late` who have a tier, without their names: to go through the customers would take three times as long.
_LATE = """
SELECT tier_id, count(*), bigint_sum(monetary_amount) AS amount FROM tiers_tiermembership AS membership
JOIN segmentation_customerscore AS score ON score.customer_id = membership.customer_id
WHERE membership.shop_id = %(shop_id)s AND score.shop_id = %(shop_id)s AND is_current
  AND stage = ANY(%(stages)s) AND expected_on < %(today)s
GROUP BY tier_id ORDER BY amount DESC, tier_id LIMIT 1"""


@dataclass(frozen=True)
class Finding:
    """Something worth doing: `kind` names its words, `query` the list of people; the rest fills them."""

    kind: str
    count: int
    query: str = ""
    amount: int | None = None
    name: str = ""
    pk: int | None = None


def waiting_imports(now: datetime.datetime) -> Iterator[Finding]:
    """Yield the newest import of a week, where it waits for somebody or left rows behind."""
    run = ImportRun.objects.filter(created_at__gte=now - A_WEEK, is_dry_run=False).first()
    if run is None:
        return
    if run.state in (ImportRun.State.UPLOADED, ImportRun.State.FAILED):
        yield Finding(f"import_{run.state}", 1, name=run.name, pk=run.pk)
    elif run.rejected:
        yield Finding("import_rejected", run.rejected, name=run.name, pk=run.pk)


def late(shop: Shop, today: datetime.date) -> Iterator[Finding]:
    """Yield the people past their usual day, of the tier where most is at stake; all where nobody has a tier."""
    params = {"shop_id": shop.pk, "stages": [*IN_TOUCH], "today": today}
    if top := statements.rows(Statement(_LATE, params)):
        pk, count, amount = top[0]
        name = Tier.objects.values_list("name", flat=True).get(pk=pk)
        yield Finding("late_tier", count, f"tier={pk}&late=1", amount, name)
    else:
        yield Finding("late", Customer.objects.filter(is_late(True, today)).count(), "late=1")


def birthdays(today: datetime.date) -> Iterator[Finding]:
    due = Customer.objects.filter(has_birthday(BIRTHDAY_DAYS, today))
    yield Finding("birthday", due.count(), f"birthday={BIRTHDAY_DAYS}")
