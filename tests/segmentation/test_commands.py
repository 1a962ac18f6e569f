"""`score` and `export_scores`: the same numbers as on the screens, for any day, in a form others can read."""

import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from loyalty.shops.scope import scope
from loyalty.tiers.models import Programme, Tier, TierMembership
from segmentation.models import CustomerScore, ScoreRun
from tests import factories
from tests.conftest import TODAY
from tests.segmentation.test_services import before


def run(command: str, **options) -> str:
    out = io.StringIO()
    call_command(command, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def exported(shop, **options) -> dict[str, dict]:
    rows = csv.DictReader(io.StringIO(run("export_scores", shop=shop.slug, **options)))
    return {row["external_id"]: row for row in rows}


@pytest.fixture
def pounds(db):
    made = factories.make_shop(slug="pounds", currency="GBP", display_unit="pound", calendar="gregorian")
    with scope(made):
        yield made


def test_score_says_what_it_did(shop):
    factories.OrderFactory(on=TODAY)
    assert "1 customers" in run("score", shop=shop.slug, as_of="2026-11-23")
    told = json.loads(run("score", shop=shop.slug, as_of="1405/09/02", as_json=True))
    assert (told["as_of"], told["customers"], told["changed"]) == ("2026-11-23", 1, 0)
    assert told["stages"] == {"new": 1}


def test_score_can_look_back_for_the_trends(shop):
    factories.OrderFactory(on=before(30))
    run("score", shop=shop.slug, as_of="2026-11-23", look_back=True)
    assert ScoreRun.objects.filter(is_look_back=True).count() == 51


def test_a_day_that_is_none_is_refused_in_a_sentence(shop):
    with pytest.raises(CommandError, match="not a day"):
        run("score", shop=shop.slug, as_of="yesterday-ish")


def test_an_unknown_shop_is_refused_in_a_sentence(db):
    with pytest.raises(CommandError, match="no shop"):
        run("export_scores", shop="nobody", as_of="2026-11-23")


def test_the_export_has_the_facts_the_scores_and_the_tier_of_the_day(pounds):
    customer = factories.CustomerFactory(external_id="12346", phone="+447700900123")
    factories.OrderFactory(customer=customer, on=before(40), net_amount=7_718_360, cost_amount=7_000_010)
    programme = Programme.objects.create(started_on=before(50))
    silver, gold = (
        Tier.objects.create(programme=programme, rank=rank, name=name)
        for rank, name in ((2, "Silver"), (3, "Gold"))
    )
    TierMembership.objects.create(
        customer=customer,
        tier=silver,
        from_on=before(40),
        until_on=before(10),
        is_current=False,
        reason="first",
    )
    TierMembership.objects.create(
        customer=customer,
        tier=gold,
        from_on=before(20),
        is_current=False,
        undone_at=timezone.now(),
        reason="up",
    )
    TierMembership.objects.create(customer=customer, tier=gold, from_on=before(10), reason="up")
    row = exported(pounds, as_of="2026-11-23")["12346"]
    assert row == {
        "external_id": "12346",
        "phone": "+447700900123",
        "recency_days": "40",
        "frequency": "1",
        "monetary": "77183.60",
        "profit": "7183.50",
        # One buyer has no fifths: 40 days are past the first of 30, 90, 180, 365; one order and one basket in the
        # middle are past none, and past half a basket.
        "r": "4",
        "f": "1",
        "m": "2",
        "segment": "new_customers",
        "stage": "new",
        "quadrant": "occasional",
        "tier": "Gold",
    }
    assert exported(pounds, as_of=str(before(15)))["12346"]["tier"] == "Silver"


def test_rial_are_exported_whole_and_the_unknown_is_empty(shop):
    customer = factories.CustomerFactory(external_id="1")
    factories.OrderFactory(customer=customer, on=TODAY, net_amount=1_250_000)
    factories.CustomerFactory(external_id="2")
    rows = exported(shop, as_of="1405/09/02")
    assert (rows["1"]["monetary"], rows["1"]["profit"]) == ("1250000", "")
    assert (rows["2"]["stage"], rows["2"]["recency_days"], rows["2"]["r"], rows["2"]["frequency"]) == (
        "prospect",
        "",
        "",
        "0",
    )


def test_the_json_export_says_the_same(pounds):
    customer = factories.CustomerFactory(external_id="7")
    factories.OrderFactory(customer=customer, on=before(3), net_amount=1_050)
    factories.CustomerFactory(external_id="8")
    first, second = json.loads(run("export_scores", shop="pounds", as_of="2026-11-23", format="json"))
    assert (first["external_id"], first["monetary"], first["profit"], first["r"]) == ("7", 10.5, None, 5)
    assert (second["stage"], second["recency_days"], second["segment"]) == ("prospect", None, "")


def test_an_export_of_another_day_leaves_what_is_stored(shop):
    factories.OrderFactory(on=before(30))
    run("score", shop=shop.slug, as_of="2026-11-23")
    stored = list(CustomerScore.objects.values())
    rows = exported(shop, as_of=str(before(20)))
    assert [row["recency_days"] for row in rows.values()] == ["10"]
    assert list(CustomerScore.objects.values()) == stored
    assert ScoreRun.objects.count() == 1


def test_the_export_writes_a_file_and_sums_up(shop, tmp_path):
    factories.OrderFactory(on=TODAY)
    target = tmp_path / "scores.csv"
    told = run("export_scores", shop=shop.slug, as_of="2026-11-23", output=target)
    assert "1 customers" in told
    assert target.read_text().count("\n") == 2
    with pytest.raises(CommandError, match="could not be written"):
        run("export_scores", shop=shop.slug, as_of="2026-11-23", output=tmp_path / "no" / "such" / "folder")


def test_no_cell_of_the_export_is_a_formula(shop):
    factories.CustomerFactory(external_id="=HYPERLINK(1)", phone="+989990000001")
    factories.CustomerFactory(external_id="-5", phone=None)
    rows = exported(shop, as_of="2026-11-23")
    assert set(rows) == {"'=HYPERLINK(1)", "-5"}
    assert rows["'=HYPERLINK(1)"]["phone"] == "+989990000001"
