"""What we make of each customer: scores and groups, the runs that gave them, and what the owner chose."""

from .choices import CutsReason, GapSource, Quadrant, Segment, Stage
from .cohorts import CohortPeriod, CohortRun
from .history import ScoreHistory, ScoreSpan
from .likeness import LikenessMember, LikenessRun
from .outlook import CustomerOutlook, OutlookRun
from .own import OwnSegment, OwnSegmentMember, OwnSegmentVersion
from .scheme import Scheme, SchemeVersion
from .scores import CustomerScore, ScoreRun
from .taste import CustomerTaste, Weekday

__all__ = [
    "CohortPeriod",
    "CohortRun",
    "CustomerOutlook",
    "CustomerScore",
    "CustomerTaste",
    "CutsReason",
    "GapSource",
    "LikenessMember",
    "LikenessRun",
    "OutlookRun",
    "OwnSegment",
    "OwnSegmentMember",
    "OwnSegmentVersion",
    "Quadrant",
    "Scheme",
    "SchemeVersion",
    "ScoreHistory",
    "ScoreRun",
    "ScoreSpan",
    "Segment",
    "Stage",
    "Weekday",
]
