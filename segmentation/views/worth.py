"""Does the segmentation earn anything? A report that may well answer: no more than a plain line would."""

from __future__ import annotations

from typing import Any

from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.ui import sheets

from .. import worth
from ..models import ScoreHistory, ScoreRun, segment_labels
from ..moves import KINDS
from ..worth import BASELINE, Row, Scheme, Worth
from .changing import LABELS, tier_kind

KEPT_SECONDS = 3_600
NAMES = LABELS | {BASELINE: gettext_lazy("Days since the last order, in fifths")}
FILE_HEADS = (
    gettext_lazy("Grouping"),
    gettext_lazy("Group"),
    gettext_lazy("People"),
    gettext_lazy("Bought since"),
    gettext_lazy("Share that bought"),
    gettext_lazy("Foretold"),
    gettext_lazy("Profit per head"),
)


def scheme_worth(request: HttpRequest) -> HttpResponse:
    run = ScoreRun.objects.current()
    if run is None or not run.buyers or not ScoreHistory.objects.exists():
        return render(request, "segmentation/empty.html")
    tiers = tier_kind()
    trial = Worth(run.as_of, [*KINDS.values(), *([tiers] if tiers.choices else [])])
    key = f"worth:{request.shop.pk}:{run.pk}:{len(trial.kinds)}"
    months = caches["figures"].get_or_set(key, lambda: (trial.fitted, trial.tested), KEPT_SECONDS)
    trial.fitted, trial.tested = months
    words = _words(trial)
    if (kind := request.GET.get("export")) in sheets.KINDS:
        return sheets.response(kind, "worth", _("Does it earn?"), FILE_HEADS, _table(trial, words))
    schemes = [_shown(scheme, words) for scheme in trial.schemes]
    context = {
        "run": run,
        "trial": trial,
        "schemes": schemes,
        "plain": next((one["scheme"] for one in schemes if one["scheme"].name == BASELINE), None),
        "drifts": [{"drift": one, "label": NAMES[one.name]} for one in worth.drifts(run)],
        "stability": [{"found": one, "label": NAMES[one.name]} for one in trial.stability],
        "overlaps": [(NAMES[one], NAMES[other], value) for one, other, value in trial.overlaps],
        "best": _best(schemes),
    }
    return render(request, "segmentation/scheme_worth.html", context)


def _words(trial: Worth) -> dict[str, dict[str, Any]]:
    words = {kind.name: dict(kind.choices) for kind in trial.kinds} | {"segment": segment_labels()}
    fifths = (
        _("First fifth: here most lately"),
        _("Second"),
        _("Third"),
        _("Fourth"),
        _("Last fifth: longest away"),
    )
    return words | {BASELINE: {str(number): word for number, word in enumerate(fifths, 1)}}


def _ordered(scheme: Scheme, words: dict[str, dict[str, Any]]) -> list[Row]:
    """The rows of the groups there are, those who bought most first."""
    known = [row for row in scheme.rows if row.key in words[scheme.name]]
    return sorted(known, key=lambda row: (-row.share, row.key))


def _shown(scheme: Scheme, words: dict[str, dict[str, Any]]) -> dict[str, Any]:
    rows = [{"row": row, "label": words[scheme.name][row.key]} for row in _ordered(scheme, words)]
    return {"scheme": scheme, "label": NAMES[scheme.name], "rows": rows}


def _best(schemes: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The grouping that beats the plain line by most; None where none does."""
    better = [one for one in schemes if one["scheme"].verdict == "better"]
    return max(better, key=lambda one: one["scheme"].compared.value, default=None)


def _table(trial: Worth, words: dict[str, dict[str, Any]]):
    for scheme in trial.schemes:
        for row in _ordered(scheme, words):
            expected = None if row.expected_share is None else round(row.expected_share, 4)
            each = None if row.profit_each is None else sheets.amount(round(row.profit_each))
            yield [
                str(NAMES[scheme.name]),
                str(words[scheme.name][row.key]),
                row.people,
                row.buyers,
                round(row.share, 4),
                expected,
                each,
            ]
