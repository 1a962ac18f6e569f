"""Every page, in both languages, at a desktop's and a phone's width: nothing broken, nothing cut, no barrier."""

from __future__ import annotations

import datetime
from urllib.parse import urlsplit

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import timezone

from campaigns import dispatch
from campaigns.models import Campaign
from loyalty.access import CLOSED, PUBLIC, REGISTRY
from loyalty.customers.models import Customer
from loyalty.shops import staff
from loyalty.shops.models import Shop, User
from loyalty.shops.scope import scope
from segmentation import likeness_runs
from tests.test_routes import OBJECTS, PATTERNS, arguments_of

from .conftest import DESKTOP, PASSWORD, PHONE

# What answers GET with a file, a fragment, data, or the way to another page. Every other route is a page.
NO_PAGE = {
    *("healthz", "set_language", "counter:quote", "customers:product_list", "shops:no_shop", "tiers:movers"),
    *(
        "ingest:import_sample",
        "ingest:import_detail",
        "shops:invitation_renew",
        "mfa_download_recovery_codes",
    ),
    *("segmentation:scheme_preview", "account_signup", "mfa_authenticate"),
}
# With a condition, where the page without one says less.
QUERIES = {
    "campaigns:campaign_create": "stage=at_risk",
    "customers:customer_list": "on=2020-01-01&stage=loyal",
}
OF_A_CUSTOMER = (
    *("customers:customer_detail", "customers:customer_edit", "customers:customer_history"),
    *("customers:order_list", "customers:order_add", "segmentation:own_segment_places"),
)
OF_A_CAMPAIGN = ("campaigns:campaign_detail", "campaigns:campaign_audience")
# How many pixels the page is wider than its window; a chart takes a moment to follow the window.
BEYOND = """async () => {
    const page = document.documentElement;
    for (let looks = 0; looks < 20 && page.scrollWidth > page.clientWidth; looks += 1)
        await new Promise((again) => setTimeout(again, 50));
    return page.scrollWidth - page.clientWidth;
}"""
SIGN_OUT, SECOND_STEP = "account_logout", "mfa_activate_totp"


def pages(*, signed_in: bool) -> list[str]:
    """Return the routes that show a page to the owner of a shop, or to who has not signed in."""
    return [
        name
        for name, access in sorted(REGISTRY.items())
        if "GET" in access.methods
        and access.roles != CLOSED
        and name not in NO_PAGE | {SECOND_STEP}
        and (access.roles != PUBLIC or name == SIGN_OUT) is signed_in
    ]


def about(shop: Shop) -> dict[str, dict]:
    """Return what the pages with arguments are about: the shop's own, else what the routes' tests make."""
    with scope(shop):
        busy = Customer.objects.filter(score__isnull=False).order_by("-score__frequency").first()
        draft = Campaign.objects.create(name="Draft", text="…", audience="stage=at_risk")
        sent = Campaign.objects.create(name="Sent", text="…", audience="stage=loyal")
        sent = dispatch.launch(sent, None, sent.version, at=timezone.now() - datetime.timedelta(days=3))
        _, token = staff.invite("Somebody", "new@example.com", "counter", by=User.objects.first())
        likeness_runs.work_out(likeness_runs.begin(shop.today()))
        own = OBJECTS["segmentation:own_segment_detail"]()
        known = {
            **dict.fromkeys(OF_A_CUSTOMER, {"pk": busy.pk}),
            "customers:refund_add": {"pk": busy.orders.first().pk},
            "segmentation:own_segment_why": {**own, "customer": busy.pk},
            "campaigns:campaign_edit": {"pk": draft.pk},
            **dict.fromkeys(OF_A_CAMPAIGN, {"pk": sent.pk}),
            "shops:invitation_accept": {"slug": shop.slug, "token": token},
        }
        wanted = [*pages(signed_in=True), *pages(signed_in=False)]
        with_arguments = [name for name in wanted if arguments_of(PATTERNS[name])]
        return {name: known.get(name) or OBJECTS[name]() for name in with_arguments}


def serious(page) -> list[str]:
    """Return what axe-core calls serious or critical on the page, as "rule: target"."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{violation['id']}: {node['target']}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def troubles_of(page, address: str, language: str, sizes: list[tuple[int, int]]) -> list[str]:
    """Open a page in the first size and return what is wrong with it, in the other size its width."""
    page.problems.clear()
    answer = page.goto(page.base + address)
    page.wait_for_load_state("networkidle")
    if answer.status != 200:
        return [str(answer.status)]
    if urlsplit(answer.url).path != urlsplit(address).path:
        return [f"leads to {answer.url}"]
    direction = page.evaluate("document.documentElement.dir")
    if direction != {"fa": "rtl", "en": "ltr"}[language]:
        return [f"runs {direction}" if direction else "is no page: say so in NO_PAGE"]
    troubles = serious(page)
    for width, height in reversed(sizes):
        page.set_viewport_size({"width": width, "height": height})
        if beyond := page.evaluate(BEYOND):
            troubles.append(f"is {beyond} px wider than a window of {width} px")
    return troubles + page.problems


@pytest.mark.parametrize(
    ("language", "sizes"),
    [("fa", [PHONE, DESKTOP]), ("en", [DESKTOP, PHONE])],
    ids=["fa-phone", "en-desktop"],
)
def test_no_screen_is_broken_cut_or_barred(open_page, busy_shop, language, sizes):
    shop = busy_shop(f"demo_{language}")
    objects, troubles = about(shop), {}

    def look(name: str) -> None:
        address = reverse(name, kwargs=objects.get(name))
        address += f"?{QUERIES[name]}" if name in QUERIES else ""
        if found := troubles_of(page, address, language, sizes):
            troubles[address] = found

    page = open_page(language, sizes[0])
    # Asks for the password once more, even just after signing in.
    page.goto(page.base + reverse(SECOND_STEP))
    page.fill("input[name=password]", PASSWORD)
    page.click("main form .btn-primary")
    look(SECOND_STEP)
    owner = User.objects.get(email="owner@example.com")
    TOTP.activate(owner, "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(owner)
    for name in pages(signed_in=True):
        look(name)
    page.context.clear_cookies()
    for name in pages(signed_in=False):
        look(name)
    assert not troubles, "\n".join(
        f"{address}: {each}" for address, found in troubles.items() for each in found
    )
