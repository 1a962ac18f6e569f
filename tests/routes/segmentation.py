"""What the segments' routes with arguments open."""

from __future__ import annotations

from django.utils import timezone

from segmentation.models import SchemeVersion, ScoreRun
from segmentation.rules import Rules


def scheme_version() -> dict:
    SchemeVersion.objects.create(number=1, rules=Rules(90).to_json(), applied_at=timezone.now())
    return {"number": 1}


def persona() -> dict:
    """Any group is one, even an empty one; it is not there before the first scoring."""
    day = timezone.now()
    ScoreRun.objects.create(
        as_of=day, started_at=day, finished_at=day, customers=0, buyers=0, cuts={}, sums={}
    )
    return {"kind": "segment", "key": "loyal"}


OBJECTS = {
    "segmentation:persona": persona,
    "segmentation:scheme_restore": scheme_version,
}
# Numbers of versions begin at one in every shop.
WORDS = {"segmentation:persona", "segmentation:scheme_restore"}
