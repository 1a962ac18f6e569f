"""Scores every customer of a shop as of a day: facts, RFM scores and segment, lifecycle stage, quadrant."""

from __future__ import annotations

from loyalty.shops.commands import ShopCommand, read_past_day
from loyalty.shops.models import Shop
from loyalty.shops.scope import scope
from segmentation import services


class Command(ShopCommand):
    help = "Score every customer of a shop as of a day."
    opens_scope = False

    def add_arguments(self, parser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--as-of", metavar="DAY", help="such as 2026-11-23 or 1405/09/02; today if not given"
        )
        parser.add_argument(
            "--look-back",
            action="store_true",
            help="also count the groups of the past weeks anew, for the trends",
        )

    def work(self, shop: Shop, *, as_of: str | None, look_back: bool, **options) -> tuple[str, dict]:
        day = read_past_day(as_of, shop) if as_of else shop.today()
        with scope(shop):
            run = services.score_shop(day)
        with scope(shop):
            weeks = services.look_back(day, refresh=True, most=None) if look_back else 0
        result = {
            "shop": shop.slug,
            "as_of": day.isoformat(),
            "customers": run.customers,
            "buyers": run.buyers,
            "changed": run.changed,
            "seconds": round((run.finished_at - run.started_at).total_seconds(), 3),
            "weeks_looked_back": weeks,
            "stages": {stage: customers for stage, (customers, _) in run.sums["stage"].items()},
            "segments": {segment: customers for segment, (customers, _) in run.sums["segment"].items()},
        }
        return (
            f"{run.customers} customers of “{shop.slug}” are scored as of {day}:"
            f" {run.buyers} with orders, {run.changed} changed.",
            result,
        )
