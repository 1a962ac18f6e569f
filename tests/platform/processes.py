"""Helpers that start programs of the project in a var/ of their own and look at what runs there."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    command: str


def processes() -> list[Process]:
    """Return every process that runs, those not counted that only wait to be buried."""
    if not Path("/proc/self/stat").exists():
        listing = subprocess.run(
            ["ps", "-axww", "-o", "pid=,ppid=,stat=,command="], capture_output=True, text=True
        )
        rows = [line.split(None, 3) for line in listing.stdout.splitlines()]
        return [Process(int(row[0]), int(row[1]), row[3]) for row in rows if not row[2].startswith("Z")]
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        # It may end while we look.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            command = (folder / "cmdline").read_text(errors="replace").replace("\0", " ")
            if state != "Z":
                found.append(Process(int(folder.name), int(parent), command))
    return found


def processes_of(marker: Path | str) -> dict[int, str]:
    """Return {pid: command line} of every process that names `marker`, but for ourselves."""
    return {
        each.pid: each.command
        for each in processes()
        if str(marker) in each.command and each.pid != os.getpid()
    }


def descendants(pid: int) -> set[int]:
    """Return every process that descends from `pid`."""
    everyone, found = processes(), {pid}
    while grown := {each.pid for each in everyone if each.parent in found} - found:
        found |= grown
    return found - {pid}


def wait_until(condition: Callable[[], object], seconds: float = 15) -> object:
    """Return what `condition` says as soon as it is true; fail when it is not in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")
