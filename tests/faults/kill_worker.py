"""Kills the workers with -9 in the middle of a campaign and counts what arrived, how often, and what we say.

    python -m tests.faults.kill_worker                   1,500 messages, 6 kills: 0 lost, 0 doubled
    python -m tests.faults.kill_worker --no-claim        the control: without claiming it must fail

Real Celery workers, two sending processes at once, on the embedded PostgreSQL and broker. Three messages in a
hundred meet a fault of the gateway besides: busy, or taken with the answer lost. What arrived is counted in
the sandbox's own table, never in ours. Exit code 0 means that every message arrived exactly once and every
row says so.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent.parent
os.environ.setdefault("BASHGAH_TESTING", "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty.settings")

# Faster than real life, so that a lease runs out between two kills and not after a minute.
LEASE_SECONDS, ANSWERS_WITHIN, BATCH = 4, 1.0, 20
FAULT_SHARE = 0.03
PATIENCE_SECONDS = 120


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=1_500)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--milliseconds", type=int, default=20, help="what one message takes at the gateway")
    parser.add_argument(
        "--no-claim", action="store_true", help="switch claiming off, to see that it is needed"
    )
    parser.add_argument("--database", default="", help="a migrated database to use instead of a fresh one")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--queue", default=f"faults-{os.getpid()}", help=argparse.SUPPRESS)
    return parser.parse_args()


# The worker's side


def work(chosen: argparse.Namespace) -> None:
    """Become a Celery worker whose gateway is slow and faulty, and whose leases are short."""
    import django

    django.setup()
    from campaigns.dispatch import sending, settling
    from campaigns.gateways.base import Outcome, Result
    from campaigns.gateways.sandbox import SandboxGateway
    from loyalty.shops.scope import scope

    sending.LEASE_SECONDS = settling.SETTLING_SECONDS = LEASE_SECONDS
    sending.BATCH, SandboxGateway.answers_within = BATCH, ANSWERS_WITHIN
    sending.LONGEST_WAIT_SECONDS = sending.LONGEST_REST_SECONDS = 1
    # Both processes send at once, which the lane would prevent: claiming alone must hold.
    sending._lane = lambda function, shop: True
    take = SandboxGateway.take

    def send(self, batch):
        """Message by message, each committed by itself, so that a kill lands between any two."""
        answers = {}
        for one in batch:
            fault = random.random() / FAULT_SHARE
            time.sleep(chosen.milliseconds / 1000)
            if fault < 0.5:
                answers[one.reference] = Result(Outcome.RETRY_LATER, reason="busy")
                continue
            with scope(self.shop):
                (price,) = take(self, [one], self.faults())
            if fault < 1:
                answers[one.reference] = Result(Outcome.UNKNOWN, reason="no_answer")
            else:
                answers[one.reference] = Result(Outcome.ACCEPTED, f"S{one.reference}", price)
        return answers

    SandboxGateway.send = send
    if chosen.no_claim:
        sending.claim = claim_without_claiming
    from loyalty.celery import app

    app.conf.task_default_queue = chosen.queue
    app.worker_main(
        ["worker", "--concurrency", "2", "--loglevel", "ERROR", "--queues", chosen.queue]
        + ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    )


def claim_without_claiming(shop, limit):
    """What a queue without claims does: read what waits, send it, and only then write that down."""
    from campaigns.dispatch.sending import Claim
    from campaigns.gateways.base import Outbound
    from campaigns.models import Message

    waiting = Message.objects.filter(state="queued").order_by("due_at", "pk")[:limit]
    return [Claim(Outbound(m.reference, m.phone, m.text, m.pages), m.attempts) for m in waiting], 0


# The killer's side


def url_of(alias: str, database: str) -> str:
    """Return the URL of `database` on the server that the connection `alias` goes to, whoever started it."""
    from django.db import connections

    at = {key: quote(str(value), safe="") for key, value in connections[alias].settings_dict.items()}
    password = f":{at['PASSWORD']}" if at["PASSWORD"] else ""
    return f"postgresql://{at['USER']}{password}@:{at['PORT']}/{database}?host={at['HOST']}"


def start_worker(chosen: argparse.Namespace, database: str) -> subprocess.Popen:
    from django.conf import settings

    environment = {
        **os.environ,
        "DATABASE_URL": url_of("default", database),
        "OWNER_DATABASE_URL": url_of("owner", database),
        "BROKER_URL": settings.BROKER_URL,
    }
    arguments = ["--worker", "--queue", chosen.queue, "--milliseconds", str(chosen.milliseconds)]
    if chosen.no_claim:
        arguments.append("--no-claim")
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.kill_worker", *arguments],
        cwd=ROOT,
        env=environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def kill(worker: subprocess.Popen) -> None:
    """Kill the whole group at once, as a machine that loses power would."""
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


class Run:
    """One campaign under fire."""

    def __init__(self, chosen: argparse.Namespace, database: str):
        from loyalty.celery import app
        from tests import factories
        from tests.campaigns.conftest import NEVER_QUIET

        self.chosen, self.database = chosen, database
        app.conf.task_default_queue = chosen.queue
        self.shop = factories.make_shop(**NEVER_QUIET)

    def launch(self) -> None:
        from campaigns import dispatch
        from loyalty.shops.scope import scope
        from tests.campaigns.conftest import make_campaign, make_people

        with scope(self.shop):
            make_people(self.chosen.messages)
            campaign = make_campaign(text="سلام {name}")
            dispatch.launch(campaign, None, campaign.version)

    def fire(self) -> float:
        """Kill at even distances along the way, then let it finish; return the seconds it took."""
        started = time.monotonic()
        worker = start_worker(self.chosen, self.database)
        try:
            for number in range(1, self.chosen.kills + 1):
                self.wait(lambda goal=number / (self.chosen.kills + 1): self.progress() >= goal)
                kill(worker)
                worker = start_worker(self.chosen, self.database)
            self.wait(self.is_done)
        finally:
            kill(worker)
        return time.monotonic() - started

    def wait(self, condition) -> None:
        from campaigns import tasks

        until = time.monotonic() + PATIENCE_SECONDS
        while not condition() and time.monotonic() < until:
            tasks.nudge.apply_async(expires=1)
            time.sleep(0.1)

    def progress(self) -> float:
        """The share of people whom the sandbox has something from us for."""
        from campaigns.models import SandboxMessage
        from loyalty.shops.scope import scope

        with scope(self.shop):
            arrived = SandboxMessage.objects.values("reference").distinct().count()
        return arrived / self.chosen.messages

    def is_done(self) -> bool:
        from campaigns.models import Campaign
        from loyalty.shops.scope import scope

        with scope(self.shop):
            return Campaign.objects.get().state == "done"

    def count(self) -> tuple[int, int, int]:
        """Return messages that never arrived, that arrived more than once, and rows that say otherwise."""
        from collections import Counter

        from campaigns.models import Message, SandboxMessage
        from loyalty.shops.scope import scope

        with scope(self.shop):
            arrived = Counter(SandboxMessage.objects.values_list("reference", flat=True))
            said = dict(Message.objects.values_list("reference", "state"))
        lost = sum(reference not in arrived for reference in said)
        doubled = sum(times > 1 for times in arrived.values())
        wrong = sum((state in Message.SENT) != (reference in arrived) for reference, state in said.items())
        return lost, doubled, wrong


def main() -> int:
    chosen = options()
    if chosen.worker:
        work(chosen)
        return 0
    import django

    django.setup()
    from django.db import connections

    from loyalty import embedded

    embedded.ensure("postgres", "broker")
    if chosen.database:
        for alias in ("default", "owner"):
            connections[alias].settings_dict["NAME"] = chosen.database
        return report(chosen, chosen.database)
    from django.test.utils import setup_databases, teardown_databases

    for alias in ("default", "owner"):
        connections[alias].settings_dict["TEST"]["NAME"] = f"faults_{os.getpid()}"
    made = setup_databases(verbosity=0, interactive=False, aliases={"owner"}, serialized_aliases=())
    try:
        # Migrating looks at the web role as well, through a connection to the other database.
        connections["default"].close()
        connections["default"].settings_dict["NAME"] = connections["owner"].settings_dict["NAME"]
        return report(chosen, connections["owner"].settings_dict["NAME"])
    finally:
        connections["default"].close()
        teardown_databases(made, verbosity=0)


def report(chosen: argparse.Namespace, database: str) -> int:
    run = Run(chosen, database)
    run.launch()
    seconds = run.fire()
    lost, doubled, wrong = run.count()
    claiming = "off" if chosen.no_claim else "on"
    print(
        f"{chosen.messages} messages, {chosen.kills} kills, claiming {claiming}, {seconds:.0f} s: "
        f"{lost} lost, {doubled} doubled, {wrong} rows wrong"
    )
    return int(bool(lost or doubled or wrong))


if __name__ == "__main__":
    sys.exit(main())
