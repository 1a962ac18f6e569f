"""Does the segmentation earn anything: counted by hand, tested out of sample, and honest where it does not."""

from __future__ import annotations

import datetime
import random
import re

import pytest
from django.urls import reverse

from loyalty.customers.filters import CustomerFilter
from loyalty.customers.models import Customer, Order
from segmentation import moves, services, worth
from segmentation.models import ScoreRun
from segmentation.worth import BASELINE, Worth
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory, RefundFactory
from tests.segmentation.pasts import remember

DAY = datetime.timedelta(days=1)
KINDS = list(moves.KINDS.values())


def bought(customer, *ago: int, **fields) -> None:
    for days in ago:
        OrderFactory(customer=customer, on=TODAY - days * DAY, **fields)


@pytest.fixture
def told(shop):
    """Those called loyal buy every month, those called lost never do, however lately both were here."""
    chance = random.Random(1)
    for number in range(80):
        customer = CustomerFactory()
        bought(customer, 61 + chance.randrange(60))
        is_loyal = number % 2 == 0
        if is_loyal:
            bought(customer, 45, 10, net_amount=1_000, cost_amount=400)
        groups = {"stage": "loyal" if is_loyal else "lost", "segment": "loyal", "quadrant": ""}
        remember(customer, (TODAY - 200 * DAY, groups))
    services.score_shop(TODAY)
    return Worth(TODAY, KINDS)


def test_a_month_is_counted_by_the_groups_at_its_beginning(told):
    found = {(cell.groups["stage"],): 0 for cell in told.tested}
    for cell in told.tested:
        found[(cell.groups["stage"],)] += cell.people
        assert cell.buyers == (cell.people if cell.groups["stage"] == "loyal" else 0)
        assert cell.profit == 600 * cell.buyers
    assert found == {("loyal",): 40, ("lost",): 40}


def test_groups_that_tell_who_buys_beat_the_plain_line(told, shop):
    # At the first day nobody had been here more lately for being loyal: the plain line knows nothing.
    schemes = {scheme.name: scheme for scheme in told.schemes}
    assert schemes["stage"].auc == 1
    assert schemes["stage"].gini == pytest.approx(0.5)
    assert schemes["segment"].auc == 0.5
    # Of the second month the last order tells as much: those who bought a month ago do so again.
    assert schemes[BASELINE].auc > 0.9
    assert "quadrant" not in schemes


def test_a_grouping_that_says_nothing_is_called_worse_and_not_hidden(told):
    schemes = {scheme.name: scheme for scheme in told.schemes}
    assert schemes["segment"].verdict == "worse"
    assert schemes["segment"].compared.value == pytest.approx(0.5 - schemes[BASELINE].auc)


@pytest.fixture
def uneven(shop):
    """Loyal and active buy alike and no more often than the plain line says, but the profit is the loyal ones'."""
    for number in range(120):
        customer = CustomerFactory()
        bought(customer, 65 + number % 50)
        is_loyal = number % 2 == 0
        if number % 3:
            bought(customer, 45, 10, net_amount=1_000, cost_amount=100 if is_loyal else 990)
        remember(customer, (TODAY - 200 * DAY, {"stage": "loyal" if is_loyal else "active"}))
    services.score_shop(TODAY)
    return Worth(TODAY, KINDS)


def test_profit_has_a_verdict_of_its_own(uneven):
    schemes = {scheme.name: scheme for scheme in uneven.schemes}
    stage, plain = schemes["stage"], schemes[BASELINE]
    assert (stage.verdict, stage.profit_verdict) == ("alike", "better")
    assert stage.profit_compared.value == pytest.approx(stage.gini - plain.gini)
    assert 0 < stage.profit_compared.low < stage.profit_compared.value < stage.profit_compared.high


def test_a_gain_in_profit_is_said_where_none_in_buyers_is(uneven, as_owner):
    url = reverse("segmentation:scheme_worth")
    said = as_owner.get(url, headers={"accept-language": "en"}).content.decode()
    assert "No grouping predicted it better than the days since the last order alone." in said
    assert "they do not help to choose whom" not in said
    assert "Where the profit would lie “Stage” predicted better than they do, by 0." in said


def test_profit_of_a_few_people_has_no_verdict(uneven):
    costed = Order.objects.filter(cost_amount__isnull=False)
    costed.exclude(pk__in=list(costed.values_list("pk", flat=True)[:20])).update(cost_amount=None)
    schemes = {scheme.name: scheme for scheme in Worth(TODAY, KINDS).schemes}
    assert (schemes["stage"].verdict, schemes["stage"].profit_verdict) == ("alike", "unknown")


def test_who_bought_since_is_opened_by_their_number(told, as_owner, shop, monkeypatch):
    monkeypatch.setattr(type(shop), "today", lambda self: TODAY)
    # Neither on the day of the groups nor after that of the scores is since then.
    for ago in (30, -1):
        bought(Customer.objects.filter(history__isnull=False).last(), ago)
    said = as_owner.get(reverse("segmentation:scheme_worth")).content.decode()
    numbers = re.findall(r'href="/customers/\?(was=[^"]+)">([\d٬۰-۹]+)</a>', said)
    assert numbers
    for query, number in numbers:
        people = CustomerFilter(query.replace("&amp;", "&"), today=TODAY)
        assert people.problems == []
        assert people.qs.count() == int(number)


@pytest.mark.parametrize("table", ["groups", "verdicts", "stability", "drift", "overlap"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_each_card_of_the_report_is_a_file(told, as_owner, table, kind, monkeypatch):
    monkeypatch.setattr(worth, "drifts", lambda run: [worth.Drift("stage", TODAY - 30 * DAY, 0.3)])
    monkeypatch.setattr(Worth, "overlaps", [("segment", "stage", 0.5)])
    url = reverse("segmentation:scheme_worth")
    assert f"export={kind}&amp;table={table}" in as_owner.get(url).content.decode()
    content = b"".join(as_owner.get(url, {"export": kind, "table": table}))
    assert content[:2] == b"PK" if kind == "xlsx" else len(content.decode("utf-8-sig").splitlines()) > 1


def test_each_card_says_what_it_counts_and_when_it_was_computed(told, as_owner):
    said = as_owner.get(
        reverse("segmentation:scheme_worth"), headers={"accept-language": "en"}
    ).content.decode()
    cards = re.findall(r'<section class="ba-card">.*?</section>', said, re.DOTALL)
    assert len(cards) >= 4
    assert all("Computed " in card for card in cards)


def advice(client, kind: str, monkeypatch) -> str:
    """Return what the report advises where the groups of `kind` have shifted much."""
    monkeypatch.setattr(worth, "drifts", lambda run: [worth.Drift(kind, TODAY - 31 * DAY, 0.3)])
    said = client.get(
        reverse("segmentation:scheme_worth"), headers={"accept-language": "en"}
    ).content.decode()
    return re.search("Has shifted much.*?</li>", said, re.DOTALL).group()


def test_a_stage_that_has_shifted_has_no_boundaries_to_look_at(told, as_owner, monkeypatch):
    boundaries = f'href="{reverse("segmentation:scheme")}"'
    assert f"kind=stage&amp;first={TODAY - 31 * DAY}" in advice(as_owner, "stage", monkeypatch)
    assert boundaries not in advice(as_owner, "stage", monkeypatch)
    assert boundaries in advice(as_owner, "segment", monkeypatch)


def test_a_marketer_is_not_sent_to_boundaries_they_may_not_see(told, as_marketer, monkeypatch):
    assert reverse("segmentation:scheme") + '"' not in advice(as_marketer, "segment", monkeypatch)


def test_with_few_buyers_nothing_is_claimed(shop):
    customer = CustomerFactory()
    bought(customer, 100, 40, 5)
    services.score_shop(TODAY)
    trial = Worth(TODAY, KINDS)
    assert not trial.is_enough
    assert {scheme.verdict for scheme in trial.schemes} <= {"unknown"}


def test_what_is_learned_lies_before_what_is_tested(told):
    before = {scheme.name: scheme.auc for scheme in told.schemes}
    # A purchase of the tested month changes what is tested and nothing of what was learned.
    learned = told._chances("stage")
    newcomer = CustomerFactory()
    bought(newcomer, 90, 3)
    remember(newcomer, (TODAY - 200 * DAY, {"stage": "lost"}))
    again = Worth(TODAY, KINDS)
    assert again._chances("stage")["loyal"] == learned["loyal"]
    assert {scheme.name: scheme.auc for scheme in again.schemes} != before


def test_moving_by_doing_and_by_time_are_told_apart(shop):
    buyer, returner, idle, stays = CustomerFactory.create_batch(4)
    for customer in (buyer, returner, idle, stays):
        bought(customer, 99)
        after = "loyal" if customer == stays else "at_risk"
        remember(customer, (TODAY - 99 * DAY, {"stage": "loyal"}), (TODAY - 2 * DAY, {"stage": after}))
    bought(buyer, 2)
    RefundFactory(customer=returner, on=TODAY - 2 * DAY)
    found = worth.stability(moves.KINDS["stage"], TODAY - 30 * DAY, TODAY)
    assert (found.people, found.stayed, found.by_doing, found.by_time) == (4, 1, 2, 1)


def test_a_drift_is_read_from_the_runs(shop):
    bought(CustomerFactory(), 99)
    services.score_shop(TODAY)
    run = ScoreRun.objects.current()
    assert worth.drifts(run) == []
    services.score_shop(TODAY - 31 * DAY)
    ScoreRun.objects.filter(as_of=TODAY - 31 * DAY).update(
        sums={"segment": {"loyal": [10, 1], "lost": [90, 1]}, "stage": {"lost": [1, 0]}, "quadrant": {}}
    )
    run.sums = {"segment": {"loyal": [90, 1], "lost": [10, 1]}, "stage": {"lost": [5, 0]}, "quadrant": {}}
    assert {one.name: one.reading for one in worth.drifts(run)} == {"segment": "much", "stage": "steady"}


@pytest.mark.parametrize("language", ["fa", "en"])
def test_the_report_opens_and_says_a_verdict_for_each_grouping(told, as_owner, language):
    response = as_owner.get(reverse("segmentation:scheme_worth"), headers={"accept-language": language})
    said = response.content.decode()
    assert response.status_code == 200
    if language == "en":
        assert "The baseline did better" in said
    assert f"?stage=loyal&amp;on={TODAY - 30 * DAY}" in said


def test_the_report_can_be_taken_along(told, as_owner):
    response = as_owner.get(reverse("segmentation:scheme_worth"), {"export": "csv"})
    assert response.status_code == 200
    assert len(b"".join(response).decode("utf-8-sig").splitlines()) > 5


def test_before_anything_is_remembered_it_says_so(shop, as_owner):
    assert as_owner.get(reverse("segmentation:scheme_worth")).status_code == 200
