"""A launched campaign as its page tells it: how far the sending is, what came of it, what happened when."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Count, Max, Min
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns import audiences, charts, hours, preview, results
from campaigns.audiences import Audience, Waterfall
from campaigns.dispatch import control
from campaigns.forms import people_query
from campaigns.models import AudienceMember, Campaign, GatewayLine, Message
from campaigns.uplift import Interval, Sample
from loyalty.customers.filters import CustomerFilter
from loyalty.customers.models import ConsentEvent, Interaction
from loyalty.shops.scope import current_shop
from loyalty.ui import charts as ui_charts
from loyalty.ui.money import format_amount, unit_label
from loyalty.ui.presentation import current
from loyalty.ui.templatetags.ui import decimal, signed

State = Message.State


@dataclass(frozen=True)
class Run:
    """How far the sending is, by states of the messages."""

    campaign: Campaign
    states: dict[str, int]
    given_up: int
    waits_until: datetime.datetime | None
    line: GatewayLine | None

    def count(self, *states: str) -> int:
        return sum(self.states.get(state, 0) for state in states)

    @property
    def total(self) -> int:
        return sum(self.states.values())

    @property
    def left(self) -> int:
        return self.count(State.QUEUED, State.CLAIMED)

    @property
    def finished(self) -> int:
        return self.total - self.left

    @property
    def sent(self) -> int:
        return self.count(*Message.SENT)

    @property
    def delivered(self) -> int:
        return self.count(State.DELIVERED)

    @property
    def not_delivered(self) -> int:
        return self.count(State.FAILED, State.REJECTED)

    @property
    def skipped(self) -> int:
        return self.count(State.SKIPPED)

    @property
    def uncertain(self) -> int:
        return self.count(State.UNKNOWN)

    @property
    def needs_a_person(self) -> bool:
        return bool(self.uncertain or self.given_up and not self.is_stopped)

    @property
    def is_stopped(self) -> bool:
        return self.campaign.state == Campaign.State.CANCELLED

    @property
    def is_still(self) -> bool:
        """Whether nothing will change by itself any more."""
        return self.campaign.is_over or self.campaign.state == Campaign.State.PAUSED

    @property
    def line_is_closed(self) -> bool:
        return self.line is not None and not self.line.is_open and not self.campaign.is_over

    @property
    def line_rests(self) -> bool:
        resting = self.line is not None and self.line.rests_until and self.line.rests_until > timezone.now()
        return bool(resting) and not self.campaign.is_over


@dataclass(frozen=True)
class Stage:
    """One step of the funnel, with its share of everybody written to."""

    label: str
    count: int
    share: float


@dataclass(frozen=True)
class Row:
    """One line of the table of amounts per person, already written as the reader reads numbers."""

    label: str
    written: str
    left: str
    difference: str
    between: str


@dataclass(frozen=True)
class Funnel:
    """From sent to bought, as counts of people."""

    recipients: int
    sent: int
    delivered: int
    answered: int
    bought: int
    opted_out: int


class Story:
    """What the page of a launched campaign draws, each part reckoned when it is asked for."""

    def __init__(self, campaign: Campaign, today: datetime.date):
        self.campaign, self.today = campaign, today

    @cached_property
    def run(self) -> Run:
        counts = Message.objects.filter(campaign=self.campaign).order_by().values_list("state")
        return Run(
            self.campaign,
            dict(counts.annotate(count=Count("pk"))),
            control.given_up(self.campaign).count(),
            self._night_until(),
            GatewayLine.objects.first(),
        )

    def _night_until(self) -> datetime.datetime | None:
        """Until when what is left waits because it is night; None where it does not."""
        shop, now = current_shop(), timezone.now()
        if self.campaign.state != Campaign.State.SENDING or not self.campaign.respects_quiet_hours:
            return None
        awake = hours.awake_at(now, shop.zone, shop.quiet_from, shop.quiet_until)
        return awake if awake > now else None

    @cached_property
    def has_begun(self) -> bool:
        return self.campaign.has_begun

    @cached_property
    def audience(self) -> Audience:
        """Whom it would be about as its list stands now, for one that has not begun."""
        return Audience.of(self.campaign, current_shop(), timezone.now(), self.campaign.launched_at)

    @cached_property
    def waterfall(self) -> Waterfall:
        if self.has_begun:
            return audiences.frozen_waterfall(self.campaign)
        return self.audience.waterfall()

    @property
    def people_address(self) -> str:
        """Where the names behind each step of the waterfall are."""
        if self.has_begun:
            return reverse("campaigns:campaign_audience", args=[self.campaign.pk])
        return f"{reverse('campaigns:campaign_people')}?{people_query(self.audience)}"

    @cached_property
    def bars(self) -> list[preview.Bar]:
        return preview.bars(self.waterfall)

    @cached_property
    def audience_in_words(self) -> str:
        return CustomerFilter(self.campaign.audience).describe()

    @cached_property
    def example(self) -> Message | None:
        """One of the texts as it was sent."""
        return Message.objects.filter(campaign=self.campaign).order_by("pk").first()

    @cached_property
    def result(self) -> results.Result:
        return results.result_of(self.campaign, self.today)

    @cached_property
    def scale(self) -> charts.Scale | None:
        shares = [arm.share for arm in (self.result.treatment, self.result.holdout) if arm.share]
        return charts.Scale.of(*shares) if shares else None

    @property
    def treatment_band(self) -> charts.Band | None:
        share = self.result.treatment.share
        return self.scale.band(share) if self.scale and share else None

    @property
    def holdout_band(self) -> charts.Band | None:
        share = self.result.holdout.share
        return self.scale.band(share) if self.scale and share else None

    @cached_property
    def buyers(self) -> results.BuyersByDay:
        return results.buyers_by_day(self.result)

    @property
    def has_lines(self) -> bool:
        """Whether there are two days to draw a line between, and anything on it."""
        last = max(self.buyers.treatment[-1], self.buyers.holdout[-1])
        return len(self.buyers.treatment) > 1 and last > 0

    @property
    def days(self) -> ui_charts.Chart:
        return charts.buyers_by_day(self.buyers, bool(self.result.holdout.people))

    @cached_property
    def funnel(self) -> Funnel:
        since = self.campaign.launched_at
        replies = Interaction.objects.filter(
            kind=Interaction.Kind.REPLY, source="sms", details__campaign=self.campaign.pk
        )
        written = AudienceMember.objects.filter(campaign=self.campaign, arm=AudienceMember.Arm.TREATMENT)
        gone = ConsentEvent.objects.filter(
            customer__in=written.values("customer"),
            action=ConsentEvent.Action.OUT,
            source=ConsentEvent.Source.KEYWORD,
            occurred_at__gt=since,
            occurred_at__lte=self.campaign.window_ends_at,
        )
        return Funnel(
            recipients=self.run.total,
            sent=self.run.sent,
            delivered=self.run.delivered,
            answered=replies.values("customer").distinct().count(),
            bought=self.result.treatment.buyers,
            opted_out=gone.values("customer").distinct().count(),
        )

    @property
    def stages(self) -> list[Stage]:
        funnel, whole = self.funnel, self.funnel.recipients or 1
        steps = (
            (_("Sent"), funnel.sent),
            (_("Delivered"), funnel.delivered),
            (_("Answered"), funnel.answered),
            (_("Bought"), funnel.bought),
        )
        return [Stage(label, count, count / whole) for label, count in steps]

    # Figures of the result, whole minor units or points, for the templates' filters

    @property
    def loss_amount(self) -> int:
        return 0 if self.result.effect is None else round(-self.result.effect.value)

    @property
    def effect_per_message(self) -> int | None:
        effect = self.result.effect_per_message
        return None if effect is None else round(effect)

    @property
    def treatment_profit(self) -> int | None:
        return self._profit(self.result.treatment)

    @property
    def holdout_profit(self) -> int | None:
        return self._profit(self.result.holdout)

    def _profit(self, arm: results.Arm) -> int | None:
        known = (self.result.costed_share or 0) >= results.LEAST_COSTED_SHARE or not arm.spend_amount
        return round(arm.profit.mean) if arm.people and known else None

    @property
    def more_per_hundred(self) -> float:
        return 100 * self.result.share.value if self.result.share else 0.0

    @property
    def fewer_per_hundred(self) -> float:
        return -self.more_per_hundred

    @property
    def points(self) -> tuple[str, str, str]:
        """The difference of the shares in points, and between what and what it lies."""
        share = self.result.share
        return tuple(signed(round(100 * one, 1), 1) for one in (share.value, share.low, share.high))

    @cached_property
    def amounts(self) -> list[Row]:
        result, shown = self.result, current()
        unit = unit_label(shown)

        def money(amount: float) -> str:
            # The unit stands beside the name of the row.
            return format_amount(round(amount), shown, compact=True).removesuffix(f" {unit}")

        def count(number: float) -> str:
            return decimal(round(number, 3), 2)

        rows = [
            _row(_("Orders"), result.treatment.orders, result.holdout.orders, result.orders, count),
            _row(
                f"{_('Net spend')} ({unit})",
                result.treatment.spend,
                result.holdout.spend,
                result.spend,
                money,
            ),
        ]
        if self.treatment_profit is not None and self.holdout_profit is not None:
            profit = (result.treatment.profit, result.holdout.profit, result.profit)
            rows.append(_row(f"{_('Profit')} ({unit})", *profit, money))
        return rows

    @cached_property
    def sent_between(self) -> dict[str, datetime.datetime | None]:
        """The moments of the first and the last message that left."""
        return Message.objects.filter(campaign=self.campaign).aggregate(
            first=Min("sent_at"), last=Max("sent_at")
        )


def _row(
    label: str, written: Sample, left: Sample, apart: Interval | None, write: Callable[[float], str]
) -> Row:
    difference, between = "–", "–"
    if apart is not None:
        difference = write(apart.value)
    # Where nobody of an arm did anything else than the others, its spread is not known to be nothing.
    if apart is not None and written.variance and left.variance:
        between = _("%(low)s to %(high)s") % {"low": write(apart.low), "high": write(apart.high)}
    # Of nobody there is no mean: a zero would say that they bought nothing.
    means = [write(arm.mean) if arm.n else "–" for arm in (written, left)]
    return Row(label, *means, difference, between)
