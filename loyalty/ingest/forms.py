"""What the owner says of a file: the file itself, and what its columns are."""

from __future__ import annotations

from collections.abc import Iterator

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from loyalty.shops.models import Shop

from . import runs, wording
from .mapping import MappingError
from .models import ImportRun
from .synonyms import ORDER_FIELDS, PERSON_FIELDS, ROW_FIELDS

GROUPS = (
    (_("The customer"), PERSON_FIELDS),
    (_("The order"), ORDER_FIELDS),
    (_("The amount and the goods"), ROW_FIELDS),
)
SAMPLES = 3


class UploadForm(forms.Form):
    """One file."""

    file = forms.FileField(
        label=_("File"),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx,text/csv", "class": "ba-vh"}),
        error_messages={
            "required": _("Please choose a file."),
            "empty": _("The file is empty."),
            "missing": _("The file is too large, or its upload was broken off."),
        },
    )

    def clean_file(self):
        file = self.cleaned_data["file"]
        limit = settings.IMPORT_TEXT_MEGABYTES
        if file.size > limit * 1_000_000:
            raise ValidationError(wording.of_file("too_large", {"limit": limit}))
        return file


class MappingForm(forms.Form):
    """Which column is what, and the settings of the file; made for the columns of one run."""

    row_kind = forms.ChoiceField(
        label=_("Each row is"), choices=[("order", _("one order")), ("line", _("one line of an order"))]
    )
    unit = forms.ChoiceField(
        label=_("Amounts are in"),
        choices=[("toman", pgettext_lazy("unit", "toman")), ("rial", pgettext_lazy("unit", "rial"))],
    )
    calendar = forms.ChoiceField(
        label=_("Two-digit years are"),
        choices=[("jalali", _("Jalali (03 is 1403)")), ("gregorian", _("Gregorian (03 is 2003)"))],
        help_text=_("Years of four digits are told apart by themselves."),
    )
    day_first = forms.TypedChoiceField(
        label=_("Dates like 03/04/2024 begin with"),
        choices=[("True", _("the day")), ("False", _("the month"))],
        coerce=lambda value: value == "True",
    )
    cancellations = forms.ChoiceField(
        label=_("Returns and negative quantities"),
        choices=[("refund", _("give money back")), ("ignore", _("leave out"))],
    )
    unknown_people = forms.ChoiceField(
        label=_("A name without mobile or number"),
        choices=[("reject", _("refuse the row")), ("guest", _("count as a guest's"))],
    )
    negative_amounts = forms.ChoiceField(
        label=_("Negative amounts without a reason"),
        choices=[("reject", _("refuse the row")), ("refund", _("give money back"))],
    )
    discount_rates = forms.ChoiceField(
        label=_("A discount of 15 percent stands as"), choices=[("percent", _("15")), ("share", _("0.15"))]
    )
    duplicates = forms.ChoiceField(
        label=_("Rows that are exactly alike"),
        choices=[("keep", _("count each")), ("drop", _("count once"))],
        help_text=_("An order number that stands on several rows is one order in any case."),
    )
    free_rows = forms.ChoiceField(
        label=_("Rows with an amount of zero"),
        choices=[("keep", _("count as bought")), ("drop", _("leave out"))],
    )
    cancel_prefix = forms.CharField(
        label=_("Returns have numbers that begin with"), max_length=10, required=False
    )
    source = forms.CharField(
        label=_("Name of the system"),
        max_length=40,
        help_text=_("Order numbers of different systems are kept apart by this name."),
    )
    consent_evidence = forms.CharField(
        label=_("How they agreed to be written to"),
        max_length=200,
        required=False,
        help_text=_("Needed where a column says who agreed; for example: paper form at the counter."),
    )

    MAIN = ("row_kind", "unit", "calendar", "day_first")
    MORE = (
        "cancellations", "cancel_prefix", "negative_amounts", "discount_rates", "unknown_people", "duplicates",
        "free_rows", "source", "consent_evidence",
    )  # fmt: skip

    def __init__(self, run: ImportRun, shop: Shop, data=None, *, samples=(), statuses=()) -> None:
        mapping = runs.mapping_of(run)
        super().__init__(data, initial={**mapping.as_json(), "day_first": str(mapping.day_first)})
        self.run = run
        self.header = run.layout["header"]
        self.samples = samples
        self.chosen = {header: name for name, headers in mapping.columns.items() for header in headers}
        self.order = [header for headers in mapping.columns.values() for header in headers]
        if shop.currency != "IRR":
            del self.fields["unit"]
        choices = [("", gettext("not needed")), *self._choices()]
        for index, header in enumerate(self.header):
            self.fields[f"column_{index}"] = forms.ChoiceField(
                label=header, choices=choices, required=False, initial=self.chosen.get(header, "")
            )
        # Words asked about now, and those answered before.
        self.words = list(dict.fromkeys([*mapping.status_words, *statuses]))
        for index, word in enumerate(self.words):
            self.fields[f"status_{index}"] = forms.ChoiceField(
                label=word,
                choices=[("", gettext("not known: refuse the row")), *wording.STATUSES.items()],
                required=False,
                initial=mapping.status_words.get(word, ""),
            )
        for name, field in self.fields.items():
            kind = "form-select" if isinstance(field, forms.ChoiceField) else "form-control"
            field.widget.attrs.setdefault("class", kind)
            if name in ("cancel_prefix", "source"):
                field.widget.attrs["dir"] = "auto"

    def _choices(self) -> Iterator[tuple]:
        for label, names in GROUPS:
            yield label, [(name, wording.FIELD_LABELS[name]) for name in names]

    def columns(self) -> Iterator[dict]:
        """Yield each column of the file: its name, its field, and a few of its cells."""
        for index, header in enumerate(self.header):
            cells = (row[index].strip()[:60] for row in self.samples if index < len(row))
            yield {
                "header": header,
                "field": self[f"column_{index}"],
                "cells": list(dict.fromkeys(cell for cell in cells if cell))[:SAMPLES],
            }

    def main_fields(self) -> list:
        return [self[name] for name in self.MAIN if name in self.fields]

    def more_fields(self) -> list:
        return [self[name] for name in self.MORE]

    @property
    def asks_for_consent(self) -> bool:
        """Whether a column says who agreed, so that the shop has to say how."""
        return "consent" in self.chosen.values()

    def status_fields(self) -> list:
        return [self[f"status_{index}"] for index, _word in enumerate(self.words)]

    def document(self) -> dict:
        """Return the mapping's JSON document; where a field has several columns they keep their known order."""
        data = self.cleaned_data
        columns: dict[str, list[str]] = {}
        known = {header: place for place, header in enumerate(self.order)}
        chosen = [(header, data[f"column_{index}"]) for index, header in enumerate(self.header)]
        for header, name in sorted(chosen, key=lambda pair: known.get(pair[0], len(known))):
            if name:
                columns.setdefault(name, []).append(header)
        document = {name: data[name] for name in (*self.MAIN, *self.MORE) if name in data}
        document["columns"] = columns
        document["status_words"] = {
            word: data[f"status_{index}"] for index, word in enumerate(self.words) if data[f"status_{index}"]
        }
        return document

    def save(self) -> None:
        """Put the mapping in place; what makes no sense becomes an error of the form."""
        try:
            runs.change_mapping(self.run, self.document())
        except (ValidationError, MappingError) as error:
            self.add_error(None, error)
