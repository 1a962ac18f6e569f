"""The editor of tiers: numbers moved in a browser, seen before they are saved, applied and undone."""

import pytest

from loyalty.shops.scope import scope
from loyalty.tiers import services as tiers
from loyalty.tiers.models import ProgrammeVersion, Tier, TierMembership
from tests.browser.conftest import DESKTOP, PHONE
from tests.factories import CustomerFactory, OrderFactory


@pytest.fixture
def tiered(staffed_shop):
    """A Persian shop whose gold begins at five million toman; three people are one million short of it."""
    shop = staffed_shop()
    with scope(shop):
        programme = tiers.preset(shop.today())
        for rank, millions in ((2, 1), (3, 5), (4, 20)):
            Tier.objects.filter(programme=programme, rank=rank).update(threshold_amount=millions * 10_000_000)
        for number in range(3):
            customer = CustomerFactory(name=f"نمونه {number}")
            for _ in range(2):
                OrderFactory(customer=customer, net_amount=20_000_000, on=shop.today())
        tiers.review_shop(shop.today())
    return shop


@pytest.mark.parametrize(("language", "four"), [("fa", "۴"), ("en", "4")])
def test_a_number_is_tried_applied_and_undone(tiered, open_page, language, four):
    page = open_page(language, DESKTOP)
    page.goto(f"{page.base}/tiers/")
    page.fill("#id_threshold3", four)
    page.wait_for_selector("#preview .ba-big2")
    assert page.inner_text("#preview .ba-big2 b >> nth=0") == {"fa": "۳", "en": "3"}[language]
    assert "threshold3=" in page.url
    with scope(tiered):
        assert ProgrammeVersion.objects.count() == 1
    page.click("[data-apply]:not([disabled])")
    page.wait_for_selector("#history form button")
    with scope(tiered):
        assert set(TierMembership.objects.filter(is_current=True).values_list("tier__rank", flat=True)) == {3}
    page.click("#history form button")
    page.wait_for_selector("#history form button", state="detached")
    with scope(tiered):
        assert set(TierMembership.objects.filter(is_current=True).values_list("tier__rank", flat=True)) == {2}
    assert page.problems == []


def test_a_slider_moves_the_number_and_the_preview(tiered, open_page):
    page = open_page("fa", PHONE)
    page.goto(f"{page.base}/tiers/")
    slider = page.locator("[data-for=id_threshold3]")
    slider.focus()
    for _ in range(5):
        page.keyboard.press(
            "ArrowLeft"
            if slider.evaluate("node => getComputedStyle(node).direction") == "ltr"
            else "ArrowRight"
        )
    page.wait_for_selector("#tier-sticky:not([hidden])")
    assert page.input_value("#id_threshold3") != "۵"
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def test_apply_waits_for_the_preview_of_what_is_typed(tiered, open_page):
    page = open_page("en", DESKTOP)
    page.goto(f"{page.base}/tiers/?threshold3=4")
    page.wait_for_selector("[data-apply]")
    page.route("**/tiers/?*", lambda route: None)
    page.type("#id_threshold4", "5")
    assert page.is_disabled("[data-apply]")


def test_a_benefit_is_added_in_a_dialog(tiered, open_page):
    page = open_page("en", DESKTOP)
    page.goto(f"{page.base}/tiers/")
    page.click("a[href$='/tiers/2/benefits/new/']")
    page.fill("dialog[open] input[name=text]", "A free cup")
    page.click("dialog[open] .btn-primary")
    page.wait_for_selector("text=A free cup")
    assert page.problems == []
