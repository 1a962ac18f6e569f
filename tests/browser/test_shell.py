"""The shell in a real browser: everything by keyboard, two themes, two languages, and failures that are said."""

from __future__ import annotations

import pytest

from tests import factories

from .conftest import DESKTOP, PHONE


def theme(page) -> str:
    return page.evaluate("document.documentElement.dataset.bsTheme")


def focused(page) -> str:
    return page.evaluate("document.activeElement.textContent.trim()")


def test_the_first_stop_of_the_tab_key_leads_past_the_menu(open_page, staffed_shop):
    staffed_shop()
    page = open_page("en")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_the_menu_opens_moves_and_closes_by_keyboard(open_page, staffed_shop):
    staffed_shop()
    page = open_page("en")
    page.focus(".ba-side .ba-me summary")
    page.keyboard.press("ArrowDown")
    assert focused(page) == "فارسی"
    page.keyboard.press("End")
    assert focused(page) == "Sign out"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    assert page.locator(".ba-menu[open]").count() == 0


def test_the_language_changes_where_one_stands(open_page, staffed_shop):
    staffed_shop()
    page = open_page("fa")
    page.goto(f"{page.base}/settings/")
    page.click(".ba-side .ba-me summary")
    page.click(".ba-side .ba-lang button")
    page.wait_for_selector("html[lang=en][dir=ltr]")
    assert page.url == f"{page.base}/settings/"


def test_night_is_chosen_kept_and_printed_on_white(open_page, staffed_shop):
    staffed_shop()
    page = open_page("fa")
    assert theme(page) == "light"
    page.click(".ba-side .ba-me summary")
    page.click(".ba-side [data-theme-choice=dark]")
    assert theme(page) == "dark"
    page.reload()
    assert theme(page) == "dark"
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(14, 21, 20)"
    page.emulate_media(media="print")
    page.wait_for_function(f"{ground} === 'rgb(255, 255, 255)'")


def test_without_a_choice_the_system_decides(browser, live_server, transactional_db):
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(f"{live_server.url}/accounts/login/")
    assert theme(page) == "dark"
    page.emulate_media(color_scheme="light")
    page.wait_for_function("document.documentElement.dataset.bsTheme === 'light'")
    context.close()


@pytest.mark.parametrize(
    ("language", "offline", "failed"),
    [
        ("en", "You are offline. Nothing was saved.", "That did not work. Nothing was saved."),
        ("fa", "اینترنت قطع است. چیزی ذخیره نشد.", "انجام نشد. چیزی ذخیره نشد."),
    ],
)
def test_a_failure_is_said_and_never_swallowed(open_page, busy_shop, language, offline, failed):
    busy_shop("demo_fa", customers=25)
    page = open_page(language)
    page.goto(f"{page.base}/customers/")
    before = page.inner_text("tbody")
    page.route("**/customers/?*", lambda route: route.abort())
    page.click("thead th a >> nth=0")
    page.wait_for_selector("[data-toast=offline]")
    assert page.inner_text("[data-toast=offline]").strip() == offline
    page.unroute("**/customers/?*")
    page.route("**/customers/?*", lambda route: route.fulfill(status=500, body="<h1>oops</h1>"))
    page.click("thead th a >> nth=0")
    page.wait_for_selector("[data-toast=error]")
    assert page.inner_text("[data-toast=error]").strip() == failed
    assert page.inner_text("tbody") == before
    page.click("[data-toast=error] .ba-toast-x")
    page.unroute("**/customers/?*")
    assert page.locator("[data-toast=error]").count() == 0


def test_sorting_swaps_the_list_and_the_back_button_undoes_it(open_page, busy_shop):
    busy_shop("demo_fa", customers=25)
    page = open_page("en")
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


def test_a_person_of_two_shops_changes_between_them(open_page, staffed_shop):
    first = staffed_shop()
    second = factories.make_shop(slug="second", name="Second shop", language="en")
    factories.make_staff(second, "counter", user=factories.User.objects.get(email="owner@example.com"))
    page = open_page("en")
    assert first.name in page.inner_text(".ba-side .ba-shop")
    page.click(".ba-side .ba-shop")
    page.click(".ba-side .ba-menu-l >> text=Second shop")
    page.wait_for_load_state()
    assert "Second shop" in page.inner_text(".ba-side .ba-shop")
    assert page.locator(".ba-nav a").count() == 1


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_clerk_is_shown_the_counter_and_nothing_else(open_page, staffed_shop, size):
    staffed_shop()
    page = open_page("fa", size, "counter@example.com")
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
