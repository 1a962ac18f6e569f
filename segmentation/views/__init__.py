"""The screens of what we make of the customers."""

from .boards import pareto, quadrant_list, segment_list, stage_list
from .changing import changes
from .cohorts import cohorts
from .demographics import people
from .goods import products
from .hours import rhythm
from .likeness import cluster_keep, clusters
from .outlook import calibration, outlook
from .own import (
    own_segment_build,
    own_segment_delete,
    own_segment_detail,
    own_segment_duplicate,
    own_segment_edit,
    own_segment_freeze,
    own_segment_list,
    own_segment_new,
    own_segment_preview,
    own_segment_restore,
    own_segment_undelete,
)
from .own_looks import own_segment_overlap, own_segment_places, own_segment_why
from .portraits import persona, personas
from .quality import data_quality, quality_orders
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
from .worth import scheme_worth

__all__ = [
    "calibration",
    "changes",
    "cluster_keep",
    "clusters",
    "cohorts",
    "data_quality",
    "outlook",
    "own_segment_build",
    "own_segment_delete",
    "own_segment_detail",
    "own_segment_duplicate",
    "own_segment_edit",
    "own_segment_freeze",
    "own_segment_list",
    "own_segment_new",
    "own_segment_overlap",
    "own_segment_places",
    "own_segment_preview",
    "own_segment_restore",
    "own_segment_undelete",
    "own_segment_why",
    "pareto",
    "people",
    "persona",
    "personas",
    "products",
    "quadrant_list",
    "quality_orders",
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
    "scheme_worth",
    "segment_list",
    "stage_list",
]
