"""The screens of imports: bring a file, say how it is read, watch it, and read what came of it."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_tables2 import RequestConfig

from loyalty.access import OWNER
from loyalty.shops import audit
from loyalty.ui import money, pages, presentation
from segmentation.models import segment_choices

from . import downloads, runs, tasks, wording
from .forms import MappingForm, UploadForm
from .mapping import MappingError
from .models import ImportRun
from .preview import Preview, look
from .reading import files
from .tables import ImportTable

REFUSED_SHOWN = 50
# A form without a file is a few hundred bytes.
A_FORM_BYTES = 10_000
COUNTS = (
    ("added", gettext_lazy("Added")),
    ("updated", gettext_lazy("Updated")),
    ("unchanged", gettext_lazy("Unchanged")),
    ("rejected", gettext_lazy("Refused rows")),
)


def import_list(request: HttpRequest) -> HttpResponse:
    """Every import, or what to bring where there is none yet."""
    table = ImportTable(ImportRun.objects.select_related("started_by"))
    RequestConfig(request).configure(table)
    context = {"table": table, "form": UploadForm(), **_limits(request)}
    return pages.page_or_fragment(request, "ingest/import_list.html", "ingest/_import_list.html", context)


def import_add(request: HttpRequest) -> HttpResponse:
    """Take a file in."""
    form = UploadForm()
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES)
        if not request.FILES and int(request.META.get("CONTENT_LENGTH") or 0) > A_FORM_BYTES:
            # There was a file, and uploads.py broke it off.
            form.fields["file"].error_messages["required"] = form.fields["file"].error_messages["missing"]
        if form.is_valid():
            try:
                file = form.cleaned_data["file"]
                run = runs.receive(file.chunks(), file.name, by=request.user)
                return pages.go(request, "ingest:import_map", run.pk)
            except ValidationError as error:
                form.add_error("file", error)
    status = pages.UNPROCESSABLE if form.is_bound else 200
    return render(request, "ingest/import_add.html", {"form": form, **_limits(request)}, status=status)


def _limits(request: HttpRequest) -> dict:
    return {
        "text_megabytes": settings.IMPORT_TEXT_MEGABYTES,
        "sheet_megabytes": settings.IMPORT_SHEET_MEGABYTES,
        "may_import": request.staff.role == OWNER,
    }


def import_sample(request: HttpRequest) -> HttpResponse:
    """A small file to see what one may look like."""
    return _download(downloads.sample(request.shop, request.shop.today()), "sample.csv")


def _download(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def import_map(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what the columns are, see the first rows as they will be read, and start."""
    run = get_object_or_404(ImportRun, pk=pk)
    if run.state != ImportRun.State.UPLOADED:
        return pages.go(request, "ingest:import_detail", run.pk)
    form = None
    if request.method == "POST":
        form = MappingForm(run, request.shop, request.POST, statuses=request.POST.getlist("word")[:50])
        if form.is_valid():
            form.save()
        if form.is_valid() and "start" in request.POST and _start(request, run, form):
            return pages.go(request, "ingest:import_detail", run.pk)
    preview, trouble = _preview(request, run)
    if form is None or form.is_valid():
        # Other words may be in question now than those that were answered.
        form = MappingForm(run, request.shop, samples=_samples(run), statuses=preview.unknown_statuses)
    context = {"run": run, "form": form, "preview": preview, "trouble": trouble}
    context["unit_name"] = money.unit_label(presentation.current())
    status = pages.UNPROCESSABLE if form.is_bound else 200
    return pages.page_or_fragment(request, "ingest/import_map.html", "ingest/_preview.html", context, status)


def _samples(run: ImportRun) -> list[list[str]]:
    return [row.cells for row in files.sample(run.path, runs.layout_of(run), 40)] if run.path.exists() else []


def _start(request: HttpRequest, run: ImportRun, form: MappingForm) -> bool:
    try:
        runs.start(run, by=request.user)
    except ValidationError as error:
        form.add_error(None, error)
        return False
    tasks.nudge(run)
    return True


def _preview(request: HttpRequest, run: ImportRun) -> tuple[Preview, str]:
    """Return the preview, or an empty one and the sentence why there is none."""
    try:
        return look(run, request.shop), ""
    except MappingError as error:
        return Preview(), wording.of_mapping(error)
    except FileNotFoundError:
        return Preview(), wording.of_file("gone")


def import_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """How far an import is, or what came of it; asked again every second while it runs."""
    run = get_object_or_404(ImportRun.objects.select_related("started_by"), pk=pk)
    if run.state == ImportRun.State.UPLOADED and request.staff.role == OWNER:
        return redirect("ingest:import_map", run.pk)
    status = 200 if run.is_open else pages.STOP_POLLING
    return pages.page_or_fragment(
        request, "ingest/import_detail.html", "ingest/_import_detail.html", _detail(request, run), status
    )


def _detail(request: HttpRequest, run: ImportRun) -> dict:
    context = {"run": run, "may_import": request.staff.role == OWNER}
    if run.is_open:
        return {**context, "percent": round(100 * run.progress_share)}
    context["is_kept"] = context["may_import"] and run.path.exists()
    if run.state == ImportRun.State.FAILED:
        context["error"] = wording.of_file(run.error_code, run.error_details)
    reasons = run.rejects.values("reason").annotate(rows=Count("pk")).order_by("-rows", "reason")
    return {
        **context,
        "counts": [(name, label, getattr(run, name)) for name, label in COUNTS],
        "reasons": [(wording.of_row(row["reason"]), row["rows"]) for row in reasons],
        "rejects": [(row, wording.of_row(row.reason)) for row in run.rejects.all()[:REFUSED_SHOWN]],
        "unreadable": wording.of_unreadable(run.report.get("unreadable", {})),
        "segments": _segments(run),
    }


def _segments(run: ImportRun) -> list[dict]:
    """Return every segment that the import changed or filled, with its size before and after."""
    before, after = run.report.get("before", {}), run.report.get("after")
    if after is None:
        return []
    rows = [
        {
            "slug": slug,
            "name": name,
            "before": before.get(slug, 0),
            "after": after.get(slug, 0),
        }
        for slug, name in segment_choices()
    ]
    return [{**row, "change": row["after"] - row["before"]} for row in rows if row["before"] or row["after"]]


def import_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop an import."""
    run = get_object_or_404(ImportRun, pk=pk)
    try:
        runs.cancel(run)
        pages.notice(
            request, _("The import is being stopped.") if run.is_open else _("The import was stopped.")
        )
    except ValidationError as error:
        pages.notice(request, " ".join(error.messages))
    return (
        pages.go(request, "ingest:import_detail", run.pk)
        if run.is_open
        else pages.go(request, "ingest:import_list")
    )


def import_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Back to the columns of a file whose import failed or was stopped."""
    run = get_object_or_404(ImportRun, pk=pk)
    try:
        runs.again(run)
    except ValidationError as error:
        pages.notice(request, " ".join(error.messages))
        return pages.go(request, "ingest:import_add")
    return pages.go(request, "ingest:import_map", run.pk)


def import_rejects(request: HttpRequest, pk: int) -> HttpResponse:
    """The refused rows as a file."""
    run = get_object_or_404(ImportRun, pk=pk)
    audit.record("imports.rejects_taken", run.name, run=run.pk, rows=run.rejected)
    return _download(downloads.refused_rows(run), f"refused-rows-{run.pk}.csv")
