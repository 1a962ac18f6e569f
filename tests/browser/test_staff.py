"""A colleague is invited in one browser and comes in through another, in both languages, on a phone and at a desk."""

from __future__ import annotations

import pytest

from .conftest import DESKTOP, PHONE
from .test_screens import serious

WORDS = {
    "fa": {"name": "سارا نمونه", "gone": "این پیوند دیگر کار نمی‌کند", "done": "رونوشت شد"},
    "en": {"name": "Sara Nemouneh", "gone": "This link does not work any more", "done": "Copied"},
}


def is_sound(page) -> None:
    """Nothing is cut off at the side, nothing bars the way, and the console is silent."""
    beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert (beyond, serious(page), page.problems) == (0, [], [])


@pytest.mark.parametrize(
    ("language", "size"), [("fa", PHONE), ("en", DESKTOP)], ids=["fa-phone", "en-desktop"]
)
def test_a_colleague_is_invited_and_comes_in(open_page, staffed_shop, browser, language, size):
    shop, words = staffed_shop("demo_fa" if language == "fa" else "demo_en"), WORDS[language]
    owner = open_page(language, size)
    owner.goto(f"{owner.base}/settings/staff/")
    owner.fill("#id_name", words["name"])
    owner.fill("#id_email", "sara@example.com")
    owner.select_option("#id_role", "counter")
    owner.click("form:has(#id_email) button")
    link = owner.input_value("#invitation-link")
    is_sound(owner)
    owner.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=owner.base)
    owner.click("[data-copy=invitation-link]")
    owner.wait_for_selector(f"text={words['done']}")
    assert owner.evaluate("navigator.clipboard.readText()") == link

    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, locale={"fa": "fa-IR", "en": "en-GB"}[language]
    )
    guest = context.new_page()
    guest.problems = []
    guest.on("console", lambda said: guest.problems.append(said.text) if said.type == "error" else None)
    guest.goto(link)
    assert shop.name in guest.inner_text("h1")
    is_sound(guest)
    guest.fill("#id_password", "a-rare-and-long-word")
    guest.click("main .btn-primary")
    # A clerk's first page is the counter.
    guest.wait_for_url("**/counter/")
    for address in ("/profile/", "/no-shop/"):
        guest.goto(f"{owner.base}{address}")
        is_sound(guest)
    guest.problems.clear()
    assert guest.goto(link).status == 404
    assert words["gone"] in guest.inner_text("h1")
    context.close()

    owner.goto(f"{owner.base}/settings/staff/")
    line = owner.locator("li", has_text="sara@example.com")
    line.locator("summary").click()
    line.locator("form").last.locator("button").click()
    owner.wait_for_selector(".ba-toast form button")
    is_sound(owner)
    owner.click(".ba-toast form button")
    owner.wait_for_selector("li:has-text('sara@example.com')")
    owner.goto(f"{owner.base}/settings/audit/")
    assert words["name"] in owner.inner_text("#audit")
    with owner.expect_response(lambda answer: "person=" in answer.url):
        owner.select_option("#person", label=words["name"])
    owner.wait_for_url("**/settings/audit/?person=*")
    assert owner.locator("#audit li").count() == 1
    is_sound(owner)
