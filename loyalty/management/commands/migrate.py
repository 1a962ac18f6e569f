"""Migrates as the owner of the tables: the web role, which everything else is, may not change them."""

from django.core.management.commands import migrate

from loyalty.shops.rls import OWNER


class Command(migrate.Command):
    help = migrate.Command.help

    def add_arguments(self, parser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database=OWNER)
