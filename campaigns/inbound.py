"""What people answer: words that stop messages, words that allow them again, and what is to be read.

Every carrier hands answers over here, the sandbox phone like a real line.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from enum import StrEnum

from campaigns.models import Message
from loyalty.customers.models import ConsentEvent, Customer, Interaction
from loyalty.customers.services import give_consent, record_interaction, withdraw_consent
from loyalty.ui.text import ascii_digits, fold

# The Iranian numbers («لغو۱۱», 12 to come back) and the words that US carriers ask to be understood.
STOP = frozenset(
    {"11", "لغو11", "لغو", "stop", "stopall", "unsubscribe", "end", "quit", "cancel", "optout", "revoke"}
)
START = frozenset({"12", "start", "unstop"})
MAX_TEXT = 900


class Meaning(StrEnum):
    """What an answer means."""

    STOP = "stop"
    START = "start"
    REPLY = "reply"


@dataclass(frozen=True)
class Receipt:
    """What was made of an answer; `customer` is None for a number nobody has."""

    meaning: Meaning
    customer: Customer | None
    message: Message | None


def meaning_of(text: str) -> Meaning:
    """Return what an answer means; a keyword counts only where it is the whole answer."""
    word = "".join(char for char in fold(ascii_digits(text)) if char.isalnum())
    if word in STOP:
        return Meaning.STOP
    return Meaning.START if word in START else Meaning.REPLY


def receive(phone: str, text: str, received_at: datetime.datetime) -> Receipt:
    """Write down an answer from `phone` (E.164); the shop's scope is open.

    Stop and start change the person's consent with their own words as evidence. Anything else is an
    Interaction, tied to the last message they were sent.
    """
    text = text.strip()[:MAX_TEXT]
    meaning = meaning_of(text)
    customer = Customer.objects.filter(phone=phone).first()
    message = Message.objects.filter(phone=phone, state__in=Message.SENT).order_by("-sent_at", "-pk").first()
    if customer is None:
        return Receipt(meaning, None, message)
    if meaning is Meaning.REPLY:
        about = {"campaign": message.campaign_id} if message else {}
        record_interaction(
            customer,
            kind=Interaction.Kind.REPLY,
            occurred_at=received_at,
            source="sms",
            text=text,
            **about,
        )
    else:
        say = withdraw_consent if meaning is Meaning.STOP else give_consent
        say(customer, source=ConsentEvent.Source.KEYWORD, evidence=text, occurred_at=received_at)
    return Receipt(meaning, customer, message)
