"""The audit list: everything staff do that matters leaves a row."""

from __future__ import annotations

from contextvars import ContextVar

from . import prepared
from .models import AuditEntry, User

# Set by the middleware for the length of a request; a command or task acts as nobody.
actor: ContextVar[User | None] = ContextVar("actor", default=None)


def record(action: str, target: str = "", **details) -> AuditEntry:
    """Add a row to the shop's audit list, e.g. `record("tiers.applied", "Gold", moved_up=41)`.

    `details` must be JSON-able and hold no full phone number.
    """
    entry = AuditEntry(actor=actor.get(), action=action, target=target[:200], details=details)
    prepared.insert(entry)
    return entry
