"""What changed between two days: every number adds up, and opens the people it counts."""

from __future__ import annotations

import csv
import datetime
import re

import pytest
from django.urls import reverse

from loyalty.customers.filters import CustomerFilter
from loyalty.tiers.models import Programme, Tier, TierMembership
from segmentation import moves, services
from segmentation.models import CustomerScore
from segmentation.views.changing import tier_kind
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory
from tests.segmentation.pasts import KINDS, remember, remember_anything, was

DAY = datetime.timedelta(days=1)


@pytest.fixture
def pasts(shop):
    """Thirty people with any past at all."""
    made = CustomerFactory.create_batch(30)
    for number, customer in enumerate(made):
        OrderFactory(customer=customer, on=TODAY - (number + 1) * DAY, net_amount=100 + number)
    services.score_shop(TODAY)
    return remember_anything(7, TODAY, made)


DAYS = [(180, 0), (90, 1), (31, 30), (60, 7)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("first_ago", "last_ago"), DAYS)
def test_the_matrix_is_what_the_spans_say(pasts, kind, first_ago, last_ago):
    first, last = TODAY - first_ago * DAY, TODAY - last_ago * DAY
    before, after = was(pasts, kind, first), was(pasts, kind, last)
    expected = {}
    for customer in before.keys() | after.keys():
        pair = before.get(customer, ""), after.get(customer, "")
        expected[pair] = expected.get(pair, 0) + 1
    found = moves.migration(moves.KINDS[kind], first, last)
    assert {(flow.before, flow.after): flow.customers for flow in found.flows} == expected


@pytest.mark.parametrize("kind", KINDS)
def test_rows_and_columns_add_up_to_the_counts_of_both_days(pasts, kind):
    for first_ago, last_ago in DAYS:
        first, last = TODAY - first_ago * DAY, TODAY - last_ago * DAY
        found = moves.migration(moves.KINDS[kind], first, last)
        counted = moves.counts(moves.KINDS[kind], [first, last])
        assert {key: n for key, n in found.before.items() if key} == counted[first]
        assert {key: n for key, n in found.after.items() if key} == counted[last]
        for turn in found.turns:
            assert turn.entered - turn.left == turn.after - turn.before
            assert turn.before == counted[first].get(turn.key, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_many_days_are_counted_as_each_of_them(pasts, kind):
    days = [TODAY - ago * DAY for ago in (199, 160, 99, 98, 97, 50, 21, 7, 0)]
    together = moves.counts(moves.KINDS[kind], days)
    for day in days:
        by_hand = {}
        for group in was(pasts, kind, day).values():
            by_hand[group] = by_hand.get(group, 0) + 1
        assert together[day] == by_hand == moves.counts(moves.KINDS[kind], [day])[day]


def test_the_money_is_what_these_people_have_spent(pasts):
    found = moves.migration(moves.KINDS["stage"], TODAY - 90 * DAY, TODAY)
    by_hand = {}
    before = was(pasts, "stage", TODAY - 90 * DAY)
    for score in CustomerScore.objects.all():
        pair = before.get(score.customer_id, ""), score.stage
        by_hand[pair] = by_hand.get(pair, 0) + score.monetary_amount
    assert {(flow.before, flow.after): flow.amount for flow in found.flows} == by_hand


def test_another_shop_is_not_counted(pasts, other_shop):
    from loyalty.shops.scope import scope

    before = moves.migration(moves.KINDS["stage"], TODAY - 9 * DAY, TODAY).flows
    with scope(other_shop):
        assert moves.migration(moves.KINDS["stage"], TODAY - 9 * DAY, TODAY).flows == ()
        remember(CustomerFactory(), (TODAY - 50 * DAY, {"stage": "loyal"}))
    assert sorted(map(str, moves.migration(moves.KINDS["stage"], TODAY - 9 * DAY, TODAY).flows)) == sorted(
        map(str, before)
    )


def test_tiers_are_counted_by_their_memberships(shop):
    programme = Programme.objects.create(started_on=TODAY - 99 * DAY, is_active=True)
    low, high = (Tier.objects.create(programme=programme, rank=rank, name=str(rank)) for rank in (1, 2))
    risen, new, undone = CustomerFactory.create_batch(3)
    TierMembership.objects.create(
        customer=risen,
        tier=low,
        from_on=TODAY - 90 * DAY,
        until_on=TODAY - 5 * DAY,
        is_current=False,
        reason="first",
    )
    TierMembership.objects.create(customer=risen, tier=high, from_on=TODAY - 5 * DAY, reason="up")
    TierMembership.objects.create(customer=new, tier=low, from_on=TODAY - DAY, reason="first")
    TierMembership.objects.create(
        customer=undone,
        tier=low,
        from_on=TODAY - 90 * DAY,
        is_current=False,
        reason="first",
        undone_at=shop.created_at,
    )
    found = moves.migration(tier_kind(), TODAY - 30 * DAY, TODAY)
    assert {(flow.before, flow.after): flow.customers for flow in found.flows} == {
        (str(low.pk), str(high.pk)): 1,
        ("", str(low.pk)): 1,
    }
    days = [TODAY - 91 * DAY, TODAY - 30 * DAY, TODAY]
    assert list(moves.counts(tier_kind(), days).values()) == [
        {},
        {str(low.pk): 1},
        {str(low.pk): 1, str(high.pk): 1},
    ]


@pytest.mark.parametrize(
    ("span", "points", "apart"),
    [(7, 2, 7), (6, 1, 7), (84, 13, 7), (182, 27, 7), (183, 27, 7), (189, 14, 14), (365, 27, 14)],
)
def test_the_weeks_of_a_long_time_are_thinned(span, points, apart):
    days = moves.weeks(TODAY - span * DAY, TODAY)
    assert (len(days), days[-1]) == (points, TODAY)
    assert {(b - a).days for a, b in zip(days, days[1:], strict=False)} <= {apart}
    assert days[0] >= TODAY - span * DAY


# ---------- The screen ----------


def page(client, language: str = "en", **query) -> str:
    response = client.get(reverse("segmentation:changes"), query, headers={"accept-language": language})
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("language", ["fa", "en"])
@pytest.mark.parametrize("kind", [*KINDS, "tier"])
def test_the_page_opens_in_both_languages(pasts, as_owner, kind, language):
    assert f'lang="{language}"' in page(as_owner, language, kind=kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("last", [TODAY, TODAY - 20 * DAY])
def test_every_number_opens_the_people_it_counts(pasts, as_owner, kind, last):
    said = page(as_owner, kind=kind, first=(TODAY - 80 * DAY).isoformat(), last=last.isoformat())
    links = re.findall(r'<a href="/customers/\?([^"]*)" data-count="(\d+)"', said)
    assert len(links) > 10
    for query, number in links:
        people = CustomerFilter(query.replace("&amp;", "&"), today=TODAY)
        assert people.problems == []
        assert people.qs.count() == int(number), query


def test_days_that_make_no_sense_are_said_beside_their_box(pasts, as_owner):
    said = as_owner.get(
        reverse("segmentation:changes"),
        {"first": "2026-11-20", "last": "2026-11-01"},
        headers={"accept-language": "en"},
    )
    assert said.status_code == 422
    assert "must lie before" in said.content.decode()


def test_the_matrix_can_be_taken_along(pasts, as_owner):
    response = as_owner.get(
        reverse("segmentation:changes"), {"kind": "stage", "export": "csv"}, headers={"accept-language": "en"}
    )
    rows = list(csv.reader(b"".join(response).decode("utf-8-sig").splitlines()))
    found = moves.migration(moves.KINDS["stage"], TODAY - 30 * DAY, TODAY)
    assert sum(int(row[2]) for row in rows[1:]) == sum(flow.customers for flow in found.flows)


def test_before_anything_is_remembered_the_page_says_so(shop, as_owner):
    assert "Nothing is remembered yet" in page(as_owner)


def test_a_clerk_has_no_business_here(shop, as_clerk):
    assert as_clerk.get(reverse("segmentation:changes")).status_code == 403


@pytest.fixture
def since(shop) -> datetime.date:
    """Everybody is known since 60 days before today; a fourth of them left since."""
    today = shop.today()
    for number in range(12):
        customer = CustomerFactory()
        OrderFactory(customer=customer, on=today - 100 * DAY)
        told = [(today - 60 * DAY, {"stage": "active"})]
        if number % 4 == 0:
            told.append((today - 10 * DAY, {"stage": "lost"}))
        remember(customer, *told)
    services.score_shop(today)
    return today - 60 * DAY


def test_what_lies_before_memory_is_no_fact(since, as_owner):
    """Everybody would be new, and every line would begin at nothing."""
    said = changes(as_owner, "stage", first="2020-01-01")
    assert "Memory begins on" in said
    assert "new to the groups" not in said
    assert f"stage%3Aactive%40{since}" in said
    assert "2020-01-01" not in re.sub(r'href="[^"]*"', "", said)
    chart = re.search(r'data-chart-id="changes-weeks"(.*?)</details>', said, re.S)[1]
    rows = re.findall(r"<tr>(.*?)</tr>", chart, re.S)[1:]
    assert len(rows) == 9
    assert all("12" in row or ("9" in row and "3" in row) for row in rows)
    assert "Memory begins on" not in changes(as_owner, "stage", first=since.isoformat())


def test_a_span_before_memory_has_nothing_to_compare(since, as_owner):
    for kind in ("stage", "tier"):
        said = changes(as_owner, kind, first="2020-01-01", last="2020-02-01")
        assert "Nothing is kept of a day that early" in said
        assert "From where to where" not in said


def test_a_group_that_nobody_is_in_any_more_has_no_column(since, as_owner):
    said = changes(as_owner, "stage", first=since.isoformat())
    matrix = re.search(r'<table class="ba-table ba-matrix">(.*?)</table>', said, re.S)[1]
    heads, *rows = re.findall(r"<tr>(.*?)</tr>", matrix, re.S)
    # All of them are at risk by now, and one row says where they come from.
    assert re.findall(r'class="ba-num">([^<]+) <br>', heads) == ["At risk"]
    assert [row.count("<td") for row in rows] == [1]


def changes(client, kind: str, **query) -> str:
    address = reverse("segmentation:changes")
    response = client.get(address, {"kind": kind, **query}, headers={"accept-language": "en"})
    assert response.status_code == 200
    return response.content.decode()
