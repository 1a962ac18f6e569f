"""The whole story once, in both languages: a file, the segments, a threshold, a win-back, the phone, the result."""

from __future__ import annotations

import csv
import datetime
import json
from pathlib import Path

import pytest

from campaigns.models import Campaign, Message, SandboxMessage
from loyalty.customers.models import ConsentEvent, Customer, Order
from loyalty.demo.process import Invention
from loyalty.shops.models import Shop
from loyalty.shops.scope import scope
from loyalty.ui.dates import format_day
from segmentation.models import CustomerScore

from .conftest import DESKTOP, FIXTURES, PHONE

HEADERS = {
    "fa": ["نام مشتری", "موبایل", "شهر", "شماره سفارش", "تاریخ خرید", "مبلغ (تومان)", "وضعیت", "رضایت پیامک"],
    "en": [
        "Customer name",
        "Mobile",
        "City",
        "Order number",
        "Order date",
        "Total (GBP)",
        "Status",
        "SMS consent",
    ],
}
WORDS = {"fa": ("تکمیل شده", "لغو شده", "بله"), "en": ("completed", "cancelled", "yes")}


def sales_file(shop: Shop, language: str, path: Path, customers: int = 90) -> int:
    """Write a shop's past as a till would export it, and return the number of its orders."""
    fixture = json.loads((FIXTURES / f"demo_{language}.json").read_text(encoding="utf-8"))
    past = Invention(fixture | {"customers": customers}, shop.today() - datetime.timedelta(days=1)).past()
    people = {person.number: person for person in past.people}
    completed, cancelled, agreed = WORDS[language]
    sales = [sale for sale in past.sales if sale.person]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADERS[language])
        for number, sale in enumerate(sales, start=1):
            person = people[sale.person]
            local = f"0999{sale.person:07d}" if language == "fa" else f"07400{sale.person:06d}"
            writer.writerow(
                [
                    person.name,
                    local,
                    person.place[1],
                    number,
                    format_day(sale.placed_on, shop.presentation("fa"), "short")
                    if language == "fa"
                    else sale.placed_on,
                    sale.net // 10 if language == "fa" else f"{sale.net / 100:.2f}",
                    cancelled if sale.status == "cancelled" else completed,
                    agreed,
                ]
            )
    return len(sales)


@pytest.mark.parametrize(("language", "size"), [("fa", DESKTOP), ("en", DESKTOP), ("fa", PHONE)])
def test_from_a_file_to_a_verdict(open_page, staffed_shop, tmp_path, language, size):
    shop = staffed_shop(f"demo_{language}")
    orders = sales_file(shop, language, tmp_path / "sales.csv")
    page = open_page(language, size)

    # The empty shop says what to do first: bring your sales.
    page.goto(page.base + "/imports/new/")
    page.set_input_files("input[type=file]", tmp_path / "sales.csv")
    page.click("main form[enctype] .btn-primary")
    page.wait_for_selector("#mapping")
    evidence = page.locator("[name=consent_evidence]")
    if evidence.count() and evidence.is_visible():
        evidence.fill("Signed at the counter")
        page.wait_for_timeout(600)
    page.click("button[name=start]")
    page.wait_for_selector("#import:not([hx-get])", timeout=60_000)
    with scope(shop):
        assert Order.objects.count() == orders
        assert CustomerScore.objects.count() == Customer.objects.count() > 0
        assert ConsentEvent.objects.filter(action="in").exists()

    # Who is who: a cell of the map leads to the people in it.
    page.goto(page.base + "/segments/")
    cell = page.locator("table.ba-rfm a[href*='r=']").first
    cell.scroll_into_view_if_needed()
    with page.expect_navigation():
        page.goto(page.base + cell.get_attribute("href"))
    assert page.locator(".ba-table tbody tr").count() > 0

    # A threshold is moved: before anything is saved the owner sees who would move.
    page.goto(page.base + "/tiers/")
    threshold = page.locator("input[name=threshold2]").first
    before = threshold.input_value()
    threshold.fill("1")
    page.wait_for_selector("[data-apply]")
    page.click("[data-apply]")
    page.wait_for_load_state("networkidle")
    assert page.locator("input[name=threshold2]").first.input_value() != before
    # And taken back.
    page.locator("form[action*='/undo/'] button").first.click()
    page.wait_for_load_state("networkidle")
    assert page.locator("input[name=threshold2]").first.input_value() == before

    # A win-back to everybody who has drifted away, some left alone to compare.
    page.goto(page.base + "/campaigns/new/?stage=at_risk&stage=inactive&stage=lost")
    page.fill(
        "#id_text", {"fa": "{نام کوچک} عزیز، جای شما خالی است.", "en": "{first_name}, we miss you."}[language]
    )
    page.fill("[name=name]", "Win-back")
    page.uncheck("[name=respects_quiet_hours]")
    page.wait_for_timeout(800)
    page.click("#send-button")
    page.click("dialog#launch .btn-primary")
    page.wait_for_url(lambda url: "/edit/" not in url and "/new/" not in url)
    with scope(shop):
        campaign = Campaign.objects.get()
        sent = Message.objects.filter(campaign=campaign, state__in=Message.SENT).count()
        assert sent == Message.objects.count() == SandboxMessage.objects.count() > 0
        assert campaign.members.filter(arm="holdout").exists()

    # It can be read on the phone, and answered: opting out is one word.
    page.goto(page.base + "/sandbox/")
    page.fill(".ba-phone-f input[name=text]", {"fa": "لغو۱۱", "en": "STOP"}[language])
    page.keyboard.press("Enter")
    page.wait_for_load_state("networkidle")
    with scope(shop):
        assert ConsentEvent.objects.filter(action="out", source="keyword").count() == 1

    # The result says honestly that it is too early.
    page.goto(f"{page.base}/campaigns/{campaign.pk}/")
    assert {"fa": "هنوز معلوم نیست", "en": "Cannot tell yet"}[language] in page.locator("main").inner_text()
    assert not page.problems
