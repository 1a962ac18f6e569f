"""Runs the programs of a club as children of one process in front, and ends them together."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from loyalty.embedded.identity import die_with_parent
from loyalty.embedded.servers import runs

LOOK_SECONDS = 0.25
STOP_SECONDS = 20
# A child that ends is started again; one that cannot stay up is a mistake to be read, not hidden.
RESTART_SECONDS = 1
SHORT_LIFE_SECONDS = 10
SHORT_LIVES = 3


@dataclass
class Child:
    """One program: its name in front of every line it prints, and how to start it."""

    name: str
    argv: list[str]
    process: subprocess.Popen | None = None
    started_at: float = 0
    short_lives: int = 0
    unfinished_line: bytes = field(default=b"", repr=False)


class GaveUp(Exception):
    """A program does not stay up; the message is a sentence for the person at the terminal."""


class Supervisor:
    """Starts children, prints their lines, keeps them up until told to stop, and leaves nothing running."""

    def __init__(self, children: list[Child], record: Path, environment: dict[str, str]) -> None:
        self.children, self.record, self.environment = children, record, environment
        self.selector = selectors.DefaultSelector()
        self.is_told_to_stop = False
        self.parent = os.getppid()

    def run(self, look: Callable[[], None]) -> None:
        """Run until a signal says stop, calling `look` a few times a second; raises GaveUp."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.tell_to_stop)
        try:
            for child in self.children:
                self.start(child)
            while not self.is_told_to_stop:
                self.print_lines(LOOK_SECONDS)
                self.restart_the_dead()
                look()
                # `make` killed with -9 tells nobody; our new parent does.
                if "MAKELEVEL" in os.environ and os.getppid() != self.parent:
                    self.is_told_to_stop = True
        except BrokenPipeError:
            # Nobody reads us any more (`make run | head`): stop, and say nothing.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        finally:
            self.stop()

    def tell_to_stop(self, *_) -> None:
        if self.is_told_to_stop:
            # Asked twice: at once, then.
            for child in self.running():
                self.signal_group(child, signal.SIGKILL)
        self.is_told_to_stop = True

    def start(self, child: Child) -> None:
        child.process = subprocess.Popen(
            child.argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self.environment,
            # Away from the terminal's Ctrl-C, so that they stop in our order and the servers last.
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(signal.SIGTERM),
        )
        child.started_at = time.monotonic()
        os.set_blocking(child.process.stdout.fileno(), False)
        self.selector.register(child.process.stdout, selectors.EVENT_READ, child)
        self.write_record()

    def write_record(self, is_stopping: bool = False) -> None:
        pids = {child.name: child.process.pid for child in self.running()}
        self.record.write_text(json.dumps({"pids": pids, "is_stopping": is_stopping}))

    def running(self) -> list[Child]:
        return [child for child in self.children if child.process and child.process.poll() is None]

    def restart_the_dead(self) -> None:
        for child in self.children:
            if child.process.poll() is None or self.is_told_to_stop:
                continue
            lived = time.monotonic() - child.started_at
            if lived < RESTART_SECONDS:
                continue
            child.short_lives = child.short_lives + 1 if lived < SHORT_LIFE_SECONDS else 1
            if child.short_lives >= SHORT_LIVES:
                raise GaveUp(f"{child.name} does not stay up; its last lines above say why.")
            say("run", f"{child.name} ended ({child.process.returncode}); starting it again")
            self.forget_output(child)
            self.start(child)

    def print_lines(self, seconds: float) -> None:
        for key, _ in self.selector.select(seconds):
            child: Child = key.data
            chunk = os.read(key.fd, 65536)
            if not chunk:
                self.forget_output(child)
                continue
            *lines, child.unfinished_line = (child.unfinished_line + chunk).split(b"\n")
            for line in lines:
                say(child.name, line.decode(errors="replace"))

    def forget_output(self, child: Child) -> None:
        if child.process.stdout.closed:
            return
        if child.unfinished_line:
            say(child.name, child.unfinished_line.decode(errors="replace"))
            child.unfinished_line = b""
        self.selector.unregister(child.process.stdout)
        child.process.stdout.close()

    def stop(self) -> None:
        """Ask every child to finish, and kill what has not within STOP_SECONDS."""
        deadline = time.monotonic() + STOP_SECONDS
        self.write_record(is_stopping=True)
        for child in self.running():
            child.process.terminate()
        while self.running() and time.monotonic() < deadline:
            self.print_lines(LOOK_SECONDS / 5)
        for child in self.children:
            if child.process:
                # Also when the child itself is gone: what it started and left behind is still in its group.
                self.signal_group(child, signal.SIGKILL)
                child.process.wait()
        self.record.unlink(missing_ok=True)

    @staticmethod
    def signal_group(child: Child, number: int) -> None:
        try:
            os.killpg(child.process.pid, number)
        except ProcessLookupError:
            return


def read_record(record: Path) -> dict:
    """Return {"pids": {name: pid}, "is_stopping": …} as a supervisor wrote it, or {} if there is none."""
    try:
        return json.loads(record.read_text())
    except (FileNotFoundError, ValueError):
        return {}


def stop_leftovers(record: Path) -> list[str]:
    """Kill the children of a supervisor that was itself killed with -9; returns their names."""
    left = read_record(record).get("pids", {})
    # Their program is this project's Python; a number that means another program by now is not ours.
    alive = {name: pid for name, pid in left.items() if runs(pid, sys.prefix)}
    for pid in alive.values():
        os.killpg(pid, signal.SIGKILL)
    while any(runs(pid, sys.prefix) for pid in alive.values()):
        time.sleep(0.05)
    record.unlink(missing_ok=True)
    return sorted(alive)


def say(name: str, line: str) -> None:
    print(f"{name:<6} | {line.rstrip()}", flush=True)
