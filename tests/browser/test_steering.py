"""The owner steers the scores: another cut is tried, applied and undone; a cell of the map is painted."""

import re

import pytest

from loyalty.shops.scope import scope
from segmentation.models import CustomerScore, SchemeVersion
from tests.browser.conftest import DESKTOP, PHONE


def segments(shop) -> dict:
    with scope(shop):
        return dict(CustomerScore.objects.values_list("customer", "segment"))


def versions(shop) -> list:
    with scope(shop):
        return list(
            SchemeVersion.objects.applied().order_by("number").values_list("number", "restores", "note")
        )


@pytest.mark.parametrize(("language", "size"), [("fa", DESKTOP), ("en", PHONE)])
def test_a_cut_is_changed_with_a_preview_applied_and_undone(open_page, busy_shop, language, size):
    shop = busy_shop("demo_fa")
    stood = segments(shop)
    page = open_page(language, size)
    page.goto(f"{page.base}/segments/settings/")
    page.select_option("#id_recency_days_way", "fixed")
    for step, days in enumerate(("۳", "۷", "۱۲", "۲۰"), 1):
        page.fill(f"#id_recency_days_{step}", days)
    # Through htmx: the preview comes into the page, and nothing else changes.
    page.click("#scheme-form button.btn-primary")
    preview = page.locator("#scheme-preview .ba-live")
    preview.wait_for()
    assert page.url.endswith("/segments/settings/")
    assert preview.locator("table").count() == 1
    assert page.locator("#scheme-preview a[href*='/customers/']").count() > 0
    assert segments(shop) == stood
    page.fill("#id_note", "Shorter")
    page.click("#scheme-preview form[action$='/apply/'] button")
    page.wait_for_url(re.compile(r"/segments/$"))
    moved = segments(shop)
    assert moved != stood
    assert versions(shop) == [(1, None, ""), (2, None, "Shorter")]
    # The notice itself takes it back.
    page.locator(".ba-toast button, .ba-toast a").first.click()
    page.wait_for_url(re.compile(r"/settings/versions/$"))
    assert segments(shop) == stood
    assert versions(shop)[-1][:2] == (3, 1)
    # Going back to version 2 is previewed on a page of its own, which works without htmx.
    page.click("form[action$='/versions/2/'] button")
    page.wait_for_url(re.compile(r"/settings/preview/$"))
    assert segments(shop) == stood
    page.click("#scheme-preview form[action$='/apply/'] button")
    page.wait_for_url(re.compile(r"/segments/$"))
    assert segments(shop) == moved
    assert page.problems == []


def test_the_map_is_painted_with_the_keyboard_alone(open_page, busy_shop):
    shop = busy_shop("demo_fa")
    page = open_page("fa")
    page.goto(f"{page.base}/segments/settings/map/")
    page.focus("#paint-loyal")
    page.keyboard.press("Space")
    page.focus("#cell-555")
    with page.expect_response(lambda answer: "/settings/map/" in answer.url):
        page.keyboard.press("Enter")
    page.wait_for_selector("#cell-555.ba-seg-2")
    # The brush and the place are where they were.
    assert page.is_checked("#paint-loyal")
    assert page.evaluate("document.activeElement.id") == "cell-555"
    page.click("#published-map")
    page.wait_for_selector("#cell-555.ba-seg-1")
    with scope(shop):
        assert SchemeVersion.objects.draft() is None
    assert page.problems == []
