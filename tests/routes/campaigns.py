"""What the campaigns' routes with arguments open."""

from __future__ import annotations

from campaigns import dispatch
from campaigns.models import SandboxMessage
from tests.campaigns.conftest import make_campaign, make_people


def draft() -> dict:
    return {"pk": make_campaign().pk}


def launched() -> dict:
    make_people(3)
    campaign = make_campaign()
    return {"pk": dispatch.launch(campaign, None, campaign.version).pk}


def conversation() -> dict:
    return {"pk": SandboxMessage.objects.create(phone="+989990000000", text="سلام").pk}


OBJECTS = {
    "campaigns:campaign_edit": draft,
    "campaigns:campaign_delete": draft,
    "campaigns:campaign_launch": draft,
    "campaigns:campaign_detail": launched,
    "campaigns:campaign_audience": launched,
    "campaigns:campaign_pause": launched,
    "campaigns:campaign_resume": launched,
    "campaigns:campaign_cancel": launched,
    "campaigns:campaign_uncertain": launched,
    "campaigns:sandbox_conversation": conversation,
    "campaigns:sandbox_reply": conversation,
}
