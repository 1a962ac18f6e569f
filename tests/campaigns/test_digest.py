"""The week in sentences: every number is the number of people in its list."""

from __future__ import annotations

import csv
import datetime
import io
import re

import pytest
from django.urls import reverse

from campaigns import digest, plays
from campaigns.models import Digest
from loyalty import pipeline
from loyalty.customers.filters import CustomerFilter
from loyalty.customers.models import Order
from loyalty.tiers import services as tiers
from loyalty.tiers.models import TierMembership
from loyalty.ui import presentation
from loyalty.ui.dates import format_day
from segmentation import services as segmentation
from segmentation import worth
from segmentation.models import CustomerScore, ScoreRun
from tests.factories import CustomerFactory, OrderFactory, RefundFactory

DAY = datetime.timedelta(days=1)


@pytest.fixture
def busy(shop):
    """A shop in which there is something to say of every kind."""
    today = shop.today()
    loyal = CustomerFactory.create_batch(3)
    for customer in loyal:
        for visit in range(8):
            OrderFactory(
                customer=customer, on=today - (24 + 20 * visit) * DAY, net_amount=1_000_000, cost_amount=1
            )
    RefundFactory(customer=loyal[0], on=today - DAY, amount=400_000)
    for _ in range(4):
        OrderFactory(on=today - 24 * DAY, net_amount=50_000)
    OrderFactory(customer=CustomerFactory(phone=None), on=today - 5 * DAY, net_amount=70_000)
    CustomerFactory(birth_on=(today + DAY).replace(year=2000))
    given = CustomerFactory()
    for visit in range(10):
        discount = 100_000 if visit == 0 else 0
        OrderFactory(
            customer=given, on=today - (3 + 9 * visit) * DAY, net_amount=900_000, discount_amount=discount
        )
    tiers.preset(today - 300 * DAY)
    tiers.review_shop(today)
    segmentation.score_shop(today)
    CustomerScore.objects.filter(customer=loyal[2]).update(
        stage="at_risk", quadrant="valued_rare", segment="cannot_lose"
    )
    TierMembership.objects.filter(customer=loyal[0]).update(falls_on=today + 9 * DAY)
    return today


def found(day: datetime.date) -> dict[str, digest.Finding]:
    return {finding.kind: finding for finding in digest.look(day)}


def test_there_is_a_finding_of_every_kind_that_is_about_people(busy):
    # Who is one purchase away depends on the preset; the others were laid out.
    assert found(busy).keys() >= {about.kind for about in digest.ABOUT} - {"near"}


@pytest.mark.parametrize("kind", [about.kind for about in digest.ABOUT])
def test_its_number_is_that_of_its_list(busy, kind):
    finding = found(busy).get(kind)
    if kind == "near" and finding is None:
        assert not CustomerFilter("near=1", today=busy).qs.exists()
        return
    people = CustomerFilter(finding.query, today=busy)
    assert people.problems == []
    assert people.qs.count() == finding.count > 0


def test_the_money_is_what_they_bought_in_a_year_less_refunds(busy):
    finding = found(busy)["late_loyal"]
    people = CustomerFilter(finding.query, today=busy).qs
    bought = sum(order.net_amount for order in Order.objects.filter(customer__in=people, is_paid=True))
    assert finding.amount == bought - 400_000
    assert found(busy)["given"].amount == 100_000


def test_those_not_seen_for_long_weigh_what_they_bought_before_they_went_away(shop):
    today = shop.today()
    longest_away, others = CustomerFactory(), CustomerFactory.create_batch(9)
    for ago, amount in ((700, 9_000_000), (500, 4_000_000), (400, 5_000_000)):
        OrderFactory(customer=longest_away, on=today - ago * DAY, net_amount=amount)
    RefundFactory(customer=longest_away, on=today - 390 * DAY, amount=1_000_000)
    for customer in others:
        OrderFactory(customer=customer, on=today - DAY, net_amount=10_000)
    segmentation.score_shop(today)
    CustomerScore.objects.filter(customer=longest_away).update(segment="cannot_lose")
    # Of the last 365 days nothing is left; of the year before their last visit everything is.
    assert found(today)["missed"].amount == 17_000_000


def test_the_most_money_comes_first(busy):
    amounts = [finding.amount for finding in digest.look(busy) if finding.amount is not None]
    assert amounts == sorted(amounts, reverse=True)


def test_a_week_is_compared_with_the_one_before(busy):
    digest.keep(busy - 7 * DAY)
    Digest.objects.update(
        findings=[
            {"kind": "late_loyal", "query": "late=1", "count": 5, "amount": 7, "index": None},
            {"kind": "drift", "query": "", "count": 0, "amount": None, "index": 0.3},
        ]
    )
    digest.keep(busy)
    week = digest.week_of(busy)
    assert week.since == busy - 7 * DAY
    late = next(one for one in week.findings if one.kind == "late_loyal")
    assert (late.before, late.change, late.is_new) == (5, late.count - 5, False)
    assert all(one.is_new for one in week.findings if one.kind != "late_loyal")
    assert [one.kind for one in week.gone] == ["drift"]


def test_the_digest_before_is_named_by_its_day_and_not_called_a_week_ago(busy, as_owner):
    digest.keep(busy - 21 * DAY)
    late = found(busy)["late_loyal"]
    Digest.objects.update(findings=[{**digest._bare(late), "count": 1}])
    said = as_owner.get(reverse("campaigns:digest"), headers={"accept-language": "en"}).content.decode()
    assert "a week before" not in said
    day = format_day(busy - 21 * DAY, presentation.current())
    assert f"1 on {day} (+{late.count - 1})." in said
    assert f"New since {day}." in said


def test_a_digest_is_kept_once_a_day_and_each_week(busy):
    digest.keep(busy)
    digest.keep(busy)
    assert Digest.objects.count() == 1
    assert "digest" in pipeline.week(busy)
    assert Digest.objects.get().findings[0]["count"] == digest.look(busy)[0].count


def test_a_drift_is_said_and_opens_what_moved(busy):
    run = ScoreRun.objects.current()
    ScoreRun.objects.filter(pk=run.pk).update(
        sums=run.sums | {"segment": {"loyal": [90, 1], "lost": [10, 1]}}
    )
    before = ScoreRun.objects.current()
    before.pk, before.as_of, before.is_look_back = None, busy - 33 * DAY, True
    before.sums = run.sums | {"segment": {"loyal": [10, 1], "lost": [90, 1]}}
    before.save(force_insert=True)
    run = ScoreRun.objects.current()
    finding = found(busy)["drift_segment"]
    assert finding.index > 1
    assert finding.query == f"kind=segment&first={before.as_of}"
    # The same that the report on their worth says.
    drifted = {f"drift_{one.name}" for one in worth.drifts(run) if one.reading == "much"}
    assert {kind for kind in found(busy) if kind.startswith("drift")} == drifted


@pytest.mark.parametrize("language", ["fa", "en"])
def test_every_finding_has_one_button_that_opens_or_drafts(busy, as_owner, language):
    said = as_owner.get(reverse("campaigns:digest"), headers={"accept-language": language}).content.decode()
    numbers = re.findall(r'<b><a href="/customers/\?([^"]+)">', said)
    assert {number.replace("&amp;", "&") for number in numbers} == {one.query for one in found(busy).values()}
    buttons = re.findall(r'href="([^"]+)" data-finding="(\w+)"', said)
    kinds = found(busy)
    assert {kind for _href, kind in buttons} == kinds.keys() - {"drift"}
    for href, kind in buttons:
        response = as_owner.get(href.replace("&amp;", "&"))
        assert response.status_code == 200
        if play := kinds[kind].play:
            shown = response.content.decode()
            assert plays.play(play).text_for(response.wsgi_request.shop)[:20] in shown
            assert kinds[kind].query.replace("&", "&amp;") in shown


def test_the_week_is_a_file_too(busy, as_owner):
    asked = {"accept-language": "en"}
    answer = as_owner.get(reverse("campaigns:digest"), {"export": "csv"}, headers=asked)
    rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))
    assert [int(row["People"]) for row in rows] == [finding.count for finding in digest.look(busy)]
    assert "Loyal customers past their usual day" in {row["Finding"] for row in rows}
    assert b"".join(as_owner.get(reverse("campaigns:digest"), {"export": "xlsx"}))[:2] == b"PK"


def test_a_calm_week_says_so(shop, as_owner, monkeypatch):
    OrderFactory(on=shop.today())
    segmentation.score_shop(shop.today())
    monkeypatch.setattr(digest, "ABOUT", ())
    said = as_owner.get(reverse("campaigns:digest"), headers={"accept-language": "en"}).content.decode()
    assert "A calm week" in said


def test_a_clerk_has_no_business_here(shop, as_clerk):
    assert as_clerk.get(reverse("campaigns:digest")).status_code == 403
