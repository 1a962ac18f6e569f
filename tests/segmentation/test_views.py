"""The screens: every number leads to its people, for those who may, in both languages."""

import json
import re

import pytest
from django.urls import reverse

from loyalty.customers.filters import CustomerFilter
from loyalty.shops.scope import scope
from segmentation import services
from segmentation.models import CustomerScore, ScoreRun
from tests.conftest import TODAY
from tests.factories import OrderFactory
from tests.segmentation.histories import make_history
from tests.segmentation.test_services import before

PAGES = ["segment_list", "stage_list", "quadrant_list", "pareto"]


@pytest.fixture
def scored(shop):
    make_history(4, TODAY)
    services.score_shop(TODAY)
    services.look_back(TODAY)
    return shop


def page(client, name: str, language: str = "en", **query) -> str:
    response = client.get(reverse(f"segmentation:{name}"), query, headers={"accept-language": language})
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("language", ["fa", "en"])
@pytest.mark.parametrize("name", [*PAGES, "scheme"])
def test_every_page_opens_in_both_languages(scored, as_owner, name, language):
    assert f'lang="{language}"' in page(as_owner, name, language)


@pytest.mark.parametrize("name", [*PAGES, "scheme"])
def test_before_the_first_order_every_page_says_what_to_do(shop, as_owner, name):
    said = page(as_owner, name)
    assert name == "scheme" or reverse("ingest:import_list") in said


def test_a_marketer_sees_the_segments_and_leaves_the_boundaries_to_the_owner(scored, as_marketer):
    assert reverse("segmentation:scheme") not in page(as_marketer, "segment_list")
    assert as_marketer.get(reverse("segmentation:scheme")).status_code == 403


def test_a_clerk_has_no_business_here(scored, as_clerk):
    assert {as_clerk.get(reverse(f"segmentation:{name}")).status_code for name in PAGES} == {403}


@pytest.mark.parametrize("figure", ["sales", "score"])
def test_each_cell_of_the_map_opens_as_many_people_as_it_counts(scored, as_owner, figure):
    cells = re.findall(
        r'href="/customers/\?(r=\d&amp;f=\d)"[^>]*>\s*<b>([\d,]+)</b>',
        page(as_owner, "segment_list", figure=figure),
    )
    counted = {query.replace("&amp;", "&"): int(number) for query, number in cells}
    assert sum(counted.values()) == ScoreRun.objects.current().buyers
    assert {query: CustomerFilter(query).qs.count() for query in counted} == counted


@pytest.mark.parametrize(
    ("name", "parameter"),
    [("segment_list", "segment"), ("stage_list", "stage"), ("quadrant_list", "quadrant")],
)
def test_each_group_opens_its_people_and_a_message_to_them(scored, as_owner, name, parameter):
    said = page(as_owner, name)
    for group in set(CustomerScore.objects.exclude(**{parameter: ""}).values_list(parameter, flat=True)):
        assert f'href="/customers/?{parameter}={group}"' in said
        # Whom one should leave in peace one is not invited to write to.
        assert (f"/campaigns/new/?{parameter}={group}" in said) == ((parameter, group) != ("segment", "lost"))


def figures(said: str) -> dict:
    return json.loads(re.search(r'class="ba-chart.*?<script[^>]*>(.*?)</script>', said, re.S).group(1))


def test_the_stages_are_drawn_week_by_week_and_the_present_ones_open(scored, as_owner):
    drawn = figures(page(as_owner, "stage_list"))["data"]
    assert {len(trace["x"]) for trace in drawn} == {services.TREND_WEEKS}
    assert sum(trace["y"][-1] for trace in drawn) == ScoreRun.objects.current().buyers
    assert drawn[0]["customdata"][-1] == "/customers/?stage=new"
    assert not any(drawn[0]["customdata"][:-1])


def test_the_points_of_value_and_volume_open_their_customers(scored, as_owner):
    drawn = figures(page(as_owner, "quadrant_list"))["data"]
    opened = {address for trace in drawn for address in trace["customdata"] or []}
    assert opened == {
        reverse("customers:customer_detail", args=[pk])
        for pk in CustomerScore.objects.filter(value_score__isnull=False).values_list("customer", flat=True)
    }


def test_the_tenths_open_those_who_spent_that_much(scored, as_owner):
    bars = figures(page(as_owner, "pareto"))["data"][0]
    assert sum(bars["y"]) == pytest.approx(1)
    first = CustomerFilter(bars["customdata"][0].partition("?")[2])
    assert first.qs.count() >= ScoreRun.objects.current().buyers // 10


def test_pareto_says_nothing_that_was_not_counted(scored, as_owner):
    assert "ten others" not in page(as_owner, "pareto")


def test_money_is_never_counted_for_a_customer_of_another_shop(scored, as_owner, other_shop):
    with scope(other_shop):
        OrderFactory(on=TODAY, net_amount=10**12)
        services.score_shop(TODAY)
    assert "1 person" not in page(as_owner, "segment_list")


def test_the_reason_of_a_customer_gives_the_arithmetic(shop, as_owner):
    days = [before(ago) for ago in (43, 79, 115, 151, 187, 223)]
    customer = OrderFactory(on=days[0]).customer
    for day in days[1:]:
        OrderFactory(customer=customer, on=day)
    services.score_shop(TODAY)
    address = reverse("customers:customer_detail", args=[customer.pk])
    said = as_owner.get(address, headers={"accept-language": "en"}).content.decode()
    # Five own gaps of 36 days and three of 45: (5 × 36 + 3 × 45) ÷ 8 = 39.4 days.
    assert "(5 × 36 + 3 × 45) ÷ 8" in said
    assert "39.4 days" in said
    assert "<b>4 days late</b>" in said
