"""A segment of five conditions is built by hand and written to; the figures beside it are those of its list."""

from __future__ import annotations

import pytest

from campaigns.models import Campaign, Message, SandboxMessage
from loyalty.customers.filters import CustomerFilter
from loyalty.shops.scope import scope
from segmentation.models import OwnSegment

from .conftest import DESKTOP, PHONE, playwright_api

WORDS = {"fa": "{نام کوچک} عزیز، خبر خوبی داریم.", "en": "{first_name}, good news."}


def grown(page, count: int) -> None:
    """Wait until the tree has so many conditions and the last answer has settled.

    Not by a function of the page: its policy lets nothing be evaluated there.
    """
    playwright_api.expect(page.locator(".ba-own-cond")).to_have_count(count)
    playwright_api.expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)


def about(page, place: str, field: str) -> None:
    """Choose what the condition at a place is about, and wait for its boxes."""
    page.select_option(f"#n{place}-field", field)
    page.wait_for_selector(f"[name='n{place}-was'][value='{field}']", state="attached")


@pytest.mark.parametrize(("language", "size"), [("fa", DESKTOP), ("en", DESKTOP), ("fa", PHONE)])
def test_five_conditions_become_a_segment_that_is_written_to(open_page, busy_shop, language, size):
    shop = busy_shop(f"demo_{language}")
    page = open_page(language, size)
    page.goto(page.base + "/segments/own/")
    page.goto(page.base + page.locator("main .ba-actions .btn-primary").first.get_attribute("href"))

    # One: at least one purchase. The first condition is there already, and has the cursor.
    about(page, "0_0", "orders")
    page.fill("#id_n0_0-min", "1")
    # Two: not this month's newcomers, with the keyboard alone.
    page.locator("button[value='add:0']").focus()
    page.keyboard.press("Enter")
    grown(page, 2)
    assert page.evaluate("document.activeElement.id") == "n0_1-field"
    about(page, "0_1", "first_order")
    page.fill("#id_n0_1-days", "5")
    page.check("#n0_1-not")
    # Three: can be reached.
    page.click("button[value='add:0']")
    grown(page, 3)
    about(page, "0_2", "reachable")
    # Four and five: in a group of which one is enough.
    page.click("button[value='group:0']")
    grown(page, 4)
    about(page, "0_3_0", "stage")
    for choice in ("1", "2", "3", "4", "5", "6", "7", "8"):
        page.check(f"#id_n0_3_0-values-{choice}")
    page.click("button[value='add:0_3']")
    grown(page, 5)
    about(page, "0_3_1", "city")
    # Enter in a box adds the word and does not save.
    page.fill("#id_n0_3_1-values", {"fa": "تهران", "en": "London"}[language])
    page.keyboard.press("Enter")
    page.wait_for_selector("#id_n0_3_1-values-1", state="attached")
    assert page.url.endswith("/own/new/")

    # Everybody, the four of the outermost group, and the two inside the last of them.
    playwright_api.expect(page.locator(".ba-own-steps tbody tr")).to_have_count(7)
    shown = page.locator(".ba-own-big dd").first.inner_text()
    said = page.locator(".ba-own-said p").first.inner_text()
    page.fill("[name=name]", "Five")
    page.click("button[name=save]")
    page.wait_for_url(lambda url: "/new/" not in url)
    with scope(shop):
        segment = OwnSegment.objects.get()
        people = CustomerFilter(f"own={segment.pk}").qs.count()
        assert people > 0
        assert sum(len(node.get("of", [node])) for node in segment.definition["root"]["of"]) == 5
    assert said in page.locator("main").inner_text()
    assert page.locator(".ba-own-big dd").first.inner_text() == shown
    # Nothing widens the page.
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    # To the people, and from them to a message.
    page.goto(f"{page.base}/campaigns/new/?own={segment.pk}")
    assert said.rstrip(".") in page.locator("main").inner_text()
    page.fill("#id_text", WORDS[language])
    page.fill("[name=name]", "To five")
    page.uncheck("[name=respects_quiet_hours]")
    page.wait_for_timeout(800)
    page.click("#send-button")
    page.click("dialog#launch .btn-primary")
    page.wait_for_url(lambda url: "/edit/" not in url and "/new/" not in url)
    with scope(shop):
        campaign = Campaign.objects.get()
        sent = Message.objects.filter(campaign=campaign, state__in=Message.SENT).count()
        assert sent == SandboxMessage.objects.count() > 0
        assert campaign.members.count() == people
    assert not page.problems


def test_a_click_while_an_answer_is_on_its_way_is_not_lost(open_page, staffed_shop):
    staffed_shop("demo_en")
    page = open_page("en")
    page.goto(page.base + "/segments/own/new/")
    about(page, "0_0", "reachable")
    clicks = (
        "() => ['#n0_0-not', 'button[value=\"add:0\"]'].forEach(one => document.querySelector(one).click())"
    )
    page.evaluate(clicks)
    grown(page, 2)
    assert page.is_checked("#n0_0-not")
    assert not page.problems
