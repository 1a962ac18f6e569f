"""Loads the two demo shops: a Persian café with its goods, and an English shop for the home."""

from __future__ import annotations

import json

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connections, transaction
from django.utils import timezone

from loyalty.demo import load, story
from loyalty.shops.commands import HouseCommand, read_day
from loyalty.shops.rls import OWNER
from loyalty.shops.scope import every_shop

FIXTURES = ("demo_fa.json", "demo_en.json")


class Command(HouseCommand):
    help = "Load the two demo shops with invented people, thirty months of sales, tiers and campaigns."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--day", help="the story's today, such as 2026-11-23 or 1405/09/02")
        parser.add_argument("--if-empty", action="store_true", help="do nothing when there is a shop already")
        parser.add_argument("--customers", type=int, help="how many customers each shop has, for a quick try")
        parser.add_argument(
            "--json", action="store_true", dest="as_json", help="print a machine-readable result"
        )

    def handle(
        self, *args, day: str | None, if_empty: bool, customers: int | None, as_json: bool, **options
    ) -> None:
        if not settings.DEBUG and not settings.TESTING:
            raise CommandError("The demo logins have a published password; they are for development only.")
        day = read_day(day, "gregorian") if day else timezone.localdate()
        fixtures = [load.read_fixture(settings.BASE_DIR / "fixtures" / name) for name in FIXTURES]
        present = every_shop()
        taken = {shop.slug for shop in present} & {fixture["slug"] for fixture in fixtures}
        made = []
        if taken and not if_empty:
            raise CommandError(f"There is a shop “{min(taken)}” already; the demo is loaded once.")
        if not (if_empty and present):
            # All or nothing: half a demo would count as "there are shops already" for ever.
            with transaction.atomic():
                for fixture in fixtures:
                    shop = story.tell(fixture | ({"customers": customers} if customers else {}), day)
                    made.append(shop.slug)
            # The owner's statistics and visibility map, which would otherwise come minutes later by themselves.
            with connections[OWNER].cursor() as cursor:
                cursor.execute("VACUUM ANALYZE")
        logins = [email for email, _ in story.STAFF.values()]
        if as_json:
            self.stdout.write(json.dumps({"shops": made, "day": day.isoformat(), "logins": logins}))
        else:
            what = f"loaded {', '.join(made)}" if made else "there are shops already, nothing was loaded"
            self.stdout.write(f"Demo: {what}. Logins: {', '.join(logins)}; password {story.PASSWORD}.")
