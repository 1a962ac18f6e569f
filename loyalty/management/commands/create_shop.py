"""Opens a shop, with its first owner where one is named."""

from __future__ import annotations

import json

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import translation

from loyalty.shops import services
from loyalty.shops.commands import HouseCommand
from loyalty.shops.models import User


class Command(HouseCommand):
    help = "Open a shop, such as: create_shop ladan --name 'Ladan' --currency IRR --display-unit toman"
    option_of = {"slug": "SLUG"}

    def add_arguments(self, parser) -> None:
        parser.add_argument("slug", help="short name in addresses and commands: letters, digits, hyphens")
        parser.add_argument("--name", required=True, help="what people call the shop")
        parser.add_argument("--currency", default="IRR", help="IRR, GBP, EUR, USD …")
        parser.add_argument("--display-unit", help="toman or rial; other currencies have one unit")
        parser.add_argument("--time-zone", default="Asia/Tehran", help="such as Asia/Tehran or Europe/London")
        parser.add_argument("--language", default="fa", help="fa or en")
        parser.add_argument("--calendar", help="jalali or gregorian; by the language where not given")
        parser.add_argument("--phone-region", help="IR, GB …; the currency's country where not given")
        parser.add_argument(
            "--owner-email", help="the owner who signs in; the account is made where there is none"
        )
        parser.add_argument("--owner-name", default="")
        parser.add_argument("--owner-password", default="")
        parser.add_argument(
            "--json", action="store_true", dest="as_json", help="print a machine-readable result"
        )

    def handle(self, *args, slug: str, as_json: bool, **options) -> None:
        fields = ("name", "currency", "display_unit", "time_zone", "language", "calendar", "phone_region")
        chosen = {name: options[name] for name in fields if options[name]}
        chosen.setdefault("calendar", "jalali" if options["language"] == "fa" else "gregorian")
        owner = [options[name] for name in ("owner_email", "owner_name", "owner_password")]
        refuse_half_an_owner(*owner)
        with translation.override("en"), transaction.atomic():
            try:
                shop = services.create_shop(slug, **chosen)
                if owner[0]:
                    services.add_owner(shop, *owner)
            except ValidationError as error:
                raise CommandError(self.in_words(error)) from error
        result = {"id": shop.pk, "slug": shop.slug, "name": shop.name, "owner": owner[0]}
        by = f", owned by {owner[0]}" if owner[0] else ""
        self.stdout.write(
            json.dumps(result, ensure_ascii=False) if as_json else f"Shop “{shop.slug}” is open{by}."
        )


def refuse_half_an_owner(email: str | None, name: str, password: str) -> None:
    if not email and (name or password):
        raise CommandError("--owner-name and --owner-password say nothing without --owner-email.")
    if email and not password and not User.objects.filter(email=email.lower()).exists():
        raise CommandError(f"“{email}” has no account yet; give it a password with --owner-password.")
