"""The screens of what we make of the customers."""

from .boards import pareto, quadrant_list, segment_list, stage_list
from .changing import changes
from .cohorts import cohorts
from .demographics import people
from .hours import rhythm
from .likeness import clusters
from .portraits import persona, personas
from .outlook import calibration, outlook
from .quality import data_quality
from .steering import (
    scheme,
    scheme_apply,
    scheme_discard,
    scheme_map,
    scheme_names,
    scheme_preview,
    scheme_refresh,
    scheme_restore,
    scheme_undo,
    scheme_value,
    scheme_versions,
)

__all__ = [
    "calibration",
    "changes",
    "clusters",
    "cohorts",
    "data_quality",
    "outlook",
    "pareto",
    "people",
    "persona",
    "personas",
    "quadrant_list",
    "rhythm",
    "scheme",
    "scheme_apply",
    "scheme_discard",
    "scheme_map",
    "scheme_names",
    "scheme_preview",
    "scheme_refresh",
    "scheme_restore",
    "scheme_undo",
    "scheme_value",
    "scheme_versions",
    "segment_list",
    "stage_list",
]
