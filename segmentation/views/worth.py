"""Does the segmentation earn anything? A report that may well answer: no more than a baseline would."""

from __future__ import annotations

import datetime
from typing import Any

from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.ui import sheets

from .. import overlay, worth
from ..models import ScoreHistory, ScoreRun, segment_labels
from ..moves import KINDS
from ..worth import BASELINE, Drift, Row, Scheme, Worth
from .changing import LABELS, tier_kind
from .files import rounded
from .past import dated, named

KEPT_SECONDS = 3_600
DAY = datetime.timedelta(days=1)
NAMES = LABELS | {BASELINE: gettext_lazy("Days since the last order, in fifths")}
FILE_HEADS = (
    gettext_lazy("Grouping"),
    gettext_lazy("Group"),
    gettext_lazy("People"),
    gettext_lazy("Bought since"),
    gettext_lazy("Share that bought"),
    gettext_lazy("Predicted"),
    gettext_lazy("Profit per head"),
)

VERDICT_HEADS = (
    gettext_lazy("Grouping"),
    gettext_lazy("Who buys: area"),
    gettext_lazy("Against the baseline"),
    gettext_lazy("At least (95 %)"),
    gettext_lazy("At most (95 %)"),
    gettext_lazy("Where the profit lies: Gini"),
    gettext_lazy("Against the baseline"),
    gettext_lazy("At least (95 %)"),
    gettext_lazy("At most (95 %)"),
)
STABILITY_HEADS = (
    gettext_lazy("Grouping"),
    gettext_lazy("People"),
    gettext_lazy("Stayed"),
    gettext_lazy("Moved because of what they did"),
    gettext_lazy("Moved because time passed"),
)
DRIFT_HEADS = (gettext_lazy("Grouping"), gettext_lazy("Since"), gettext_lazy("Stability index"))
OVERLAP_HEADS = (gettext_lazy("Grouping"), gettext_lazy("Beside"), gettext_lazy("Cramér's V"))


@dated(lays=False)
def scheme_worth(request: HttpRequest) -> HttpResponse:
    day = request.asked.day
    run = overlay.run_up_to(day) if day else ScoreRun.objects.current()
    if run is None or not run.buyers or not ScoreHistory.objects.exists():
        return render(request, "segmentation/empty.html")
    tiers = tier_kind()
    trial = Worth(day or run.as_of, [*KINDS.values(), *([tiers] if tiers.choices else [])])
    key = f"trial:{request.shop.pk}:{trial.as_of}:{run.pk}:{len(trial.kinds)}"
    months = caches["figures"].get_or_set(key, lambda: (trial.fitted, trial.tested), KEPT_SECONDS)
    trial.fitted, trial.tested = months
    words, drifts = _words(trial), worth.drifts(run)
    if (kind := request.GET.get("export")) in sheets.KINDS:
        return _file(request, kind, trial, words, drifts)
    schemes = [_shown(scheme, words) for scheme in trial.schemes]
    context = {
        "run": run,
        "trial": trial,
        "schemes": schemes,
        "since": f"{trial.tested_on + DAY}..{trial.as_of}",
        "drifts": [{"drift": one, "label": NAMES[one.name]} for one in drifts],
        "stability": [{"found": one, "label": NAMES[one.name]} for one in trial.stability],
        "overlaps": [(NAMES[one], NAMES[other], value) for one, other, value in trial.overlaps],
        "best": _best(schemes, "verdict", "compared"),
        "best_profit": _best(schemes, "profit_verdict", "profit_compared"),
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


def _best(schemes: list[dict[str, Any]], verdict: str, compared: str) -> dict[str, Any] | None:
    """The grouping that beats the baseline by most; None where none does."""
    better = [one for one in schemes if getattr(one["scheme"], verdict) == "better"]
    return max(better, key=lambda one: getattr(one["scheme"], compared).value, default=None)


def _file(
    request: HttpRequest, kind: str, trial: Worth, words: dict[str, dict[str, Any]], drifts: list[Drift]
) -> HttpResponse:
    """Return the table that `?table=` names; that of the groups where it names none."""
    tables = {
        "groups": (FILE_HEADS, _table(trial, words)),
        "verdicts": (VERDICT_HEADS, map(_verdict, trial.schemes)),
        "stability": (
            STABILITY_HEADS,
            (
                [str(NAMES[one.name]), one.people, one.stayed, one.by_doing, one.by_time]
                for one in trial.stability
            ),
        ),
        "drift": (
            DRIFT_HEADS,
            ([str(NAMES[one.name]), one.since.isoformat(), round(one.index, 4)] for one in drifts),
        ),
        "overlap": (
            OVERLAP_HEADS,
            ([str(NAMES[one]), str(NAMES[other]), round(value, 4)] for one, other, value in trial.overlaps),
        ),
    }
    name = request.GET.get("table", "")
    name = name if name in tables else "groups"
    return sheets.response(kind, named(request, f"worth-{name}"), _("Does it earn?"), *tables[name])


def _verdict(scheme: Scheme) -> list:
    found: list = [str(NAMES[scheme.name])]
    for figure, compared in ((scheme.auc, scheme.compared), (scheme.gini, scheme.profit_compared)):
        found.append(rounded(figure))
        found += (rounded(getattr(compared, name, None)) for name in ("value", "low", "high"))
    return found


def _table(trial: Worth, words: dict[str, dict[str, Any]]):
    for scheme in trial.schemes:
        for row in _ordered(scheme, words):
            each = None if row.profit_each is None else sheets.amount(round(row.profit_each))
            yield [
                str(NAMES[scheme.name]),
                str(words[scheme.name][row.key]),
                row.people,
                row.buyers,
                rounded(row.share),
                rounded(row.expected_share),
                each,
            ]
