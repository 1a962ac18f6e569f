"""A list as of a past day: who was what by then, what nobody knows of then, and where they are today."""

from __future__ import annotations

import csv
import datetime

import pytest
from django.urls import reverse
from django.utils import translation

from campaigns.models import Campaign
from loyalty.customers.filters import CustomerFilter, then
from loyalty.customers.models import Customer
from loyalty.customers.tables import People
from loyalty.tiers.models import Programme, Tier, TierMembership
from loyalty.ui import presentation
from segmentation import services as segmentation
from segmentation.models import CustomerScore
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory, RefundFactory
from tests.segmentation.pasts import KINDS, remember, remember_anything, was

DAY = datetime.timedelta(days=1)
A_MONTH_AGO, LONG_AGO = TODAY - 30 * DAY, TODAY - 300 * DAY


def people(query: str) -> CustomerFilter:
    return CustomerFilter(query, today=TODAY)


def names(query: str) -> set[str]:
    found = people(query)
    assert found.problems == []
    return {customer.name for customer in found.qs}


@pytest.fixture
def past(shop):
    """Two who were loyal a month ago, of whom one is at risk today; a third who came last week."""
    made = [CustomerFactory(name=name, city=city) for name, city in (("a", "تهران"), ("b", "شیراز"))]
    for customer in made:
        OrderFactory(customer=customer, on=TODAY - 100 * DAY)
    new = CustomerFactory(name="new", city="تهران")
    OrderFactory(customer=new, on=TODAY - 7 * DAY)
    segmentation.score_shop(TODAY)
    for customer, stage in zip([*made, new], ("loyal", "at_risk", "new"), strict=True):
        CustomerScore.objects.filter(customer=customer).update(stage=stage, segment="loyal")
    remember(made[0], (TODAY - 100 * DAY, {"stage": "new"}), (TODAY - 60 * DAY, {"stage": "loyal"}))
    remember(made[1], (TODAY - 100 * DAY, {"stage": "loyal"}), (TODAY - 9 * DAY, {"stage": "at_risk"}))
    remember(new, (TODAY - 7 * DAY, {"stage": "new"}))
    return made


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("stage=loyal", {"a"}),
        (f"stage=loyal&on={A_MONTH_AGO}", {"a", "b"}),
        (f"stage=loyal&on={A_MONTH_AGO}&city=تهران", {"a"}),
        (f"stage=new&stage=loyal&on={TODAY - 61 * DAY}", {"a", "b"}),
        (f"on={A_MONTH_AGO}", {"a", "b"}),
        # A span begins on its first day and is over on the day it ends.
        (f"stage=at_risk&on={TODAY - 9 * DAY}", {"b"}),
        (f"stage=loyal&on={TODAY - 9 * DAY}", {"a"}),
        (f"stage=loyal&on={TODAY - 10 * DAY}", {"a", "b"}),
        # Today and what is yet to come are today.
        (f"stage=loyal&on={TODAY}", {"a"}),
        (f"stage=loyal&on={TODAY + 9 * DAY}", {"a"}),
        (f"was=stage:loyal@{A_MONTH_AGO}", {"a", "b"}),
        (f"was=stage:loyal@{A_MONTH_AGO}&stage=at_risk", {"b"}),
        (f"was=stage:loyal@{A_MONTH_AGO}&was=stage:!loyal@{TODAY}", {"b"}),
        (f"was=stage:new,at_risk@{TODAY}", {"b", "new"}),
        (f"was=stage:none@{A_MONTH_AGO}", {"new"}),
    ],
)
def test_who_was_what_is_read_from_the_spans(past, query, found):
    assert names(query) == found


def test_a_day_is_read_in_the_shops_calendar_and_kept_as_iso(past):
    with presentation.use(presentation.Presentation("fa", "jalali", "IRR", "toman", "Asia/Tehran")):
        found = people("stage=loyal&on=۲ آبان ۱۴۰۵")
        assert found.on == A_MONTH_AGO
        assert found.query == f"on={A_MONTH_AGO}&stage=loyal"
        with translation.override("fa"):
            assert "۲ آبان ۱۴۰۵" in found.describe()


@pytest.mark.parametrize("query", ["r=5", "spent_min=1", "recency_max=7", "late=1", "orders_min=2"])
def test_what_is_not_kept_of_a_past_day_is_left_out_and_said(past, query):
    found = people(f"stage=loyal&on={A_MONTH_AGO}&{query}")
    assert {customer.name for customer in found.qs} == {"a", "b"}
    assert len(found.problems) == 1
    assert "not kept for past days" in found.problems[0]
    assert found.describe().count(";") == 1


def test_before_all_memory_the_list_says_so(past):
    found = people(f"stage=loyal&on={LONG_AGO}")
    assert not found.qs.exists()
    assert "Nothing is kept of a day that early" in found.problems[0]


def test_those_elsewhere_today_are_counted_and_those_still_there_can_be_opened(past):
    found = people(f"stage=loyal&on={A_MONTH_AGO}")
    assert found.elsewhere(10) == 1
    assert names(found.still_query) == {"a"}
    assert {customer.name for customer in found.as_of_today.qs} == {"a"}


def test_a_tier_is_that_of_the_day(past, shop):
    programme = Programme.objects.create(started_on=LONG_AGO)
    low, high = (Tier.objects.create(programme=programme, rank=rank, name=str(rank)) for rank in (1, 2))
    TierMembership.objects.create(
        customer=past[0], tier=low, from_on=LONG_AGO, until_on=TODAY - DAY, is_current=False, reason="first"
    )
    TierMembership.objects.create(customer=past[0], tier=high, from_on=TODAY - DAY, reason="up")
    TierMembership.objects.create(
        customer=past[1],
        tier=high,
        from_on=LONG_AGO,
        is_current=False,
        reason="up",
        undone_at=shop.created_at,
    )
    assert names(f"tier={low.pk}&on={A_MONTH_AGO}") == {"a"}
    # Tiers were kept before anything else was.
    assert names(f"tier={low.pk}&on={LONG_AGO}") == {"a"}
    assert names(f"tier={high.pk}&on={A_MONTH_AGO}") == set()
    assert names(f"tier=none&on={A_MONTH_AGO}&city=شیراز") == {"b"}
    assert names(f"was=tier:{low.pk}@{A_MONTH_AGO}&tier={high.pk}") == {"a"}


@pytest.mark.parametrize(
    "text", ["stage:loyal", "stage:gone@2026-01-01", "city:x@2026-01-01", "stage:loyal@x", ":@"]
)
def test_what_cannot_be_read_is_said(past, text):
    assert len(people(f"was={text}").problems) == 1


@pytest.mark.parametrize("seed", range(3))
def test_any_past_on_any_day(shop, seed):
    made = CustomerFactory.create_batch(12)
    segmentation.score_shop(TODAY)
    pasts = remember_anything(seed, TODAY, made)
    for ago in (1, 20, 77, 150):
        day = TODAY - ago * DAY
        for kind, choices in KINDS.items():
            then = was(pasts, kind, day)
            for value in choices.values:
                expected = {customer for customer, group in then.items() if group == value}
                for query in (f"{kind}={value}&on={day}", f"was={kind}:{value}@{day}"):
                    assert set(people(query).qs.values_list("pk", flat=True)) == expected


# ---------- Screens ----------


def page(client, query: str) -> str:
    response = client.get(f"{reverse('customers:customer_list')}?{query}", headers={"accept-language": "en"})
    return response.content.decode()


def test_the_list_says_as_of_when_and_leads_back_to_today(past, as_owner):
    said = page(as_owner, f"stage=loyal&on={A_MONTH_AGO}")
    assert "1 of them is elsewhere today" in said
    assert 'href="/customers/?stage=loyal"' in said
    # The groups are those of the day; where they are elsewhere today it stands below.
    assert said.count("today: At risk") == 1
    # Whoever writes by a list of the past would greet those who have moved on.
    assert f"/campaigns/new/?stage=loyal&amp;was=stage%3Aloyal%40{A_MONTH_AGO}" in said
    assert f"/campaigns/new/?on={A_MONTH_AGO}" not in said
    assert "elsewhere today" not in page(as_owner, "stage=loyal")


def test_a_campaign_refuses_a_list_of_the_past_and_says_whom_to_write_to(past, as_owner):
    address = f"{reverse('campaigns:campaign_create')}?stage=loyal&on={A_MONTH_AGO}"
    response = as_owner.get(address, headers={"accept-language": "en"})
    assert response.status_code == 302
    assert response.url == f"/customers/?on={A_MONTH_AGO}&stage=loyal"
    campaign = Campaign(audience=f"stage=loyal&on={A_MONTH_AGO}")
    assert "as of" in " ".join(people(campaign.audience).refusals)
    assert people("stage=loyal").refusals == []
    assert people(f"was=stage:loyal@{A_MONTH_AGO}").refusals == []


def test_a_file_holds_what_they_were(past, as_owner):
    response = as_owner.post(
        reverse("customers:customer_export"),
        {"people": f"stage=loyal&on={A_MONTH_AGO}", "format": "csv"},
        headers={"accept-language": "en"},
    )
    text = b"".join(response).decode("utf-8-sig")
    rows = csv.DictReader(text.splitlines())
    told = {row["name"]: (row["Stage"], row["Stage (2026-10-24)"]) for row in rows}
    assert told == {"a": ("Loyal", "Loyal"), "b": ("At risk", "Loyal")}


# ---------- What they had bought by then ----------


@pytest.fixture
def bought(past):
    """One of them has come back since with a larger order; the old one was returned in part, later."""
    first = past[0].orders.get()
    RefundFactory(order=first, amount=first.net_amount // 2, on=TODAY - 5 * DAY)
    OrderFactory(customer=past[0], on=TODAY - 3 * DAY, net_amount=9_000_000)
    segmentation.score_shop(TODAY)
    return first


def test_what_they_had_bought_is_that_of_the_day(bought, as_owner):
    found = people(f"on={A_MONTH_AGO}")
    rows = People(found)[0:10]
    told = {row.name: row.spent_then for row in rows}
    assert told["a"] == then.Spent(TODAY - 100 * DAY, 1, bought.net_amount)
    assert then.Spent() not in told.values()
    after = {row.name: row.spent_then for row in People(people(f"on={TODAY - 4 * DAY}"))[0:10]}
    assert after["a"] == then.Spent(TODAY - 100 * DAY, 1, bought.net_amount - bought.net_amount // 2)
    said = page(as_owner, f"on={A_MONTH_AGO}&city=تهران")
    assert "900" not in said.partition("ba-people-spent")[2].partition("</td>")[0]
    assert "up to" in said
    assert "Purchases and spend are those up to that day" in said


def test_a_page_of_a_past_day_takes_as_many_statements_for_many_as_for_few(past, django_assert_num_queries):
    few, many = Customer.objects.all()[:1], [*Customer.objects.all(), *CustomerFactory.create_batch(9)]
    for some in (list(few), many):
        with django_assert_num_queries(4):
            then.remember(some, A_MONTH_AGO)


def test_a_file_of_a_past_day_has_both(bought, as_owner):
    response = as_owner.post(
        reverse("customers:customer_export"),
        {"people": f"stage=loyal&on={A_MONTH_AGO}", "format": "csv"},
        headers={"accept-language": "en"},
    )
    rows = csv.DictReader(b"".join(response).decode("utf-8-sig").splitlines())
    told = {row["name"]: row for row in rows}["a"]
    assert (told["Purchases"], told["Purchases (2026-10-24)"]) == ("2", "1")
    assert told["Last purchase (2026-10-24)"] == "2026-08-15" != told["Last purchase"]
    assert int(told["Spend (toman, 2026-10-24)"]) * 10 == bought.net_amount


def test_a_list_of_a_past_day_is_not_sorted_by_what_is_so_today(past, as_owner):
    assert people(f"on={A_MONTH_AGO}&sort=-spent").sort == people(f"on={A_MONTH_AGO}").sort == "name"
    assert people(f"on={A_MONTH_AGO}&sort=-joined").sort == "-joined"
    assert people("sort=orders").sort == "orders"
    said = page(as_owner, f"on={A_MONTH_AGO}")
    assert "sort=-name" in said and "sort=spent" not in said and "sort=-spent" not in said
    assert "sort=" in page(as_owner, "") and "spent" in page(as_owner, "")


def test_a_question_about_a_day_before_memory_is_doubted(past):
    assert "nothing is kept of a day that early" in people(f"was=stage:none@{LONG_AGO}").problems[0]
    assert people(f"was=stage:none@{A_MONTH_AGO}").problems == []
