"""Staff: invited by a link that works once, promoted, removed and refused, and never without an owner."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from loyalty.shops import staff
from loyalty.shops.middleware import SESSION_KEY
from loyalty.shops.models import AuditEntry, Role, StaffInvitation, StaffMember, User
from loyalty.shops.scope import scope
from tests import factories

LINK = re.compile(r'value="(http://testserver/join/[^"]+)"')
NEW_PERSON = {"name": "Sara Nemouneh", "email": "sara@example.com", "role": "marketer"}
PASSWORD = "a-long-and-rare-word"


@pytest.fixture
def new_link(as_owner):
    """Invite somebody and return the path of their link."""

    def invite(**changes) -> str:
        answer = as_owner.post(reverse("shops:staff_list"), NEW_PERSON | changes)
        assert answer.status_code == 200, answer.context["form"].errors
        return path_in(answer)

    return invite


def path_in(answer) -> str:
    return LINK.search(answer.content.decode())[1].removeprefix("http://testserver")


def accept(path: str, client: Client | None = None, **changes):
    return (client or Client()).post(path, {"name": "Sara", "password": PASSWORD} | changes)


def test_an_invited_person_makes_an_account_and_is_in(shop, new_link):
    path = new_link()
    client = Client()
    assert client.get(path).status_code == 200
    answer = accept(path, client)
    assert answer.status_code == 302
    member = StaffMember.objects.get(user__email="sara@example.com")
    assert (member.shop, member.role, member.user.name) == (shop, Role.MARKETER, "Sara")
    assert member.user.check_password(PASSWORD)
    assert client.session[SESSION_KEY] == shop.pk
    assert client.get(reverse("shops:profile")).status_code == 200


def test_the_link_is_shown_once_and_only_its_fingerprint_is_kept(as_owner, new_link):
    path = new_link()
    token = path.rstrip("/").rsplit("/", 1)[1]
    assert token not in as_owner.get(reverse("shops:staff_list")).content.decode()
    kept = StaffInvitation.objects.values().get()
    assert token not in str(kept)
    assert kept["token_hash"] != token


def test_the_link_is_also_mailed_in_the_shops_language(shop, new_link):
    path = new_link()
    assert mail.outbox[0].to == ["sara@example.com"]
    assert path in mail.outbox[0].body
    assert shop.name in mail.outbox[0].subject


def test_a_mail_server_that_is_down_does_not_stop_an_invitation(as_owner, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    answer = as_owner.post(reverse("shops:staff_list"), NEW_PERSON)
    assert answer.status_code == 200
    assert answer.context["is_mailed"] is False
    assert path_in(answer)


def test_the_page_of_a_link_stays_in_no_browser_and_no_proxy(new_link):
    assert "no-store" in Client().get(new_link()).headers["Cache-Control"]


def test_a_link_works_once(new_link):
    path = new_link()
    accept(path)
    assert Client().get(path).status_code == 404
    assert accept(path, email="other@example.com").status_code == 404
    assert StaffMember.objects.filter(user__email="sara@example.com").count() == 1


def test_a_withdrawn_a_renewed_and_an_old_link_do_not_work(as_owner, new_link):
    first = new_link()
    invitation = StaffInvitation.objects.get()
    second = path_in(as_owner.post(reverse("shops:invitation_renew", args=[invitation.pk])))
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200
    StaffInvitation.objects.update(expires_at=timezone.now())
    assert Client().get(second).status_code == 404
    third = path_in(as_owner.post(reverse("shops:invitation_renew", args=[invitation.pk])))
    assert Client().get(third).status_code == 200
    as_owner.post(reverse("shops:invitation_withdraw", args=[invitation.pk]))
    assert Client().get(third).status_code == 404


def test_every_bad_link_gets_the_same_answer(shop, other_shop, new_link):
    token = new_link().rstrip("/").rsplit("/", 1)[1]
    answers = [
        Client().get(reverse("shops:invitation_accept", args=[slug, token]))
        for slug, token in ((other_shop.slug, token), ("no-such-shop", token), (shop.slug, "wrong"))
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({without_secrets(answer) for answer in answers}) == 1
    assert other_shop.name not in answers[0].content.decode()


def without_secrets(answer) -> str:
    return re.sub(r'csrfmiddlewaretoken" value="\w+"|x-csrftoken": "\w+"', "", answer.content.decode())


def test_a_person_with_an_account_signs_in_first_and_keeps_their_password(other_shop, new_link):
    known = factories.make_user(email="sara@example.com", password="their-old-password")
    path = new_link()
    stranger = Client()
    assert b"csrfmiddlewaretoken" in stranger.get(path).content
    accept(path, stranger, password="taken-over-by-the-link")
    assert not StaffMember.objects.filter(user=known).exists()
    known.refresh_from_db()
    assert known.check_password("their-old-password")
    stranger.force_login(known)
    assert stranger.post(path).status_code == 302
    assert StaffMember.objects.get(user=known).role == Role.MARKETER


def test_somebody_elses_link_cannot_be_used_by_the_one_who_is_signed_in(as_clerk, clerk, new_link):
    path = new_link(role="owner")
    answer = accept(path, as_clerk)
    assert answer.status_code == 200
    clerk.refresh_from_db()
    assert clerk.role == Role.COUNTER
    assert StaffInvitation.objects.get().accepted_at is None


@pytest.mark.parametrize("password", ["short", "password", "sara@example.com"])
def test_a_weak_password_is_refused_and_the_link_still_works(new_link, password):
    path = new_link()
    assert accept(path, password=password).status_code == 422
    assert not User.objects.filter(email="sara@example.com").exists()
    assert accept(path).status_code == 302


def test_inviting_twice_or_a_colleague_is_refused_in_words(as_owner, new_link, marketer):
    new_link()
    for email in ("SARA@example.com", marketer.user.email):
        answer = as_owner.post(reverse("shops:staff_list"), NEW_PERSON | {"email": email})
        assert answer.status_code == 422
        assert answer.context["form"].errors["email"]


def test_a_removed_member_is_refused_on_the_next_request(as_owner, marketer):
    client = Client()
    client.force_login(marketer.user)
    page = reverse("overview")
    assert client.get(page).status_code == 200
    as_owner.post(reverse("shops:staff_remove", args=[marketer.pk]))
    assert client.get(page).url == reverse("shops:no_shop")
    assert client.get(reverse("shops:no_shop")).status_code == 200
    as_owner.post(reverse("shops:staff_restore", args=[marketer.pk]))
    assert client.get(page).status_code == 200


def test_a_role_taken_away_counts_from_the_next_request(as_owner, marketer):
    second = factories.make_staff(marketer.shop, "owner")
    client = Client()
    client.force_login(second.user)
    assert client.get(reverse("shops:settings")).status_code == 200
    as_owner.post(reverse("shops:staff_role", args=[second.pk]), {"role": "marketer"})
    assert client.get(reverse("shops:settings")).status_code == 403


def test_a_deactivated_account_is_signed_out_on_the_next_request(as_owner, owner):
    owner.user.is_active = False
    owner.user.save()
    answer = as_owner.get(reverse("shops:settings"))
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("account_login"))


@pytest.mark.parametrize(("route", "data"), [("staff_remove", {}), ("staff_role", {"role": "counter"})])
def test_the_last_owner_can_neither_be_removed_nor_demoted(as_owner, owner, route, data):
    as_owner.post(reverse(f"shops:{route}", args=[owner.pk]), data)
    owner.refresh_from_db()
    assert (owner.role, owner.is_active) == (Role.OWNER, True)
    second = factories.make_staff(owner.shop, "owner")
    as_owner.post(reverse(f"shops:{route}", args=[owner.pk]), data)
    owner.refresh_from_db()
    assert (owner.role, owner.is_active) != (Role.OWNER, True)
    with pytest.raises(ValidationError):
        staff.remove(second)


def test_another_shops_owner_does_not_keep_this_shop_from_being_without(owner, other_shop):
    factories.make_staff(other_shop, "owner")
    with pytest.raises(ValidationError):
        staff.remove(owner)


def test_a_role_that_does_not_exist_and_fields_that_are_not_asked_for_change_nothing(
    as_owner, marketer, other_shop
):
    answer = as_owner.post(reverse("shops:staff_role", args=[marketer.pk]), {"role": "king"})
    assert answer.status_code == 422
    as_owner.post(
        reverse("shops:staff_role", args=[marketer.pk]),
        {"role": "counter", "shop": other_shop.pk, "is_active": ""},
    )
    marketer.refresh_from_db()
    assert (marketer.role, marketer.shop_id, marketer.is_active) == ("counter", as_owner_shop(marketer), True)


def as_owner_shop(member) -> int:
    return StaffMember.objects.get(pk=member.pk).shop_id


def test_everything_about_staff_is_in_the_audit_list(as_owner, owner, marketer, new_link):
    accept(new_link())
    as_owner.post(reverse("shops:staff_role", args=[marketer.pk]), {"role": "counter"})
    as_owner.post(reverse("shops:staff_remove", args=[marketer.pk]))
    as_owner.post(reverse("shops:staff_restore", args=[marketer.pk]))
    entries = [(entry.action, entry.actor.email) for entry in AuditEntry.objects.order_by("pk")]
    by = owner.user.email
    assert entries == [
        ("shops.staff_invited", by),
        ("shops.staff_joined", "sara@example.com"),
        ("shops.role_changed", by),
        ("shops.staff_removed", by),
        ("shops.staff_restored", by),
    ]


def test_a_person_of_two_shops_switches_between_them_and_to_no_other(owner, other_shop):
    third = factories.make_shop()
    factories.make_staff(other_shop, "counter", user=owner.user)
    client = Client()
    client.force_login(owner.user)
    assert client.get(reverse("shops:settings")).context["request"].shop == owner.shop
    assert client.post(reverse("shops:shop_switch"), {"shop": other_shop.pk}).status_code == 302
    assert client.get(reverse("shops:settings")).status_code == 403
    for foreign in (third.pk, 10**9, "", "x"):
        assert client.post(reverse("shops:shop_switch"), {"shop": foreign}).status_code == 404
    with scope(other_shop):
        StaffMember.objects.filter(user=owner.user).update(is_active=False)
    # The chosen shop is closed to them now: they are back in the other one.
    assert client.get(reverse("shops:settings")).status_code == 200
