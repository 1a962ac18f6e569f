"""Brings files in, as the upload page and a worker together do."""

from __future__ import annotations

import contextlib
from pathlib import Path

from loyalty.ingest import engine, runs
from loyalty.ingest.models import ImportRun
from loyalty.shops.scope import current_shop


def receive(content: bytes | str, name: str = "orders.csv") -> ImportRun:
    """Upload `content` to the shop in scope."""
    return runs.receive([content if isinstance(content, bytes) else content.encode()], name)


def bring(
    content: bytes | str, mapping: dict | None = None, *, renew: bool = False, name: str = "orders.csv"
) -> ImportRun:
    """Upload `content`, start it and carry it out; return the run as it ended."""
    run = receive(content, name)
    if mapping:
        runs.change_mapping(run, mapping)
    runs.start(run)
    return engine.carry_out(current_shop(), run.pk, renew=renew)


def bring_file(path: Path, mapping: dict | None = None, *, renew: bool = False) -> ImportRun:
    with contextlib.closing(path.open("rb")) as file:
        return bring(file.read(), mapping, renew=renew, name=path.name)


def tally(run: ImportRun) -> tuple[int, int, int, int, int]:
    """Return (added, updated, unchanged, ignored, rejected), having checked that no row is lost."""
    assert run.state == ImportRun.State.DONE, (run.state, run.error_code, run.error_details)
    counts = (run.added, run.updated, run.unchanged, run.ignored, run.rejected)
    assert sum(counts) == run.rows
    return counts
