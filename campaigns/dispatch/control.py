"""Starting and stopping a campaign: what a person presses, once or fifty times."""

from __future__ import annotations

import datetime
from typing import Literal

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns import personal, placeholders
from campaigns.audiences import HOLDOUT, TREATMENT, Audience
from campaigns.models import AudienceMember, Campaign, GatewayLine, Message
from loyalty.customers.models import ConsentEvent
from loyalty.shops import audit
from loyalty.shops.models import Shop, User
from loyalty.shops.rls import refresh_statistics
from loyalty.shops.scope import current_shop

# Launches of one shop wait for each other ("CAMP"): two at once would both find a person below the cap.
LOCK = 0x43414D50
CHUNK = 5_000
# From so many new rows on the planner is told of them: otherwise it takes the queue for one row.
MANY = 200

State = Campaign.State
Decision = Literal["ask", "resend", "close", "retry"]


def launch(
    campaign: Campaign,
    by: User | None,
    token: int,
    *,
    expected: int | None = None,
    at: datetime.datetime | None = None,
) -> Campaign:
    """Begin the campaign, or plan it for its own later moment, and return it.

    `token` is the version that was read before pressing: another one means the text has changed since, and
    nothing is sent. `expected` is the number of recipients that was confirmed: where more would receive it,
    nothing is sent either. Pressing again returns the same run. `at` is the moment the launch counts from
    (now, or the campaign's own schedule, where None). Raise ValidationError with a sentence.
    """
    shop, now = current_shop(), timezone.now()
    with transaction.atomic():
        campaign = _locked(campaign)
        if campaign.version != token:
            raise ValidationError(
                _("This campaign was changed since you looked at it. Read it again, then send.")
            )
        if not campaign.is_draft:
            return campaign
        start = at or max(now, campaign.scheduled_at or now)
        campaign.state = State.SCHEDULED if start > now else State.SENDING
        campaign.launched_at, campaign.launched_by = start, by
        campaign.page_price_amount = shop.sms_page_price_amount
        campaign.save()
        counts = freeze(campaign, shop, start) if start <= now else foresee(campaign, shop, now)
        if expected is not None and counts[TREATMENT] > expected:
            raise ValidationError(
                _("More people would receive it than you confirmed. Look at the new number, then send.")
            )
        campaign.confirmed_recipients = counts[TREATMENT] if expected is None else expected
        campaign.save(update_fields=["confirmed_recipients"])
        audit.record(
            "campaigns.launched",
            campaign.name,
            campaign=campaign.pk,
            recipients=counts[TREATMENT],
            left_alone=counts[HOLDOUT],
        )
    return campaign


def foresee(campaign: Campaign, shop: Shop, now: datetime.datetime) -> dict[str, int]:
    """Return the counts by step of a campaign that begins later, as its list stands now; raise as `freeze`."""
    _is_personal(campaign)
    audience = Audience.of(campaign, shop, now, campaign.launched_at)
    audience.refuse_unreadable()
    return _somebody(audience.waterfall().steps)


def freeze(campaign: Campaign, shop: Shop, at: datetime.datetime) -> dict[str, int]:
    """Write down whom the campaign is about and what each is sent, as of `at`; return the counts by step.

    Raise ValidationError for an unreadable text or list, or an empty one.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, shop.pk])
    GatewayLine.objects.get_or_create()
    is_personal = _is_personal(campaign)
    counts = _somebody(Audience.of(campaign, shop, at).freeze_into(campaign, campaign.confirmed_recipients))
    if is_personal:
        _queue_personal(campaign, shop, at)
    else:
        _queue_alike(campaign, shop)
    if counts[TREATMENT] >= MANY:
        refresh_statistics(AudienceMember, Message, ConsentEvent)
    return counts


def begin(campaign: Campaign, shop: Shop) -> None:
    """Begin a scheduled campaign whose time has come; where it cannot, it has failed and says why."""
    with transaction.atomic():
        campaign, now = _locked(campaign), timezone.now()
        if campaign.state != State.SCHEDULED:
            return
        campaign.state, campaign.launched_at = State.SENDING, now
        try:
            with transaction.atomic():
                freeze(campaign, shop, now)
        except ValidationError as error:
            campaign.state, campaign.finished_at = State.FAILED, now
            campaign.state_reason = "nobody" if getattr(error, "code", "") == "nobody" else "unreadable"
        campaign.save()


def _is_personal(campaign: Campaign) -> bool:
    try:
        return personal.is_personal(campaign.text)
    except placeholders.PlaceholderError as error:
        raise ValidationError(placeholder_sentence(error)) from error


def _somebody(counts: dict[str, int]) -> dict[str, int]:
    if not counts[TREATMENT]:
        raise ValidationError(
            _("Nobody would receive this message, so there is nothing to send."), code="nobody"
        )
    return counts


# 63 random bits of a version-4 uuid, leaving out the digits that are the same in all of them.
_REFERENCE = """('x' || left(digits, 12) || right(digits, 4))::bit(64)::bigint & 9223372036854775807"""
_QUEUE = f"""
INSERT INTO campaigns_message (shop_id, campaign_id, customer_id, phone, text, pages, reference, state,
    state_reason, attempts, due_at, gateway_id, created_at)
SELECT %(shop)s, %(campaign)s, c.id, c.phone, {{text}}, {{pages}}, {_REFERENCE}, 'queued', '', 0, %(due)s, '',
       statement_timestamp()
FROM {{people}}
CROSS JOIN LATERAL (
    SELECT replace(gen_random_uuid()::text, '-', '') AS digits WHERE c.id IS NOT NULL) AS random"""


def _queue_alike(campaign: Campaign, shop: Shop) -> None:
    """Queue the same text for everybody, in one statement."""
    rendered = personal.render(campaign.text, {}, shop)
    people = """campaigns_audiencemember AS m
        JOIN customers_customer AS c ON c.shop_id = m.shop_id AND c.id = m.customer_id
             AND m.shop_id = %(shop)s AND m.campaign_id = %(campaign)s AND m.arm = 'treatment'"""
    with connection.cursor() as cursor:
        cursor.execute(
            _QUEUE.format(text="%(text)s", pages="%(pages)s", people=people),
            {
                "shop": shop.pk,
                "campaign": campaign.pk,
                "due": campaign.launched_at,
                "text": rendered.text,
                "pages": rendered.length.pages,
            },
        )


def _queue_personal(campaign: Campaign, shop: Shop, at: datetime.datetime) -> None:
    """Queue each person's own text, some thousands at a time."""
    day, last = shop.day_of(at), 0
    places = AudienceMember.objects.filter(campaign=campaign, arm=TREATMENT).order_by("customer_id")
    people = """customers_customer AS c
        JOIN unnest(%(ids)s::bigint[], %(texts)s::text[], %(pages)s::int[]) AS own (id, text, pages)
             ON c.id = own.id AND c.shop_id = %(shop)s"""
    statement = _QUEUE.format(text="own.text", pages="own.pages", people=people)
    while True:
        ids = list(places.filter(customer_id__gt=last).values_list("customer_id", flat=True)[:CHUNK])
        if not ids:
            return
        values = personal.values_of(ids, campaign.text, shop, day)
        rendered = [personal.render(campaign.text, values[one], shop) for one in ids]
        with connection.cursor() as cursor:
            cursor.execute(
                statement,
                {
                    "shop": shop.pk,
                    "campaign": campaign.pk,
                    "due": campaign.launched_at,
                    "ids": ids,
                    "texts": [one.text for one in rendered],
                    "pages": [one.length.pages for one in rendered],
                },
            )
        last = ids[-1]


def pause(campaign: Campaign, by: User | None) -> Campaign:
    """Stop sending until it is resumed; at most the batches already claimed still leave."""
    return _move(campaign, (State.SENDING, State.SCHEDULED), State.PAUSED, "campaigns.paused")


def resume(campaign: Campaign, by: User | None) -> Campaign:
    """Go on sending what is left; what has not begun begins at its time, or now where that has passed."""
    with transaction.atomic():
        has_begun = campaign.has_begun
        target = State.SENDING if has_begun else State.SCHEDULED
        campaign = _move(campaign, (State.PAUSED,), target, "campaigns.resumed")
        if not has_begun and campaign.launched_at < timezone.now():
            campaign.launched_at = timezone.now()
            campaign.save(update_fields=["launched_at"])
    return campaign


def cancel(campaign: Campaign, by: User | None) -> Campaign:
    """Stop for good: what has not left yet is never sent."""
    with transaction.atomic():
        states = (State.SENDING, State.SCHEDULED, State.PAUSED)
        campaign = _move(campaign, states, State.CANCELLED, "campaigns.cancelled")
        skip_cancelled()
    return campaign


def _move(campaign: Campaign, origins: tuple[str, ...], target: str, action: str) -> Campaign:
    with transaction.atomic():
        campaign = _locked(campaign)
        if campaign.state == target:
            return campaign
        if campaign.state not in origins:
            raise ValidationError(
                _("This campaign is “%(state)s”; that cannot be done any more.")
                % {"state": campaign.get_state_display()}
            )
        campaign.state, campaign.state_reason = target, ""
        if target in Campaign.OVER:
            campaign.finished_at = timezone.now()
        campaign.save(update_fields=["state", "state_reason", "finished_at", "updated_at"])
        audit.record(action, campaign.name, campaign=campaign.pk)
    return campaign


def skip_cancelled() -> int:
    """Take what still waits of cancelled campaigns out of the queue; a late answer may have put it back."""
    cancelled = Campaign.objects.filter(state=State.CANCELLED)
    waiting = Message.objects.filter(campaign__in=cancelled.values("pk"), state=Message.State.QUEUED)
    return waiting.update(state=Message.State.SKIPPED, state_reason="cancelled", due_at=None)


def decide(campaign: Campaign, decision: Decision, by: User | None) -> int:
    """Carry out what a person decided about the messages of a campaign that need one; return how many.

    Of the uncertain ones: ask (look them up at the gateway once more), resend (send them again, though some
    may arrive twice) or close (count them as not delivered). Of those the gateway never took: retry. Raise
    ValidationError for sending anything of a campaign that was stopped.
    """
    with transaction.atomic():
        campaign = _locked(campaign)
        if campaign.state == State.CANCELLED and decision in ("resend", "retry"):
            raise ValidationError(_("This campaign was stopped; nothing of it is sent any more."))
        uncertain = Message.objects.filter(campaign=campaign, state=Message.State.UNKNOWN)
        now = timezone.now()
        if decision == "ask":
            # A claim whose lease is over is looked up by itself.
            count = uncertain.update(state=Message.State.CLAIMED, lease_until=now, state_reason="asked_again")
        elif decision in ("resend", "retry"):
            again = uncertain if decision == "resend" else given_up(campaign)
            count = again.update(state=Message.State.QUEUED, due_at=now, state_reason="sent_again")
        else:
            count = uncertain.update(state=Message.State.FAILED, reported_at=now, state_reason="written_off")
        if count and decision != "close" and campaign.state in (State.DONE, State.FAILED):
            campaign.state, campaign.finished_at = State.SENDING, None
            campaign.save(update_fields=["state", "finished_at", "updated_at"])
        audit.record(f"campaigns.uncertain_{decision}", campaign.name, campaign=campaign.pk, messages=count)
    return count


def given_up(campaign: Campaign) -> QuerySet[Message]:
    """Return the messages that the gateway surely never took."""
    return Message.objects.filter(campaign=campaign, state=Message.State.REJECTED, state_reason="gave_up")


def _locked(campaign: Campaign) -> Campaign:
    return Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)


def placeholder_sentence(error: placeholders.PlaceholderError) -> str:
    """Return what is wrong with a text, as a whole sentence for its writer."""
    return {
        "unknown": _("“{%(word)s}” cannot be filled in. Choose a word from the buttons below the text."),
        "brace": _("There is a single “%(word)s” in the text. Braces are for words that are filled in."),
        "too_many": _("There are %(word)s words to fill in; ten is the most."),
        "too_long": _("The text has %(word)s characters; gateways take 900 at most."),
    }[error.code] % {"word": error.word}
