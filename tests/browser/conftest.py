"""A real Chromium in front of a live server. Skipped, saying so, where no Chromium is installed."""

from __future__ import annotations

import datetime
import json
import os
import shutil
from pathlib import Path

import pytest
from django.db import connections

from loyalty.celery import app as celery_app
from loyalty.demo import load
from loyalty.demo.process import Invention
from loyalty.shops.scope import scope
from tests import factories

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
PASSWORD = "bashgah-demo"
DESKTOP, PHONE = (1280, 900), (390, 844)


def pytest_collection_modifyitems(items) -> None:
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)


def chromium_path() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def browser():
    path = chromium_path()
    if path is None:
        pytest.skip("no Chromium is installed; browser tests were not run")
    # playwright's own loop runs in this thread, and Django takes that for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with playwright_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield launched
        launched.close()
        # With that loop Django keeps a second set of connections for this thread, and out of reach without it.
        connections.close_all()


@pytest.fixture
def worker_at_hand(transactional_db):
    """Tasks run at once, where they are asked for: the browser waits for what a worker would do."""
    before = celery_app.conf.task_always_eager
    celery_app.conf.task_always_eager = True
    yield
    celery_app.conf.task_always_eager = before


def note(page, message) -> None:
    """Collect an error of the console, but not htmx's that its polling was cut short by leaving the page."""
    if message.type == "error" and not message.text.startswith(("htmx:sendAbort", "htmx:afterRequest")):
        page.problems.append(message.text)


@pytest.fixture
def open_page(browser, live_server, worker_at_hand):
    """Return `open_page(language, size, email)`: a page, signed in, with every console error collected."""
    contexts = []

    def opened(language: str, size: tuple[int, int] = DESKTOP, email: str = "owner@example.com"):
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale={"fa": "fa-IR", "en": "en-GB"}[language],
            reduced_motion="reduce",
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("console", lambda message: note(page, message))
        page.base = live_server.url
        page.goto(f"{live_server.url}/accounts/login/")
        page.fill("input[name=login]", email)
        page.fill("input[name=password]", PASSWORD)
        page.click("main form .btn-primary")
        page.wait_for_url(lambda url: "/accounts/login" not in url)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def staffed_shop(transactional_db):
    """Return `staffed_shop(fixture)`: an empty shop like the fixture's, with the three demo people."""

    def made(name: str = "demo_fa"):
        fixture = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
        fields = (
            "slug",
            "name",
            "language",
            "calendar",
            "currency",
            "display_unit",
            "time_zone",
            "phone_region",
        )
        shop = factories.make_shop(**{field: fixture[field] for field in fields})
        for role in ("owner", "marketer", "counter"):
            user = factories.make_user(email=f"{role}@example.com", name=role.title(), password=PASSWORD)
            factories.make_staff(shop, role, user=user)
        return shop

    return made


@pytest.fixture
def busy_shop(staffed_shop):
    """Return `busy_shop(fixture)`: a shop with a small invented past, scored and in tiers as of today."""
    from loyalty import pipeline

    def made(name: str = "demo_fa", customers: int = 120):
        shop = staffed_shop(name)
        fixture = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8")) | {
            "customers": customers
        }
        with scope(shop):
            today = shop.today()
            load.past(shop, fixture, Invention(fixture, today - datetime.timedelta(days=1)).past())
            pipeline.night(today)
        return shop

    return made
