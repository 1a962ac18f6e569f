"""The sandbox phone's conversations: one for each number, newest first, and what is answered from them."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Min
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns import inbound
from campaigns.models import Campaign, Message, SandboxMessage
from loyalty.customers.models import Customer
from loyalty.customers.search import find
from loyalty.shops.scope import current_shop

MOST = 40
MOST_IN_THREAD = 100


@dataclass(frozen=True)
class Conversation:
    """One number's texts: `handle` opens it, `customer` is who has the number, if anybody."""

    handle: int
    phone: str
    last: SandboxMessage
    customer: Customer | None


@dataclass(frozen=True)
class Thread:
    """One conversation in full, oldest first; `consent` is the person's last word on messages."""

    handle: int
    phone: str
    texts: list[SandboxMessage]
    customer: Customer | None

    @property
    def last(self) -> int:
        return self.texts[-1].pk


def newest() -> SandboxMessage | None:
    return SandboxMessage.objects.order_by("-received_at", "-pk").first()


def handle(phone: str) -> int:
    """Return the key that opens a number's conversation: its first message, so that it stays the same."""
    return SandboxMessage.objects.filter(phone=phone).aggregate(first=Min("pk"))["first"]


def recent(text: str = "") -> list[Conversation]:
    """Return the latest conversations, or those with the people whom `text` finds."""
    some, params = "", [current_shop().pk]
    if text:
        phones = find(Customer.objects.exclude(phone=None), text).values_list("phone", flat=True)[:MOST]
        some, params = "AND phone = ANY(%s)", [*params, list(phones)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT phone, min(id), (array_agg(id ORDER BY received_at DESC, id DESC))[1]
                FROM campaigns_sandboxmessage WHERE shop_id = %s {some}
                GROUP BY phone ORDER BY max(received_at) DESC, 3 DESC LIMIT {MOST}""",
            params,
        )
        rows = cursor.fetchall()
    last = SandboxMessage.objects.in_bulk([row[2] for row in rows])
    people = {one.phone: one for one in Customer.objects.filter(phone__in=[row[0] for row in rows])}
    return [Conversation(first, phone, last[latest], people.get(phone)) for phone, first, latest in rows]


def thread(opened: SandboxMessage) -> Thread:
    """Return the conversation that `opened` belongs to."""
    texts = SandboxMessage.objects.filter(phone=opened.phone).order_by("-received_at", "-pk")[:MOST_IN_THREAD]
    customer = Customer.objects.with_consent().filter(phone=opened.phone).first()
    return Thread(handle(opened.phone), opened.phone, list(texts)[::-1], customer)


def answer(phone: str, text: str) -> inbound.Receipt:
    """Send an answer from a sandbox phone, and hand it over as a real line would."""
    now = timezone.now()
    SandboxMessage.objects.create(
        direction=SandboxMessage.Direction.IN, phone=phone, text=text, received_at=now, arrives_at=now
    )
    return inbound.receive(phone, text, now)


def clear() -> int:
    """Forget every message. Raise ValidationError while one of ours may still be looked up here."""
    open_states = (Message.State.CLAIMED, Message.State.UNKNOWN)
    if (
        Campaign.objects.filter(state=Campaign.State.SENDING).exists()
        or Message.objects.filter(state__in=open_states).exists()
    ):
        raise ValidationError(
            _("A campaign is still asking the sandbox about its messages. Clear it afterwards.")
        )
    return SandboxMessage.objects.all().delete()[0]
