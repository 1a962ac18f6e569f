"""Who works in a shop: invited by a link that works once, given a role, removed and taken back.

Everything here runs inside the shop's scope and leaves a line in its audit list.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from . import audit
from .models import Role, Shop, StaffInvitation, StaffMember, User, hash_token
from .scope import get_shop, scope


class LinkGone(LookupError):
    """Raised for a link that never was, was used, withdrawn or ran out: everybody is told the same."""


def invite(name: str, email: str, role: str, by: User) -> tuple[StaffInvitation, str]:
    """Invite a person; return the invitation and its token, known only now. Raise ValidationError."""
    email = email.strip().lower()
    if StaffMember.objects.filter(user__email=email, is_active=True).exists():
        raise ValidationError({"email": _("This person already works here.")})
    if invitations().filter(email=email).exists():
        raise ValidationError(
            {"email": _("This person is already invited. Renew the link in the list below.")}
        )
    invitation = StaffInvitation(name=name.strip(), email=email, role=role, invited_by=by)
    token = invitation.renew_token()
    invitation.save()
    audit.record("shops.staff_invited", invitation.name, role=role)
    return invitation, token


def renew(invitation: StaffInvitation) -> str:
    """Give an unanswered invitation a fresh link and return its token; the old link stops working."""
    token = invitation.renew_token()
    invitation.save()
    audit.record("shops.invitation_renewed", invitation.name)
    return token


def withdraw(invitation: StaffInvitation) -> None:
    invitation.withdrawn_at = timezone.now()
    invitation.save()
    audit.record("shops.invitation_withdrawn", invitation.name)


def invitations() -> QuerySet[StaffInvitation]:
    """Return the invitations neither accepted nor withdrawn, the latest first; some may have run out."""
    return StaffInvitation.objects.filter(accepted_at=None, withdrawn_at=None)


@contextmanager
def opened_by(slug: str, token: str) -> Iterator[tuple[Shop, StaffInvitation]]:
    """Open the scope of the shop that a link leads to, with its invitation locked against a second use.

    Raise LinkGone without saying whether it is the shop or the token that does not exist.
    """
    try:
        shop = get_shop(slug=slug)
    except Shop.DoesNotExist:
        raise LinkGone from None
    with scope(shop):
        invitation = invitations().select_for_update().filter(token_hash=hash_token(token)).first()
        if invitation is None or not invitation.is_open:
            raise LinkGone
        yield shop, invitation


def accept(invitation: StaffInvitation, user: User) -> StaffMember:
    """Make `user` a member with the invited role; the link is used up. The scope is that of `opened_by`."""
    member, _made = StaffMember.objects.update_or_create(
        user=user, defaults={"role": invitation.role, "is_active": True}
    )
    invitation.accepted_at = timezone.now()
    invitation.save()
    token = audit.actor.set(user)
    try:
        audit.record("shops.staff_joined", user.name, role=invitation.role)
    finally:
        audit.actor.reset(token)
    return member


def change_role(member: StaffMember, role: str) -> None:
    """Give the member another role; raise ValidationError where that would leave no owner."""
    before = member.role
    if role == before:
        return
    if before == Role.OWNER:
        _keep_an_owner(member)
    member.role = role
    member.save()
    audit.record("shops.role_changed", str(member.user), before=before, after=role)


def remove(member: StaffMember) -> None:
    """Let the member in no more, from their next click on; raise ValidationError for the last owner."""
    if member.role == Role.OWNER:
        _keep_an_owner(member)
    member.is_active = False
    member.save()
    audit.record("shops.staff_removed", str(member.user))


def restore(member: StaffMember) -> None:
    """Let a removed member in again, in the role they had."""
    member.is_active = True
    member.save()
    audit.record("shops.staff_restored", str(member.user), role=member.role)


def _keep_an_owner(member: StaffMember) -> None:
    # Locked, so that two owners who remove each other at one moment do not both succeed.
    owners = StaffMember.objects.select_for_update().filter(role=Role.OWNER, is_active=True).order_by("pk")
    if all(owner.pk == member.pk for owner in owners):
        raise ValidationError(_("A shop needs an owner. Make somebody else an owner first."))
