"""What is remembered, in a browser: last month's list, the map's people, who moved, the week's one button."""

from __future__ import annotations

import datetime
import re

import pytest

from loyalty.customers.filters import CustomerFilter
from loyalty.customers.models import Customer
from loyalty.shops.scope import scope
from loyalty.ui.text import ascii_digits
from segmentation.models import CustomerScore

from ..segmentation.pasts import remember
from .conftest import DESKTOP, PHONE

DAY = datetime.timedelta(days=1)
SHAPES = [("fa", DESKTOP), ("en", DESKTOP), ("fa", PHONE)]


def number(text: str) -> int:
    """Return the first number of a text, whatever its digits."""
    return int(re.search(r"\d+", ascii_digits(text).replace("٬", "").replace(",", ""))[0])


@pytest.fixture
def remembered(busy_shop):
    """A shop in which everybody was loyal until ten days ago; returns (shop, today)."""

    def made(language: str):
        shop = busy_shop(f"demo_{language}")
        with scope(shop):
            today = shop.today()
            for score in CustomerScore.objects.select_related("customer"):
                now = {kind: getattr(score, kind) for kind in ("segment", "stage", "quadrant")}
                then = {"stage": "loyal", "segment": "loyal", "quadrant": now["quadrant"]}
                remember(score.customer, (today - 90 * DAY, then), (today - 10 * DAY, now))
        return shop, today

    return made


@pytest.mark.parametrize(("language", "size"), SHAPES)
def test_last_months_list_is_opened(remembered, open_page, language, size):
    shop, today = remembered(language)
    page = open_page(language, size)
    page.goto(f"{page.base}/customers/?stage=loyal")
    a_month_ago = page.locator(f"a[href*='on={today - 30 * DAY}']")
    page.locator("details.ba-facet", has=a_month_ago).locator("summary").click()
    a_month_ago.click()
    page.wait_for_selector("#people .ba-callout-brand")
    assert f"on={today - 30 * DAY}" in page.url
    with scope(shop):
        then = CustomerFilter(f"stage=loyal&on={today - 30 * DAY}", today=today)
        now = CustomerFilter("stage=loyal", today=today)
        expected, elsewhere, still = then.qs.count(), then.elsewhere(10_000), now.qs.count()
        assert expected == Customer.objects.count() == elsewhere + still
    assert number(page.inner_text("[data-chosen-none]")) == expected
    assert str(elsewhere) in ascii_digits(page.inner_text("#people .ba-callout-brand"))
    # Searching within it stays within it.
    page.fill("#people-q", "ا" if language == "fa" else "a")
    page.wait_for_url(lambda url: "q=" in url)
    assert "on=" in page.url
    page.goto(f"{page.base}/customers/?stage=loyal&on={today - 30 * DAY}")
    page.click("#people .ba-callout-brand a >> nth=0")
    page.wait_for_url(lambda url: "on=" not in url)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.problems == []


@pytest.mark.parametrize(("language", "size"), SHAPES)
def test_a_cell_of_the_map_opens_its_people(remembered, open_page, language, size):
    shop, today = remembered(language)
    page = open_page(language, size)
    page.goto(f"{page.base}/segments/")
    cell = page.locator("table.ba-rfm a[href*='r=']").first
    expected = number(cell.locator("b").inner_text())
    cell.click()
    page.wait_for_url(lambda url: "/customers/?r=" in url)
    assert number(page.inner_text("[data-chosen-none]")) == expected
    with scope(shop):
        assert CustomerFilter(page.url.partition("?")[2], today=today).qs.count() == expected
    # And from the people one goes on to a person, whose own line through time is there.
    page.locator("#people td a[href^='/customers/']").first.click()
    page.wait_for_selector(".ba-past")
    assert page.problems == []


@pytest.mark.parametrize(("language", "size"), SHAPES)
def test_the_people_behind_a_move_are_opened(remembered, open_page, language, size):
    shop, today = remembered(language)
    page = open_page(language, size)
    page.goto(f"{page.base}/segments/changes/?kind=stage&first={today - 30 * DAY}")
    page.wait_for_selector(".ba-flow path")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    link = page.locator(".ba-matrix td:not(.stayed) a").first
    expected = int(link.get_attribute("data-count"))
    link.click()
    page.wait_for_url(lambda url: "/customers/?was=" in url)
    assert number(page.inner_text("[data-chosen-none]")) == expected
    assert page.problems == []


@pytest.mark.parametrize(("language", "size"), SHAPES)
def test_a_finding_of_the_week_becomes_a_draft(remembered, open_page, language, size):
    shop, _today = remembered(language)
    page = open_page(language, size)
    page.goto(f"{page.base}/digest/")
    button = page.locator("a[data-finding][href*='play=']").first
    query = button.get_attribute("href").partition("&")[2]
    button.click()
    page.wait_for_selector("textarea[name=text]")
    assert page.input_value("textarea[name=text]")
    with scope(shop):
        assert page.input_value("input[name=audience]") == CustomerFilter(query).query
    assert page.problems == []


@pytest.mark.parametrize(("language", "size"), [*SHAPES, ("en", PHONE)])
def test_the_matrix_fits_and_the_open_tab_is_in_sight(remembered, open_page, language, size):
    remembered(language)
    page = open_page(language, size)
    for kind in ("stage", "segment"):
        page.goto(f"{page.base}/segments/changes/?kind={kind}")
        tab = page.locator(".ba-tabs [aria-current=page]").bounding_box()
        assert 0 <= tab["x"] <= size[0] - tab["width"]
        widths = page.locator(".ba-matrix-box").evaluate("box => [box.scrollWidth, box.clientWidth]")
        assert size == PHONE or widths[0] <= widths[1]
        # On a phone some groups are beyond the edge, but not the names of the rows nor all of the people.
        assert page.locator(".ba-matrix tbody a").first.is_visible()
    assert page.problems == []
