"""What the screens of the owner's choices lay out: the map, the preview, the versions and what each changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from loyalty.customers.models import Customer

from . import cutting, presets, rfm, services
from .models import CustomerScore, Quadrant, SchemeVersion, ScoreRun, Segment, segment_labels
from .rules import Rules

VERSIONS_SHOWN = 30
MOVES_SHOWN = 12


@dataclass(frozen=True)
class Change:
    """One difference between two sets of rules; `what` names it, `of` the measure, segment or part."""

    what: str
    of: str = ""
    before: Any = None
    after: Any = None


def changes(before: Rules, after: Rules) -> list[Change]:
    """Return what `after` says differently, in the order of the screens."""
    return list(_changes(before, after))


def _changes(before: Rules, after: Rules) -> Iterator[Change]:
    if before.window_days != after.window_days:
        yield Change("window_days", "", before.window_days, after.window_days)
    for measure in cutting.MEASURES:
        was, will = before.cuts.get(measure), after.cuts.get(measure)
        if was != will:
            yield Change("cuts", measure, was, will if isinstance(will, str) or not will else list(will))
    if before.refresh != after.refresh:
        yield Change("refresh", "", before.refresh, after.refresh)
    if dict(before.rfm_weights) != dict(after.rfm_weights):
        yield Change("rfm_weights", "", dict(before.rfm_weights), dict(after.rfm_weights))
    if before.cell_map != after.cell_map:
        moved = sum(was != will for was, will in zip(before.cell_map, after.cell_map, strict=True))
        yield Change("cell_map", "published" if after.cell_map == rfm.CELL_MAP else "", None, moved)
    for segment in Segment:
        was, will = before.names.get(segment.value), after.names.get(segment.value)
        if was != will:
            yield Change("name", segment.value, was or str(segment.label), will or str(segment.label))
    if dict(before.value_weights) != dict(after.value_weights):
        preset = next((name for name in presets.PRESETS if presets.WEIGHTS[name] == after.value_weights), "")
        yield Change("value_weights", preset, dict(before.value_weights), dict(after.value_weights))
    if before.units_weight != after.units_weight:
        yield Change("units_weight", "", before.units_weight, after.units_weight)


@dataclass(frozen=True)
class Past:
    """A version in the list: what it changed, and whether it is in force."""

    version: SchemeVersion
    changes: list[Change]
    is_in_force: bool


def history() -> list[Past]:
    """Return the versions, newest first, with what each changed against the one before."""
    found = list(SchemeVersion.objects.applied().select_related("created_by")[: VERSIONS_SHOWN + 1])
    rules = [Rules.from_json(version.rules) for version in found]
    return [
        Past(version, changes(rules[place + 1], rules[place]) if place + 1 < len(found) else [], place == 0)
        for place, version in enumerate(found[:VERSIONS_SHOWN])
    ]


def map_of(rules: Rules, chosen: str | None) -> dict[str, Any]:
    """Return the planes of the map (R from 5 to 1, rows F, cells M) with people, and the palette."""
    people = dict.fromkeys(range(len(rfm.CELL_MAP)), 0)
    cells = CustomerScore.objects.exclude(r_score=None).values_list("r_score", "f_score", "m_score")
    for r, f, m, count in cells.annotate(Count("pk")).order_by():
        people[25 * r + 5 * f + m - 31] = count
    labels = labels_of(rules)
    best_first = list(reversed(rfm.SCORES))

    def cell(r: int, f: int, m: int) -> dict[str, Any]:
        segment = rfm.segment(r, f, m, rules.cell_map)
        number = rfm.SEGMENTS.index(segment) + 1
        count = people[25 * r + 5 * f + m - 31]
        name = f"{r}{f}{m}"
        return {"name": name, "f": f, "number": number, "label": labels[segment], "people": count}

    planes = [
        {
            "r": r,
            "rows": [{"f": f, "cells": [cell(r, f, m) for m in rfm.SCORES]} for f in best_first],
        }
        for r in best_first
    ]
    palette = [
        {
            "key": segment,
            "label": labels[segment],
            "number": number,
            "cells": rules.cell_map.count(chr(ord("a") + number - 1)),
        }
        for number, segment in enumerate(rfm.SEGMENTS, 1)
    ]
    chosen = chosen if chosen in rfm.SEGMENTS else rfm.SEGMENTS[0]
    return {
        "planes": planes,
        "palette": palette,
        "chosen": chosen,
        "scores": rfm.SCORES,
        "is_published": rules.cell_map == rfm.CELL_MAP,
    }


def presets_of(rules: Rules) -> list[dict[str, Any]]:
    """Return the presets with their weights, and which one stands as it is tried."""
    return [
        {
            "name": name,
            "weights": presets.WEIGHTS[name],
            "is_chosen": dict(rules.value_weights) == presets.WEIGHTS[name],
        }
        for name in (presets.BALANCED, presets.LUXURY, presets.DISCOUNT)
    ]


def labels_of(rules: Rules) -> dict[str, str]:
    """Return what the segments would be called by `rules`."""
    return {segment.value: rules.names.get(segment.value) or str(segment.label) for segment in Segment}


def laid_out(draft: SchemeVersion, found: dict) -> dict[str, Any]:
    """Return what a preview says, in words and tables; `found` is empty while it is being made."""
    rules = Rules.from_json(draft.rules)
    base = {
        "changes": changes(services.rules_of_shop(), rules),
        "is_refresh": draft.is_refresh,
    }
    if not found:
        return base
    run = ScoreRun.objects.current()
    after = labels_of(rules)
    names = _names(found)
    tables = {
        "segment": (segment_labels(), after),
        "quadrant": (dict(Quadrant.choices), dict(Quadrant.choices)),
    }
    return base | {
        "preview": found,
        "run": run,
        "steps": _steps(run, found["cuts"]) if found["cuts"].get("recency_days") else [],
        "tables": [
            {
                "kind": kind,
                "moves": [_move(move, was, will, names) for move in found["moves"][kind][:MOVES_SHOWN]],
                "more": max(0, len(found["moves"][kind]) - MOVES_SHOWN),
                "people": sum(move[2] for move in found["moves"][kind]),
                "matrix": _matrix(found["moves"][kind], was, will),
            }
            for kind, (was, will) in tables.items()
            if found["moves"][kind]
        ],
    }


def _names(found: dict) -> dict[int, str]:
    keys = {key for moves in found["moves"].values() for move in moves[:MOVES_SHOWN] for key in move[4]}
    return dict(Customer.objects.filter(pk__in=keys).values_list("pk", "name"))


def _move(move: list, was: dict, will: dict, names: dict[int, str]) -> dict[str, Any]:
    before, after, people, amount, keys = move
    return {
        "before": was.get(before, ""),
        "after": will.get(after, ""),
        "people": people,
        "amount": amount,
        "named": [(key, names[key]) for key in keys if key in names],
        "more": people - len(keys),
    }


def _matrix(moves: list[list], was: dict, will: dict) -> dict[str, Any]:
    """Return who goes from where (rows) to where (columns), only groups that anybody leaves or joins."""
    counts = {(before, after): people for before, after, people, *_rest in moves}
    rows = [key for key in was if any(before == key for before, _after in counts)]
    columns = [key for key in will if any(after == key for _before, after in counts)]
    return {
        "columns": [will[key] for key in columns],
        "rows": [
            {"label": was[row], "cells": [counts.get((row, column), 0) for column in columns]} for row in rows
        ],
    }


def _steps(run: ScoreRun | None, cuts: dict) -> list[dict[str, Any]]:
    """Return for each measure the boundaries as they are and as they would be."""
    return [
        {
            "measure": measure,
            "before": (run.cuts.get(measure) if run else None) or [],
            "after": cuts[measure],
            "is_same": bool(run) and run.cuts.get(measure) == cuts[measure],
        }
        for measure in cutting.MEASURES
    ]
