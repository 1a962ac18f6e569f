"""The screens of the outlook: numbers that open their people, an honest test, and plain words where it is too early."""

from __future__ import annotations

import datetime
import html
import re

import pytest
from django.urls import reverse

from loyalty.customers.filters import CustomerFilter
from segmentation import churn, expected, outlook, regulars, services
from segmentation.models import CustomerOutlook, CustomerScore, OutlookRun
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory
from tests.segmentation import lives

PAGES = ("outlook", "calibration")


@pytest.fixture
def foretold(shop):
    lives.fill_shop(5, TODAY, 250)
    services.score_shop(TODAY)
    return outlook.renew(TODAY)


def page(client, name: str, language: str = "en", **query) -> str:
    response = client.get(reverse(f"segmentation:{name}"), query, headers={"accept-language": language})
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.content.decode())


@pytest.mark.parametrize("language", ["fa", "en"])
def test_every_page_opens_in_both_languages(foretold, as_owner, language):
    for name in PAGES:
        for by in ("stage", "segment", "quadrant"):
            assert f'lang="{language}"' in page(as_owner, name, language, by=by)


def test_before_the_first_look_ahead_the_page_says_what_to_do(shop, as_owner):
    for name in PAGES:
        assert reverse("ingest:import_list") in page(as_owner, name)


def test_too_few_people_are_told_in_words_and_the_lifecycle_stands_in(shop, as_owner):
    OrderFactory(on=TODAY)
    services.score_shop(TODAY)
    outlook.renew(TODAY)
    said = page(as_owner, "outlook")
    assert f"From {churn.FEWEST_REPEATERS} on it can be said" in said
    assert reverse("segmentation:stage_list") in said
    assert f"From {churn.FEWEST_REPEATERS} on" in page(as_owner, "calibration")


def test_a_clerk_sees_none_of_it(foretold, as_clerk):
    assert {as_clerk.get(reverse(f"segmentation:{name}")).status_code for name in PAGES} == {403}


@pytest.mark.parametrize("kind", ["stage", "segment", "quadrant"])
def test_each_group_opens_as_many_people_as_it_counts(foretold, as_marketer, kind):
    said = page(as_marketer, "outlook", by=kind)
    for group in expected.groups(foretold, kind):
        assert f'href="/customers/?{kind}={group.key}"' in said
        assert CustomerFilter(f"{kind}={group.key}", today=TODAY).qs.count() == group.people


def test_who_is_at_stake_is_the_list_it_opens(foretold, as_owner):
    found = expected.at_stake(has_profit=True)
    assert found.people == CustomerFilter(found.query, today=TODAY).qs.count() > 0
    said = page(as_owner, "outlook")
    assert f'href="/customers/?{html.escape(found.query)}"' in said
    stakes = [one.stake for one in found.first]
    assert stakes == sorted(stakes, reverse=True)
    assert stakes[0] <= found.amount


def test_a_profit_that_is_not_known_is_not_said(shop, as_owner):
    lives.fill_shop(5, TODAY, 250, cost_share=None)
    services.score_shop(TODAY)
    outlook.renew(TODAY)
    said = page(as_owner, "outlook")
    assert "nothing can be said of profit" in said
    assert "Profit, 12 months" not in said


def test_the_test_says_how_far_off_it_was(foretold, as_owner):
    found = expected.calibration(foretold)
    said = page(as_owner, "calibration")
    assert f"{found.orders.happened} came" in said
    for told in (found.orders, found.amount):
        word = "more" if told.ahead_share > 0 else "fewer"
        assert (
            told.is_close
            or f"{100 * abs(told.ahead_share):.1f}".rstrip("0").rstrip(".") + f"% {word} than" in said
        )
    assert found.furthest in found.tenths
    assert sum(one.people for one in found.tenths) == found.people


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_figures_can_be_taken_along(foretold, as_owner, name, kind):
    response = as_owner.get(reverse(f"segmentation:{name}"), {"export": kind})
    assert response["Content-Disposition"].endswith(f'.{kind}"')
    assert len(b"".join(response.streaming_content)) > 200


def test_a_person_has_an_outlook_for_those_who_plan_and_not_at_the_counter(foretold, client, owner, clerk):
    score = CustomerScore.objects.filter(lifetime_order_days__gt=2).first()
    address = reverse("customers:customer_detail", args=[score.customer_id])
    client.force_login(owner.user)
    assert (
        "Chance of coming back within 12 months"
        in client.get(address, headers={"accept-language": "en"}).content.decode()
    )
    client.force_login(clerk.user)
    assert (
        "Chance of coming back" not in client.get(address, headers={"accept-language": "en"}).content.decode()
    )


def test_the_overview_sets_income_now_beside_what_will_come(foretold, as_owner):
    said = as_owner.get("/", headers={"accept-language": "en"}).content.decode()
    assert "Expected in the next 30 days" in said
    assert re.search(rf"from {foretold.people} known customers, as of .*\d", re.sub(r"<[^>]+>", "", said))
    OutlookRun.objects.all().delete()
    CustomerOutlook.objects.all().delete()
    assert (
        "Expected in the next 30 days"
        not in as_owner.get("/", headers={"accept-language": "en"}).content.decode()
    )


def test_half_a_per_cent_is_as_good_as_equal():
    assert expected.Told(1000.0, 1004).is_close
    assert not expected.Told(1000.0, 1006).is_close
    assert expected.Told(0.0, 0).ahead_share == 0


def test_how_often_the_bounds_held_is_printed_and_nothing_promised(foretold, as_owner):
    found = expected.calibration(foretold)
    assert 0 < found.inside <= found.sums == 22 * len(found.tests)
    for name in PAGES:
        assert f"In the last tests {found.inside} of {found.sums} sums lay within them." in page(
            as_owner, name
        )
    said = page(as_owner, "calibration")
    for test in found.tests:
        assert f"{test.inside} of {test.sums}" in said
    assert "In nine of ten cases" not in page(as_owner, "outlook")


def test_money_is_tested_too(foretold, as_owner):
    found = expected.calibration(foretold)
    said = page(as_owner, "calibration")
    assert re.search(r"\d.* of net spend were expected and .*\d.* came:", re.sub(r"<[^>]+>", "", said))
    assert 'data-chart-id="calibration-money"' in said
    assert sum(one.happened_amount * one.people for one in found.tenths) == pytest.approx(
        found.amount.happened
    )


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("short", "The history is too short to keep a part of it back"),
        ("too_few", "too few customers had come a second time"),
        ("no_fit", "followed no rhythm that could be carried on"),
    ],
)
def test_why_nothing_could_be_tested_is_said_as_it_is(foretold, as_owner, reason, words):
    foretold.calibration = {"reason": reason, "tests": [], "miss": {}}
    foretold.save()
    for name in PAGES:
        said = page(as_owner, name)
        assert words in said
        assert said.count("The history is too short") == (reason == "short")
    assert "has not been tested yet" in page(as_owner, "outlook")


def test_one_test_among_others_that_could_not_be_made_says_why(foretold, as_owner):
    foretold.calibration["tests"].append({"ago": 365, "reason": "no_fit"})
    foretold.save()
    assert "followed no rhythm that could be carried on" in page(as_owner, "calibration")


def test_a_run_of_an_earlier_version_is_as_good_as_untested(foretold, as_owner):
    foretold.calibration = {"days": 90, "people": 3, "expected": 1.0, "happened": 2, "tenths": []}
    foretold.save()
    assert "tested with the next weekly look ahead" in page(as_owner, "calibration")


def test_the_outlook_of_a_past_day_is_the_one_that_was_told_then(foretold, as_owner):
    later = OutlookRun.objects.get()
    later.pk, later.as_of = None, TODAY + datetime.timedelta(days=7)
    later.groups = {"all": {"": foretold.groups["all"][""] | {"people": 999}}, "stage": {}}
    later.save(force_insert=True)
    assert "What 999 known customers" in page(as_owner, "outlook")
    said = page(as_owner, "outlook", on=TODAY.isoformat())
    assert f"What {foretold.people} known customers" in said
    assert f"&amp;on={TODAY.isoformat()}" in said
    assert "is kept for today only" in said
    for name in PAGES:
        assert "Nothing is kept of a day that early" in page(as_owner, name, on="2020-01-01")
    response = as_owner.get(reverse("segmentation:outlook"), {"on": "tomorrow-ish"})
    assert response.status_code == 422


def test_the_day_is_said(foretold, as_owner):
    assert foretold.as_of == TODAY == datetime.date(2026, 11, 23)
    assert "From all orders up to" in page(as_owner, "outlook")


def test_the_lifecycle_page_counts_regulars_and_single_visits_as_their_lists_do(shop, as_owner):
    lives.fill_shop(5, TODAY, 60)
    even = CustomerFactory()
    for age in (3, 13, 23, 33, 44):
        OrderFactory(customer=even, on=TODAY - datetime.timedelta(days=age))
    services.score_shop(TODAY)
    found = regulars.regulars(TODAY)
    lists = {"periodic": "periodic=1", "soon": "periodic=1&due=7", "late": "periodic=1&late=1"}
    lists |= {"once": "one_time=1", "once_new": "one_time=1&stage=new"}
    for name, query in lists.items():
        assert getattr(found, name) == CustomerFilter(query, today=TODAY).qs.count(), name
    assert even.pk in {score.customer_id for score in found.next}
    assert found.once > 5
    assert "come at regular intervals" in page(as_owner, "stage_list") or found.periodic == 1
