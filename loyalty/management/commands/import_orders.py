"""Brings a file of orders into a shop, as the import page does, without a worker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from django.core.management.base import CommandError
from django.db import transaction

from loyalty.ingest import engine, runs, wording
from loyalty.ingest.models import ImportRun
from loyalty.shops.commands import ShopCommand
from loyalty.shops.models import Shop
from loyalty.shops.scope import scope

BLOCK_BYTES = 1 << 20
REJECTS_SHOWN = 20
STOPPED = "The import was stopped; the rows that had come in stay. The same file again brings the others."


class Command(ShopCommand):
    help = (
        "Import a CSV or XLSX file of orders. The same file again changes nothing; a corrected one corrects."
    )
    opens_scope = False

    def add_arguments(self, parser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "file", metavar="FILE", type=Path, help="a CSV or .xlsx file, one row per order or line"
        )
        parser.add_argument(
            "--mapping", metavar="FILE.json", type=Path, help="what the columns are; see docs/imports.md"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="read and count everything, change nothing"
        )

    def work(self, shop: Shop, *, file: Path, mapping: Path | None, dry_run: bool, **_) -> tuple[str, dict]:
        document = _read_json(mapping) if mapping else None
        if not dry_run:
            return self._import(shop, file, document)
        with scope(shop):
            result = self._import(shop, file, document, dry_run=True)
            transaction.set_rollback(True)
        return result

    def _import(self, shop: Shop, file: Path, document: object, *, dry_run: bool = False) -> tuple[str, dict]:
        with scope(shop):
            run = runs.receive(_blocks(file), file.name)
        try:
            with scope(shop):
                if document is not None:
                    runs.change_mapping(run, document)
                runs.start(run)
            done = _carry_out(shop, run, renew=not dry_run)
            if done is None:
                raise CommandError(
                    "A worker is already bringing this file in; its report stands under Imports."
                )
            with scope(shop):
                return _outcome(done, dry_run)
        finally:
            # The caller has the file; a copy of it would only be one more place with people's numbers.
            run.path.unlink(missing_ok=True)


def _carry_out(shop: Shop, run: ImportRun, *, renew: bool) -> ImportRun | None:
    try:
        return engine.carry_out(shop, run.pk, renew=renew)
    except KeyboardInterrupt:
        # Left as it is, it would wait for a worker that has no file to read.
        engine.stop(shop, run.pk)
        raise CommandError(f"{STOPPED} Segments and tiers follow in the night.") from None


def _blocks(file: Path) -> Iterator[bytes]:
    try:
        with file.open("rb") as opened:
            while block := opened.read(BLOCK_BYTES):
                yield block
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"The mapping {path} cannot be read: {error}.") from error


def _outcome(run: ImportRun, dry_run: bool) -> tuple[str, dict]:
    """Return the summary and result of a run; raise CommandError where it failed or took in nothing."""
    if run.state == ImportRun.State.CANCELLED:
        raise CommandError(STOPPED)
    if run.state != ImportRun.State.DONE:
        raise CommandError(wording.of_file(run.error_code, run.error_details))
    rejects = list(run.rejects.all()[:REJECTS_SHOWN])
    if run.rows and run.rejected == run.rows:
        first = rejects[0]
        raise CommandError(
            f"None of the {run.rows} rows could be brought in. Line {first.line_no}: {wording.of_row(first.reason)}"
        )
    counts = {
        name: getattr(run, name) for name in ("rows", "added", "updated", "unchanged", "ignored", "rejected")
    }
    summary = "{rows} rows: {added} added, {updated} updated, {unchanged} unchanged, ".format(**counts)
    summary += "{ignored} left out, {rejected} rejected.".format(**counts)
    result = {
        "file": run.name,
        "dry_run": dry_run,
        **counts,
        "customers_added": run.report.get("customers_added", 0),
        "customers_updated": run.report.get("customers_updated", 0),
        "renewed": run.report.get("renewed", {}),
        "unreadable": run.report.get("unreadable", {}),
        "mapping": run.mapping,
        "rejects": [
            {
                "line": it.line_no,
                "reason": it.reason,
                "column": it.column,
                "sentence": wording.of_row(it.reason),
            }
            for it in rejects
        ],
    }
    return ("Dry run, nothing was changed. " if dry_run else "") + summary, result
