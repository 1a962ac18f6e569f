"""What each group means, and what one does with it: a sentence and a play, in the words people read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from .models import Quadrant, Segment, Stage


@dataclass(frozen=True)
class Play:
    """`sentence` says who they are, `short` names the play in three words, `play` says it in full."""

    sentence: Any
    short: Any
    play: Any
    is_for_writing: bool = True


SEGMENTS = {
    Segment.CHAMPIONS: Play(
        _("They were here just now, come often and spend the most."),
        _("Invite to preorder"),
        _("Let them be first: early access and a word of thanks. They need no discount."),
    ),
    Segment.LOYAL: Play(
        _("They come often and spend well, a few of them not in the last weeks."),
        _("Ask for referrals"),
        _("Ask them to bring a friend, and show them the way to the next tier."),
    ),
    Segment.POTENTIAL_LOYALIST: Play(
        _("They came recently, more than once, and are getting used to you."),
        _("One gift to next tier"),
        _("Make the next visit count: a small gift on the way to the next tier."),
    ),
    Segment.NEW_CUSTOMERS: Play(
        _("They have just found you, with a small first basket."),
        _("Welcome, second order"),
        _("Welcome them, and make the second visit easy."),
    ),
    Segment.PROMISING: Play(
        _("They came recently and only a few times, but with good baskets."),
        _("Suggest a pairing"),
        _("Suggest what goes well with what they bought."),
    ),
    Segment.NEED_ATTENTION: Play(
        _("They are above the middle in most things and have become a little irregular."),
        _("Friendly reminder"),
        _("A friendly reminder, with something that ends soon."),
    ),
    Segment.ABOUT_TO_SLEEP: Play(
        _("They come seldom, buy little, and the last visit is a while ago."),
        _("What is new this week"),
        _("Tell them what is new. It is too early for a large discount."),
    ),
    Segment.AT_RISK: Play(
        _("They used to come often and spend well, and have not been here for a long time."),
        _("“We miss you” note"),
        _("A personal “we miss you”, with a reason to come back. Measure it with a hold-out."),
    ),
    Segment.CANNOT_LOSE: Play(
        _("They used to be among those who spend most, and have been away for long."),
        _("Personal call"),
        _("Call them yourself and ask what went wrong. There are few of them."),
    ),
    Segment.HIBERNATING: Play(
        _("They came seldom, with small baskets, and long ago."),
        _("One seasonal offer"),
        _("One seasonal offer, not more."),
    ),
    Segment.LOST: Play(
        _("They have been away the longest and were seldom here before."),
        _("Do not write"),
        _("Leave them in peace; a message costs more than it brings."),
        is_for_writing=False,
    ),
}

STAGES = {
    Stage.NEW: Play(
        _("One visit so far, and their second is not overdue."),
        _("Welcome"),
        _("Welcome them, and make the second visit easy."),
    ),
    Stage.ACTIVE: Play(
        _("They come as they usually do."),
        _("Let them be"),
        _("Nothing is wrong. Show them the way to the next tier."),
    ),
    Stage.LOYAL: Play(
        _("Four visits or more at regular times, and they come as they usually do."),
        _("Say thank you"),
        _("Thank them without a discount, and ask them to bring a friend."),
    ),
    Stage.RETURNED: Play(
        _("They came back after a long silence, less than one usual gap ago."),
        _("Welcome back"),
        _("Welcome them back; the next visit decides whether they stay."),
    ),
    Stage.AT_RISK: Play(
        _("They are later than usual: between 1.5 and 2.5 of their own gaps."),
        _("Remind now"),
        _("Now is the time for a reminder: later it costs more and works less."),
    ),
    Stage.INACTIVE: Play(
        _("They have let up to 4 of their usual gaps go by."),
        _("“We miss you” note"),
        _("A “we miss you” with a reason to come back, measured with a hold-out."),
    ),
    Stage.LOST: Play(
        _("More than 4 of their usual gaps have gone by."),
        _("Once a year at most"),
        _("Write once a year at most, and only with real news."),
    ),
    Stage.PROSPECT: Play(
        _("You know them, and they have not bought yet."),
        _("Invite"),
        _("Invite them to a first visit."),
    ),
}

QUADRANTS = {
    Quadrant.VALUED_FREQUENT: Play(
        _("They bring good value with every visit, and visit often."),
        _("Keep: special service"),
        _("Keep them: your best service, a gift, an invitation."),
    ),
    Quadrant.VALUED_RARE: Play(
        _("They bring good value whenever they come, and come seldom."),
        _("Invite more often"),
        _("Invite them more often: tell them of things they like, not of discounts."),
    ),
    Quadrant.VOLUME: Play(
        _("They come often; their value is at this shop's middle or below it."),
        _("Quick and simple"),
        _("Make buying quick and simple, and suggest what goes well with what they buy."),
    ),
    Quadrant.OCCASIONAL: Play(
        _("They come now and then; their value is at this shop's middle or below it."),
        _("Low-cost contact"),
        _("Keep in touch at little cost; some of them will grow."),
    ),
}

# A play about discounts is for people who hang on them, and coming often does not say so.
EASED = {
    Quadrant.VOLUME: replace(
        QUADRANTS[Quadrant.VOLUME],
        short=_("Ease the discounts"),
        play=_(
            "Make buying quick and simple, and ease the discounts step by step: they count for more here than"
            " in the shop as a whole."
        ),
    )
}


def quadrants(hang_most: Collection[str]) -> dict[str, Play]:
    """Return the words of the quadrants; `hang_most` are those that hang on discounts more than the shop."""
    return QUADRANTS | {quadrant: play for quadrant, play in EASED.items() if quadrant in hang_most}
