"""Helpers that start programs of the project in a var/ of their own and look at what runs there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from loyalty import embedded

URLS = ("DATABASE_URL", "OWNER_DATABASE_URL", "BROKER_URL", "SECRET_KEY", "ALLOWED_HOSTS", "DEBUG")


def environment(var: Path, **more: str) -> dict[str, str]:
    """Return an environment in which nothing is set but where things are kept."""
    kept = {name: value for name, value in os.environ.items() if name not in URLS}
    kept.pop("BASHGAH_TESTING", None)
    kept.pop("MAKELEVEL", None)
    return {**kept, "BASHGAH_VAR": str(var), **more}


def run_code(var: Path, code: str, **more: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=embedded.ROOT,
        env=environment(var, **more),
        capture_output=True,
        text=True,
        timeout=120,
    )


def start_code(var: Path, code: str) -> subprocess.Popen:
    """Start a program that is read line by line and stays until its standard input ends."""
    return subprocess.Popen(
        [sys.executable, "-u", "-c", code],
        cwd=embedded.ROOT,
        env=environment(var),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def processes_of(var: Path) -> dict[int, str]:
    """Return {pid: command line} of every process that names `var`, but for ourselves."""
    listing = subprocess.run(
        ["ps", "-ww", "-eo", "pid=,command="], capture_output=True, text=True, check=True
    )
    found = {}
    for line in listing.stdout.splitlines():
        pid, command = line.strip().split(" ", 1)
        if str(var) in command and int(pid) != os.getpid():
            found[int(pid)] = command
    return found


def wait_until(condition: Callable[[], object], seconds: float = 15) -> object:
    """Return what `condition` says as soon as it is true; fail when it is not in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")
