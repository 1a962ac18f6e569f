"""`manage.py shards`: how the schema stands to being spread over servers by shop."""

from __future__ import annotations

import json
from dataclasses import asdict

from django.core.management.base import BaseCommand, CommandParser

from loyalty.shops import shards

HEADS = {
    "distributed": "tables with a shop_id, to be spread by it",
    "reference": "small tables, to stand on every server",
    "local": "tables of nobody's shop, to stay where they are",
    "keys_without_shop": "keys and unique indexes without shop_id",
    "ties_without_shop": "foreign keys between two spread tables without shop_id",
    "ties_to_reference": "foreign keys to a table that stands everywhere",
    "ties_elsewhere": "foreign keys out of a spread table to one that stays",
    "ties_from_outside": "foreign keys into a spread table from outside",
    "triggers": "triggers",
    "not_forced": "spread tables without forced row-level security",
    "generated": "generated columns",
    "definer_functions": "functions that run as their owner",
}


class Command(BaseCommand):
    help = "Say how the schema stands to being spread over several servers by shop_id (docs/scale.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args, json: bool, **options) -> None:
        found = asdict(shards.findings())
        if json:
            self.stdout.write(to_json(found))
            return
        for name, head in HEADS.items():
            self.stdout.write(f"{len(found[name]):4}  {head}")
            for one in found[name]:
                self.stdout.write(f"        {one}")


def to_json(found: dict) -> str:
    return json.dumps(found, indent=2)
