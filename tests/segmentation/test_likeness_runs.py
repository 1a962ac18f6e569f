"""Groups by likeness as they are kept: who is in which opens as a list, and what is gone opens nobody."""

import datetime
import re

import pytest
from django.urls import reverse

from loyalty.customers.filters import CustomerFilter
from loyalty.shops.scope import scope
from segmentation import likeness_runs, services, tasks
from segmentation.models import CustomerScore, LikenessMember, LikenessRun, OwnSegment
from segmentation.views import likeness as screen
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory


@pytest.fixture
def kinds(shop, monkeypatch):
    """Twelve regulars who buy little on discount, twelve who came once for much, and one who never bought."""
    monkeypatch.setattr(type(shop), "today", lambda self: TODAY)
    for number in range(12):
        regular, once = CustomerFactory(), CustomerFactory()
        for visit in range(8):
            OrderFactory(
                customer=regular,
                on=TODAY - datetime.timedelta(days=7 * visit + number % 3),
                net_amount=200_000 + number,
                discount_amount=100_000,
            )
        OrderFactory(
            customer=once, on=TODAY - datetime.timedelta(days=250 + number), net_amount=20_000_000 + number
        )
    CustomerFactory()
    services.score_shop(TODAY)
    return shop


def test_everybody_who_bought_is_in_one_group_and_the_list_opens_it(kinds):
    run = likeness_runs.work_out(likeness_runs.begin(TODAY, 2))
    assert run.failure == ""
    assert run.customers == LikenessMember.objects.filter(run=run).count() == 24
    for group in run.groups:
        people = CustomerFilter(f"likeness={run.pk}-{group['number']}")
        assert people.problems == []
        assert people.qs.count() == group["rows"] == 12
        assert len({row.score.frequency for row in people.qs.select_related("score")}) == 1


def test_the_words_are_those_of_the_strongest_differences(kinds):
    run = likeness_runs.work_out(likeness_runs.begin(TODAY, 2))
    much, often = [screen.sentence([tuple(one) for one in group["traits"]]) for group in run.groups]
    assert "come often" in often or "let little time pass" in often or "buy with more discount" in often
    assert much != often
    assert screen.sentence([]) == "are like the average of the shop in everything"


def test_a_list_of_a_run_no_longer_kept_opens_nobody_and_never_everybody(kinds):
    first = likeness_runs.work_out(likeness_runs.begin(TODAY, 2))
    for _turn in range(likeness_runs.KEPT_RUNS):
        likeness_runs.work_out(likeness_runs.begin(TODAY, 2))
    assert LikenessRun.objects.count() == likeness_runs.KEPT_RUNS
    gone = CustomerFilter(f"likeness={first.pk}-1")
    assert gone.qs.count() == 0
    assert "no longer kept" in gone.describe()
    for strange in ("likeness=0-1", "likeness=x", "likeness=1-99999999999"):
        assert CustomerFilter(strange).problems or CustomerFilter(strange).qs.count() == 0


def test_too_few_people_are_said_and_kept_as_a_failure(shop):
    OrderFactory()
    services.score_shop(TODAY)
    run = likeness_runs.work_out(likeness_runs.begin(TODAY))
    assert (run.failure, run.groups) == ("people", [])
    assert likeness_runs.latest() is None


def test_another_shops_groups_are_nobodys_here(kinds, other_shop):
    run = likeness_runs.work_out(likeness_runs.begin(TODAY, 2))
    with scope(other_shop):
        assert likeness_runs.latest() is None
        assert CustomerFilter(f"likeness={run.pk}-1").qs.count() == 0


def test_the_task_works_out_what_was_begun_once(kinds):
    run = likeness_runs.begin(TODAY, 3)
    assert likeness_runs.under_way() == run
    tasks.find_likeness(kinds.pk, run.pk)
    run.refresh_from_db()
    first = run.finished_at
    tasks.find_likeness(kinds.pk, run.pk)
    run.refresh_from_db()
    assert first is not None and run.finished_at == first
    assert likeness_runs.under_way() is None


def test_the_page_finds_groups_and_opens_each_crossing(kinds, as_marketer):
    url = reverse("segmentation:clusters")
    assert "Find the groups" in as_marketer.get(url, headers={"accept-language": "en"}).content.decode()
    assert as_marketer.post(url, {"groups": "2"}).status_code == 302
    said = as_marketer.get(url, headers={"accept-language": "en"}).content.decode()
    assert "2 groups of 24 people" in said
    cells = re.findall(r'href="/customers/\?(likeness=\d+-\d&amp;segment=\w+)">([\d,]+)<', said)
    assert sum(int(count) for _query, count in cells) == 24
    for query, count in cells:
        assert CustomerFilter(query.replace("&amp;", "&")).qs.count() == int(count)
    assert as_marketer.get(url, headers={"accept-language": "fa"}).status_code == 200
    text = b"".join(as_marketer.get(url, {"export": "csv"})).decode("utf-8-sig")
    assert text.count("\n") == 3


def test_what_the_figures_of_the_groups_are_is_said_once(kinds, as_marketer):
    url, asked = reverse("segmentation:clusters"), {"accept-language": "en"}
    as_marketer.post(url, {"groups": "3"})
    said = as_marketer.get(url, headers=asked).content.decode()
    assert said.count("of the person in the middle of the group") == 1


def test_a_large_shop_is_left_to_the_worker(kinds, as_owner, monkeypatch, django_capture_on_commit_callbacks):
    asked = []
    monkeypatch.setattr(screen, "AT_ONCE", 5)
    monkeypatch.setattr(tasks.find_likeness, "delay", lambda *args: asked.append(args))
    with django_capture_on_commit_callbacks(execute=True):
        as_owner.post(reverse("segmentation:clusters"), {"groups": ""})
        as_owner.post(reverse("segmentation:clusters"), {"groups": ""})
    run = LikenessRun.objects.get()
    assert asked == [(kinds.pk, run.pk)]
    page = as_owner.get(reverse("segmentation:clusters"), headers={"accept-language": "en"})
    assert "being worked out" in page.content.decode()


def test_a_group_is_kept_as_a_frozen_segment_that_outlives_its_run(kinds, as_marketer):
    run = likeness_runs.work_out(likeness_runs.begin(TODAY, 2))
    keep = reverse("segmentation:cluster_keep", args=[run.pk, 1])
    assert as_marketer.post(keep).status_code == 302
    segment = OwnSegment.objects.get()
    assert segment.is_frozen
    assert CustomerFilter(f"own={segment.pk}").qs.count() == 12
    # The same group once more has the same name.
    assert as_marketer.post(keep).status_code == 302
    assert OwnSegment.objects.count() == 1
    LikenessMember.objects.all().delete()
    LikenessRun.objects.all().delete()
    assert CustomerFilter(f"own={segment.pk}").qs.count() == 12
    for missing in ([run.pk, 1], [run.pk + 1, 1]):
        assert as_marketer.post(reverse("segmentation:cluster_keep", args=missing)).status_code == 404


def test_a_number_that_is_no_group_is_not_kept(kinds, as_marketer):
    run = likeness_runs.work_out(likeness_runs.begin(TODAY, 2))
    assert as_marketer.post(reverse("segmentation:cluster_keep", args=[run.pk, 3])).status_code == 404


@pytest.mark.parametrize("groups", ["1", "9", "many"])
def test_so_many_groups_are_refused(kinds, as_owner, groups):
    assert as_owner.post(reverse("segmentation:clusters"), {"groups": groups}).status_code == 422
    assert not LikenessRun.objects.exists()


def test_the_facts_are_those_of_the_scores(kinds):
    people, rows = likeness_runs._facts(TODAY)
    score = CustomerScore.objects.get(customer=people[0])
    recency, days, spent, _margin, _gap, discount, basket = rows[0]
    assert recency == (TODAY - score.last_order_on).days
    assert (days, spent) == (score.order_days, score.monetary_amount)
    assert discount == pytest.approx(score.discount_amount / score.gross_amount)
    assert basket == pytest.approx(score.monetary_amount / score.order_days)
