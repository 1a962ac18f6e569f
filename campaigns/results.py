"""What came of a campaign: orders, spend and profit of those written to and those left alone, as of a day.

Everyone counts in the arm they were frozen in, whether or not their text arrived, and with what they did in
the same window: after the launch, up to its end or the end of `as_of`. Nobody joins later and nobody leaves.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, Q, Sum

from campaigns import uplift
from campaigns.models import Campaign, Message
from campaigns.uplift import Before, Interval, Sample, Verdict
from loyalty.shops.models import Shop
from loyalty.shops.scope import current_shop

# With a known cost for less than half of what was bought, profit would be more guess than fact.
LEAST_COSTED_SHARE = 0.5
# With fewer of the messages gone than this it is said that an effect looks smaller than it was.
LEAST_SENT_SHARE = 0.9
# A return may come long after the window; for this long a verdict is looked at again each night.
RENEWED_DAYS = 60

NOBODY = Sample(0, 0.0, 0.0)


@dataclass(frozen=True)
class Arm:
    """One arm: its people, how many of them bought, and their amounts per person in minor units."""

    people: int = 0
    buyers: int = 0
    orders: Sample = NOBODY
    spend: Sample = NOBODY
    profit: Sample = NOBODY
    # Net spend in the window, and the part of it whose cost is known.
    spend_amount: int = 0
    costed_amount: int = 0
    # Spend in the year before the launch, beside spend and beside profit.
    before_spend: Before = Before()
    before_profit: Before = Before()

    @property
    def share(self) -> Interval | None:
        """The share that bought, with its interval."""
        return uplift.wilson(self.buyers, self.people) if self.people else None


@dataclass(frozen=True)
class Result:
    """A campaign as of a day. Differences are treatment − hold-out per person, those of money as if both arms
    had spent alike in the year before; None for too small an arm.
    """

    campaign: Campaign
    as_of: datetime.date
    ends_on: datetime.date
    is_over: bool
    treatment: Arm
    holdout: Arm
    messages: int
    sent: int
    cost_amount: int
    orders: Interval | None
    spend: Interval | None
    profit: Interval | None
    verdict: Verdict

    @property
    def days_left(self) -> int:
        return max((self.ends_on - self.as_of).days, 0)

    @property
    def share(self) -> Interval | None:
        """By how much more of those written to bought."""
        if self.treatment.share is None or self.holdout.share is None:
            return None
        return uplift.share_difference(self.treatment.share, self.holdout.share)

    @property
    def extra_buyers(self) -> int | None:
        return None if self.share is None else round(self.share.value * self.treatment.people)

    @property
    def cost_per_person(self) -> float:
        return self.cost_amount / self.treatment.people if self.treatment.people else 0.0

    @property
    def effect(self) -> Interval | None:
        """What the whole campaign brought: the difference in profit less the texts, for all written to."""
        if self.profit is None:
            return None
        return self.profit.minus(self.cost_per_person).times(self.treatment.people)

    @property
    def is_allowed_for(self) -> bool:
        """Whether anybody spent anything in the year before, so that the differences allow for it."""
        return bool(self.treatment.before_spend.variance or self.holdout.before_spend.variance)

    @property
    def effect_per_message(self) -> float | None:
        """The same for each message that left; one that never did brought nothing and cost nothing."""
        return None if self.effect is None or not self.sent else self.effect.value / self.sent

    @property
    def is_partial(self) -> bool:
        """Whether so many messages never left that an effect looks smaller than it was."""
        return 0 < self.sent < LEAST_SENT_SHARE * self.messages

    @property
    def costed_share(self) -> float | None:
        """The share of spend whose cost is known; None where nothing was bought."""
        spent = self.treatment.spend_amount + self.holdout.spend_amount
        costed = self.treatment.costed_amount + self.holdout.costed_amount
        return costed / spent if spent > 0 else None

    @property
    def margin_to_break_even(self) -> float | None:
        """The margin above which the extra spend would pay for the texts; None where there is none extra."""
        if self.spend is None or self.spend.value <= 0:
            return None
        return self.cost_per_person / self.spend.value


def result_of(campaign: Campaign, as_of: datetime.date) -> Result:
    """Return the result of a launched campaign as of `as_of`, in two statements."""
    shop = current_shop()
    ends_on = shop.day_of(campaign.window_ends_at)
    arms = _arms(campaign, shop, as_of)
    treatment, holdout = arms.get("treatment", Arm()), arms.get("holdout", Arm())
    texts = Message.objects.filter(campaign=campaign)
    # What is uncertain may have been read.
    left = Q(sent_at__isnull=False) | Q(state=Message.State.UNKNOWN)
    texts = texts.aggregate(all=Count("pk"), sent=Count("pk", filter=left), cost=Sum("price_amount"))
    cost = int(texts["cost"] or 0)
    spend = uplift.allowing_for(treatment.spend, holdout.spend, treatment.before_spend, holdout.before_spend)
    profit = uplift.allowing_for(
        treatment.profit, holdout.profit, treatment.before_profit, holdout.before_profit
    )
    profit = uplift.difference(*profit)
    result = Result(
        campaign=campaign,
        as_of=as_of,
        ends_on=ends_on,
        # The day of the end is still going on while it is "today".
        is_over=as_of > ends_on,
        treatment=treatment,
        holdout=holdout,
        messages=texts["all"],
        sent=texts["sent"],
        cost_amount=cost,
        orders=uplift.difference(treatment.orders, holdout.orders),
        spend=uplift.difference(*spend),
        profit=profit,
        verdict=uplift.judge(
            profit,
            people=(treatment.people, holdout.people),
            buyers=treatment.buyers + holdout.buyers,
            cost_per_person=cost / treatment.people if treatment.people else 0.0,
        ),
    )
    return _withheld(result)


def _withheld(result: Result) -> Result:
    """Take back a verdict that would come too early, or that rests on costs nobody knows, or on no message."""
    reason = ""
    if result.costed_share is not None and result.costed_share < LEAST_COSTED_SHARE:
        reason = "cost_unknown"
    if not result.is_over:
        reason = "window_open"
    if result.verdict.reason == "no_holdout":
        reason = ""
    if not result.sent:
        reason = "not_sent"
    if not reason:
        return result
    return Result(**{**vars(result), "verdict": Verdict(uplift.CANNOT_TELL, reason)})


def _until(campaign: Campaign, shop: Shop, as_of: datetime.date) -> datetime.datetime:
    """Return up to when orders count: the end of the window, or of `as_of` where that is earlier."""
    midnight = datetime.datetime.combine(as_of + datetime.timedelta(days=1), datetime.time.min, shop.zone)
    return min(campaign.window_ends_at, midnight)


# What is given back belongs to the order it takes back, however late: an order of before the launch is not the
# campaign's doing, and one of its window may come back after it. Costs that are not known are put in at the
# shop's own margin, once enough of them are known to have one.
PEOPLE = """
WITH margin AS (
    SELECT coalesce(sum(net_amount - cost_amount)::float8 / nullif(sum(net_amount), 0), 0) AS share
    FROM customers_order
    WHERE shop_id = %(shop)s AND is_paid AND cost_amount IS NOT NULL
          AND placed_on > %(launched_on)s::date - 365 AND placed_on <= %(until_on)s
), person AS (
    SELECT member.arm, member.customer_id, bought.first_on, bought.orders,
           bought.spend - returned.spend AS spend, bought.costed - returned.costed AS costed,
           bought.profit - returned.profit
               + (SELECT share FROM margin)
                   * (bought.spend - bought.costed - returned.spend + returned.costed)
               - CASE WHEN member.arm = 'treatment' THEN %(offer)s * bought.orders ELSE 0 END AS profit
    FROM campaigns_audiencemember AS member
    CROSS JOIN LATERAL (
        SELECT count(*) AS orders, min(placed_on) AS first_on,
               coalesce(sum(net_amount), 0)::float8 AS spend,
               coalesce(sum(net_amount) FILTER (WHERE cost_amount IS NOT NULL), 0)::float8 AS costed,
               coalesce(sum(net_amount - cost_amount), 0)::float8 AS profit
        FROM customers_order
        WHERE shop_id = %(shop)s AND customer_id = member.customer_id AND is_paid
              AND placed_at > %(since)s AND placed_at <= %(until)s
    ) AS bought
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(amount), 0)::float8 AS spend,
               coalesce(sum(amount) FILTER (WHERE cost IS NOT NULL), 0)::float8 AS costed,
               coalesce(sum(amount - cost), 0)::float8 AS profit
        FROM (
            SELECT refund.amount, coalesce(refund.cost_amount,
                       refund.amount * sale.cost_amount::float8 / nullif(sale.net_amount, 0)) AS cost
            FROM customers_refund AS refund
            LEFT JOIN customers_order AS sale ON sale.shop_id = refund.shop_id AND sale.id = refund.order_id
            WHERE refund.shop_id = %(shop)s AND refund.customer_id = member.customer_id
                  AND refund.refunded_on <= %(as_of)s
                  AND (sale.placed_at > %(since)s AND sale.placed_at <= %(until)s
                       OR refund.order_id IS NULL AND refund.refunded_at > %(since)s
                          AND refund.refunded_at <= %(until)s)
        ) AS given_back
    ) AS returned
    WHERE member.shop_id = %(shop)s AND member.campaign_id = %(campaign)s AND member.arm <> 'excluded'
)"""


def _params(campaign: Campaign, shop: Shop, as_of: datetime.date) -> dict:
    until = _until(campaign, shop, as_of)
    return {
        "shop": shop.pk,
        "campaign": campaign.pk,
        "since": campaign.launched_at,
        "launched_on": shop.day_of(campaign.launched_at),
        "until": until,
        "until_on": shop.day_of(until),
        "as_of": as_of,
        "offer": campaign.offer_cost_amount or 0,
    }


def _arms(campaign: Campaign, shop: Shop, as_of: datetime.date) -> dict[str, Arm]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""{PEOPLE}
            SELECT arm, count(*), count(*) FILTER (WHERE orders > 0),
                   avg(orders)::float8, coalesce(var_samp(orders), 0)::float8,
                   avg(person.spend), coalesce(var_samp(person.spend), 0), avg(profit), coalesce(var_samp(profit), 0),
                   sum(person.spend)::bigint, sum(costed)::bigint, avg(past.spend), coalesce(var_samp(past.spend), 0),
                   coalesce(covar_samp(person.spend, past.spend), 0),
                   coalesce(covar_samp(profit, past.spend), 0)
            FROM person CROSS JOIN LATERAL (
                SELECT coalesce(sum(net_amount), 0)::float8 AS spend FROM customers_order
                WHERE shop_id = %(shop)s AND customer_id = person.customer_id AND is_paid
                      AND placed_at > %(since)s - interval '1 year' AND placed_at <= %(since)s
            ) AS past GROUP BY arm""",
            _params(campaign, shop, as_of),
        )
        rows = cursor.fetchall()
    return {
        arm: Arm(
            people,
            buyers,
            Sample(people, *amounts[0:2]),
            Sample(people, *amounts[2:4]),
            Sample(people, *amounts[4:6]),
            *amounts[6:8],
            Before(*amounts[8:10], amounts[10]),
            Before(*amounts[8:10], amounts[11]),
        )
        for arm, people, buyers, *amounts in rows
    }


@dataclass(frozen=True)
class BuyersByDay:
    """The share that had bought by each day since the launch, from day 0 on."""

    treatment: list[float]
    holdout: list[float]


def buyers_by_day(result: Result) -> BuyersByDay:
    """Return the growing share of buyers of both arms, one value a day up to the result's day."""
    campaign, shop = result.campaign, current_shop()
    launched_on = shop.day_of(campaign.launched_at)
    days = max((min(result.as_of, result.ends_on) - launched_on).days, 0)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""{PEOPLE}
            SELECT arm, first_on - %(launched_on)s::date, count(*) FROM person
            WHERE first_on IS NOT NULL GROUP BY 1, 2""",
            _params(campaign, shop, result.as_of),
        )
        first_orders = {(arm, day): count for arm, day, count in cursor.fetchall()}
    shares = {}
    for arm, people in (("treatment", result.treatment.people), ("holdout", result.holdout.people)):
        total, shares[arm] = 0, []
        for day in range(days + 1):
            total += first_orders.get((arm, day), 0)
            shares[arm].append(total / people if people else 0.0)
    return BuyersByDay(shares["treatment"], shares["holdout"])


def renew_verdicts(as_of: datetime.date) -> int:
    """Write down the verdict of every campaign whose window is over and still moves; return how many.

    The list of campaigns shows what is written down; a campaign's own page always reckons anew.
    """
    launched = Campaign.objects.exclude(launched_at=None).exclude(state=Campaign.State.DRAFT)
    oldest = as_of - datetime.timedelta(days=RENEWED_DAYS)
    renewed = 0
    for campaign in launched:
        ends_on = current_shop().day_of(campaign.window_ends_at)
        if ends_on >= as_of or (campaign.verdict and ends_on < oldest):
            continue
        result = result_of(campaign, as_of)
        effect = None if result.effect is None else round(result.effect.value)
        Campaign.objects.filter(pk=campaign.pk).update(verdict=result.verdict.word, effect_amount=effect)
        renewed += 1
    return renewed
