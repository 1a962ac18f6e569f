"""What the tiers' routes with arguments open."""

from __future__ import annotations

from loyalty.tiers import services
from loyalty.tiers.models import Benefit
from tests.conftest import TODAY


def rank() -> dict:
    services.preset(TODAY)
    return {"rank": 2}


def version() -> dict:
    services.preset(TODAY)
    return {"number": 1}


def benefit() -> dict:
    programme = services.preset(TODAY)
    return {"pk": Benefit.objects.filter(tier__programme=programme, kind="gift")[0].pk}


OBJECTS = {
    "tiers:benefit_add": rank,
    "tiers:undo": version,
    "tiers:benefit_edit": benefit,
    "tiers:benefit_remove": benefit,
}
# Ranks and numbers of versions begin at one in every shop.
WORDS = {"tiers:benefit_add", "tiers:undo"}
