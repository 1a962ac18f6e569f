"""How people get in: by invitation only. And what they do to their account, for the audit list."""

from __future__ import annotations

from allauth.account import signals as account
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa import signals as second_step
from allauth.mfa.models import Authenticator
from django.dispatch import receiver

from . import audit
from .models import StaffMember, User
from .scope import scope, signed_in


class InvitedOnlyAdapter(DefaultAccountAdapter):
    """Closes self-registration: an account is made by accepting an owner's invitation, or by create_shop."""

    def is_open_for_signup(self, request) -> bool:
        return False


def record(action: str, user: User) -> None:
    """Add a row to the audit list of every shop that the person works in: the account opens all of them."""
    with signed_in(user.pk):
        members = list(StaffMember.objects.filter(user=user, is_active=True).select_related("shop"))
    # Who is just signing in is not yet the visitor of the request.
    token = audit.actor.set(user)
    try:
        for member in members:
            with scope(member.shop):
                audit.record(action, user.name)
    finally:
        audit.actor.reset(token)


@receiver(account.user_logged_in)
def note_sign_in(user: User, **_) -> None:
    record("shops.signed_in", user)


@receiver(account.password_changed)
def note_changed_password(user: User, **_) -> None:
    record("shops.password_changed", user)


@receiver(account.password_reset)
def note_reset_password(user: User, **_) -> None:
    record("shops.password_reset", user)


# Recovery codes come and go with the second step; only a new set of them is something of its own.
@receiver(second_step.authenticator_added)
def note_second_step(user: User, authenticator: Authenticator, **_) -> None:
    if authenticator.type == Authenticator.Type.TOTP:
        record("shops.second_step_on", user)


@receiver(second_step.authenticator_removed)
def note_no_second_step(user: User, authenticator: Authenticator, **_) -> None:
    if authenticator.type == Authenticator.Type.TOTP:
        record("shops.second_step_off", user)


@receiver(second_step.authenticator_reset)
def note_recovery_codes(user: User, **_) -> None:
    record("shops.recovery_codes_made", user)
