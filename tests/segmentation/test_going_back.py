"""Going back brings everybody back: a version keeps the cuts it stood by, and nothing is lost on the way."""

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from loyalty.shops.models import AuditEntry
from segmentation import cutting, drafting, lifecycle, rfm, services, tasks
from segmentation.models import CustomerScore, Scheme, SchemeVersion, ScoreRun
from segmentation.rules import Rules
from tests.conftest import TODAY
from tests.factories import CustomerFactory, OrderFactory
from tests.segmentation.histories import make_history
from tests.segmentation.test_nights import DAY
from tests.segmentation.test_steering import boundaries, fixed, post, segments

FIFTHS = Rules(cuts=dict.fromkeys(cutting.MEASURES, "fifths"), refresh="by_hand")
SHORTER = replace(FIFTHS, cuts={"recency_days": [5.0, 10.0, 20.0, 40.0]})


def put_in_force(rules: Rules) -> None:
    chosen = rules.to_json()
    Scheme.objects.create(window_days=chosen.pop("window_days"), chosen=chosen)


def quadrants() -> dict:
    return dict(CustomerScore.objects.values_list("customer", "quadrant"))


@pytest.fixture
def kept(shop) -> ScoreRun:
    """A run of today by cuts that were taken twenty days ago."""
    make_history(4, shop.today())
    put_in_force(FIFTHS)
    services.score_shop(shop.today() - 20 * DAY)
    run = services.score_shop(shop.today())
    assert (run.cuts_reason, run.cuts_on) == ("kept", shop.today() - 20 * DAY)
    return run


def test_an_undo_brings_everybody_back_by_the_cuts_they_stood_by(kept, shop):
    stood, in_quadrants = segments(), quadrants()
    drafting.apply(drafting.keep(SHORTER), shop.today())
    moved = segments()
    assert moved != stood
    draft = drafting.undo()
    found = drafting.preview(draft, shop.today())
    assert found["people"] == sum(stood[one] != moved[one] for one in stood)
    drafting.apply(draft, shop.today())
    assert (segments(), quadrants()) == (stood, in_quadrants)
    run = ScoreRun.objects.current()
    assert (run.cuts, run.cuts_on, run.cuts_reason) == (kept.cuts, kept.cuts_on, "kept")
    assert run.score_counts_then == kept.score_counts_then
    # And forth again; from then on each goes its own way.
    drafting.apply(drafting.undo(), shop.today())
    assert segments() == moved
    services.score_shop(shop.today() + DAY)
    assert ScoreRun.objects.current().cuts_reason == "kept"


def test_fresh_boundaries_are_a_version_and_can_be_undone(kept, shop, as_owner):
    stood = segments()
    post(as_owner, "scheme_refresh")
    post(as_owner, "scheme_apply")
    fresh = ScoreRun.objects.current()
    assert (fresh.cuts_reason, fresh.cuts_on) == ("by_hand", shop.today())
    assert segments() != stood
    newest = SchemeVersion.objects.applied().first()
    assert (newest.number, newest.is_refresh, newest.created_by_id is not None) == (2, True, True)
    page = as_owner.get(reverse("segmentation:scheme_versions"), headers={"accept-language": "en"})
    assert "Fresh boundaries<br>" in page.content.decode()
    assert AuditEntry.objects.filter(action="segmentation.scheme_applied", target="2").exists()
    post(as_owner, "scheme_undo")
    assert segments() == stood
    assert ScoreRun.objects.current().cuts_on == kept.cuts_on
    assert SchemeVersion.objects.applied().first().restores == 1
    post(as_owner, "scheme_undo")
    assert ScoreRun.objects.current().cuts == fresh.cuts


def test_a_worker_brings_them_back_too_and_only_once(kept, shop):
    stood = segments()
    drafting.apply(drafting.keep(SHORTER), shop.today())
    assert drafting.apply(drafting.undo(), shop.today(), at_once=False) is drafting.Applied.IS_LATER
    assert segments() != stood
    tasks.score_shop(shop.pk, shop.today().isoformat())
    assert segments() == stood
    # Who asks for fresh ones later gets them, and they stay.
    drafting.apply(drafting.keep_refresh(), shop.today(), at_once=False)
    for _again in range(2):
        tasks.score_shop(shop.pk, shop.today().isoformat())
    run = ScoreRun.objects.current()
    assert (run.cuts_reason, run.cuts_on) == ("kept", shop.today())


def test_cuts_that_no_longer_hold_are_not_gone_back_to(kept, shop):
    drafting.apply(drafting.keep(SHORTER), shop.today())
    for _number in range(kept.buyers):
        OrderFactory(on=shop.today())
    drafting.apply(drafting.undo(), shop.today())
    run = ScoreRun.objects.current()
    assert (run.cuts_on, run.cuts["buyers"]) == (shop.today(), 2 * kept.buyers)


def test_going_back_to_other_names_leaves_everybody_where_they_are(kept, shop):
    drafting.apply(drafting.keep(replace(FIFTHS, names={"lost": "Away"})), shop.today())
    stood, runs = segments(), ScoreRun.objects.count()
    assert drafting.apply(drafting.undo(), shop.today()) is drafting.Applied.MOVES_NOBODY
    services.score_shop(shop.today())
    assert (segments(), ScoreRun.objects.current().cuts_on) == (stood, kept.cuts_on)
    assert ScoreRun.objects.count() == runs + 1


@pytest.mark.parametrize("way", ["undo", "restore"])
def test_going_back_refuses_to_throw_a_draft_away(kept, shop, as_owner, way):
    drafting.apply(drafting.keep(SHORTER), shop.today())
    stood = segments()
    drafting.keep(replace(SHORTER, window_days=365))
    address = reverse(f"segmentation:scheme_{way}", args=[1] if way == "restore" else [])
    page = as_owner.post(address, headers={"accept-language": "en"}, follow=True).content.decode()
    assert "There is a draft. Apply it or throw it away first." in page
    assert SchemeVersion.objects.draft().rules["window_days"] == 365
    assert segments() == stood


def test_going_back_replaces_a_draft_that_nobody_typed(kept, shop):
    drafting.apply(drafting.keep(SHORTER), shop.today())
    drafting.keep_refresh()
    drafting.restore(SchemeVersion.objects.get(number=1))
    assert drafting.undo().restores == 1


def test_names_alone_have_no_past_told_anew(kept, as_owner, monkeypatch, django_capture_on_commit_callbacks):
    asked = []
    monkeypatch.setattr(tasks.look_back, "delay", lambda *args: asked.append(args))
    with django_capture_on_commit_callbacks(execute=True):
        post(as_owner, "scheme_names", {"lost": "Away"})
        page = as_owner.post(
            reverse("segmentation:scheme_apply"), headers={"accept-language": "en"}, follow=True
        )
    assert asked == []
    assert "Applied. Nobody changes group by it." in page.content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        post(as_owner, "scheme", boundaries(**fixed("recency_days", 5, 10, 20, 40)))
        post(as_owner, "scheme_apply")
    assert len(asked) == 1


# ---------- What is previewed ----------


def test_the_preview_is_what_applying_does_also_where_fresh_cuts_are_due(shop):
    make_history(4, TODAY)
    rules = replace(FIFTHS, refresh="monthly")
    put_in_force(rules)
    # The last night's work was before the new month.
    services.score_shop(TODAY - 40 * DAY)
    draft = drafting.keep(replace(rules, cell_map=rfm.painted(rules.cell_map, "555", "loyal")))
    found = drafting.preview(draft, TODAY)
    stood = segments()
    drafting.apply(draft, TODAY)
    now, run = segments(), ScoreRun.objects.current()
    assert (found["is_fresh"], run.cuts_reason) == (True, "schedule")
    assert found["cuts"] == run.cuts
    assert found["people"] == sum(now[one] != stood[one] for one in now) > 0


def test_a_draft_of_names_moves_nobody_though_fresh_cuts_are_due(shop):
    make_history(4, TODAY)
    put_in_force(replace(FIFTHS, refresh="monthly"))
    services.score_shop(TODAY - 40 * DAY)
    draft = drafting.keep(replace(FIFTHS, refresh="monthly", names={"lost": "Away"}))
    assert drafting.preview(draft, TODAY)["people"] == 0
    assert drafting.apply(draft, TODAY) is drafting.Applied.MOVES_NOBODY


def test_a_preview_is_made_anew_after_a_run(kept, shop, as_owner):
    address = reverse("segmentation:scheme_preview")
    drafting.keep(SHORTER)
    as_owner.get(address)
    first = SchemeVersion.objects.draft().preview
    as_owner.get(address)
    assert SchemeVersion.objects.draft().preview == first
    OrderFactory(on=shop.today())
    services.score_shop(shop.today())
    as_owner.get(address)
    assert SchemeVersion.objects.draft().preview["buyers"] == first["buyers"] + 1


# ---------- A shop that has changed ----------


def test_once_somebody_came_twice_the_orders_say_something(shop, as_owner):
    day = shop.today()
    people = [OrderFactory(on=day - (10 + number % 200) * DAY).customer for number in range(210)]
    run = services.score_shop(day - DAY)
    address = reverse("segmentation:segment_list")
    assert (run.cuts["ways"]["frequency"], run.cuts["repeaters"]) == ("fallback", 0)
    assert (
        "Nobody has come twice yet"
        in as_owner.get(address, headers={"accept-language": "en"}).content.decode()
    )
    for person in people[:60]:
        OrderFactory(customer=person, on=day)
    run = services.score_shop(day)
    assert (run.cuts_reason, run.cuts["ways"]["frequency"], run.cuts["repeaters"]) == ("grown", "fifths", 60)
    assert run.cuts["gap_days"] is not None
    assert (
        "Nobody has come twice"
        not in as_owner.get(address, headers={"accept-language": "en"}).content.decode()
    )
    assert services.score_shop(day).cuts_reason == "kept"


def test_with_the_thirtieth_gap_the_shop_has_one_in_the_middle(shop):
    day, regular = shop.today(), CustomerFactory()
    for number in range(30):
        OrderFactory(customer=regular, on=day - (10 * number + 1) * DAY)
    run = services.score_shop(day - DAY)
    assert (run.cuts["repeat_gaps"], run.cuts["gap_days"]) == (29, None)
    OrderFactory(customer=regular, on=day)
    run = services.score_shop(day)
    assert (run.cuts_reason, run.cuts["repeat_gaps"], run.cuts["gap_days"]) == ("grown", 30, 10)


def gap_by_hand() -> float:
    return lifecycle.shop_gap(
        gap
        for days in CustomerScore.objects.values_list("days", flat=True)
        for gap in lifecycle.gaps_of(days or [])
    )


@pytest.mark.parametrize(
    ("gaps", "more", "middle", "is_guessed"),
    [
        ([10] * 30, [20], 10, True),
        ([10] * 30, [20] * 29, 10, True),
        ([10] * 30, [20] * 30, 15, False),
        ([10] * 30, [20] * 31, 20, False),
        ([10] * 15 + [20] * 15, [20], 20, False),
        ([10] * 29, [20], 10, False),
    ],
)
def test_the_middle_gap_of_the_run_before_is_taken_where_it_still_is_the_middle(
    shop, gaps, more, middle, is_guessed
):
    def buy(gap: int) -> None:
        first = OrderFactory(on=shop.today() - 40 * DAY)
        OrderFactory(customer=first.customer, on=shop.today() - (40 - gap) * DAY)

    for gap in gaps:
        buy(gap)
    services.score_shop(shop.today())
    for gap in more:
        buy(gap)
    with CaptureQueriesContext(connection) as asked:
        run = services.score_shop(shop.today(), is_whole=True, wish="by_hand")
    assert run.cuts["gap_days"] == middle == gap_by_hand()
    assert run.cuts["repeat_gaps"] == len(gaps) + len(more)
    assert is_guessed != any("SELECT gap, count" in query["sql"] for query in asked)


def test_what_is_counted_beside_kept_cuts_is_of_the_day(kept, shop):
    OrderFactory(customer=CustomerScore.objects.filter(lifetime_order_days=1)[0].customer, on=shop.today())
    run = services.score_shop(shop.today())
    assert run.cuts_reason == "kept"
    assert run.cuts["repeaters"] == kept.cuts["repeaters"] + 1
    assert run.cuts["repeat_gaps"] == kept.cuts["repeat_gaps"] + 1
    # Counts alone are no reason to look at everybody again.
    assert not run.is_whole
