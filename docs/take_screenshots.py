"""Takes the pictures of the README from a running demo: `make run`, then `python docs/take_screenshots.py`.

Signs in with the demo logins and saves every main screen, the Persian shop's in Persian and the English one's in
English, at a desktop's and a phone's width, into docs/screenshots/. Needs a Chromium; CHROMIUM says where when it
is not at a usual place.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).resolve().parent
LOGINS = {"owner": "owner@example.com", "counter": "counter@example.com"}
PASSWORD = "bashgah-demo"
SHOPS = {
    language: json.loads((HERE.parent / f"fixtures/demo_{language}.json").read_text(encoding="utf-8"))["name"]
    for language in ("fa", "en")
}
WIDTHS = {"1280": (1280, 900), "390": (390, 844)}
# (name, address, who)
SCREENS = (
    ("overview", "/", "owner"),
    ("week", "/digest/", "owner"),
    ("customers", "/customers/", "owner"),
    ("segments", "/segments/", "owner"),
    ("own", "/segments/own/", "owner"),
    ("outlook", "/segments/outlook/", "owner"),
    ("reports", "/segments/reports/", "owner"),
    ("tiers", "/tiers/", "owner"),
    ("campaigns", "/campaigns/", "owner"),
    ("sandbox", "/sandbox/", "owner"),
    ("imports", "/imports/", "owner"),
    ("settings", "/settings/", "owner"),
    ("counter", "/counter/", "counter"),
)


def chromium() -> str | None:
    """Return the path of a Chromium, or None to let playwright find its own."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def sign_in(browser: Browser, base: str, email: str, language: str, size: tuple[int, int]) -> Page:
    """Return a page signed in as `email`, speaking `language`."""
    locale = {"fa": "fa-IR", "en": "en-GB"}[language]
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, locale=locale, color_scheme="light"
    )
    page = context.new_page()
    page.goto(f"{base}/accounts/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", PASSWORD)
    page.click("main form .btn-primary")
    page.wait_for_url(lambda url: "/accounts/login" not in url)
    # Their first shop is the Persian one, whichever language they read it in.
    button = page.locator(".ba-menu-l button[name=shop]", has_text=SHOPS[language]).first
    with page.expect_navigation():
        button.evaluate("button => button.form.requestSubmit(button)")
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--output", type=Path, default=HERE / "screenshots")
    parser.add_argument("--only", help="take only the screen of this name")
    parser.add_argument("--full", action="store_true", help="the whole page, not only what the window shows")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for language in ("fa", "en"):
            for width, size in WIDTHS.items():
                pages: dict[str, Page] = {}
                for name, address, who in SCREENS:
                    if options.only not in (None, name):
                        continue
                    if who not in pages:
                        pages[who] = sign_in(browser, options.url, LOGINS[who], language, size)
                    page = pages[who]
                    answer = page.goto(options.url + address)
                    if not answer.ok:
                        raise SystemExit(f"{address} answered {answer.status}.")
                    page.wait_for_load_state("networkidle")
                    page.screenshot(
                        path=options.output / f"{name}-{language}-{width}.png", full_page=options.full
                    )
        browser.close()


if __name__ == "__main__":
    main()
