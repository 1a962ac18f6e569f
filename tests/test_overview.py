"""The overview, and what it expects of a month."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from campaigns.models import Campaign, Message
from loyalty import pipeline
from loyalty.customers.filters import CustomerFilter
from loyalty.customers.models import Customer
from loyalty.expectation import Month, expectation, month_of, months_before
from loyalty.ingest.models import ImportRun
from loyalty.overview import Overview
from loyalty.tiers.models import TierMembership
from loyalty.ui import presentation
from segmentation import services as segmentation
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory, RefundFactory

DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.combine(TODAY, datetime.time(18), ZoneInfo("Asia/Tehran"))


def overview(shop, now=NOW) -> Overview:
    return Overview(shop, now)


# ---------- What is to be expected ----------


@pytest.mark.parametrize(
    ("day", "calendar", "month"),
    [
        (datetime.date(2026, 11, 23), "jalali", Month(datetime.date(2026, 11, 22), 30)),
        (datetime.date(2026, 3, 20), "jalali", Month(datetime.date(2026, 2, 20), 29)),
        (datetime.date(2025, 3, 20), "jalali", Month(datetime.date(2025, 2, 19), 30)),
        (datetime.date(2026, 11, 23), "gregorian", Month(datetime.date(2026, 11, 1), 30)),
        (datetime.date(2024, 2, 29), "gregorian", Month(datetime.date(2024, 2, 1), 29)),
    ],
)
def test_a_month_is_the_calendars_own(day, calendar, month):
    assert month_of(day, calendar) == month


@pytest.mark.parametrize("calendar", ["jalali", "gregorian"])
def test_earlier_months_follow_one_another_without_gap(calendar):
    month = month_of(TODAY, calendar)
    found = [*months_before(month, calendar), month]
    assert len(found) == 13
    assert all(a.start + a.days * DAY == b.start for a, b in zip(found, found[1:], strict=False))


def steady(months: list[Month], amount: int = 100) -> dict[datetime.date, int]:
    return {day: amount for month in months for day in month.dates}


def test_a_steady_shop_is_expected_to_go_on_steadily():
    month = month_of(datetime.date(2026, 9, 10), "gregorian")
    earlier = months_before(month, "gregorian", 3)
    found = expectation(steady(earlier), month, earlier, datetime.date(2026, 9, 10), 1.0)
    assert found.month_amount == pytest.approx(3000, rel=0.001)
    assert found.so_far_amount == pytest.approx(1000, rel=0.001)
    assert len(found.curve) == 30


def test_half_a_day_is_half_expected():
    month = month_of(datetime.date(2026, 9, 1), "gregorian")
    earlier = months_before(month, "gregorian", 3)
    whole, half = (expectation(steady(earlier), month, earlier, month.start, part) for part in (1.0, 0.5))
    assert half.so_far_amount == pytest.approx(whole.so_far_amount / 2, abs=1)


def test_the_shape_of_the_month_is_learned():
    month = month_of(datetime.date(2026, 9, 20), "gregorian")
    earlier = months_before(month, "gregorian", 3)
    payday = {one.start + 24 * DAY: 900 for one in earlier} | {one.start: 100 for one in earlier}
    assert expectation(payday, month, earlier, datetime.date(2026, 9, 20), 1.0).so_far_amount == 100
    assert expectation(payday, month, earlier, datetime.date(2026, 9, 25), 1.0).so_far_amount == 1000


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_a_young_shop_is_told_nothing(kept):
    month = month_of(datetime.date(2026, 9, 10), "gregorian")
    earlier = months_before(month, "gregorian")
    daily = steady(earlier[len(earlier) - kept :])
    assert expectation(daily, month, earlier, datetime.date(2026, 9, 10), 1.0) is None


def test_a_month_begun_in_the_middle_is_not_a_whole_one():
    month = month_of(datetime.date(2026, 9, 10), "gregorian")
    earlier = months_before(month, "gregorian", 3)
    daily = steady(earlier)
    del daily[earlier[0].start]
    assert expectation(daily, month, earlier, datetime.date(2026, 9, 10), 1.0) is None


def test_months_of_nothing_but_refunds_expect_nothing():
    month = month_of(datetime.date(2026, 9, 10), "gregorian")
    earlier = months_before(month, "gregorian", 3)
    assert expectation(steady(earlier, -5), month, earlier, datetime.date(2026, 9, 10), 1.0) is None


# ---------- The figures ----------


def test_income_is_of_this_month_after_refunds_with_guests(shop):
    customer = CustomerFactory()
    order = OrderFactory(customer=customer, on=TODAY, net_amount=1_000)
    OrderFactory(customer=None, on=TODAY - DAY, net_amount=500)
    OrderFactory(customer=customer, on=TODAY - 2 * DAY, net_amount=9_999)
    OrderFactory(customer=customer, on=TODAY, net_amount=7_777, status="cancelled")
    RefundFactory(order=order, on=TODAY, amount=300)
    assert overview(shop).income.amount == 1_200
    assert overview(shop).income.expected is None


@pytest.mark.parametrize(
    ("calendar", "language", "label"),
    [
        ("jalali", "fa", "درآمد آذر ۱۴۰۵"),
        ("jalali", "en", "Income since 22 Nov"),
        ("gregorian", "fa", "درآمد نوامبر ۲۰۲۶"),
        ("gregorian", "en", "Income of November 2026"),
    ],
)
def test_income_is_of_the_shops_month_in_every_language_and_says_so(shop, calendar, language, label):
    shop.calendar = calendar
    for ago in range(4):
        OrderFactory(on=TODAY - ago * DAY, net_amount=1_000 * 10**ago)
    with translation.override(language), presentation.use(shop.presentation(language)):
        shown = overview(shop)
        said = render_to_string("overview/_income_month.html", {"overview": shown}).strip()
    assert said == label
    assert shown.income.amount == (11_000 if calendar == "jalali" else 1_111_000)


def test_a_campaign_counts_what_left_and_one_that_was_stopped_waits_for_no_result(shop):
    for state, sent_at in (("done", NOW), ("cancelled", None)):
        campaign = Campaign.objects.create(name=state, text="x", state=state, launched_at=NOW)
        message = Message(campaign=campaign, customer=CustomerFactory(), text="x", pages=1, sent_at=sent_at)
        message.reference = campaign.pk
        message.save()
    assert {one.name: (one.recipients, one.days_to_result) for one in overview(shop).campaigns} == {
        "done": (1, 30),
        "cancelled": (0, 0),
    }


def test_repeat_buyers_are_those_for_whom_it_was_not_the_first_visit(shop):
    regular, new, old, twice_today = (CustomerFactory() for _ in range(4))
    for customer, ago in ((regular, 200), (regular, 20), (new, 10), (old, 300), (old, 100)):
        OrderFactory(customer=customer, on=TODAY - ago * DAY)
    OrderFactory(customer=twice_today, on=TODAY)
    OrderFactory(customer=twice_today, on=TODAY)
    segmentation.score_shop(TODAY)
    segmentation.look_back(TODAY)
    repeat = overview(shop).repeat
    assert (repeat.returning, repeat.buyers) == (1, 3)
    # 90 days ago `old` was the only buyer, and had been here before.
    assert repeat.change_share == pytest.approx(1 / 3 - 1)
    linked = CustomerFilter("days_min=2&recency_max=89", today=TODAY)
    assert [customer.pk for customer in linked.qs] == [regular.pk]


def test_stages_say_their_change_of_four_weeks(shop):
    for number in range(4):
        OrderFactory(customer=CustomerFactory(), on=TODAY - (40 - 13 * number) * DAY)
    segmentation.score_shop(TODAY - 28 * DAY)
    segmentation.score_shop(TODAY)
    stages = {group.stage: group for group in overview(shop).stages}
    assert sum(group.count for group in stages.values()) == 4
    assert sum(group.change for group in stages.values()) == 3
    assert "returned" not in stages


def test_without_a_past_no_change_is_said(shop):
    OrderFactory(customer=CustomerFactory(), on=TODAY)
    segmentation.score_shop(TODAY)
    assert {group.change for group in overview(shop).stages} == {None}
    assert overview(shop).active["change"] is None


# ---------- What to do next ----------


def regulars(count: int, last_on: datetime.date, visits: int = 8, **fields) -> list[Customer]:
    people = [CustomerFactory(**fields) for _ in range(count)]
    for customer in people:
        for visit in range(visits):
            OrderFactory(customer=customer, on=last_on - 30 * visit * DAY, net_amount=visits * 1_000_000)
    return people


def test_each_finding_leads_to_exactly_the_people_it_counts(shop):
    regulars(3, TODAY - 50 * DAY)
    regulars(2, TODAY - 3 * DAY, birth_on=datetime.date(1990, 11, 25))
    regulars(2, TODAY - 400 * DAY, visits=14)
    pipeline.night(TODAY)
    findings = {finding.kind: finding for finding in overview(shop).findings}
    assert {"late_tier", "birthday", "missed"} <= set(findings)
    assert findings["late_tier"].count == 3
    assert findings["birthday"].count == 2
    for finding in findings.values():
        people = CustomerFilter(finding.query, today=TODAY)
        assert people.problems == []
        assert people.qs.count() == finding.count, finding


def test_late_people_are_found_in_a_shop_without_tiers(shop):
    regulars(3, TODAY - 50 * DAY)
    segmentation.score_shop(TODAY)
    assert [(one.kind, one.count) for one in overview(shop).findings if one.kind.startswith("late")] == [
        ("late", 3)
    ]


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"state": "uploaded"}, "import_uploaded"),
        ({"state": "failed"}, "import_failed"),
        ({"state": "done", "rows": 5, "rejected": 2, "added": 3}, "import_rejected"),
        ({"state": "done", "rows": 5, "added": 5}, None),
        ({"state": "uploaded", "created_at": NOW - 8 * DAY}, None),
        ({"state": "done", "rows": 5, "rejected": 5, "is_dry_run": True}, None),
    ],
)
def test_an_import_that_waits_is_a_finding(shop, fields, kind):
    CustomerFactory()
    ImportRun.objects.create(name="a.csv", **({"created_at": NOW} | fields))
    found = [finding.kind for finding in overview(shop).findings]
    assert found == ([kind] if kind else [])


def test_moves_name_the_tier_left_behind(shop):
    customer = regulars(1, TODAY - 3 * DAY)[0]
    for _ in range(6):
        OrderFactory(customer=CustomerFactory(), on=TODAY - 100 * DAY, net_amount=50_000)
    pipeline.night(TODAY)
    low = TierMembership.objects.select_related("tier").order_by("tier__rank").first()
    top = TierMembership.objects.select_related("tier").get(customer=customer)
    TierMembership.objects.filter(pk=top.pk).update(reason="up")
    TierMembership.objects.create(
        customer=customer,
        tier=low.tier,
        from_on=TODAY - 90 * DAY,
        until_on=TODAY,
        is_current=False,
        reason="first",
    )
    shown = overview(shop)
    assert [(move.before, move.membership.tier) for move in shown.moves] == [(low.tier, top.tier)]
    assert shown.moves_are_todays
    assert shown.moved == {"up": 1, "down": 0}


# ---------- The page ----------


def fill(shop) -> None:
    regulars(2, TODAY - 3 * DAY, birth_on=datetime.date(1990, 11, 25))
    regulars(3, TODAY - 50 * DAY)
    pipeline.night(TODAY)
    Campaign.objects.create(
        name="Autumn <b>",
        text="x",
        state="done",
        launched_at=NOW - 40 * DAY,
        verdict="earned",
        effect_amount=5_000_000,
    )
    ImportRun.objects.create(name="<script>.csv", created_at=NOW)


@pytest.mark.parametrize("language", ["fa", "en"])
def test_the_page_says_it_in_both_languages(as_owner, shop, monkeypatch, language):
    monkeypatch.setattr("loyalty.views.timezone.now", lambda: NOW)
    fill(shop)
    html = as_owner.get(reverse("overview"), HTTP_ACCEPT_LANGUAGE=language).content.decode()
    assert f'lang="{language}"' in html
    assert "late=1" in html
    assert "<script>.csv" not in html
    assert "Autumn &lt;b&gt;" in html


def test_an_empty_shop_is_welcomed(as_owner):
    html = as_owner.get(reverse("overview"), HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert "Begin with your sales" in html
    assert reverse("ingest:import_add") in html
    assert reverse("ingest:import_sample") in html


def test_a_clerk_is_sent_to_the_counter(as_clerk):
    response = as_clerk.get(reverse("overview"))
    assert (response.status_code, response.url) == (302, reverse("counter:counter"))


def ask(shown: Overview) -> None:
    for part in ("has_customers", "income", "active", "at_risk", "repeat", "stages", "findings"):
        getattr(shown, part)
    assert shown.moved
    assert shown.campaigns
    assert shown.moves == []


def test_the_overview_asks_a_bounded_number_of_questions(shop):
    taken = []
    for _ in range(2):
        fill(shop)
        with CaptureQueriesContext(connection) as queries:
            ask(overview(shop))
        taken.append(len(queries))
    # The second shop is larger and its look back is not kept yet either.
    assert taken[0] == taken[1]
    shown = overview(shop)
    with CaptureQueriesContext(connection) as queries:
        ask(shown)
    assert len(queries) <= 12
