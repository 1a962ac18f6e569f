"""What the segments' routes with arguments open."""

from __future__ import annotations

from django.utils import timezone

from segmentation.models import SchemeVersion
from segmentation.rules import Rules


def scheme_version() -> dict:
    SchemeVersion.objects.create(number=1, rules=Rules(90).to_json(), applied_at=timezone.now())
    return {"number": 1}


OBJECTS = {
    "segmentation:scheme_restore": scheme_version,
}
# Numbers of versions begin at one in every shop.
WORDS = {"segmentation:scheme_restore"}
