"""Keeps one embedded server running for as long as any process holds its users.lock.

A program of its own, started by `loyalty.embedded` and by nobody else; it needs nothing but the standard
library. Users are counted by the kernel: each holds a shared flock, so one killed with -9 lets go like any
other, and when the last is gone the keeper gets the exclusive lock, stops the server and leaves.
It answers on standard output once: "ready", or the sentence that says why not.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from loyalty.embedded.locks import open_lock, try_lock
from loyalty.embedded.servers import Broker, Postgres, Server, ServerError

LOOK_SECONDS = 0.2


def keep(server: Server, starting: int) -> int:
    """Start the server, say so, and stop it when nobody uses it any more; returns the exit code."""
    told_to_stop = []
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the programs in front; we leave after them
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: told_to_stop.append(True))
    keeper_lock = open_lock(server.directory / "keeper.lock")
    fcntl.flock(keeper_lock, fcntl.LOCK_EX)
    try:
        if server.log.exists():
            server.log.replace(server.log.with_suffix(".log.1"))
        server.prepare()
        server.start()
    except (ServerError, OSError, subprocess.SubprocessError) as problem:
        print(problem_in_words(problem, server), flush=True)
        return 1
    print("ready", flush=True)
    quiet = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2, starting):
        os.dup2(quiet, descriptor)
    users_lock = open_lock(server.directory / "users.lock")
    while not told_to_stop and not try_lock(users_lock):
        time.sleep(LOOK_SECONDS)
        if server.child.poll() is None:
            continue
        try:
            server.start()
        except ServerError:
            # The log has the reason; whoever comes next starts another keeper and is told.
            break
    server.stop()
    if server.sockets.parent != server.directory:
        with contextlib.suppress(OSError):
            server.sockets.rmdir()
    # In this order: whoever waits for users.lock must then find that nobody keeps the server.
    os.close(keeper_lock)
    os.close(users_lock)
    return 0


def problem_in_words(problem: Exception, server: Server) -> str:
    if isinstance(problem, ServerError):
        return str(problem)
    if isinstance(problem, OSError) and problem.errno == errno.ENOSPC:
        return f"There is no room left on the disk that holds {server.directory}; free some and try again."
    if isinstance(server, Postgres) and server.identity.locked_out_of:
        return (
            f"{server.name} may not run as root, and no other user can reach {server.identity.locked_out_of}; "
            f"run this as an ordinary user, or put the project where every user may enter."
        )
    if isinstance(problem, PermissionError):
        return f"{server.directory} was made by another user; run this as that user, or move it away."
    return f"{server.name} did not start: {problem}."


if __name__ == "__main__":
    kind, program, directory, sockets, mode, starting = sys.argv[1:]
    servers = {"postgres": Postgres, "broker": Broker}
    server = servers[kind](Path(program), Path(directory), Path(sockets), mode == "fast")
    # Without Python's own tidying up: whoever waited for the locks may look for this process next.
    os._exit(keep(server, int(starting)))
