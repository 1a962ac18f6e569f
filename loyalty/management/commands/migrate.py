"""Migrates as the owner of the tables: the web role, which everything else is, may not change them."""

from __future__ import annotations

from django.core.management.base import CommandError
from django.core.management.commands import migrate

from loyalty.shops import checks
from loyalty.shops.rls import OWNER


class Command(migrate.Command):
    help = migrate.Command.help

    def add_arguments(self, parser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database=OWNER)

    def handle(self, *args, **options) -> None:
        super().handle(*args, **options)
        # A superuser works like any other login and sees every shop, so somebody has to look.
        problems = checks.web_role_is_bound(None, databases=["default"])
        if problems:
            raise CommandError(" ".join(problem.msg for problem in problems))
