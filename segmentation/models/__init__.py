"""What we make of each customer: scores and groups, the runs that gave them, and what the owner chose."""

from .choices import CutsReason, GapSource, Quadrant, Segment, Stage
from .cohorts import CohortPeriod, CohortRun
from .goods import GoodsFavourite, GoodsFigure, GoodsPair, GoodsRun
from .history import ScoreHistory, ScoreSpan
from .hours import BuyingTimes
from .likeness import LikenessMember, LikenessRun
from .naming import segment_choices, segment_label, segment_labels
from .outlook import CustomerOutlook, OutlookRun
from .own import OwnSegment, OwnSegmentMember, OwnSegmentVersion
from .scheme import Scheme, SchemeVersion
from .scores import CustomerScore, ScoreRun
from .taste import CustomerTaste, Weekday

__all__ = [
    "BuyingTimes",
    "GoodsFavourite",
    "GoodsFigure",
    "GoodsPair",
    "GoodsRun",
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
    "segment_choices",
    "segment_label",
    "segment_labels",
]
