"""Whom a campaign is about: everyone in its list, each at the one step that decides what happens to them.

    in the list → no consent → no valid number → enough messages lately → left alone → will receive

One statement judges everybody; the screen counts and lists from it, and the beginning of the campaign freezes
it. If more would receive it by then than a person confirmed, those drawn last stay out.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from campaigns import arms
from campaigns.models import AudienceMember, Campaign, Message
from campaigns.parameters import Parameters
from loyalty.customers.filters import CustomerFilter
from loyalty.customers.models import ConsentEvent, Customer
from loyalty.shops.models import Shop

TREATMENT, HOLDOUT = arms.TREATMENT, arms.HOLDOUT
NO_CONSENT = AudienceMember.Reason.NO_CONSENT
INVALID_PHONE = AudienceMember.Reason.INVALID_PHONE
FREQUENCY_CAP = AudienceMember.Reason.FREQUENCY_CAP
OVER_CONFIRMED = AudienceMember.Reason.OVER_CONFIRMED
# In the order in which people leave; each person leaves at the first that applies.
STEPS: tuple[str, ...] = (NO_CONSENT, INVALID_PHONE, FREQUENCY_CAP, HOLDOUT, OVER_CONFIRMED, TREATMENT)

# Which numbers a text reaches; elsewhere any number that was accepted as a mobile.
MOBILES = {"IR": r"^\+989[0-9]{9}$"}
ANY_MOBILE = r"^\+[1-9][0-9]{6,14}$"
A_MONTH, A_DAY = datetime.timedelta(days=30), datetime.timedelta(hours=24)


@dataclass(frozen=True)
class Waterfall:
    """How many are in the list and how many leave at each step; `steps` adds up to `total`."""

    total: int
    steps: dict[str, int]

    @property
    def receiving(self) -> int:
        return self.steps[TREATMENT]

    @property
    def left_alone(self) -> int:
        return self.steps[HOLDOUT]


@dataclass(frozen=True)
class Audience:
    """A list as it is judged at the moment `at`; `key` and `share` draw the hold-out.

    `begins_at` is a later moment the messages are planned for: the cap is that of then, while the list is read
    as it stands at `at`, for nobody knows who will have bought.
    """

    shop: Shop
    query: str
    key: UUID | str
    share: Decimal
    at: datetime.datetime
    begins_at: datetime.datetime | None = None

    @classmethod
    def of(
        cls, campaign: Campaign, shop: Shop, at: datetime.datetime, begins_at: datetime.datetime | None = None
    ) -> Audience:
        return cls(shop, campaign.audience, campaign.key, campaign.holdout_share, at, begins_at)

    @cached_property
    def filter(self) -> CustomerFilter:
        return CustomerFilter(self.query, today=self.shop.day_of(self.at))

    def waterfall(self) -> Waterfall:
        """Count every step in one pass over the list."""
        sql, params = self.judged()
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT step, count(*) FROM ({sql}) AS judged GROUP BY step", params)
            counts = dict(cursor.fetchall())
        return Waterfall(sum(counts.values()), {step: counts.get(step, 0) for step in STEPS})

    def people(self, step: str = "") -> QuerySet[Customer]:
        """Return the people who leave at `step` (everybody without one), to be listed by name."""
        sql, params = self.judged()
        where = "" if not step else " WHERE step = %s"
        return Customer.objects.filter(
            pk__in=RawSQL(f"SELECT id FROM ({sql}) AS judged{where}", (*params, *([step] if step else [])))
        )

    def step_of(self, customer: Customer) -> str:
        """Return the step at which one person leaves, or "" for somebody outside the list."""
        sql, params = self.judged()
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT step FROM ({sql}) AS judged WHERE id = %s", (*params, customer.pk))
            found = cursor.fetchone()
        return found[0] if found else ""

    def refuse_unreadable(self) -> None:
        """Raise ValidationError where a condition of the list cannot be read: leaving it out would write to
        more people than were meant.
        """
        if self.filter.refusals:
            raise ValidationError(self.filter.refusals)

    def freeze_into(self, campaign: Campaign, most: int | None = None) -> dict[str, int]:
        """Write everyone of the list into the campaign's audience, at most `most` of them to be written to;
        return counts by step. Raise ValidationError for a list that cannot be read.
        """
        self.refuse_unreadable()
        sql, params = self.judged()
        with connection.cursor() as cursor:
            cursor.execute(
                f"""WITH frozen AS (
                        INSERT INTO campaigns_audiencemember (shop_id, campaign_id, customer_id, arm, reason)
                        SELECT %s, %s, id,
                               CASE WHEN step IN ('treatment', 'holdout') THEN step ELSE 'excluded' END,
                               CASE WHEN step IN ('treatment', 'holdout') THEN '' ELSE step END
                        FROM ({sql}) AS judged RETURNING arm, reason)
                    SELECT coalesce(nullif(reason, ''), arm), count(*) FROM frozen GROUP BY 1""",
                (self.shop.pk, campaign.pk, *params),
            )
            counts = dict(cursor.fetchall())
            if most is not None and counts.get(TREATMENT, 0) > most:
                self._leave_out(cursor, campaign, most)
                counts |= {TREATMENT: most, OVER_CONFIRMED: counts[TREATMENT] - most}
        return {step: counts.get(step, 0) for step in STEPS}

    def _leave_out(self, cursor, campaign: Campaign, most: int) -> None:
        # By the draw, so that who stays in says nothing about them and both arms stay comparable.
        draw = arms.DRAW_SQL.format(shop="%(shop)s::text", key="%(key)s")
        cursor.execute(
            f"""UPDATE campaigns_audiencemember SET arm = 'excluded', reason = %(reason)s
                WHERE shop_id = %(shop)s AND campaign_id = %(campaign)s AND customer_id IN (
                    SELECT c.id FROM (
                        SELECT customer_id AS id FROM campaigns_audiencemember
                        WHERE shop_id = %(shop)s AND campaign_id = %(campaign)s AND arm = 'treatment') AS c
                    ORDER BY {draw}, c.id OFFSET %(most)s)""",
            {
                "shop": self.shop.pk,
                "campaign": campaign.pk,
                "key": str(self.key),
                "most": most,
                "reason": OVER_CONFIRMED,
            },
        )

    def judged(self) -> tuple[str, tuple]:
        """Return the SELECT of (id, step) over the list, and its parameters in order."""
        p, at = Parameters(), max(self.at, self.begins_at or self.at)
        people, people_params = self.filter.qs.in_sql("pk", "phone", "consent")
        sql = f"""
SELECT c.id, CASE
    WHEN c.consent IS DISTINCT FROM {p(ConsentEvent.Action.IN)} THEN {p(NO_CONSENT)}
    WHEN c.phone IS NULL OR c.phone !~ {p(MOBILES.get(self.shop.phone_region, ANY_MOBILE))}
        THEN {p(INVALID_PHONE)}
    WHEN recent.in_a_month >= {p(self.shop.max_messages_per_30_days)} OR recent.in_a_day > 0
        THEN {p(FREQUENCY_CAP)}
    WHEN {arms.DRAW_SQL.format(shop=p(str(self.shop.pk)), key=p(str(self.key)))}
        < {p(arms.threshold(self.share))} THEN {p(HOLDOUT)}
    ELSE {p(TREATMENT)} END AS step
FROM ({p.embed(people, people_params)}) AS c (id, phone, consent)
CROSS JOIN LATERAL (
    SELECT count(*) AS in_a_month, count(*) FILTER (WHERE written_at > {p(at - A_DAY)}) AS in_a_day
    FROM (
        SELECT coalesce(sent_at, due_at, created_at) AS written_at FROM campaigns_message
        WHERE shop_id = {p(self.shop.pk)} AND customer_id = c.id
              AND state = ANY({p([str(state) for state in Message.COUNTED])})
    -- What is still waiting counts as well, unless it waits for another day altogether.
    ) AS written WHERE written_at > {p(at - A_MONTH)} AND written_at < {p(at + A_DAY)}
) AS recent"""
        return sql, tuple(p)


def frozen_people(campaign: Campaign, step: str = "") -> QuerySet[Customer]:
    """Return the people of a campaign that has begun who left at `step` (everybody without one)."""
    places = AudienceMember.objects.filter(campaign=campaign)
    if step in (TREATMENT, HOLDOUT):
        places = places.filter(arm=step)
    elif step:
        places = places.filter(reason=step)
    return Customer.objects.filter(pk__in=places.values("customer"))


def frozen_waterfall(campaign: Campaign) -> Waterfall:
    """Count the frozen audience of a launched campaign."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT coalesce(nullif(reason, ''), arm), count(*) FROM campaigns_audiencemember
               WHERE shop_id = %s AND campaign_id = %s GROUP BY 1""",
            (campaign.shop_id, campaign.pk),
        )
        counts = dict(cursor.fetchall())
    return Waterfall(sum(counts.values()), {step: counts.get(step, 0) for step in STEPS})


def step_in_words(step: str) -> str:
    """Return why people are at `step`, as a line of the waterfall."""
    return {
        NO_CONSENT: _("Have not agreed to messages"),
        INVALID_PHONE: _("No valid mobile number"),
        FREQUENCY_CAP: _("Written to often enough lately"),
        HOLDOUT: _("Left alone to compare"),
        OVER_CONFIRMED: _("More than were confirmed"),
        TREATMENT: _("Will receive"),
    }.get(step, _("In this list"))
