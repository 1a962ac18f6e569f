"""Carries out an import: reads the file into staging, brings it in by batches, and renews what follows.

Every step commits its rows together with how far it came. A worker that dies leaves a lease behind; when it
has run out another takes the import up at the last committed step. Nothing is ever recorded twice.
"""

from __future__ import annotations

import datetime
import logging
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from django.db import DataError, IntegrityError
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from loyalty.shops import audit
from loyalty.shops.models import Shop
from loyalty.shops.rls import refresh_statistics
from loyalty.shops.scope import by_steps, scope

from . import aftermath, runs, staging
from .bringing import people, products, refunds, sales
from .bringing.statements import SALES, STAGED, Values, prepare
from .mapping import MappingError
from .models import ImportReject, ImportRun
from .outcomes import BUCKETS, Ignored, Rejected, Row
from .reading import files
from .reading.files import FileProblem

logger = logging.getLogger(__name__)

CHUNK_ROWS = 20_000
BATCH_ROWS = 60_000
LEASE = datetime.timedelta(minutes=2)
# One statement over a million people, or the scoring of the whole shop, shows no sign of life while it runs.
# A step's own lease is seen by others only once it is committed, so the step before grants it.
LONG_LEASE = datetime.timedelta(minutes=20)
MAX_ATTEMPTS = 3
# A report of more lines than this nobody reads; they are still counted.
MAX_REJECTS_KEPT = 50_000
# What a step moves; whether it shall stop is for others to say.
MOVED = (
    "state", "stage", "read_line", "read_bytes", "staged_rows", "brought_rows", "next_bucket", "rows", "added",
    "updated", "unchanged", "ignored", "rejected", "report", "attempts", "lease_token", "leased_until",
    "finished_at",
)  # fmt: skip


class Stopped(Exception):
    """The owner asked to stop, or another worker has taken the import over."""


def carry_out(shop: Shop, run_id: int, *, renew: bool = True) -> ImportRun | None:
    """Carry the import out from where it stands; return it as it ended, or None where it is not ours to do.

    `renew` asks for segments and tiers to be renewed at the end.
    """
    token = claim(shop, run_id)
    if token is None:
        return None
    try:
        _read(shop, run_id, token)
        _bring(shop, run_id, token)
        _finish(shop, run_id, token, renew)
    except Stopped:
        _stop(shop, run_id, token)
    except (FileProblem, MappingError) as problem:
        _fail(shop, run_id, token, problem.code, problem.details)
    except FileNotFoundError:
        _fail(shop, run_id, token, "gone", {})
    except (DataError, IntegrityError) as error:
        # Never its message: the database names the row, and with it somebody's number.
        logger.error(
            "Import %s met a value that cannot be stored: %s", run_id, type(error.__cause__).__name__
        )
        _fail(shop, run_id, token, "unstorable", {})
    with scope(shop):
        run = ImportRun.objects.get(pk=run_id)
    if renew and run.brought_rows and _is_cut_short(run):
        # What came in stays, and nobody waits for this any more, so it needs no lease.
        with by_steps(shop):
            aftermath.renew(shop)
    return run


def _is_cut_short(run: ImportRun) -> bool:
    """Whether the run ended before its scores were renewed; where that itself failed it would only fail again."""
    is_scored = run.stage == ImportRun.Stage.SCORING
    return run.state == ImportRun.State.CANCELLED or (run.state == ImportRun.State.FAILED and not is_scored)


def stop(shop: Shop, run_id: int) -> None:
    """Cancel the import at once, whoever holds it: the worker that does finds out at its next step."""
    with scope(shop):
        running = ImportRun.objects.filter(pk=run_id, state=ImportRun.State.RUNNING)
        running.update(wants_cancel=True)
        token = running.values_list("lease_token", flat=True).first()
    if token:
        _stop(shop, run_id, token)


def claim(shop: Shop, run_id: int) -> str | None:
    """Take the import for this worker; return the token to hold it by, or None where another holds it or it
    is over.

    One that was taken up too often without an end is given up: whatever kills its workers would go on doing
    so.
    """
    token = secrets.token_hex(16)
    with scope(shop):
        free = ImportRun.objects.filter(pk=run_id, state__in=ImportRun.OPEN).filter(
            Q(leased_until__isnull=True) | Q(leased_until__lt=Now())
        )
        if free.filter(attempts__gte=MAX_ATTEMPTS).update(
            state=ImportRun.State.FAILED, error_code="gave_up", finished_at=timezone.now()
        ):
            return None
        claimed = free.update(
            state=ImportRun.State.RUNNING,
            lease_token=token,
            leased_until=Now() + LEASE,
            attempts=F("attempts") + 1,
            started_at=Coalesce("started_at", Now()),
        )
    return token if claimed else None


@contextmanager
def _step(shop: Shop, run_id: int, token: str, lease: datetime.timedelta = LEASE) -> Iterator[ImportRun]:
    """Open a transaction for one step of the run; what the block changes of it is saved with its rows.

    Raise Stopped, which undoes the step, where the run is no longer ours or shall stop. The run itself is locked
    only at the end, so that whoever wants to stop it need not wait. `lease` must last for the step that follows.
    """
    with scope(shop):
        ours = ImportRun.objects.filter(pk=run_id, lease_token=token, state=ImportRun.State.RUNNING)
        run = ours.first()
        if run is None or run.wants_cancel:
            raise Stopped
        run.leased_until = timezone.now() + lease
        yield run
        if not ours.update(**{name: getattr(run, name) for name in MOVED}):
            raise Stopped


def _read(shop: Shop, run_id: int, token: str) -> None:
    """Read the file from the last committed line on into staging."""
    with _step(shop, run_id, token) as run:
        if staging.count(run) != run.staged_rows - run.brought_rows:
            _read_again(run)
        if run.stage != ImportRun.Stage.READING:
            return
        reader = runs.reader_for(run, shop)
        layout, after, path = runs.layout_of(run), run.read_line, run.path
        if not after:
            run.report["before"] = aftermath.segments()
    chunk = _Chunk()
    with files.reading(path, layout) as source:
        for record in source:
            if record.line <= after:
                reader.skip(record)
                continue
            chunk.add(reader.read(record), record.line)
            if chunk.rows >= CHUNK_ROWS:
                _commit(shop, run_id, token, chunk, reader, source.position)
                chunk = _Chunk()
        _commit(shop, run_id, token, chunk, reader, source.position, is_last=True)


def _read_again(run: ImportRun) -> None:
    """Begin the reading anew: the database has crashed and emptied the staging tables. What was brought in
    stays.
    """
    staging.forget(run)
    run.rejects.exclude(reason__startswith="order_").delete()
    run.stage = ImportRun.Stage.READING
    run.read_line = run.read_bytes = run.staged_rows = run.rows = 0
    brought = run.report.get("brought", {})
    run.report.pop("unreadable", None)
    run.ignored, run.rejected = brought.get("ignored", 0), brought.get("rejected", 0)


class _Chunk:
    """What was read since the last commit."""

    def __init__(self) -> None:
        self.rows = self.ignored = self.first_line = self.last_line = 0
        self.staged: list[Row] = []
        self.rejected: list[Rejected] = []

    def add(self, outcome: Row | Rejected | Ignored, line: int) -> None:
        self.rows += 1
        self.first_line = self.first_line or line
        self.last_line = line
        if isinstance(outcome, Row):
            self.staged.append(outcome)
        elif isinstance(outcome, Rejected):
            self.rejected.append(outcome)
        else:
            self.ignored += 1


def _commit(
    shop: Shop, run_id: int, token: str, chunk: _Chunk, reader, position: int, is_last: bool = False
) -> None:
    with _step(shop, run_id, token, LONG_LEASE if is_last else LEASE) as run:
        staging.stage(run, chunk.staged, reader.take_people(), reader.take_products(), chunk.first_line)
        _keep_rejects(run, chunk.rejected)
        run.rows += chunk.rows
        run.staged_rows += len(chunk.staged)
        run.ignored += chunk.ignored
        run.rejected += len(chunk.rejected)
        run.read_line = chunk.last_line or run.read_line
        run.attempts = 1
        run.read_bytes = position
        for word, count in reader.unknown_statuses.items():
            words = run.report.setdefault("unknown_statuses", {})
            if word in words or len(words) < 50:
                words[word] = words.get(word, 0) + count
        reader.unknown_statuses.clear()
        unreadable = Counter(run.report.get("unreadable", {})) + reader.people.unreadable
        run.report["unreadable"] = dict(unreadable)
        reader.people.unreadable.clear()
        if is_last:
            run.stage = ImportRun.Stage.PEOPLE
            staging.forget_brought(run)


def _keep_rejects(run: ImportRun, rejected: list[Rejected]) -> None:
    room = max(MAX_REJECTS_KEPT - run.rejected, 0)
    ImportReject.objects.bulk_create(
        [
            ImportReject(
                run=run, line_no=row.line_no, reason=row.reason, column=row.column[:130], excerpt=row.excerpt
            )
            for row in rejected[:room]
        ],
        batch_size=2000,
    )


def _bring(shop: Shop, run_id: int, token: str) -> None:
    """Bring staged people and products in, then the orders batch by batch, then the refunds."""
    with _step(shop, run_id, token, LONG_LEASE) as run:
        if run.stage == ImportRun.Stage.PEOPLE:
            values = _values(run)
            prepare(run.shop_id)
            refresh_statistics(*STAGED)
            products.bring(values)
            for name, number in people.bring(values).items():
                run.report[name] = run.report.get(name, 0) + number
            run.stage = ImportRun.Stage.ORDERS
        step = max(1, BUCKETS * BATCH_ROWS // max(run.staged_rows, 1))
        low, is_over = run.next_bucket, run.stage == ImportRun.Stage.SCORING
    while not is_over and low < 2 * BUCKETS:
        # Sales and refunds never share a batch: those differ in what they become.
        high = min(low + step, BUCKETS if low < BUCKETS else 2 * BUCKETS)
        with _step(shop, run_id, token) as run:
            _bring_batch(run, low, high)
        # What a batch added to empty tables is worth knowing for the next; later on little changes.
        if low == 0 or high == 2 * BUCKETS:
            with scope(shop):
                refresh_statistics(*SALES)
        low = high


def _bring_batch(run: ImportRun, low: int, high: int) -> None:
    values = _values(run, low, high)
    prepare(run.shop_id)
    if low < BUCKETS:
        tally, refused = sales.bring(values)
    else:
        tally, refused = refunds.bring(values)
    _keep_rejects(run, [Rejected(line, reason, "", "") for line, reason in refused])
    for outcome in ("added", "updated", "unchanged", "ignored", "rejected"):
        setattr(run, outcome, getattr(run, outcome) + tally[outcome])
    # Kept apart, for when the reading has to begin anew.
    brought = run.report.setdefault("brought", {"ignored": 0, "rejected": 0})
    brought["ignored"] += tally["ignored"]
    brought["rejected"] += tally["rejected"]
    run.brought_rows += tally.total()
    run.next_bucket = high
    run.attempts = 1


def _values(run: ImportRun, low: int = 0, high: int = 0) -> Values:
    mapping = runs.mapping_of(run)
    return Values(
        shop=run.shop_id,
        run=run.pk,
        source=mapping.source,
        is_line=mapping.row_kind == "line",
        knows_status="status" in mapping.columns,
        knows_refunds=bool(mapping.columns.keys() & {"status", "refund_amount"}),
        brings_returns=mapping.cancellations == "refund",
        drops_duplicates=mapping.duplicates == "drop",
        tells_tags="tags" in mapping.columns,
        tells_attributes="attribute" in mapping.columns,
        consent_evidence=mapping.consent_evidence,
        low=low,
        high=high,
        refunds_low=low + BUCKETS,
        refunds_high=high + BUCKETS,
    )


def _finish(shop: Shop, run_id: int, token: str, renew: bool) -> None:
    with _step(shop, run_id, token, LONG_LEASE) as run:
        run.stage = ImportRun.Stage.SCORING
    with by_steps(shop, partial(_step, shop, run_id, token, LONG_LEASE)):
        renewed = aftermath.renew(shop) if renew else None
    with _step(shop, run_id, token) as run:
        if renew:
            run.report["renewed"] = renewed
            run.report["after"] = aftermath.segments()
        _end(run, ImportRun.State.DONE)
        audit.record(
            "imports.finished",
            run.name,
            run=run.pk,
            added=run.added,
            updated=run.updated,
            rejected=run.rejected,
        )


def _stop(shop: Shop, run_id: int, token: str) -> None:
    """Leave a run that the owner stopped; one that another worker took over is not ours to touch."""
    with scope(shop):
        run = (
            ImportRun.objects.select_for_update()
            .filter(pk=run_id, lease_token=token, wants_cancel=True)
            .first()
        )
        if run:
            _end(run, ImportRun.State.CANCELLED)
            run.save()


def _fail(shop: Shop, run_id: int, token: str, code: str, details: dict) -> None:
    with scope(shop):
        run = ImportRun.objects.select_for_update().filter(pk=run_id, lease_token=token).first()
        if run:
            run.error_code, run.error_details = code, details
            _end(run, ImportRun.State.FAILED)
            run.save()


def _end(run: ImportRun, state: ImportRun.State) -> None:
    staging.forget(run)
    run.state = state
    run.finished_at = timezone.now()
    run.leased_until = None
    run.lease_token = ""
