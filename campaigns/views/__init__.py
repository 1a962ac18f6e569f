"""The screens of campaigns: the list, writing one, watching it run and its result; the sandbox phone."""

from .composer import campaign_create, campaign_delete, campaign_edit, campaign_people, campaign_preview
from .digest import digest
from .lists import campaign_list
from .running import (
    campaign_audience,
    campaign_cancel,
    campaign_detail,
    campaign_launch,
    campaign_pause,
    campaign_resume,
    campaign_uncertain,
)
from .sandbox import sandbox, sandbox_clear, sandbox_conversation, sandbox_faults, sandbox_line, sandbox_reply

__all__ = [
    "campaign_audience",
    "campaign_cancel",
    "campaign_create",
    "campaign_delete",
    "campaign_detail",
    "campaign_edit",
    "campaign_launch",
    "campaign_list",
    "campaign_pause",
    "campaign_people",
    "campaign_preview",
    "campaign_resume",
    "campaign_uncertain",
    "digest",
    "sandbox",
    "sandbox_clear",
    "sandbox_conversation",
    "sandbox_faults",
    "sandbox_line",
    "sandbox_reply",
]
