"""Where they stand in the club: scores, segment, stage, quadrant, tier, and what is to be expected of them."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.tiers.models import TierMembership
from loyalty.ui.templatetags.ui import num
from segmentation import likeness_runs
from segmentation.models import Quadrant, Stage, segment_choices

from ....models import Customer
from .. import known
from ..frames import Frame
from ..params import Amount, Choice, Row
from .base import (
    Field,
    Values,
    any_of,
    bounds,
    day_ops,
    flag,
    in_day,
    in_money,
    in_percent,
    percent,
    soon,
    words,
)

# Those who may be late without having gone quiet: an inactive customer is another finding.
IN_TOUCH = (Stage.NEW, Stage.ACTIVE, Stage.LOYAL, Stage.RETURNED, Stage.AT_RISK)
LIKENESS = Row("values", choices=known.likenesses, what=gettext_lazy("a group by likeness"))
TIER = Row("values", choices=known.tiers, what=gettext_lazy("a tier"))


def _alike(values: Values, frame: Frame) -> Q:
    return frame.among(likeness_runs.members(values["values"]).filter(shop=frame.shop).values("customer"))


def _likeness(customer: Customer, values: Values, frame: Frame) -> str:
    asked = likeness_runs.members(values["values"]).filter(customer=customer)
    found = [likeness_runs.key_of(one.run_id, one.number) for one in asked]
    return LIKENESS.say(found) if found else _("none of these groups")


def _memberships(frame: Frame) -> QuerySet:
    return TierMembership.objects.filter(shop=frame.shop, is_current=True).order_by()


def _in_tier(values: Values, frame: Frame) -> Q:
    return frame.among(_memberships(frame).filter(tier__in=values["values"]).values("customer"))


def _tier(customer: Customer, values: Values, frame: Frame) -> str:
    found = _memberships(frame).filter(customer=customer).select_related("tier").first()
    return found.tier.name if found else _("no tier yet")


def _member_day(key: str, label, said, denied, column: str, ahead: bool) -> Field:
    def of(frame: Frame, **limits) -> Q:
        members = _memberships(frame).filter(**{f"{column}__{name}": day for name, day in limits.items()})
        return frame.among(members.values("customer"))

    def own(customer: Customer, values: Values, frame: Frame) -> str:
        days = _memberships(frame).filter(customer=customer).values_list(column, flat=True)
        return in_day(days.first())

    return Field(key, "club", label, said, denied, (soon(of),) if ahead else day_ops(of), own)


def _is_late(values: Values, frame: Frame) -> Q:
    return frame.of_score(stage__in=IN_TOUCH, expected_on__lt=frame.today)


def _expected(customer: Customer, values: Values, frame: Frame) -> str:
    score = getattr(customer, "score", None)
    return _("next purchase expected %(day)s") % {"day": in_day(score.expected_on if score else None)}


def _score(letter: str, label) -> Field:
    return words(
        f"{letter}_score",
        "club",
        label,
        {
            "r": gettext_lazy("who score %(value)s for recency"),
            "f": gettext_lazy("who score %(value)s for frequency"),
            "m": gettext_lazy("who score %(value)s for money"),
        }[letter],
        {
            "r": gettext_lazy("who do not score %(value)s for recency"),
            "f": gettext_lazy("who do not score %(value)s for frequency"),
            "m": gettext_lazy("who do not score %(value)s for money"),
        }[letter],
        f"{letter}_score",
        Choice("values", choices=lambda: [(score, num(score)) for score in range(5, 0, -1)]),
        is_score=True,
    )


# ---------- What is to be expected ----------


def _outlook(column: str, scale: int):
    """Return the comparison of a number that is looked ahead to; whoever has no outlook is in no range."""

    def between(frame: Frame, values: Values, least: int | None, most: int | None) -> Q:
        given = {f"outlook__{column}__gte": least, f"outlook__{column}__lte": most}
        return frame.of_person(
            **{
                name: value / scale if scale > 1 else value
                for name, value in given.items()
                if value is not None
            }
        )

    return between


def _expectation(customer: Customer, column: str):
    return getattr(getattr(customer, "outlook", None), column, None)


OUTLOOK = (
    percent(
        "chance",
        "club",
        gettext_lazy("chance to come back"),
        gettext_lazy("whose chance to come back within a year is %(value)s percent"),
        gettext_lazy("whose chance to come back within a year is not %(value)s percent, or not known"),
        _outlook("p_back", 100),
        lambda customer, values, frame: in_percent(_expectation(customer, "p_back")),
    ),
    Field(
        "expected_profit",
        "club",
        gettext_lazy("expected profit of a year"),
        gettext_lazy("who are expected to bring a profit of %(value)s in a year"),
        gettext_lazy("who are not expected to bring a profit of %(value)s in a year, or it is not known"),
        bounds(Amount)(_outlook("profit_365_amount", 1)),
        lambda customer, values, frame: in_money(_expectation(customer, "profit_365_amount")),
    ),
)

STANDING = (
    words(
        "stage",
        "club",
        gettext_lazy("stage"),
        gettext_lazy("whose stage is %(value)s"),
        gettext_lazy("whose stage is not %(value)s"),
        "stage",
        Choice("values", choices=Stage.choices),
        is_score=True,
    ),
    words(
        "segment",
        "club",
        gettext_lazy("RFM segment"),
        gettext_lazy("whose RFM segment is %(value)s"),
        gettext_lazy("whose RFM segment is not %(value)s"),
        "segment",
        Choice("values", choices=segment_choices),
        is_score=True,
    ),
    words(
        "quadrant",
        "club",
        gettext_lazy("value and frequency"),
        gettext_lazy("who are %(value)s by value and frequency"),
        gettext_lazy("who are not %(value)s by value and frequency"),
        "quadrant",
        Choice("values", choices=Quadrant.choices),
        is_score=True,
    ),
    _score("r", gettext_lazy("recency score")),
    _score("f", gettext_lazy("frequency score")),
    _score("m", gettext_lazy("money score")),
    flag(
        "late",
        "club",
        gettext_lazy("later than usual for them"),
        gettext_lazy("who are later than usual for them"),
        gettext_lazy("who are not later than usual for them"),
        _is_late,
        _expected,
    ),
    Field(
        "likeness",
        "club",
        gettext_lazy("group by likeness"),
        gettext_lazy("who are in %(value)s"),
        gettext_lazy("who are not in %(value)s"),
        any_of(_alike, LIKENESS),
        _likeness,
    ),
    Field(
        "tier",
        "club",
        gettext_lazy("tier"),
        gettext_lazy("whose tier is %(value)s"),
        gettext_lazy("whose tier is not %(value)s"),
        any_of(_in_tier, TIER),
        _tier,
    ),
    _member_day(
        "tier_since",
        gettext_lazy("in their tier since"),
        gettext_lazy("who came into their tier %(value)s"),
        gettext_lazy("who did not come into their tier %(value)s"),
        "from_on",
        False,
    ),
    _member_day(
        "tier_falls",
        gettext_lazy("would leave their tier"),
        gettext_lazy("who would leave their tier %(value)s"),
        gettext_lazy("who would not leave their tier %(value)s"),
        "falls_on",
        True,
    ),
    *OUTLOOK,
)
