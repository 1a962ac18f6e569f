"""From a file to its report in a real browser: dropping, columns with a live preview, start, refused rows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .conftest import DESKTOP, PHONE
from .test_screens import serious

WORDS = {
    "fa": {"start": "آغاز ورود", "read": "خوانده می‌شود", "report": "سطرهایی که پذیرفته نشد"},
    "en": {"start": "Start the import", "read": "Will be read", "report": "Rows that were refused"},
}
FILE = (
    "نام مشتری,موبایل,شهر,شماره فاکتور,تاریخ,مبلغ (تومان),وضعیت\n"
    + "".join(
        f"نمونهٔ {n},0999{n:07d},شیراز,{n},1405/0{1 + n % 8}/1{n % 9},{(n * 37) % 90 + 10}0000,تکمیل شده\n"
        for n in range(1, 41)
    )
    + "نگار فرضی,021-88776655,تهران,901,1405/02/01,120000,تکمیل شده\n"
    + "کاوه نمونه,09990000777,تهران,902,1405/13/01,120000,تکمیل شده\n"
    + "مهسا انگار,09990000778,تهران,903,1405/02/01,120000,بایگانی\n"
)


def look_over(page, name: str) -> None:
    """Hold the page to what every screen is held to; keep a picture of it where IMPORT_PICTURES says so."""
    assert page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth + 1"
    ), name
    assert serious(page) == [], name
    if folder := os.environ.get("IMPORT_PICTURES"):
        page.wait_for_timeout(300)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("language", ["fa", "en"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_file_is_brought_in(staffed_shop, open_page, settings, tmp_path, language, size):
    settings.MEDIA_ROOT = tmp_path
    staffed_shop("demo_fa")
    name = f"{language}-{size[0]}"
    page = open_page(language, size)
    page.goto(f"{page.base}/imports/")
    look_over(page, f"{name}-1-empty")
    page.set_input_files(
        "[data-drop] input", {"name": "orders.csv", "mimeType": "text/csv", "buffer": FILE.encode()}
    )
    expect(page.locator("[data-drop-name]")).to_contain_text("orders.csv")
    page.click("main form .btn-primary")

    preview = page.locator("#preview")
    expect(preview).to_contain_text(WORDS[language]["read"])
    look_over(page, f"{name}-2-columns")
    # A word that nobody knew is answered, and the rows are read again without leaving the page.
    words = preview.locator(".ba-words select")
    expect(words).to_have_count(1)
    words.select_option("completed")
    expect(preview.locator(".ba-reasons li")).to_have_count(2)
    look_over(page, f"{name}-3-answered")

    page.get_by_role("button", name=WORDS[language]["start"]).click()
    expect(page.locator("#import")).to_contain_text(WORDS[language]["report"])
    expect(page.locator("#import table").first.locator("tbody tr")).to_have_count(2)
    look_over(page, f"{name}-4-report")
    page.goto(f"{page.base}/imports/")
    look_over(page, f"{name}-5-list")
    assert page.problems == []
