"""The worker's side: how tasks travel, and what happens by the clock.

A task is only a nudge; what is to be done stands in a table (a campaign's messages, an import's rows).
So tasks are acknowledged late and may run twice, and beat says "look", never "do".
"""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import beat_init
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty.settings")

# Longer than any task may take: Redis hands a task out again that was not acknowledged within it.
VISIBILITY_SECONDS = 2 * 60 * 60

app = Celery("loyalty", broker=settings.BROKER_URL)
app.conf.update(
    task_default_queue="bashgah",
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    timezone="UTC",
    enable_utc=True,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": VISIBILITY_SECONDS},
    # A stopping worker first lets its tasks finish, then gives them back to the queue.
    worker_soft_shutdown_timeout=10,
    worker_hijack_root_logger=False,
    beat_schedule={
        "nudge-campaigns": {"task": "campaigns.tasks.nudge", "schedule": 5, "options": {"expires": 5}},
        "imports-look": {"task": "loyalty.ingest.tasks.look", "schedule": 30, "options": {"expires": 30}},
        "imports-tidy": {"task": "loyalty.ingest.tasks.tidy", "schedule": 3600, "options": {"expires": 3600}},
        "nightly-look": {"task": "loyalty.tasks.nightly_look", "schedule": 600, "options": {"expires": 600}},
    },
)
app.autodiscover_tasks()


@beat_init.connect
def look_at_once(**_) -> None:
    """Look for a night that is due as soon as beat starts: it does not remember when it last did."""
    app.send_task("loyalty.tasks.nightly_look")
