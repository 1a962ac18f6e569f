"""The words for the groups a customer can be in."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Segment(models.TextChoices):
    CHAMPIONS = "champions", pgettext_lazy("segment", "Champions")
    LOYAL = "loyal", pgettext_lazy("segment", "Loyal")
    POTENTIAL_LOYALIST = "potential_loyalist", pgettext_lazy("segment", "Potential loyal")
    NEW_CUSTOMERS = "new_customers", pgettext_lazy("segment", "New")
    PROMISING = "promising", pgettext_lazy("segment", "Promising")
    NEED_ATTENTION = "need_attention", pgettext_lazy("segment", "Need attention")
    ABOUT_TO_SLEEP = "about_to_sleep", pgettext_lazy("segment", "About to sleep")
    AT_RISK = "at_risk", pgettext_lazy("segment", "At risk")
    CANNOT_LOSE = "cannot_lose", pgettext_lazy("segment", "Can't lose them")
    HIBERNATING = "hibernating", pgettext_lazy("segment", "Hibernating")
    LOST = "lost", pgettext_lazy("segment", "Away")


class Stage(models.TextChoices):
    """Where a customer is in their own rhythm; shown to people in words that blame nobody."""

    PROSPECT = "prospect", _("Before the first order")
    NEW = "new", pgettext_lazy("stage", "New")
    ACTIVE = "active", pgettext_lazy("stage", "Active")
    LOYAL = "loyal", pgettext_lazy("stage", "Loyal")
    RETURNED = "returned", pgettext_lazy("stage", "Returned")
    AT_RISK = "at_risk", pgettext_lazy("stage", "At risk")
    INACTIVE = "inactive", pgettext_lazy("stage", "Inactive")
    LOST = "lost", pgettext_lazy("stage", "Away")


class Quadrant(models.TextChoices):
    VALUED_FREQUENT = "valued_frequent", _("Valued and frequent")
    VALUED_RARE = "valued_rare", _("Valued, seldom here")
    VOLUME = "volume", _("Frequent")
    OCCASIONAL = "occasional", _("Occasional")


class GapSource(models.TextChoices):
    """What the expected gap of a customer rests on; the words are in the template that explains it."""

    OWN_AND_CATEGORY = "own_and_category"
    CATEGORY = "category"
    OWN_AND_SHOP = "own_and_shop"
    SHOP = "shop"
    OWN_AND_DEFAULT = "own_and_default"
    DEFAULT = "default"


class CutsReason(models.TextChoices):
    """Why a run took the cuts it scored by; the words are in the template that explains it."""

    KEPT = "kept"
    FIRST = "first"
    GROWN = "grown"
    SCHEDULE = "schedule"
    BY_HAND = "by_hand"
    RULES = "rules"
    EARLIER = "earlier"
