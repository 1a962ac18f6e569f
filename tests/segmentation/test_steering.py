"""What an owner chooses: tried without a trace, applied with a version, undone; and cuts that are kept."""

import datetime

import pytest
from django.urls import reverse

from loyalty.shops.models import AuditEntry
from segmentation import cutting, drafting, rfm, services, value_volume
from segmentation.models import CustomerScore, Scheme, SchemeVersion, ScoreRun
from segmentation.rules import Rules
from tests.factories import OrderFactory
from tests.segmentation.histories import make_history

HTMX = {"HX-Request": "true", "accept-language": "en"}
WEIGHTS = {"weight_r": "34", "weight_f": "33", "weight_m": "33"}


def before(shop, days: int) -> datetime.date:
    return shop.today() - datetime.timedelta(days=days)


def boundaries(**typed) -> dict:
    return {
        "window_days": "all",
        "refresh": "monthly",
        **{f"{measure}_way": "auto" for measure in cutting.MEASURES},
        **WEIGHTS,
        **typed,
    }


def fixed(measure: str, *numbers) -> dict:
    return {f"{measure}_way": "fixed"} | {f"{measure}_{step}": str(n) for step, n in enumerate(numbers, 1)}


@pytest.fixture
def scored(shop):
    make_history(4, shop.today())
    services.score_shop(shop.today())
    return shop


def segments() -> dict:
    return dict(CustomerScore.objects.values_list("customer", "segment"))


def post(client, name: str, data: dict | None = None, **headers):
    return client.post(
        reverse(f"segmentation:{name}"), data or {}, headers={"accept-language": "en"} | headers
    )


def test_a_draft_shows_who_would_move_and_moves_nobody(scored, as_owner):
    stood = segments()
    response = post(as_owner, "scheme", boundaries(**fixed("recency_days", "۵", "۱۰", "۲۰", "۴۰")))
    assert response.url == reverse("segmentation:scheme_preview")
    said = as_owner.get(response.url, headers={"accept-language": "en"}).content.decode()
    assert "would change segment" in said
    assert segments() == stood
    assert services.rules_of_shop() == Rules()
    draft = SchemeVersion.objects.draft()
    assert draft.rules["cuts"] == {"recency_days": [5, 10, 20, 40]}


def test_the_preview_counts_those_whom_applying_moves(scored):
    draft = drafting.keep(Rules(cuts={"recency_days": [5.0, 10.0, 20.0, 40.0]}))
    stood = segments()
    found = drafting.preview(draft, scored.today())["moves"]["segment"]
    drafting.apply(draft, scored.today())
    now, spent = segments(), dict(CustomerScore.objects.values_list("customer", "monetary_amount"))
    for was, will, people, amount, first in found:
        movers = [one for one in now if (stood[one], now[one]) == (was, will)]
        assert (len(movers), sum(spent[one] for one in movers)) == (people, amount)
        assert set(first) <= set(movers)
    assert sum(move[2] for move in found) == sum(now[one] != stood[one] for one in now)


def test_htmx_gets_the_preview_alone(scored, as_owner):
    response = as_owner.post(
        reverse("segmentation:scheme"), boundaries(**fixed("frequency", 1, 2, 4, 8)), headers=HTMX
    )
    said = response.content.decode()
    assert (response.status_code, "<html" in said) == (200, False)
    assert 'id="scheme-preview"' in said


def test_applying_makes_a_version_and_undo_another(scored, as_owner):
    stood = segments()
    post(as_owner, "scheme", boundaries(**fixed("recency_days", 5, 10, 20, 40)))
    assert post(as_owner, "scheme_apply", {"note": "Try shorter"}).status_code == 302
    moved = segments()
    assert moved != stood
    newest = SchemeVersion.objects.applied().first()
    assert (newest.number, newest.note, newest.created_by_id is not None) == (2, "Try shorter", True)
    post(as_owner, "scheme_undo")
    assert segments() == stood
    newest = SchemeVersion.objects.applied().first()
    assert (newest.number, newest.restores) == (3, 1)
    assert services.rules_of_shop() == Rules()
    # And back again.
    post(as_owner, "scheme_undo")
    assert segments() == moved
    actions = AuditEntry.objects.filter(action__startswith="segmentation.scheme").order_by("pk")
    assert [entry.action.partition(".")[2] for entry in actions] == [
        "scheme_applied",
        "scheme_restored",
        "scheme_restored",
    ]


def test_going_back_is_previewed_too(scored, as_owner):
    post(as_owner, "scheme", boundaries(**fixed("recency_days", 5, 10, 20, 40)))
    post(as_owner, "scheme_apply")
    moved = segments()
    response = as_owner.post(reverse("segmentation:scheme_restore", args=[1]))
    assert response.url == reverse("segmentation:scheme_preview")
    assert segments() == moved
    assert SchemeVersion.objects.draft().restores == 1


def test_the_numbers_that_are_offered_can_be_sent_as_they_are(shop, as_owner):
    """Where nearly everybody came once the fifths of the orders fall together."""
    for _number in range(8):
        OrderFactory(on=before(shop, 10), net_amount=5_000)
    services.score_shop(shop.today())
    page = as_owner.get(reverse("segmentation:scheme"), headers={"accept-language": "en"})
    offered = page.context["form"]
    for measure in cutting.MEASURES:
        numbers = [offered[f"{measure}_{step}"].value() for step in range(1, 5)]
        assert post(as_owner, "scheme", boundaries(**fixed(measure, *numbers))).status_code == 302, measure


def test_boundaries_of_money_read_the_same_in_the_form_and_beside_it(shop, as_owner):
    OrderFactory(on=before(shop, 10))
    found = services.score_shop(shop.today()).cuts
    # Between two amounts, as fifths are.
    services.score_shop(shop.today(), cuts=found | {"monetary_amount": [1e6, 2e6, 3e6, 173_613_999.6]})
    said = as_owner.get(reverse("segmentation:scheme"), headers={"accept-language": "en"}).content.decode()
    assert "17,361,399.9" not in said
    assert "over 17,361,400" in said
    assert 'value="17,361,400"' in said


def test_a_draft_can_be_thrown_away(scored, as_owner):
    post(as_owner, "scheme", boundaries(window_days="90"))
    post(as_owner, "scheme_discard")
    assert not SchemeVersion.objects.exists()
    assert not Scheme.objects.exists()


@pytest.mark.parametrize(
    "typed",
    [
        fixed("frequency", 1, 2, 2, 8),
        fixed("frequency", 1, 2, 3, ""),
        fixed("monetary_amount", 1, "much", 3, 4),
        {"weight_r": "50"},
        {"window_days": "-5"},
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(scored, as_owner, typed):
    response = post(as_owner, "scheme", boundaries(**typed))
    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    assert not SchemeVersion.objects.exists()


def test_money_is_typed_in_the_shops_unit(scored, as_owner):
    post(as_owner, "scheme", boundaries(**fixed("monetary_amount", "۱۰۰٬۰۰۰", "200000", "۳۰۰ هزار", "1m")))
    # A toman is ten rials.
    expected = [1_000_000, 2_000_000, 3_000_000, 10_000_000]
    assert SchemeVersion.objects.draft().rules["cuts"]["monetary_amount"] == expected


def test_the_window_is_chosen_and_everybody_is_scored_by_it(shop, as_owner):
    order = OrderFactory(on=before(shop, 200), net_amount=500)
    OrderFactory(customer=order.customer, on=shop.today(), net_amount=300)
    services.score_shop(shop.today())
    post(as_owner, "scheme", boundaries(window_days="90"))
    post(as_owner, "scheme_apply")
    score = CustomerScore.objects.get()
    assert (score.frequency, score.monetary_amount, score.lifetime_orders) == (1, 300, 2)
    post(as_owner, "scheme_undo")
    assert CustomerScore.objects.get().frequency == 2


def test_a_large_shop_is_tried_and_scored_by_a_worker(
    scored, as_owner, monkeypatch, django_capture_on_commit_callbacks
):
    asked = []
    monkeypatch.setattr("segmentation.views.steering.AT_ONCE", 0)
    monkeypatch.setattr("segmentation.tasks.score_shop.delay", lambda *args: asked.append(args))
    monkeypatch.setattr("segmentation.tasks.preview_scheme.delay", lambda *args: asked.append(args))
    post(as_owner, "scheme", boundaries(window_days="90"))
    address, day = reverse("segmentation:scheme_preview"), scored.today().isoformat()
    with django_capture_on_commit_callbacks(execute=True):
        said = as_owner.get(address).content.decode()
    draft = SchemeVersion.objects.draft()
    assert "every 2s" in said
    assert asked == [(scored.pk, draft.pk, day)]
    drafting.preview(draft, scored.today())
    response = as_owner.get(address, headers=HTMX)
    assert (response.status_code, "every 2s" in response.content.decode()) == (286, False)
    with django_capture_on_commit_callbacks(execute=True):
        post(as_owner, "scheme_apply")
    assert asked[1:] == [(scored.pk, day)]


def test_names_stand_everywhere_and_move_nobody(scored, as_owner):
    stood, runs = segments(), ScoreRun.objects.count()
    taken = next(segment for segment in stood.values() if segment)
    assert post(as_owner, "scheme_names", {taken: "New", "lost": "New"}).status_code == 422
    post(as_owner, "scheme_names", {taken: "  Our   stars "})
    post(as_owner, "scheme_apply")
    assert (segments(), ScoreRun.objects.count()) == (stood, runs)
    someone = next(customer for customer, segment in stood.items() if segment == taken)
    pages = [
        reverse("segmentation:segment_list"),
        reverse("customers:customer_list"),
        reverse("customers:customer_list") + f"?segment={taken}",
        reverse("customers:customer_detail", args=[someone]),
    ]
    for address in pages:
        said = as_owner.get(address, headers={"accept-language": "en"}).content.decode()
        assert "Our stars" in said, address


def test_the_map_is_painted_stroke_by_stroke(scored, as_owner):
    post(as_owner, "scheme_map", {"segment": "loyal", "cells": "5**"})
    tried = drafting.rules_tried()
    assert {rfm.segment(5, f, m, tried.cell_map) for f in rfm.SCORES for m in rfm.SCORES} == {"loyal"}
    assert tried.cell_map[:100] == rfm.CELL_MAP[:100]
    response = as_owner.post(
        reverse("segmentation:scheme_map"), {"segment": "champions", "cells": "555"}, headers=HTMX
    )
    assert "<html" not in response.content.decode()
    assert rfm.segment(5, 5, 5, drafting.rules_tried().cell_map) == "champions"
    post(as_owner, "scheme_map", {"published": "1"})
    assert SchemeVersion.objects.draft() is None
    assert post(as_owner, "scheme_map", {"segment": "loyal", "cells": "6**"}).status_code == 422


def test_a_painted_map_scores_by_it_and_keeps_the_cuts(scored, as_owner):
    post(as_owner, "scheme_map", {"segment": "loyal", "cells": "***"})
    post(as_owner, "scheme_apply")
    assert set(segments().values()) == {"loyal", ""}
    assert ScoreRun.objects.current().cuts_reason == "kept"


def test_the_weights_of_value_are_whole_and_a_preset_is_one_press(scored, as_owner):
    typed = {part: str(weight) for part, weight in value_volume.WEIGHTS.items()}
    assert post(as_owner, "scheme_value", typed | {"margin": "99"}).status_code == 422
    post(as_owner, "scheme_value", {"preset": "luxury"})
    assert drafting.rules_tried().value_weights["full_price"] == 30
    post(as_owner, "scheme_apply")
    assert services.rules_of_shop().value_weights["advocacy"] == 15


def test_answers_lead_to_a_preset(scored, as_owner):
    address = reverse("segmentation:scheme_value")
    answers = {"choose": "price", "margin": "thin", "grow": "reach"}
    said = as_owner.get(address, answers, headers={"accept-language": "en"}).content.decode()
    assert "Suggested:" in said
    assert 'value="discount"' in said.partition("Suggested:")[2]


# ---------- Cuts that are kept ----------


def test_cuts_are_kept_from_night_to_night(scored):
    first = ScoreRun.objects.current()
    OrderFactory(on=scored.today(), net_amount=10**9)
    run = services.score_shop(scored.today())
    assert (run.cuts_reason, run.cuts_on) == ("kept", first.cuts_on)
    assert run.cuts["monetary_amount"] == first.cuts["monetary_amount"]
    assert run.buyers == first.buyers + 1


def test_with_a_new_month_they_are_taken_anew_and_it_is_told(scored):
    then = before(scored, 40)
    ScoreRun.objects.all().delete()
    services.score_shop(then)
    stood = segments()
    run = services.score_shop(scored.today())
    assert (run.cuts_reason, run.cuts_on) == ("schedule", scored.today())
    entry = AuditEntry.objects.filter(action="segmentation.cuts_taken").latest("pk")
    assert entry.details["moved"] == run.moved_by_cuts
    assert entry.details["measures"]["recency_days"]["after"] == run.cuts["recency_days"]
    by_old_cuts = services.score_shop(scored.today(), cuts=run.cuts_before)
    as_by_old = segments()
    services.score_shop(scored.today(), cuts=run.cuts)
    assert run.moved_by_cuts == sum(segments()[one] != as_by_old[one] for one in as_by_old)
    assert stood
    assert by_old_cuts.cuts_reason == "kept"


def test_by_hand_they_stay_until_somebody_asks(scored, as_owner):
    rules = Rules(refresh="by_hand").to_json()
    Scheme.objects.create(window_days=rules.pop("window_days"), chosen=rules)
    ScoreRun.objects.all().delete()
    services.score_shop(before(scored, 400))
    assert services.score_shop(before(scored, 300)).cuts_reason in ("kept", "grown")
    services.score_shop(scored.today())
    kept = services.score_shop(scored.today())
    assert kept.cuts_reason == "kept"
    stood = segments()
    post(as_owner, "scheme_refresh")
    said = as_owner.get(reverse("segmentation:scheme_preview"), headers=HTMX).content.decode()
    assert "Fresh boundaries" in said
    assert segments() == stood
    post(as_owner, "scheme_apply")
    assert ScoreRun.objects.current().cuts_reason == "by_hand"
    assert SchemeVersion.objects.draft() is None


def test_a_refresh_does_not_replace_a_draft(scored, as_owner):
    post(as_owner, "scheme", boundaries(window_days="90"))
    post(as_owner, "scheme_refresh")
    assert SchemeVersion.objects.draft().rules["window_days"] == 90


def test_a_shop_that_has_grown_by_a_quarter_takes_fresh_cuts(scored):
    buyers = ScoreRun.objects.current().buyers
    for _number in range(-(-buyers // 4)):
        OrderFactory(on=scored.today())
    assert services.score_shop(scored.today()).cuts_reason == "grown"


def test_a_shop_that_has_moved_away_from_its_cuts_is_told(scored, as_owner):
    rules = Rules(refresh="by_hand", cuts={"recency_days": "fifths"}).to_json()
    Scheme.objects.create(window_days=rules.pop("window_days"), chosen=rules)
    ScoreRun.objects.all().delete()
    services.score_shop(before(scored, 60))
    run = services.score_shop(scored.today())
    assert run.cuts_reason == "kept"
    said = as_owner.get(reverse("segmentation:segment_list"), headers={"accept-language": "en"})
    assert "The shop has moved away from its boundaries" in said.content.decode()


def test_a_small_shop_is_told_that_it_is_scored_by_fixed_numbers(scored, as_owner):
    said = as_owner.get(reverse("segmentation:segment_list"), headers={"accept-language": "en"})
    assert "fifths would say little" in said.content.decode()


def test_the_map_says_how_its_scores_are_found_and_never_fifths_where_there_are_none(scored, as_owner):
    address = reverse("segmentation:segment_list")
    said = as_owner.get(address, headers={"accept-language": "en"}).content.decode()
    assert "by the fifths" not in said
    assert "Orders: by fixed numbers" in said
    post(as_owner, "scheme", boundaries(**fixed("frequency", 1, 2, 4, 8), monetary_amount_way="fifths"))
    post(as_owner, "scheme_apply")
    said = as_owner.get(address, headers={"accept-language": "en"}).content.decode()
    assert "Orders: by your numbers; Net spend: by fifths." in said


def test_the_audit_list_says_what_happened_to_the_scoring(scored, as_owner):
    post(as_owner, "scheme", boundaries(**fixed("recency_days", 5, 10, 20, 40)))
    post(as_owner, "scheme_apply")
    post(as_owner, "scheme_undo")
    services.score_shop(scored.today(), wish="by_hand")
    said = as_owner.get(reverse("shops:audit_list"), headers={"accept-language": "en"}).content.decode()
    for sentence in ("applied version", "went back to version", "refreshed by hand"):
        assert sentence in said
