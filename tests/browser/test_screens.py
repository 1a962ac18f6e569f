"""Every main screen, in both languages, at a desktop's and a phone's width: nothing broken, nothing cut, no barrier."""

from __future__ import annotations

import datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone

from campaigns import dispatch
from campaigns.models import Campaign
from loyalty.customers.models import Customer
from loyalty.shops.scope import scope

from .conftest import DESKTOP, PHONE

SCREENS = (
    "/",
    "/customers/",
    "/customers/{customer}/",
    "/customers/{customer}/edit/",
    "/customers/new/",
    "/segments/",
    "/segments/lifecycle/",
    "/segments/value/",
    "/segments/pareto/",
    "/segments/settings/",
    "/tiers/",
    "/tiers/2/benefits/new/",
    "/campaigns/",
    "/campaigns/new/?stage=at_risk",
    "/campaigns/{draft}/edit/",
    "/campaigns/{sent}/",
    "/campaigns/{sent}/people/",
    "/sandbox/",
    "/counter/",
    "/imports/",
    "/imports/new/",
    "/points/",
    "/settings/",
    "/settings/staff/",
    "/settings/audit/",
)


def serious(page) -> list[str]:
    """Return what axe-core calls serious or critical on the page, as "rule: target"."""
    found = Axe().run(page).response["violations"]
    return [
        f"{violation['id']}: {node['target']}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("language", ["fa", "en"])
def test_no_screen_is_broken_cut_or_barred(open_page, busy_shop, language, size):
    shop = busy_shop("demo_fa" if language == "fa" else "demo_en")
    with scope(shop):
        customer = Customer.objects.filter(orders__isnull=False).order_by("pk").first()
        draft = Campaign.objects.create(name="Draft", text="…", audience="stage=at_risk")
        sent = Campaign.objects.create(name="Sent", text="…", audience="stage=loyal")
        sent = dispatch.launch(sent, None, sent.version, at=timezone.now() - datetime.timedelta(days=3))
    page = open_page(language, size)
    troubles = []
    for screen in SCREENS:
        address = screen.format(customer=customer.pk, draft=draft.pk, sent=sent.pk)
        page.problems.clear()
        answer = page.goto(page.base + address)
        page.wait_for_load_state("networkidle")
        here = f"{address} ({language}, {size[0]} px)"
        if answer.status != 200:
            troubles.append(f"{here}: {answer.status}")
            continue
        troubles += [f"{here}: {problem}" for problem in page.problems]
        direction = page.evaluate("document.documentElement.dir")
        if direction != {"fa": "rtl", "en": "ltr"}[language]:
            troubles.append(f"{here}: runs {direction}")
        beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if beyond > 0:
            troubles.append(f"{here}: {beyond} px wider than the window")
        troubles += [f"{here}: {violation}" for violation in serious(page)]
    assert not troubles, "\n".join(troubles)
