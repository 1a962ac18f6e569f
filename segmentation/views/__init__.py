"""The screens of what we make of the customers."""

from .boards import pareto, quadrant_list, segment_list, stage_list
from .cohorts import cohorts
from .likeness import clusters
from .people import people
from .quality import data_quality
from .steering import scheme

__all__ = [
    "cohorts",
    "clusters",
    "data_quality",
    "pareto",
    "people",
    "quadrant_list",
    "scheme",
    "segment_list",
    "stage_list",
]
