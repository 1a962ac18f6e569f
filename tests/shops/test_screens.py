"""The shop's own screens: settings, the audit list in words, the profile."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from django.utils import translation

from loyalty.shops import audit, middleware
from loyalty.shops.models import AuditEntry, Shop
from loyalty.shops.passwords import LengthValidator
from loyalty.shops.scope import scope
from loyalty.shops.templatetags.shops import audit_sentence
from loyalty.ui import presentation
from tests import factories

VALID = {
    "name": "Ladan",
    "language": "en",
    "calendar": "gregorian",
    "time_zone": "Europe/London",
    "phone_region": "GB",
    "unit": "IRR:rial",
    "sms_page_price_amount": "۳٬۰۰۰",
    "quiet_from": "۲۲:۰۰",
    "quiet_until": "07:30",
    "max_messages_per_30_days": "۲",
}


def save(client, **changes):
    return client.post(reverse("shops:settings"), VALID | changes)


def test_an_owner_changes_the_settings_in_any_digits(shop, as_owner):
    assert save(as_owner).status_code == 302
    shop.refresh_from_db()
    assert (shop.name, shop.language, shop.time_zone, shop.display_unit) == (
        "Ladan",
        "en",
        "Europe/London",
        "rial",
    )
    # Typed while the screen still showed toman.
    assert shop.sms_page_price_amount == 30_000
    assert (shop.quiet_from.hour, shop.quiet_until.minute, shop.max_messages_per_30_days) == (22, 30, 2)


def test_a_time_of_day_is_shown_and_read_in_the_readers_digits(shop, as_owner):
    assert save(as_owner, quiet_from="۲۱").status_code == 302
    shop.refresh_from_db()
    assert shop.quiet_from.hour == 21
    shown = as_owner.get(reverse("shops:settings"), headers={"accept-language": "fa"}).content.decode()
    assert 'value="۲۱:۰۰"' in shown
    assert "ایران (+۹۸)" in shown
    assert 'type="time"' not in shown


def test_a_short_password_is_refused_in_the_readers_digits():
    with presentation.use(presentation.Presentation("fa", "jalali")), translation.override("fa"):
        with pytest.raises(ValidationError, match="۸ نویسه"):
            LengthValidator().validate("kootah")
        assert "۸ نویسه" in LengthValidator().get_help_text()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("language", "de"),
        ("calendar", "lunar"),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../../etc/passwd"),
        ("phone_region", "XX"),
        ("unit", "GBP:toman"),
        ("unit", "IRR"),
        ("sms_page_price_amount", "-1"),
        ("sms_page_price_amount", "free"),
        ("quiet_from", "25:00"),
        ("max_messages_per_30_days", "1000"),
    ],
)
def test_a_wrong_setting_is_said_beside_its_field_and_nothing_is_saved(shop, as_owner, field, value):
    answer = save(as_owner, **{field: value})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    # The page around the form still shows the shop as it is.
    assert shop.name in answer.content.decode()
    before = shop.name
    shop.refresh_from_db()
    assert shop.name == before


def test_the_currency_is_chosen_until_there_is_an_order_in_it(shop, as_owner):
    assert save(as_owner, unit="GBP:pound").status_code == 302
    shop.refresh_from_db()
    # A price in rial would be a fortune in pence.
    assert (shop.currency, shop.display_unit, shop.sms_page_price_amount) == ("GBP", "pound", 4)
    factories.OrderFactory()
    answer = save(as_owner, unit="IRR:toman", sms_page_price_amount="0.05")
    assert list(answer.context["form"].errors) == ["unit"]
    shop.refresh_from_db()
    assert shop.currency == "GBP"


def test_fields_that_are_not_asked_for_are_not_taken(shop, as_owner):
    before = shop.slug
    save(as_owner, slug="stolen", is_demo="on", currency="EUR")
    shop.refresh_from_db()
    assert (shop.slug, shop.is_demo, shop.currency) == (before, False, "IRR")


def test_the_audit_list_says_what_was_changed_in_both_languages(shop, as_owner):
    save(as_owner)
    pages = [
        as_owner.get(reverse("shops:audit_list"), headers={"accept-language": language}).content.decode()
        for language in ("en", "fa")
    ]
    assert "changed the settings:" in pages[0]
    assert "تنظیمات را تغییر داد" in pages[1]
    assert "shops.settings_changed" not in pages[0] + pages[1]


def test_the_audit_list_is_paged_and_filtered_by_person(shop, owner, marketer, as_owner):
    for member, times in ((owner, 60), (marketer, 3)):
        for number in range(times):
            AuditEntry.objects.create(actor=member.user, action="shops.staff_removed", target=f"{number}")
    url = reverse("shops:audit_list")
    assert len(as_owner.get(url).context["page"]) == 50
    assert len(as_owner.get(url, {"page": 2}).context["page"]) == 13
    only = as_owner.get(url, {"person": marketer.pk}).context["page"]
    assert {entry.actor for entry in only} == {marketer.user}
    for odd in ({"person": "x"}, {"person": 10**9}, {"page": "x"}, {"page": -3}):
        assert as_owner.get(url, odd).status_code == 200
    fragment = as_owner.get(url, headers={"HX-Request": "true"})
    assert b"<html" not in fragment.content
    assert "HX-Request" in fragment["Vary"]


def test_the_audit_list_shows_only_what_happened_in_this_shop(shop, other_shop, as_owner):
    with scope(other_shop):
        audit.record("shops.staff_removed", "Somebody of theirs")
    assert b"Somebody of theirs" not in as_owner.get(reverse("shops:audit_list")).content


def test_a_name_in_the_audit_list_is_text_and_never_markup(shop):
    entry = audit.record("shops.staff_removed", "<script>alert(1)</script>")
    assert "<script>" not in audit_sentence(entry)
    assert "&lt;script&gt;" in audit_sentence(entry)


ACTION = re.compile(r"(shops|customers|points|tiers|campaigns|imports|segmentation)\.[a-z_]+")


def recorded_actions() -> list[str]:
    """Return every action that is named in a module which writes into the audit list."""
    found = set()
    for package in ("loyalty", "segmentation", "campaigns"):
        for path in (Path(settings.BASE_DIR) / package).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if "audit" in text and "migrations" not in path.parts:
                words = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant))
                found |= {word for word in words if isinstance(word, str) and ACTION.fullmatch(word)}
    return sorted(found)


def test_every_deed_that_is_recorded_has_a_wording():
    wordings = {
        f"{path.parent.name}.{path.stem.removeprefix('_')}"
        for path in (Path(settings.BASE_DIR) / "templates/shops/audit").glob("*/_*.html")
    }
    # A name that ends in _ is filled in when it is recorded.
    unworded = [
        action
        for action in recorded_actions()
        if action not in wordings
        and not (action.endswith("_") and any(wording.startswith(action) for wording in wordings))
    ]
    assert unworded == []
    assert len(recorded_actions()) > 20


def test_a_wording_survives_a_row_that_lacks_its_details(shop):
    for path in (Path(settings.BASE_DIR) / "templates/shops/audit").glob("*/_*.html"):
        entry = AuditEntry(
            action=f"{path.parent.name}.{path.stem.removeprefix('_')}", target="Sara", details={}
        )
        assert audit_sentence(entry).strip(), path


def test_a_person_changes_their_name_and_nobody_elses(shop, clerk, as_clerk, marketer):
    assert (
        as_clerk.post(reverse("shops:profile"), {"name": "Nika", "email": "x@example.com"}).status_code == 302
    )
    clerk.user.refresh_from_db()
    marketer.user.refresh_from_db()
    assert (clerk.user.name, clerk.user.email != "x@example.com") == ("Nika", True)
    assert marketer.user.name != "Nika"
    assert as_clerk.post(reverse("shops:profile"), {"name": ""}).status_code == 422


def test_a_person_without_a_shop_is_told_so_and_may_still_see_their_profile(db):
    client = Client()
    client.force_login(factories.make_user())
    assert client.get(reverse("overview")).url == reverse("shops:no_shop")
    assert client.get(reverse("shops:no_shop")).status_code == 200
    assert client.get(reverse("shops:profile")).status_code == 200
    assert client.get(reverse("shops:settings")).url == reverse("shops:no_shop")


@pytest.mark.parametrize(
    ("cookie", "header", "language"),
    [(None, None, "fa"), (None, "de,fr;q=0.8", "fa"), (None, "en-GB,fa;q=0.5", "en"), ("en", "fa", "en")],
)
def test_the_language_is_the_cookies_then_the_browsers_then_the_shops(as_owner, cookie, header, language):
    if cookie:
        as_owner.cookies[settings.LANGUAGE_COOKIE_NAME] = cookie
    answer = as_owner.get(reverse("shops:profile"), headers={"accept-language": header} if header else {})
    assert answer.headers["Content-Language"] == language
    assert f'<html lang="{language}" dir="{"rtl" if language == "fa" else "ltr"}"' in answer.content.decode()


def test_a_shop_that_is_not_there_is_not_in_the_way_of_its_people(shop, owner, as_owner):
    assert Shop.objects.get() == shop
    assert as_owner.get(reverse("shops:settings")).context["request"].staff == owner


@pytest.mark.django_db(transaction=True)
def test_no_statement_of_a_request_goes_on_for_ever(rf, monkeypatch):
    shop = factories.make_shop()
    request = rf.get("/")
    request.user, request.session = factories.make_staff(shop, "owner").user, {}
    monkeypatch.setattr(middleware, "MOST_SECONDS", 0.1)
    with pytest.raises(OperationalError, match="statement timeout"), connection.cursor() as cursor:
        middleware.ShopMiddleware(lambda request: cursor.execute("SELECT pg_sleep(5)"))(request)
    with connection.cursor() as cursor:
        # A worker's statements on the same connection take their time.
        cursor.execute("SELECT current_setting('statement_timeout')")
        assert cursor.fetchone() == ("0",)
