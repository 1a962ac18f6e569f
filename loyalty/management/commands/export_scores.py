"""Writes what is true of every customer as of a day, and what follows, as CSV or JSON.

The columns are external_id, phone, recency_days, frequency, monetary, profit, r, f, m, segment, stage,
quadrant and tier. Money is in the currency's major unit (77183.60 pounds) or, where it has no smaller one,
in whole units (rial). Whoever has not bought yet is a prospect without scores; what is not known is empty
(null in JSON).

Everything is computed for the day asked, whatever is stored, and nothing is stored.
"""

from __future__ import annotations

import contextlib
import csv
import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TextIO

from django.core.management.base import CommandError

from loyalty.shops.commands import ShopCommand, read_day
from loyalty.shops.models import Shop
from loyalty.ui.money import CURRENCIES
from segmentation import services

# What the columns are made of; the tier is the one the customer was in on that day.
COLUMNS = """customer.external_id, customer.phone, state.recency_days, state.frequency,
state.monetary_amount AS monetary, state.profit_amount AS profit, state.r_score AS r, state.f_score AS f,
state.m_score AS m, state.segment, state.stage, state.quadrant, tier.name AS tier"""
TIER = """LEFT JOIN LATERAL (
    SELECT level.name FROM tiers_tiermembership AS membership
    JOIN tiers_tier AS level ON level.shop_id = membership.shop_id AND level.id = membership.tier_id
    WHERE membership.shop_id = %(shop_id)s AND membership.customer_id = customer.id
          AND membership.undone_at IS NULL AND membership.from_on <= %(as_of)s
          AND (membership.until_on IS NULL OR membership.until_on > %(as_of)s)
    ORDER BY membership.from_on DESC, membership.id DESC LIMIT 1
) AS tier ON true"""
HEADER = (
    "external_id", "phone", "recency_days", "frequency", "monetary", "profit",
    "r", "f", "m", "segment", "stage", "quadrant", "tier",
)  # fmt: skip

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


class Command(ShopCommand):
    help = "Export facts, scores, segment, stage, quadrant and tier of every customer as of a day."

    def add_arguments(self, parser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--as-of", metavar="DAY", help="such as 2026-11-23 or 1405/09/02; today if not given"
        )
        parser.add_argument("--format", choices=["csv", "json"], default="csv")
        parser.add_argument("--output", type=Path, metavar="FILE", help="standard output if not given")

    def work(
        self, shop: Shop, *, as_of: str | None, format: str, output: Path | None, **options
    ) -> tuple[str, dict]:
        day = read_day(as_of, shop.calendar) if as_of else shop.today()
        rows = _in_major_unit(services.rows_as_of(day, COLUMNS, TIER), shop)
        write = write_csv if format == "csv" else write_json
        try:
            with contextlib.ExitStack() as stack:
                file = self.stdout
                if output:
                    file = stack.enter_context(output.open("w", encoding="utf-8", newline=""))
                count = write(rows, file)
        except OSError as error:
            raise CommandError(f"{output or 'The output'} could not be written: {error.strerror}.") from error
        if not output:
            # The rows have taken standard output; the summary must not end up among them.
            self.stdout = self.stderr
            self.stderr.style_func = None
        summary = (
            f"{count} customers of “{shop.slug}” are written as of {day} to {output or 'standard output'}."
        )
        return summary, {
            "shop": shop.slug,
            "as_of": day.isoformat(),
            "customers": count,
            "output": str(output or "-"),
        }


def _in_major_unit(rows: Iterable[dict], shop: Shop) -> Iterator[dict]:
    unit = CURRENCIES[shop.currency].units[0]
    cent = Decimal(1).scaleb(-unit.decimals)
    for row in rows:
        for name in ("monetary", "profit"):
            if row[name] is not None and unit.decimals:
                row[name] = (Decimal(row[name]) / unit.factor).quantize(cent)
        yield row


def write_csv(rows: Iterable[dict], file: TextIO) -> int:
    """Write `rows` under HEADER and return how many; text a spreadsheet would run is quoted with an
    apostrophe.
    """
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADER)
    count = 0
    for row in rows:
        writer.writerow([_safe(row[name]) for name in HEADER])
        count += 1
    return count


def write_json(rows: Iterable[dict], file: TextIO) -> int:
    """Write `rows` as an array of objects, one a line, and return how many."""
    file.write("[\n")
    count = 0
    for row in rows:
        line = json.dumps({name: row[name] for name in HEADER}, ensure_ascii=False, default=float)
        file.write(f"{',' if count else ''}{line}\n")
        count += 1
    file.write("]\n")
    return count


def _safe(value: object) -> object:
    # A phone (+98…) or a loss (-12.50) is a number and harmless; =HYPERLINK(…) as a customer number is not.
    if (
        isinstance(value, str)
        and value[:1] in ("=", "+", "-", "@", "\t", "\r")
        and not _NUMBER.fullmatch(value)
    ):
        return f"'{value}"
    return value
