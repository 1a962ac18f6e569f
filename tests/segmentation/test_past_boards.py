"""The boards as of a past day: that day's people, opened as a list of that day."""

import datetime
import re

import pytest
from django.urls import reverse

from loyalty.customers.filters import CustomerFilter
from loyalty.customers.models import Customer
from segmentation import facts, services
from segmentation.models import CustomerScore
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory
from tests.segmentation.pasts import remember_anything, was
from tests.segmentation.test_counting import sell

DAY = datetime.timedelta(days=1)
PAGES = {"segment": "segment_list", "stage": "stage_list", "quadrant": "quadrant_list"}


@pytest.fixture
def pasts(shop):
    made = CustomerFactory.create_batch(20)
    for customer in made:
        OrderFactory(customer=customer, on=TODAY - DAY)
    services.score_shop(TODAY - 30 * DAY)
    services.score_shop(TODAY)
    return remember_anything(3, TODAY, made)


def page(client, kind: str, on: str, language: str = "en", status: int = 200) -> str:
    address = reverse(f"segmentation:{PAGES[kind]}")
    response = client.get(address, {"on": on}, headers={"accept-language": language})
    assert response.status_code == status
    return response.content.decode()


@pytest.mark.parametrize("language", ["fa", "en"])
@pytest.mark.parametrize("kind", PAGES)
def test_each_group_has_that_days_people(pasts, as_owner, kind, language):
    day = TODAY - 40 * DAY
    said = page(as_owner, kind, day.isoformat(), language)
    links = re.findall(rf'href="/customers/\?({kind}=\w+&amp;on={day})"', said)
    then = was(pasts, kind, day)
    assert {link.partition("=")[2].partition("&")[0] for link in links} == set(then.values())
    found = [CustomerFilter(link.replace("&amp;", "&"), today=TODAY).qs.count() for link in links]
    assert sum(found) == len(then)


def test_its_money_is_that_of_the_run_nearby_or_not_known(pasts, as_owner):
    assert "as scored on" in page(as_owner, "stage", (TODAY - 28 * DAY).isoformat())
    assert "its money is not known" in page(as_owner, "stage", (TODAY - 60 * DAY).isoformat())


def test_every_picture_opens_the_people_of_its_day(shop, as_owner):
    then = TODAY - 40 * DAY
    sell(3, 60, then)
    services.score_shop(then)
    counted = facts.grid()
    spent = sorted(CustomerScore.objects.filter(frequency__gt=0).values_list("monetary_amount", flat=True))
    sell(4, 30, TODAY, 30)
    for person in Customer.objects.order_by("pk")[:20]:
        OrderFactory(customer=person, on=TODAY)
    services.score_shop(TODAY)
    on = then.isoformat()
    assert opened(page(as_owner, "segment", on), "r=") == {
        f"r={r}&f={f}&on={on}": cell.customers for (r, f), cell in counted.items()
    }
    said = page(as_owner, "quadrant", on)
    assert sum(opened(said, "quadrant=").values()) == 60
    assert sum(opened(said, "discount_min=").values()) >= 30 and opened(said, "anyway=on")
    assert opened(page(as_owner, "stage", on), "periodic=1&on=")
    response = as_owner.get(reverse("segmentation:pareto"), {"on": on})
    tenths = response.context["pareto"].tenths
    assert (tenths[0].most_amount, tenths[-1].least_amount) == (spent[-1], max(spent[0], 0))
    found = opened(response.content.decode(), "spent_max=")
    assert len(found) == 10 and sum(found.values()) >= 60


def opened(page: str, begins: str) -> dict[str, int]:
    """Return how many people each list has that a page leads to by an address that begins so."""
    links = {
        link.replace("&amp;", "&").replace(r"\u0026", "&")
        for link in re.findall(r'/customers/\?([^"]*)"', page)
    }
    found = {}
    for link in links:
        if link.startswith(begins) and "on=" in link:
            people = CustomerFilter(link, today=TODAY)
            with people.on_its_day():
                assert people.problems == []
                found[link] = people.qs.count()
    return found


def test_today_is_the_board_itself_and_nonsense_is_said(pasts, as_owner, shop):
    assert "People then" not in page(as_owner, "stage", shop.today().isoformat())
    assert "This is not a day" in page(as_owner, "stage", "tomorrow-ish", status=422)
    assert "Nothing is kept of a day that early" in page(as_owner, "stage", "2020-01-01")
