"""The base of commands that work in one shop: `--shop SLUG`, `--json`, one sentence on failure."""

from __future__ import annotations

import datetime
import json
import os
import sys
from typing import NoReturn

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connection
from django.utils import translation

from loyalty.ui.dates import DayError, parse_day
from loyalty.ui.fields import DAY_ERRORS

from .models import Shop
from .scope import every_shop, scope


def find_shop(slug: str) -> Shop:
    """Return the shop with `slug`; raise CommandError naming the shops there are."""
    shops = every_shop()
    for shop in shops:
        if shop.slug == slug:
            return shop
    known = ", ".join(shop.slug for shop in shops) or "none yet; make one with create_shop"
    raise CommandError(f"There is no shop “{slug}”. Shops: {known}.")


def read_day(text: str, calendar: str) -> datetime.date:
    """Return the day of an option such as 2026-11-23 or 1405/09/02; raise CommandError."""
    try:
        return parse_day(text, calendar)
    except DayError as error:
        why = str(DAY_ERRORS[error.code]) % {"example": "2026-11-23 or 1405/09/02"}
        raise CommandError(f"“{text}”: {why}") from error


def read_past_day(text: str, shop: Shop) -> datetime.date:
    """Return the day of an option, today's or an earlier one; raise CommandError.

    Who is scored as of a day to come has done nothing for so long, and is moved down for it.
    """
    day = read_day(text, shop.calendar)
    if day > shop.today():
        raise CommandError(f"“{text}” is still to come; in “{shop.slug}” it is {shop.today()}.")
    return day


class HouseCommand(BaseCommand):
    """A command that needs the tables. On the embedded database it makes them: a fresh clone has none.

    It fails with one sentence. `option_of` names the option that a field of a model comes from, where they
    differ.
    """

    option_of: dict[str, str] = {}

    def create_parser(self, prog_name: str, subcommand: str, **options) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **options)
        if self._called_from_command_line:
            # Not the whole usage with an exit code of its own, in which the sentence gets lost.
            parser.error = self.refuse
        return parser

    def refuse(self, message: str) -> NoReturn:
        self.stderr.write(f"CommandError: {message[0].upper()}{message[1:].rstrip('.')}.")
        sys.exit(1)

    def in_words(self, error: ValidationError) -> str:
        """Return the errors as one line, each with the option that it is about."""
        if not hasattr(error, "error_dict"):
            return " ".join(error.messages)
        return " ".join(
            f"{self.about(field)}{' '.join(texts)}" for field, texts in error.message_dict.items()
        )

    def about(self, field: str) -> str:
        if field == NON_FIELD_ERRORS:
            return ""
        return self.option_of.get(field, f"--{field.replace('_', '-')}") + ": "

    def execute(self, *args, **options) -> str | None:
        try:
            if not has_tables():
                if os.environ.get("DATABASE_URL"):
                    raise CommandError("The database has no tables yet; run manage.py migrate first.")
                call_command("migrate", verbosity=0)
            return super().execute(*args, **options)
        except OperationalError as error:
            reason = str(error).strip().splitlines()[0]
            raise CommandError(f"The database cannot be used: {reason}") from error


def has_tables() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('shops_shop') IS NOT NULL")
        return cursor.fetchone()[0]


class ShopCommand(HouseCommand):
    """A command of one shop. Subclasses write `work(shop, **options) -> (summary, result)`.

    `summary` is the one line that is printed; `result` a JSON-able dict printed instead with --json. Set
    `opens_scope = False` where the work must commit in steps and opens scopes itself.
    """

    opens_scope = True

    def add_arguments(self, parser) -> None:
        parser.add_argument("--shop", required=True, metavar="SLUG", help="the shop to work in")
        parser.add_argument(
            "--json", action="store_true", dest="as_json", help="print a machine-readable result"
        )

    def handle(self, *args, shop: str, as_json: bool, **options) -> None:
        found = find_shop(shop)
        with translation.override("en"):
            try:
                if self.opens_scope:
                    with scope(found):
                        summary, result = self.work(found, **options)
                else:
                    summary, result = self.work(found, **options)
            except ValidationError as error:
                raise CommandError(self.in_words(error)) from error
        self.stdout.write(json.dumps(result, ensure_ascii=False, default=str) if as_json else summary)

    def work(self, shop: Shop, **options) -> tuple[str, dict]:
        raise NotImplementedError("A ShopCommand writes work().")
