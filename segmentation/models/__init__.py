"""What we make of each customer: scores and groups, the runs that gave them, and what the owner chose."""

from .choices import GapSource, Quadrant, Segment, Stage
from .history import ScoreSpan
from .own import OwnSegment, OwnSegmentMember, OwnSegmentVersion
from .scheme import Scheme
from .scores import CustomerScore, ScoreRun
from .taste import CustomerTaste, Weekday

__all__ = [
    "CustomerScore",
    "CustomerTaste",
    "GapSource",
    "OwnSegment",
    "OwnSegmentMember",
    "OwnSegmentVersion",
    "Quadrant",
    "Scheme",
    "ScoreRun",
    "ScoreSpan",
    "Segment",
    "Stage",
    "Weekday",
]
