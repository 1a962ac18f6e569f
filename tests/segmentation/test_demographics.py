"""People and places: every bar counts whom its list opens, and what is not known is a bar of its own."""

import datetime
import re

import pytest
from django.urls import reverse

from loyalty.customers.filters import CustomerFilter
from loyalty.customers.models import Customer
from loyalty.shops.scope import scope
from segmentation import demographics, services
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory

PEOPLE = (
    # birth, gender, city, neighbourhood, job, found us by, joined, orders
    ("2000-11-23", "female", "Yazd", "Old town", "Nurse", "Friend", 10, 3),
    ("2000-11-24", "female", "Yazd", "", "", "Friend", 89, 1),
    ("1990-01-01", "male", "Shiraz", "Old town", "Nurse", "", 90, 2),
    (None, "", "", "", "", "", 364, 1),
    ("1950-05-05", "male", "Shiraz", "Bazaar", "Baker", "Web", 365, 0),
    ("2012-02-29", "other", "Yazd", "Old town", "", "Web", None, 1),
)


@pytest.fixture
def people(shop, monkeypatch):
    monkeypatch.setattr(type(shop), "today", lambda self: TODAY)
    for birth, gender, city, neighbourhood, job, acquired, joined, orders in PEOPLE:
        person = CustomerFactory(
            birth_on=birth and datetime.date.fromisoformat(birth),
            gender=gender,
            city=city,
            province=city and "Province",
            neighbourhood=neighbourhood,
            job=job,
            acquired_by=acquired,
            joined_on=None if joined is None else TODAY - datetime.timedelta(days=joined),
        )
        for number in range(orders):
            OrderFactory(customer=person, on=TODAY - datetime.timedelta(days=30 * number + 5))
    services.score_shop(TODAY)
    return shop


def counted(found: demographics.Profile, name: str) -> dict[str, int]:
    return {band.key: band.customers for band in found.dimensions[name].bands}


def test_every_dimension_counts_everybody_once(people):
    found = demographics.profile(TODAY)
    for name, dimension in found.dimensions.items():
        assert sum(band.customers for band in dimension.bands) == len(PEOPLE), name
        assert sum(band.amount for band in dimension.bands) == found.amount, name
    assert counted(found, "gender") == {"female": 2, "male": 2, "other": 1, "": 1}
    assert counted(found, "tenure") == {"0": 3, "1": 2, "2": 1}
    assert counted(found, "age") == {"0": 1, "2": 2, "3": 1, "6": 1, "": 1}


def test_the_old_town_of_one_city_is_not_that_of_another(people):
    bands = demographics.profile(TODAY).dimensions["neighbourhood"].bands
    assert {(band.key, band.place): band.customers for band in bands} == {
        ("Old town", "Yazd"): 2,
        ("Old town", "Shiraz"): 1,
        ("Bazaar", "Shiraz"): 1,
        ("", ""): 2,
    }


def test_an_index_of_100_is_the_average_of_the_shop(people):
    everybody = demographics.profile(TODAY)
    assert {round(band.index) for band in everybody.dimensions["city"].bands} == {100}
    group = demographics.profile(TODAY, CustomerFilter("gender=female", today=TODAY).qs)
    assert (group.customers, group.all_customers) == (2, 6)
    yazd = group.dimensions["city"].bands[0]
    # Both of the two live there, and half of all: twice the share.
    assert (yazd.key, yazd.share, yazd.all_share, yazd.index) == ("Yazd", 1, 0.5, 200)
    # They spent 2 million each, a customer of the shop 8 / 6.
    assert yazd.amount_each == 2_000_000
    assert yazd.amount_index == pytest.approx(150)


def test_an_empty_group_and_an_empty_shop_are_no_error(shop):
    found = demographics.profile(TODAY)
    assert found.customers == 0
    assert {len(dimension.bands) for dimension in found.dimensions.values()} == {0}


def test_another_shops_people_are_not_counted(people, other_shop):
    with scope(other_shop):
        Customer.objects.create(name="Other", city="Leeds")
    assert "Leeds" not in counted(demographics.profile(TODAY), "city")


@pytest.mark.parametrize("of", ["", "stage:new"])
def test_each_bar_opens_exactly_its_people(people, as_owner, of):
    page = as_owner.get(reverse("segmentation:people"), {"of": of}, headers={"accept-language": "en"})
    assert page.status_code == 200
    bars = re.findall(
        r'href="/customers/\?([^"]+)">[^<]+</a></td>\s*<td[^>]*>.*?</td>\s*<td[^>]*><span>([\d,]+)',
        page.content.decode(),
    )
    assert len(bars) > 10
    for query, number in bars:
        chosen = CustomerFilter(query.replace("&amp;", "&"), today=TODAY)
        assert chosen.problems == []
        assert chosen.qs.count() == int(number), query
        assert ("stage" in query) == bool(of)


def test_what_the_figures_count_is_said_once(people, as_owner):
    asked = {"accept-language": "en"}
    said = as_owner.get(reverse("segmentation:people"), {"of": "stage:new"}, headers=asked).content.decode()
    for words in ("Against the average: 100", "Against everybody: 100", "less refunds; computed"):
        assert said.count(words) == 1


def test_the_file_holds_every_value(people, as_marketer):
    answer = as_marketer.get(reverse("segmentation:people"), {"export": "csv"})
    assert answer["Content-Disposition"].endswith('people-and-places.csv"')
    text = b"".join(answer).decode("utf-8-sig")
    assert "Old town" in text
    assert text.count("\n") == 1 + sum(
        len(one.bands) for one in demographics.profile(TODAY).dimensions.values()
    )


def test_a_page_for_nobody_says_so(people, as_owner):
    for language in ("fa", "en"):
        page = as_owner.get(
            reverse("segmentation:people"),
            {"of": "segment:cannot_lose"},
            headers={"accept-language": language},
        )
        assert page.status_code == 200
    assert "Nobody is in this group now" in page.content.decode()


def test_what_is_asked_for_must_be_known(people, as_owner):
    page = as_owner.get(
        reverse("segmentation:people"), {"of": "tier:999999"}, headers={"accept-language": "en"}
    )
    assert "<h2>Everyone in the club</h2>" in page.content.decode()
