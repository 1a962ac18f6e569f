"""What the browser is told and asked: no inline code, no forged requests, no guessing, a second step."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from loyalty.shops.models import AuditEntry, StaffMember
from loyalty.shops.scope import scope
from tests import factories

PASSWORD = "a-rare-and-long-word"
DIRECTIVES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


@pytest.fixture
def person(shop):
    user = factories.make_user(email="sara@example.com", password=PASSWORD)
    return factories.make_staff(shop, "owner", user=user)


def sign_in(client: Client, email: str = "sara@example.com", password: str = PASSWORD):
    return client.post(reverse("account_login"), {"login": email, "password": password})


# ---------- Headers ----------


@pytest.mark.parametrize(
    "place", ["/accounts/login/", "/settings/", "/nowhere/", "/settings/staff/1/role/", "/healthz"]
)
def test_every_answer_carries_a_policy_without_anything_inline(as_owner, place):
    for client in (as_owner, Client()):
        policy = client.get(place).headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "http" not in policy
        said = dict(part.strip().split(" ", 1) for part in policy.split(";") if part.strip())
        assert said | DIRECTIVES == said


def test_the_other_headers_are_there_too(as_owner):
    headers = as_owner.get(reverse("shops:settings")).headers
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "place", ["/accounts/login/", "/settings/", "/settings/staff/", "/settings/audit/", "/profile/"]
)
def test_a_page_holds_no_inline_style_script_or_handler(as_owner, place):
    page = as_owner.get(place) if "login" not in place else Client().get(place)
    html = page.content.decode()
    assert page.status_code == 200
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", html)
    assert all("src=" in tag or "application/json" in tag for tag in re.findall(r"<script\b[^>]*>", html))


def test_nothing_of_a_shop_stays_in_a_browser_after_signing_out(as_owner):
    for place in ("/settings/", "/settings/staff/", "/nowhere/"):
        assert "no-store" in as_owner.get(place).headers["Cache-Control"]


# ---------- Forged requests ----------


def test_a_post_without_its_token_is_refused_from_htmx_too(owner):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner.user)
    address = reverse("shops:staff_list")
    for headers in ({}, {"HX-Request": "true"}, {"HX-Request": "true", "x-csrftoken": "x" * 64}):
        assert client.post(address, {}, headers=headers).status_code == 403
    page = client.get(address)
    token = re.search(r'"x-csrftoken": "(\w+)"', page.content.decode())[1]
    assert client.post(address, {}, headers={"HX-Request": "true", "x-csrftoken": token}).status_code == 422


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(person):
    client = Client()
    sign_in(client)
    cookie = client.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


# ---------- Signing in ----------


def test_a_page_asks_who_one_is_and_htmx_takes_the_whole_page_there(db):
    address = reverse("shops:settings")
    assert Client().get(address).url == f"{reverse('account_login')}?next={address}"
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/settings/staff/"}
    answer = Client().get(address, headers=headers)
    assert answer.headers["HX-Redirect"] == f"{reverse('account_login')}?next=/settings/staff/"


def test_signing_in_begins_a_new_session_and_signing_out_ends_it(person):
    client = Client()
    client.get(reverse("account_login"))
    before = client.cookies.get("sessionid")
    assert sign_in(client).status_code == 302
    after = client.cookies["sessionid"].value
    assert before is None or before.value != after
    assert client.get(reverse("shops:settings")).status_code == 200
    client.post(reverse("account_logout"))
    assert client.get(reverse("shops:settings")).status_code == 302
    stolen = Client()
    stolen.cookies["sessionid"] = after
    assert stolen.get(reverse("shops:settings")).status_code == 302


def test_nobody_can_make_an_account_without_an_invitation(db):
    answer = Client().post(
        reverse("account_signup"), {"email": "new@example.com", "password1": PASSWORD, "password2": PASSWORD}
    )
    assert answer.status_code == 200
    assert not factories.User.objects.filter(email="new@example.com").exists()


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(person):
    pages = [
        re.sub(r'(value=|"x-csrftoken": )"[^"]*"', "", sign_in(Client(), email, "wrong").content.decode())
        for email in ("sara@example.com", "nobody@example.com")
    ]
    assert pages[0] == pages[1]


def test_passwords_cannot_be_guessed_for_long(person):
    client = Client()
    answers = [sign_in(client, password=f"guess-{number}") for number in range(6)]
    assert "Too many" in answers[-1].content.decode() or answers[-1].status_code == 429
    # Not even the right one, from another browser, until some minutes have passed.
    assert sign_in(Client()).status_code != 302
    cache.clear()
    assert sign_in(Client()).status_code == 302


def test_one_address_cannot_try_many_people(person):
    client = Client()
    for number in range(11):
        answer = sign_in(client, f"person{number}@example.com", "a-guess-for-all")
    assert "Too many" in answer.content.decode() or answer.status_code == 429


def test_the_limits_are_kept_where_every_web_process_sees_them(settings, db):
    assert settings.CACHES["default"]["BACKEND"].endswith("DatabaseCache")
    cache.set("seen", 1)
    assert cache.get("seen") == 1


# ---------- The second step ----------


def code_of(secret: str) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


def test_a_second_step_is_set_up_and_then_asked_for(person):
    client = Client()
    sign_in(client)
    # Even who has just signed in says the password once more.
    assert client.get(reverse("mfa_activate_totp")).url.startswith(reverse("account_reauthenticate"))
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(reverse("mfa_activate_totp"))
    assert page.status_code == 200
    secret = page.context["form"].secret
    assert client.post(reverse("mfa_activate_totp"), {"code": "000000"}).status_code == 200
    assert client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)}).status_code == 302
    assert Authenticator.objects.filter(user=person.user, type="totp").exists()
    # A code counts once; the tests' clock does not wait for the next one.
    cache.clear()
    fresh = Client()
    asked = sign_in(fresh)
    assert asked.url == reverse("mfa_authenticate")
    assert fresh.get(reverse("shops:settings")).status_code == 302
    assert fresh.post(reverse("mfa_authenticate"), {"code": "000000"}).status_code == 200
    assert fresh.get(reverse("shops:settings")).status_code == 302
    assert fresh.post(reverse("mfa_authenticate"), {"code": code_of(secret)}).status_code == 302
    assert fresh.get(reverse("shops:settings")).status_code == 200


def test_a_second_step_is_not_switched_off_without_the_password(person):
    TOTP.activate(person.user, "JBSWY3DPEHPK3PXP")
    client = Client()
    client.force_login(person.user)
    answer = client.post(reverse("mfa_deactivate_totp"))
    assert "reauthenticate" in answer.url
    assert Authenticator.objects.filter(user=person.user).exists()


def test_a_secret_is_kept_out_of_the_shops_pages(person):
    TOTP.activate(person.user, "JBSWY3DPEHPK3PXP")
    client = Client()
    client.force_login(person.user)
    for address in ("shops:profile", "shops:staff_list", "shops:audit_list"):
        assert b"JBSWY3DPEHPK3PXP" not in client.get(reverse(address)).content


# ---------- A forgotten password ----------


def twice(password: str) -> dict[str, str]:
    return {"password1": password, "password2": password}


def test_a_forgotten_password_is_set_anew_by_a_link_that_works_once(person, mailoutbox):
    asked = Client().post(reverse("account_reset_password"), {"email": "Sara@example.com"})
    assert asked.url == reverse("account_reset_password_done")
    address = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", mailoutbox[0].body)[1]
    assert mailoutbox[0].to == ["sara@example.com"]
    client = Client()
    page = client.get(address, follow=True)
    # The secret leaves the address at once, so that it stands in no history and goes to no other page.
    place = page.request["PATH_INFO"]
    assert address.split("-", 1)[1].strip("/") not in place
    for weak in ("short", "password1", "sara@example.com"):
        assert client.post(place, twice(weak)).status_code == 200
    answer = client.post(place, twice("another-rare-long-word"))
    assert answer.url == reverse("account_reset_password_from_key_done")
    assert sign_in(Client()).status_code != 302
    assert sign_in(Client(), password="another-rare-long-word").status_code == 302
    assert Client().get(address, follow=True).context["token_fail"]


def test_who_is_not_a_member_gets_no_link_and_the_same_answer(person, mailoutbox):
    answer = Client().post(reverse("account_reset_password"), {"email": "nobody@example.com"})
    assert answer.url == reverse("account_reset_password_done")
    assert not any("/password/reset/key/" in mail.body for mail in mailoutbox)


# ---------- What the shop keeps of it ----------


def deeds(shop) -> list[tuple[str, str]]:
    with scope(shop):
        return [(entry.action, entry.actor.email) for entry in AuditEntry.objects.order_by("pk")]


def test_what_people_do_to_their_account_is_in_the_audit_list_of_each_of_their_shops(
    person, shop, other_shop, django_capture_on_commit_callbacks
):
    factories.make_staff(other_shop, "counter", user=person.user)
    client, who = Client(), person.user.email

    def post(route: str, **data) -> None:
        # The library tells of some deeds only once they are committed, which in a test nothing ever is.
        with django_capture_on_commit_callbacks(execute=True):
            client.post(reverse(route), data)

    post("account_login", login=who, password="a-wrong-one")
    post("account_login", login=who, password=PASSWORD)
    post("account_reauthenticate", password=PASSWORD)
    secret = client.get(reverse("mfa_activate_totp")).context["form"].secret
    post("mfa_activate_totp", code=code_of(secret))
    post("mfa_generate_recovery_codes")
    post("mfa_deactivate_totp")
    post("account_change_password", oldpassword=PASSWORD, **twice("another-rare-long-word"))
    assert deeds(shop) == [
        ("shops.signed_in", who),
        ("shops.second_step_on", who),
        ("shops.recovery_codes_made", who),
        ("shops.second_step_off", who),
        ("shops.password_changed", who),
    ]
    assert deeds(other_shop) == deeds(shop)


def test_a_password_set_by_a_link_is_in_the_audit_list(person, shop, mailoutbox):
    Client().post(reverse("account_reset_password"), {"email": person.user.email})
    address = re.search(r"/accounts/password/reset/key/\S+", mailoutbox[0].body)[0]
    client = Client()
    place = client.get(address, follow=True).request["PATH_INFO"]
    client.post(place, twice("another-rare-long-word"))
    assert deeds(shop) == [("shops.password_reset", person.user.email)]


# ---------- Rights that are taken away ----------


def test_rights_taken_away_end_with_the_next_request_in_every_open_browser(person):
    browsers = [Client(), Client()]
    for browser in browsers:
        sign_in(browser)
        assert browser.get(reverse("shops:settings")).status_code == 200
    StaffMember.objects.filter(pk=person.pk).update(role="counter")
    assert {browser.get(reverse("shops:settings")).status_code for browser in browsers} == {403}
    StaffMember.objects.filter(pk=person.pk).update(is_active=False)
    assert {browser.get(reverse("shops:settings")).url for browser in browsers} == {reverse("shops:no_shop")}


def test_a_changed_password_ends_every_other_session(person):
    other = Client()
    sign_in(other)
    person.user.set_password("another-rare-long-word")
    person.user.save()
    assert other.get(reverse("shops:settings")).status_code == 302
