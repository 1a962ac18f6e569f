"""What every carrier of messages can do, and the one kind of answer they all give.

An adapter never raises for anything the other side said or failed to say: it answers for each message. What
could not be matched to one of ours by our own reference is UNKNOWN, because a list that came back in another
order, or one short, would otherwise mark the wrong people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Outbound:
    """A text to be sent under our own reference; number and text stay out of its repr, and so of logs."""

    reference: int
    phone: str = field(repr=False)
    text: str = field(repr=False)
    pages: int = 1


class Outcome(StrEnum):
    """What became of handing one message over."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"  # permanent: sending it again would be refused again
    RETRY_LATER = "retry_later"  # certainly not taken: busy, or never connected
    UNKNOWN = "unknown"  # it may have been taken: no answer, or one that cannot be read


@dataclass(frozen=True, slots=True)
class Result:
    """The answer for one message; `price_amount` is what it costs in the shop's minor units."""

    outcome: Outcome
    gateway_id: str = ""
    price_amount: int | None = None
    reason: str = ""


class Trace(StrEnum):
    """What the gateway's own records say about one of our references."""

    FOUND = "found"
    ABSENT = "absent"  # certainly not taken
    CANNOT_TELL = "cannot_tell"  # no such records, or too old to be kept
    NO_ANSWER = "no_answer"  # ask again later


class Delivery(StrEnum):
    """What became of an accepted message."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a look-up by our reference found."""

    trace: Trace
    gateway_id: str = ""
    price_amount: int | None = None
    delivery: Delivery = Delivery.PENDING
    reason: str = ""


class Gateway(Protocol):
    """A carrier.

    `answers_within` is the longest a call may take, in seconds (leases are longer); `reports_after` is how
    long after acceptance the first delivery report is worth asking for.
    """

    max_batch: int
    answers_within: float
    reports_after: float

    def send(self, batch: Sequence[Outbound]) -> dict[int, Result]:
        """Hand the messages over; return an answer by reference. A missing one counts as UNKNOWN."""
        ...

    def look_up(self, references: Sequence[int]) -> dict[int, Sighting]:
        """Ask what became of messages handed over before. A missing reference counts as NO_ANSWER."""
        ...
