"""Writes to a list of customers without a browser: launches one campaign and sends what is due of it."""

from __future__ import annotations

import datetime
import time
from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db.models import Count, Sum
from django.utils import timezone

from campaigns import dispatch, placeholders, preflight
from campaigns.audiences import HOLDOUT, Audience, frozen_waterfall
from campaigns.dispatch.control import placeholder_sentence
from campaigns.models import Campaign, Message
from loyalty.customers.filters import CustomerFilter
from loyalty.shops.commands import ShopCommand, read_past_day
from loyalty.shops.models import Shop
from loyalty.shops.scope import scope

# While another worker sends for this shop, we only watch.
LOOK_SECONDS = 0.2


class Command(ShopCommand):
    help = "Launch one campaign and send what is due of it, for scripts."
    opens_scope = False
    option_of = {"holdout_share": "--holdout", "result_window_days": "--window"}

    def add_arguments(self, parser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--audience",
            required=True,
            metavar="QUERY",
            help="the query string of a list of customers, such as segment=at_risk; “all” for everybody",
        )
        parser.add_argument("--text", required=True, help="the message; may hold {name}, {tier} and the like")
        parser.add_argument("--name", default="", help="what the campaign is called")
        parser.add_argument("--kind", choices=Campaign.Kind.values, default=Campaign.Kind.OTHER)
        parser.add_argument("--holdout", default="0.1", metavar="SHARE", help="left alone, 0 to 0.5")
        parser.add_argument("--window", type=int, default=30, metavar="DAYS", help="days of the result")
        parser.add_argument(
            "--as-of", metavar="DAY", help="launch as if at noon of a past day; today if not given"
        )
        parser.add_argument("--ignore-quiet-hours", action="store_true", help="send at night as well")
        parser.add_argument("--dry-run", action="store_true", help="only count and reckon")

    def work(self, shop: Shop, *, dry_run: bool, as_of: str | None, **options) -> tuple[str, dict]:
        day = read_past_day(as_of, shop) if as_of else shop.today()
        at = None if day == shop.today() else datetime.datetime.combine(day, datetime.time(12), shop.zone)
        with scope(shop):
            campaign = self.draft(shop, at, **options)
            if dry_run:
                return self.reckon(shop, campaign, at or timezone.now())
            campaign.save()
            campaign = dispatch.launch(campaign, None, campaign.version, at=at)
        started = time.monotonic()
        self.send(shop, campaign)
        if at is not None:
            with scope(shop):
                campaign.messages.filter(state__in=Message.SENT).update(sent_at=at, reported_at=at)
                Campaign.objects.filter(pk=campaign.pk, finished_at__isnull=False).update(finished_at=at)
        return self.report(shop, campaign, time.monotonic() - started)

    def draft(
        self,
        shop: Shop,
        at: datetime.datetime | None,
        *,
        audience: str,
        text: str,
        name: str,
        kind: str,
        holdout: str,
        window: int,
        ignore_quiet_hours: bool,
        **_options,
    ) -> Campaign:
        """Return the checked campaign, not saved; raise CommandError or ValidationError with a sentence."""
        people = CustomerFilter("" if audience == "all" else audience)
        if people.refusals:
            raise ValidationError(people.refusals)
        if audience != "all" and people.is_everyone:
            raise CommandError(f"“{audience}” names no condition; write --audience all to mean everybody.")
        try:
            placeholders.check(text)
            share = Decimal(holdout)
        except placeholders.PlaceholderError as error:
            raise CommandError(placeholder_sentence(error)) from error
        except InvalidOperation as error:
            raise CommandError(f"“{holdout}” is not a share; write one such as 0.1.") from error
        campaign = Campaign(
            name=name or text[:40],
            kind=kind,
            text=text,
            audience=people.query,
            holdout_share=share,
            result_window_days=window,
            respects_quiet_hours=not ignore_quiet_hours and at is None,
        )
        campaign.full_clean()
        return campaign

    def reckon(self, shop: Shop, campaign: Campaign, at: datetime.datetime) -> tuple[str, dict]:
        audience = Audience.of(campaign, shop, at)
        waterfall = audience.waterfall()
        texts = preflight.weigh_texts(campaign.text, audience, waterfall.receiving)
        result = {
            "shop": shop.slug,
            "audience": campaign.audience,
            "in_list": waterfall.total,
            **waterfall.steps,
            "pages": round(texts.pages, 2),
            "cost_amount": texts.cost_amount,
        }
        return f"{waterfall.receiving} of {waterfall.total} people would receive it; nothing is sent.", result

    def send(self, shop: Shop, campaign: Campaign) -> None:
        """Send until nothing of the shop is due any more, or wait for the worker that is already sending."""
        while True:
            done = dispatch.drain(shop)
            if done is None:
                time.sleep(LOOK_SECONDS)
            if done is not None and done.is_empty:
                return
            with scope(shop):
                if Campaign.objects.get(pk=campaign.pk).is_over:
                    return

    def report(self, shop: Shop, campaign: Campaign, seconds: float) -> tuple[str, dict]:
        with scope(shop):
            waterfall = frozen_waterfall(campaign)
            messages = Message.objects.filter(campaign=campaign).order_by()
            states = dict(messages.values_list("state").annotate(count=Count("pk")))
            cost = messages.aggregate(cost=Sum("price_amount"))["cost"] or 0
            state = Campaign.objects.get(pk=campaign.pk).state
        sent = sum(states.get(one, 0) for one in Message.SENT)
        waiting = states.get(Message.State.QUEUED, 0) + states.get(Message.State.CLAIMED, 0)
        result = {
            "shop": shop.slug,
            "campaign": campaign.pk,
            "state": state,
            "in_list": waterfall.total,
            **waterfall.steps,
            "messages": states,
            "sent": sent,
            "waiting": waiting,
            "cost_amount": int(cost),
            "seconds": round(seconds, 3),
        }
        waits = f", {waiting} wait for the worker (quiet hours, or the line rests)" if waiting else ""
        return (
            f"“{campaign.name}”: {sent} of {waterfall.receiving} messages sent in {seconds:.1f} s,"
            f" {waterfall.steps[HOLDOUT]} people left alone{waits}.",
            result,
        )
