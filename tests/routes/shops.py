"""What the routes of the shop's own screens are about."""

from __future__ import annotations

from loyalty.shops import staff
from loyalty.shops.models import StaffMember
from loyalty.shops.scope import current_shop
from tests import factories


def member(**fields) -> dict:
    return {"pk": factories.make_staff(current_shop(), "marketer", **fields).pk}


def invitation() -> dict:
    inviter = StaffMember.objects.filter(role="owner").first().user
    email = factories.make_user().email.replace("@", "+invited@")
    return {"pk": staff.invite("Somebody", email, "counter", by=inviter)[0].pk}


OBJECTS = {
    "shops:staff_role": member,
    "shops:staff_remove": member,
    "shops:staff_restore": lambda: member(is_active=False),
    "shops:invitation_renew": invitation,
    "shops:invitation_withdraw": invitation,
    "shops:invitation_accept": lambda: {"slug": current_shop().slug, "token": "not-a-token"},
}
# A link's secret is the key to it, whoever holds it: tests/shops/test_staff.py tries the bad ones.
WORDS = {"shops:invitation_accept"}
