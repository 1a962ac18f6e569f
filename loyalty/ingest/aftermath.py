"""What follows an import: segments and tiers renewed, and how the segments stood before and after."""

from __future__ import annotations

from django.db.models import Count

from loyalty import pipeline
from loyalty.shops.models import Shop
from segmentation.models import CustomerScore


def segments() -> dict[str, int]:
    """Return {segment: customers} as the scores stand; prospects have none."""
    counted = (
        CustomerScore.objects.exclude(segment="").values_list("segment").annotate(Count("pk")).order_by()
    )
    return dict(counted)


def renew(shop: Shop) -> dict[str, int]:
    """Renew segments and tiers as of the shop's today; return the pipeline's counts."""
    return pipeline.orders_arrived(as_of=shop.today())
