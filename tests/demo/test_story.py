"""The demo keeps what it promises: tiers that moved, campaigns with hold-outs, somebody to write to today."""

import datetime
import json
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from campaigns.audiences import Audience
from campaigns.models import AudienceMember, Campaign, Message
from loyalty.demo import story
from loyalty.shops.models import StaffMember
from loyalty.shops.scope import scope
from loyalty.tiers.models import TierMembership
from segmentation.models import ScoreRun

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
TODAY = datetime.date(2026, 11, 23)
PEOPLE = 160

pytestmark = [pytest.mark.slow]


@pytest.fixture(scope="module")
def told(django_db_setup, django_db_blocker):
    """The shop of a small story; told once, and taken back when its tests are over."""
    fixture = json.loads((FIXTURES / "demo_fa.json").read_text(encoding="utf-8"))
    with django_db_blocker.unblock(), transaction.atomic():
        shop = story.tell(fixture | {"customers": PEOPLE}, TODAY)
        with scope(shop):
            yield shop
        transaction.set_rollback(True)


def test_everybody_has_a_place_in_it(told):
    assert set(StaffMember.objects.values_list("role", flat=True)) == {"owner", "marketer", "counter"}
    assert ScoreRun.objects.current().as_of == TODAY


def test_tiers_moved_up_and_down_over_the_months(told):
    moves = TierMembership.objects.filter(undone_at=None)
    assert moves.filter(reason="up").count() >= 10
    assert moves.filter(reason="down").count() >= 3
    assert moves.filter(is_current=True).values("tier").distinct().count() >= 3
    assert len({(one.year, one.month) for one in moves.values_list("from_on", flat=True)}) >= 6
    assert all(row.needed for row in moves.select_related("tier")[:50])


def test_its_campaigns_left_some_people_alone_and_were_judged(told):
    sent = list(Campaign.objects.exclude(state="draft").order_by("launched_at"))
    assert len(sent) == 4
    for campaign in sent:
        arms = AudienceMember.objects.filter(campaign=campaign)
        written, left = (arms.filter(arm=arm).count() for arm in ("treatment", "holdout"))
        assert written
        assert written == Message.objects.filter(campaign=campaign, sent_at__isnull=False).count()
        # Drawn by the rows' own numbers: a tenth of a few people may be nobody.
        assert left or written < 60
        is_over = told.day_of(campaign.window_ends_at) < TODAY
        assert bool(campaign.verdict) is is_over
    assert AudienceMember.objects.filter(campaign=sent[0], arm="holdout").exists()
    # Something is still open, and something is known already.
    assert {bool(one.verdict) for one in sent} == {True, False}


def test_a_draft_waits_for_people_to_win_back_today(told):
    draft = Campaign.objects.get(state="draft")
    waterfall = Audience.of(draft, told, timezone.now()).waterfall()
    assert waterfall.receiving
    assert waterfall.left_alone < waterfall.receiving
