"""The counter by keyboard alone, as DESIGN says the keys, in both languages and on a phone."""

import pytest

from loyalty.counter.models import CounterRecord
from loyalty.customers.models import Order
from loyalty.shops.scope import scope
from loyalty.tiers import services as tiers
from loyalty.tiers.models import BenefitGrant
from tests.browser.conftest import DESKTOP, PHONE
from tests.factories import CustomerFactory, OrderFactory


@pytest.fixture
def served(staffed_shop):
    """A Persian shop with one VIP (…5678) and two people who share their last digits (…1234)."""
    shop = staffed_shop()
    with scope(shop):
        vip = CustomerFactory(name="کاوه نمونه", phone="+989990005678")
        for _ in range(25):
            OrderFactory(customer=vip, net_amount=10_000_000, on=shop.today())
        for number, name in enumerate(("آذر مثال", "بهار مثال")):
            CustomerFactory(name=name, phone=f"+98999000{number}1234")
        tiers.review_shop(shop.today())
    return shop


def typed(page, digits: str) -> None:
    page.keyboard.press("/")
    for digit in digits:
        page.keyboard.press(digit)


@pytest.mark.parametrize("language", ["fa", "en"])
def test_a_customer_is_served_without_touching_the_mouse(served, open_page, language):
    page = open_page(language, DESKTOP, "counter@example.com")
    page.goto(f"{page.base}/counter/")
    typed(page, "5678")
    page.wait_for_selector("#amount:focus")
    page.keyboard.press("Alt+1")
    page.wait_for_selector("#offers .done")
    page.keyboard.type("1240000")
    page.wait_for_selector("#quote b")
    page.keyboard.press("Enter")
    page.wait_for_selector("#last [data-take-back]")
    page.keyboard.press("Control+z")
    page.wait_for_selector("#last:empty, #last:not(:has(button))", state="attached")
    page.keyboard.press("Escape")
    page.wait_for_selector(".ba-digits input:focus")
    assert page.locator("#amount").count() == 0
    with scope(served):
        record = CounterRecord.objects.select_related("order").get()
        assert (record.order.net_amount, record.order.status) == (11_160_000, Order.Status.CANCELLED)
        assert BenefitGrant.objects.get().undone_at is None
    assert page.problems == []


def test_a_page_that_came_whole_is_ready_for_the_amount(served, open_page):
    page = open_page("en", DESKTOP, "counter@example.com")
    page.goto(f"{page.base}/counter/")
    typed(page, "5678")
    page.wait_for_selector("#amount:focus")
    with page.expect_navigation():
        page.evaluate("document.querySelector('[data-give]').form.submit()")
    page.wait_for_selector("#amount:focus")


def test_arrows_choose_among_the_people_found(served, open_page):
    page = open_page("fa", DESKTOP, "counter@example.com")
    page.goto(f"{page.base}/counter/")
    typed(page, "1234")
    page.wait_for_selector(".ba-res button:focus")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector("#person-name")
    assert page.inner_text("#person-name") == "بهار مثال"


def test_backspace_goes_back_and_a_pasted_number_fills_the_boxes(served, open_page):
    page = open_page("en", DESKTOP, "counter@example.com")
    page.goto(f"{page.base}/counter/")
    typed(page, "56")
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    typed(page, "5678")
    page.wait_for_selector("#person-name")


def test_on_a_phone_everything_fits_and_is_large_enough_to_touch(served, open_page):
    page = open_page("fa", PHONE, "counter@example.com")
    page.goto(f"{page.base}/counter/")
    page.fill("#counter-text", "کاوه")
    page.wait_for_selector("#amount")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    small = page.evaluate(
        """[...document.querySelectorAll("#counter :is(button, summary, input:not([type=hidden]))")]
           .filter(element => element.offsetParent)
           .map(element => [element.outerHTML.slice(0, 80), element.closest(".ba-check, .ba-unit") || element])
           .map(([html, element]) => [html, Math.round(element.getBoundingClientRect().height)])
           .filter(([, height]) => height < 44)"""
    )
    assert small == []
