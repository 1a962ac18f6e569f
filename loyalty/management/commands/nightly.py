"""Does a shop's night for one day, now, whether or not it was done before."""

from __future__ import annotations

from loyalty import pipeline
from loyalty.shops import nights
from loyalty.shops.commands import ShopCommand, read_past_day
from loyalty.shops.models import Shop


class Command(ShopCommand):
    help = "Renew scores and tiers of a shop as of a day, as the clock does each night."
    opens_scope = False

    def add_arguments(self, parser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--day", required=True, help="such as 2026-11-23 or 1405/09/02")

    def work(self, shop: Shop, *, day: str, **options) -> tuple[str, dict]:
        on = read_past_day(day, shop)
        result = nights.again(shop, on, pipeline.night)
        counts = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in result.items())
        return f"The night of {on} is done for “{shop.slug}”: {counts}.", {
            "shop": shop.slug,
            "day": str(on),
            **result,
        }
