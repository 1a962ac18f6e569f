"""Sending: the only way a campaign starts, stops and leaves the house.

The table of messages is the queue; a task is only a nudge to look at it. `control` starts and stops
campaigns, `sending` claims, sends and marks, `settling` finds out what became of unanswered messages.
"""

from campaigns.dispatch.control import cancel, decide, launch, pause, resume
from campaigns.dispatch.sending import Batch, dispatch_batch, drain, has_work
from campaigns.dispatch.settling import collect_reports, finish_campaigns, settle_expired, start_due

__all__ = [
    "Batch",
    "cancel",
    "collect_reports",
    "decide",
    "dispatch_batch",
    "drain",
    "finish_campaigns",
    "has_work",
    "launch",
    "pause",
    "resume",
    "settle_expired",
    "start_due",
]
