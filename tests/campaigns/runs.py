"""Campaigns on their way, and a gateway that answers as it is told: what the tests of sending share."""

from __future__ import annotations

import datetime
from collections import Counter

from django.utils import timezone

from campaigns import dispatch
from campaigns.gateways.base import Outcome, Result, Sighting, Trace
from campaigns.models import Campaign, GatewayLine, Message
from loyalty.shops.scope import scope
from tests.campaigns.conftest import make_campaign, make_people


def launched(club, people=5, **fields):
    with scope(club):
        made = make_people(people)
        campaign = make_campaign(**fields)
        return dispatch.launch(campaign, None, campaign.version), made


def states(club):
    with scope(club):
        return Counter(Message.objects.values_list("state", flat=True))


def reload(club, campaign):
    with scope(club):
        return Campaign.objects.get(pk=campaign.pk)


class Scripted:
    """A gateway that answers as told; `taken` is what reached it, by reference."""

    max_batch, answers_within, reports_after = 50, 10.0, 3600.0

    def __init__(self, outcome=Outcome.ACCEPTED, trace=Trace.ABSENT, answer=None):
        self.outcome, self.trace, self.answer = outcome, trace, answer
        self.taken = Counter()

    def send(self, batch):
        if self.outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN):
            self.taken.update(one.reference for one in batch)
        if self.answer is not None:
            return self.answer(batch)
        return {one.reference: Result(self.outcome, "G", 5, "why") for one in batch}

    def look_up(self, references):
        return {reference: Sighting(self.trace, "G", 5) for reference in references}


def expire_leases(club):
    with scope(club):
        Message.objects.filter(state="claimed").update(lease_until=timezone.now() - datetime.timedelta(1))


def wake_line(club):
    with scope(club):
        GatewayLine.objects.update(rests_until=None)
