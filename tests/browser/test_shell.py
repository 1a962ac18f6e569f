"""The shell in a real browser: everything by keyboard, two themes, two languages, and failures that are said.

Few tests, each a walk: making a shop and flushing it costs more than any step in between.
"""

from __future__ import annotations

from tests import factories

from .conftest import PHONE


def theme(page) -> str:
    return page.evaluate("document.documentElement.dataset.bsTheme")


def focused(page) -> str:
    return page.evaluate("document.activeElement.textContent.trim()")


def ground(page) -> str:
    # A change of theme takes a moment to be painted, and waiting for a function would need eval, which CSP forbids.
    page.wait_for_timeout(300)
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_everything_is_reached_by_keyboard(open_page, staffed_shop):
    staffed_shop()
    page = open_page("en")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"

    page.focus(".ba-side .ba-me summary")
    page.keyboard.press("ArrowDown")
    assert focused(page) == "فارسی"
    page.keyboard.press("End")
    assert focused(page) == "Sign out"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    assert page.locator(".ba-menu[open]").count() == 0


def test_language_and_theme_are_kept_where_one_stands(open_page, staffed_shop):
    staffed_shop()
    page = open_page("fa")
    page.goto(f"{page.base}/settings/")
    page.click(".ba-side .ba-me summary")
    page.click(".ba-side .ba-lang button")
    page.wait_for_selector("html[lang=en][dir=ltr]")
    assert page.url == f"{page.base}/settings/"

    assert theme(page) == "light"
    page.emulate_media(color_scheme="dark")
    page.reload()
    assert theme(page) == "dark"
    page.click(".ba-side .ba-me summary")
    page.click(".ba-side [data-theme-choice=light]")
    page.reload()
    assert theme(page) == "light"
    page.click(".ba-side .ba-me summary")
    page.click(".ba-side [data-theme-choice=dark]")
    assert ground(page) == "rgb(14, 21, 20)"
    page.emulate_media(media="print")
    assert ground(page) == "rgb(255, 255, 255)"
    assert page.problems == []


def test_a_list_is_swapped_in_place_and_a_failure_is_said(open_page, busy_shop):
    busy_shop("demo_fa", customers=25)
    page = open_page("fa")
    page.goto(f"{page.base}/customers/")
    page.evaluate("window.stayed = true")
    page.click("thead th a >> nth=0")
    page.wait_for_selector("thead th[aria-sort]")
    page.wait_for_url("**sort=**")
    assert page.evaluate("window.stayed") is True
    page.go_back()
    page.wait_for_url(f"{page.base}/customers/")
    page.wait_for_load_state("networkidle")
    assert page.locator(".ba-side").count() == 1
    assert page.problems == []

    before = page.inner_text("tbody")
    page.route("**/customers/?*", lambda route: route.abort())
    page.click("thead th a >> nth=0")
    page.wait_for_selector("[data-toast=offline]")
    assert page.inner_text("[data-toast=offline]").strip() == "اینترنت قطع است. چیزی ذخیره نشد."
    page.unroute("**/customers/?*")
    page.route("**/customers/?*", lambda route: route.fulfill(status=500, body="<h1>oops</h1>"))
    page.click("thead th a >> nth=0")
    page.wait_for_selector("[data-toast=error]")
    assert page.inner_text("[data-toast=error]").strip() == "انجام نشد. چیزی ذخیره نشد."
    assert page.inner_text("tbody") == before
    page.click("[data-toast=error] .ba-toast-x")
    assert page.locator("[data-toast=error]").count() == 0


def test_a_person_of_two_shops_changes_between_them_and_their_role_with_it(open_page, staffed_shop):
    first = staffed_shop()
    second = factories.make_shop(slug="second", name="Second shop", language="en")
    factories.make_staff(second, "counter", user=factories.User.objects.get(email="owner@example.com"))
    page = open_page("fa")
    assert first.name in page.inner_text(".ba-side .ba-shop")
    page.click(".ba-side .ba-shop")
    page.click(".ba-side .ba-menu-l >> text=Second shop")
    page.wait_for_load_state("networkidle")
    assert "Second shop" in page.inner_text(".ba-side .ba-shop")
    assert page.locator(".ba-nav a").count() == 1
    assert page.locator(".ba-tabbar").count() == 0

    page.goto(f"{page.base}/settings/")
    assert page.locator("h1").inner_text() == "این در نقش شما نیست"
    page.click("main .btn")
    page.wait_for_url(f"{page.base}/counter/")


def test_a_phone_reaches_every_screen_from_its_tab_bar(open_page, staffed_shop):
    staffed_shop()
    page = open_page("en", PHONE)
    page.click(".ba-tabbar summary")
    reached = {link.get_attribute("href") for link in page.locator(".ba-tabbar a").all()}
    offered = {link.get_attribute("href") for link in page.locator(".ba-side .ba-nav a").all()}
    assert reached == offered
    page.click(".ba-tabbar .ba-menu-l >> text=Settings")
    page.wait_for_url(f"{page.base}/settings/")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def test_a_second_step_is_turned_on_with_a_picture_to_scan(open_page, staffed_shop):
    staffed_shop()
    page = open_page("en")
    page.goto(f"{page.base}/accounts/2fa/")
    page.click("text=Turn on")
    if page.locator("[name=password]").count():
        page.fill("[name=password]", "bashgah-demo")
        page.click("main form .btn-primary")
    page.wait_for_selector(".ba-qr img")
    assert page.evaluate("document.querySelector('.ba-qr img').naturalWidth") > 0
    assert len(page.input_value("#authenticator_secret")) >= 16
    page.fill("[name=code]", "000000")
    page.click("main form .btn-primary >> text=Turn on")
    assert page.locator(".ba-error").inner_text() == "Incorrect code."
    assert page.problems == []
