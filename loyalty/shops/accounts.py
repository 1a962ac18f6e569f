"""How people get in: by invitation only."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter


class InvitedOnlyAdapter(DefaultAccountAdapter):
    """Closes self-registration: an account is made by accepting an owner's invitation, or by create_shop."""

    def is_open_for_signup(self, request) -> bool:
        return False
