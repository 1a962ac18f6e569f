"""An import from the owner's side: take a file, say how it is read, start it, stop it, look into it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from loyalty.customers.forms import MOST_ATTRIBUTES
from loyalty.shops import audit
from loyalty.shops.models import Shop, User
from loyalty.shops.scope import current_shop
from loyalty.ui.money import currency

from . import columns, evidence, wording
from .cells import Context
from .mapping import Mapping, MappingError, from_json, signature
from .models import ImportRun, RememberedMapping
from .reading import files
from .reading.files import FileProblem, Layout
from .rows import RowReader

# Other doors write their orders under these; a file must not pass for one of them.
RESERVED_SOURCES = frozenset(("manual", "counter", "api", "woocommerce", "shopify"))
# What says how far an import has come; all else of a run is of its file.
BEGUN = frozenset((
    "state", "stage", "read_line", "read_bytes", "staged_rows", "brought_rows", "next_bucket", "rows", "added",
    "updated", "unchanged", "ignored", "rejected", "report", "error_code", "error_details", "attempts",
    "wants_cancel", "started_at", "finished_at",
))  # fmt: skip
SAFE_NAME = re.compile(r"[\x00-\x1f/\\]+")


def context_of(shop: Shop) -> Context:
    """Return what the shop says about its files; the one place of this room that asks what day it is."""
    return Context(shop.currency, shop.display_unit, shop.time_zone, shop.phone_region, shop.today())


def receive(blocks: Iterable[bytes], name: str, *, by: User | None = None) -> ImportRun:
    """Keep the file, look how it is laid out and propose a mapping; raise ValidationError where it holds no
    rows.

    `blocks` is the file's content in pieces; never is the whole of it in memory.
    """
    # A name on disk may hold bytes that are no letters.
    name = SAFE_NAME.sub(" ", name.encode("utf-8", "replace").decode()).strip()[-200:]
    run = ImportRun(name=name or "file", started_by=by)
    run.path.parent.mkdir(parents=True, exist_ok=True)
    try:
        _keep(blocks, run.path)
        files.as_text(
            run.path,
            columns.count_known,
            text_megabytes=settings.IMPORT_TEXT_MEGABYTES,
            sheet_megabytes=settings.IMPORT_SHEET_MEGABYTES,
        )
        layout = files.inspect(run.path, columns.count_known)
        run.size_bytes = run.path.stat().st_size
        run.layout = _layout_json(layout)
        run.signature = signature(layout.header)
        run.mapping = propose(layout, current_shop()).as_json()
        run.save()
    except FileProblem as problem:
        run.path.unlink(missing_ok=True)
        raise wording.as_validation_error(problem) from problem
    audit.record("imports.uploaded", run.name, run=run.pk, bytes=run.size_bytes)
    return run


def _keep(blocks: Iterable[bytes], path: Path) -> None:
    size = 0
    with path.open("xb") as file:
        for block in blocks:
            size += len(block)
            if size > settings.IMPORT_TEXT_MEGABYTES * 1_000_000:
                raise FileProblem("too_large", limit=settings.IMPORT_TEXT_MEGABYTES)
            file.write(block)


def _layout_json(layout: Layout) -> dict:
    document = asdict(replace(layout, sample=()))
    document.pop("sample")
    return document


def layout_of(run: ImportRun) -> Layout:
    return Layout(**{**run.layout, "header": tuple(run.layout["header"])})


def mapping_of(run: ImportRun) -> Mapping:
    return from_json(run.mapping)


def propose(layout: Layout, shop: Shop) -> Mapping:
    """Return what the shop said about such a file before, or else what its columns suggest.

    Raises FileProblem("other_currency") where a column is in a money that the shop does not count in.
    """
    remembered = RememberedMapping.objects.filter(signature=signature(layout.header)).first()
    if remembered and (known := _still_fits(remembered.mapping, layout)):
        return known
    found = columns.recognise(
        layout.header, [row.cells for row in layout.sample if not row.problem], region=shop.phone_region
    )
    if other := sorted(found.currencies - {shop.currency}):
        raise FileProblem("other_currency", found=other[0], currency=shop.currency)
    # Americans write the month first; the rows may say otherwise, and so may the owner.
    day_first = _told(found.mapping.columns, layout).get("day_first", shop.currency != "USD")
    unit = found.mapping.unit or (shop.display_unit if shop.currency == "IRR" else "")
    return replace(found.mapping, calendar=shop.calendar, day_first=day_first, unit=unit)


def _told(named: dict[str, tuple[str, ...]], layout: Layout) -> dict[str, object]:
    """Return what the file's first rows say of the settings."""
    return evidence.settings(named, layout.header, [row.cells for row in layout.sample if not row.problem])


def _still_fits(document: dict, layout: Layout) -> Mapping | None:
    """Return a remembered mapping by this file's spelling of its columns; None where it no longer makes sense.

    What this file's rows prove stands above what was said of another.
    """
    names = {columns.key(name): name for name in layout.header}
    try:
        known = from_json(document)
        spelled = {
            field: tuple(names[columns.key(header)] for header in headers)
            for field, headers in known.columns.items()
        }
    except (MappingError, KeyError):
        return None
    told = _told(spelled, layout).items()
    proven = {name: value for name, value in told if name in evidence.PROVEN or name not in document}
    return replace(known, columns=spelled, **proven)


def reader_for(run: ImportRun, shop: Shop) -> RowReader:
    """Return the reader of the run's rows; raise MappingError where the mapping lacks something."""
    return RowReader(mapping_of(run), run.layout["header"], context_of(shop))


def change_mapping(run: ImportRun, document: dict) -> None:
    """Put another mapping in place; raise ValidationError with a sentence where it makes no sense."""
    try:
        mapping = from_json(document, mapping_of(run))
    except MappingError as error:
        raise wording.as_validation_error(error) from error
    unit = currency(current_shop().currency).unit(mapping.unit).name
    run.mapping = replace(mapping, unit=unit if mapping.unit else "").as_json()
    if run.state == ImportRun.State.UPLOADED and run.pk:
        run.save(update_fields=["mapping"])


def check(run: ImportRun) -> None:
    """Raise ValidationError where the run cannot be started as it is."""
    mapping = mapping_of(run)
    try:
        reader_for(run, current_shop())
        if mapping.source.lower() in RESERVED_SOURCES:
            raise MappingError("reserved_source", name=mapping.source)
        if len(mapping.columns.get("attribute", ())) > MOST_ATTRIBUTES:
            raise MappingError("too_many_attributes", limit=str(MOST_ATTRIBUTES))
        if "consent" in mapping.columns and not mapping.consent_evidence:
            # A yes without knowing where it came from is none.
            raise MappingError("consent_evidence")
    except MappingError as error:
        raise wording.as_validation_error(error) from error
    if not run.path.exists():
        raise ValidationError(wording.of_file("gone"), code="gone")


def start(run: ImportRun, *, by: User | None = None) -> None:
    """Queue the import and remember its mapping for the next file like it.

    Starting twice is starting once. Raise ValidationError where it cannot run.
    """
    check(run)
    claimed = ImportRun.objects.filter(pk=run.pk, state=ImportRun.State.UPLOADED).update(
        state=ImportRun.State.QUEUED, started_by=by or run.started_by
    )
    if not claimed:
        return
    run.refresh_from_db()
    remember(run)
    audit.record("imports.started", run.name, run=run.pk)


def remember(run: ImportRun) -> None:
    """Keep the mapping for the next file with the same columns, but for what nobody said and no row told."""
    layout = layout_of(run)
    told = _told(mapping_of(run).columns, replace(layout, sample=tuple(files.sample(run.path, layout))))
    unsaid = {
        name for name, value in Mapping().as_json().items() if run.mapping[name] == value and name not in told
    }
    document = {name: value for name, value in run.mapping.items() if name not in unsaid}
    RememberedMapping.objects.update_or_create(
        signature=run.signature, defaults={"mapping": document, "used_at": timezone.now()}
    )


def again(run: ImportRun) -> None:
    """Let a file whose import failed or was stopped be looked at and started once more, from its first row."""
    if not run.path.exists():
        raise ValidationError(wording.of_file("gone"), code="gone")
    begun = {
        field.attname: field.get_default() for field in ImportRun._meta.concrete_fields if field.name in BEGUN
    }
    ended = ImportRun.objects.filter(pk=run.pk, state__in=(ImportRun.State.FAILED, ImportRun.State.CANCELLED))
    if ended.update(**begun):
        run.rejects.all().delete()
        audit.record("imports.again", run.name, run=run.pk)


def cancel(run: ImportRun) -> None:
    """Stop the import: at once where it waits, after the step it is in where it runs. What was recorded
    stays.
    """
    waiting = (ImportRun.State.UPLOADED, ImportRun.State.QUEUED)
    stopped = ImportRun.objects.filter(pk=run.pk, state__in=waiting).update(
        state=ImportRun.State.CANCELLED, finished_at=timezone.now()
    )
    asked = stopped or ImportRun.objects.filter(pk=run.pk, state=ImportRun.State.RUNNING).update(
        wants_cancel=True
    )
    if not asked:
        raise ValidationError(_("This import has already ended."))
    if stopped:
        run.path.unlink(missing_ok=True)
    run.refresh_from_db()
    audit.record("imports.cancelled", run.name, run=run.pk)
