"""The whole club in one foreground process: database, broker, web server, worker and clock."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from loyalty import embedded
from loyalty.embedded.identity import die_with_parent
from loyalty.embedded.locks import open_lock
from loyalty.health import queue_state
from loyalty.shops.scope import every_shop
from loyalty.supervisor import Child, GaveUp, Supervisor, read_record, say, stop_leftovers

HOST = "127.0.0.1"
SERVERS = ("postgres", "broker")
LOOK_SECONDS = 0.5
# A predecessor whose `make` was killed takes a moment to notice, and then some to put its things away.
NOTICE_SECONDS = 4
PREDECESSOR_SECONDS = 30
# Celery warns root, in ten lines, because of pickled tasks; ours are JSON only.
WARNINGS = "ignore:You're running the worker with superuser"
ENVIRONMENT = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": WARNINGS}
DEMO_PASSWORD = "bashgah-demo"
DEMO_LOGINS = {
    "owner": "owner@example.com",
    "marketer": "marketer@example.com",
    "counter": "counter@example.com",
}


class Command(BaseCommand):
    help = "Run the club on this machine: database, broker, web server, worker and clock, until Ctrl-C."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", default=os.environ.get("PORT") or "8000")
        parser.add_argument("--no-demo", action="store_true", help="do not load the demo shops")

    def handle(self, *args, port: str, no_demo: bool, **options) -> None:
        if not settings.DEBUG:
            raise CommandError("`run` is for development; docs/operations.md says how to run a real server.")
        # Until the supervisor takes over, being told to stop is like Ctrl-C.
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)
        try:
            run(read_port(port), embedded.var_dir(), with_demo=not no_demo)
        except (GaveUp, embedded.EmbeddedError) as problem:
            raise CommandError(str(problem)) from problem
        except KeyboardInterrupt:
            say("run", "stopped before it was ready")


def run(port: int, var: Path, with_demo: bool) -> None:
    """Run everything until told to stop; raises CommandError, EmbeddedError or GaveUp with a sentence."""
    # Held until this process ends, however it ends.
    lock_directory(var)
    for name in stop_leftovers(var / "run.json"):
        say("run", f"stopped the {name} that an earlier run left behind")
    refuse_used_port(port)
    embedded.ensure(*SERVERS)
    say("run", f"database and broker answer; everything they keep is in {var}")
    announce = Announcement(port, prepare(with_demo))

    def look() -> None:
        keep_servers()
        announce()

    Supervisor(children(port), var / "run.json", ENVIRONMENT).run(look)
    say("run", "stopped")


def read_port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise CommandError(f"{text!r} is not a port; choose a number from 1 to 65535.")
    return int(text)


def lock_directory(var: Path) -> None:
    """Refuse a second run in the same directory."""
    try:
        var.mkdir(parents=True, exist_ok=True)
        lock = open_lock(var / "run.lock")
    except OSError as problem:
        raise CommandError(f"{var} cannot be used: {problem.strerror}.") from problem
    started_at = time.monotonic()
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            is_stopping = read_record(var / "run.json").get("is_stopping")
            if time.monotonic() - started_at > (PREDECESSOR_SECONDS if is_stopping else NOTICE_SECONDS):
                raise CommandError("It runs already, from this directory; stop that one first.") from None
            time.sleep(0.2)
        else:
            return


def refuse_used_port(port: int) -> None:
    with socket.socket() as probe:
        # As the web server does, so that connections of an earlier run that are just ending do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as problem:
            is_taken = problem.errno == errno.EADDRINUSE
            why = "is in use by another program" if is_taken else f"cannot be used ({problem.strerror})"
            raise CommandError(f"Port {port} {why}; choose another: make run PORT={port + 1}") from problem


def keep_servers() -> None:
    """Start a server again whose keeper was killed; raises EmbeddedError where that cannot be."""
    for name in SERVERS:
        if not embedded.is_kept(name):
            say("run", f"the keeper of {name} was killed; starting it again")
            embedded.ensure(name)


def prepare(with_demo: bool) -> list[str]:
    """Bring catalogue, tables and demo up to date; each step looks first whether anything is to do.

    Returns what to say about signing in.
    """
    call_command("compile_catalog", verbosity=0)
    executor = MigrationExecutor(connections["owner"])
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        say("run", "making the tables")
        call_command("migrate", verbosity=0, interactive=False)
    if with_demo and not every_shop():
        say("run", "making the demo shops, once; this takes a minute")
        # In a process of its own, which takes the memory that it needs away with it.
        seed = subprocess.run(
            [sys.executable, "manage.py", "seed_demo", "--if-empty"],
            cwd=settings.BASE_DIR,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: die_with_parent(signal.SIGTERM),
        )
        for line in seed.stdout.splitlines():
            say("demo", line)
        if seed.returncode:
            raise CommandError("The demo shops could not be made; the lines above say why.")
    shops = every_shop()
    connections.close_all()
    if any(shop.is_demo for shop in shops):
        return [f"sign in as {role:<9} {email:<22} {DEMO_PASSWORD}" for role, email in DEMO_LOGINS.items()]
    return [] if shops else ["there is no shop yet; manage.py create_shop opens one"]


def children(port: int) -> list[Child]:
    python = [sys.executable, "-m"]
    web = ["gunicorn", "loyalty.wsgi", "--bind", f"{HOST}:{port}", "--preload", "--no-control-socket"]
    web += ["--worker-class", "gthread", "--workers", "2", "--threads", "4", "--log-level", "warning"]
    celery = ["celery", "--app", "loyalty.celery", "--no-color", "--quiet"]
    # There are no other workers to talk to, and the greeting takes a second.
    worker = ["worker", "--concurrency", "2", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
    # In memory: beat only ever says "look", so there is nothing to remember over a restart.
    beat = ["beat", "--loglevel", "WARNING", "--scheduler", "celery.beat:Scheduler", "--pidfile="]
    return [
        Child("web", python + web),
        Child("worker", python + celery + worker),
        Child("beat", python + celery + beat),
    ]


class Announcement:
    """Says once, when everything answers, where the club is and who may sign in."""

    def __init__(self, port: int, sentences: list[str]) -> None:
        self.address = f"http://{HOST}:{port}"
        self.sentences = sentences
        self.is_said = False
        self.started_at = self.next_look_at = time.monotonic()

    def __call__(self) -> None:
        if self.is_said or time.monotonic() < self.next_look_at:
            return
        self.next_look_at = time.monotonic() + LOOK_SECONDS
        # The worker is the last to be up; asking the web server before would fill the log with refusals.
        if not queue_state()["worker"]:
            return
        try:
            with urllib.request.urlopen(f"{self.address}/healthz", timeout=5):
                self.is_said = True
        except (urllib.error.URLError, OSError):
            return
        seconds = time.monotonic() - self.started_at
        say("run", f"ready after {seconds:.1f} s: {self.address}/")
        for sentence in self.sentences:
            say("run", f"  {sentence}")
        say("run", "Ctrl-C stops everything")
