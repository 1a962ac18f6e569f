"""The two embedded servers: how each is made, started, known to answer, and stopped."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from loyalty.embedded.identity import Identity, die_with_parent

# Crash recovery replays at most max_wal_size of log, which takes a slow disk a minute or two.
START_SECONDS = 300
STOP_SECONDS = 60
LOG_TAIL_BYTES = 8_000
NOBODYS_PID = 999_999_999

ROLES_SQL = """\
CREATE ROLE bashgah_owner LOGIN CREATEDB;
CREATE ROLE bashgah_web LOGIN;
CREATE DATABASE bashgah OWNER bashgah_owner;
"""


class ServerError(Exception):
    """Why a server cannot run, as one sentence for the person at the terminal."""


class Server:
    """One server in its directory: data/, run/ (its socket), server.log."""

    name: str
    stop_signal: int

    def __init__(self, program: Path, directory: Path, sockets: Path, is_fast: bool) -> None:
        self.program, self.directory, self.sockets, self.is_fast = program, directory, sockets, is_fast
        self.data, self.log = directory / "data", directory / "server.log"
        self.child: subprocess.Popen | None = None

    def prepare(self) -> None:
        """Make what the server needs on its first start."""
        raise NotImplementedError

    def command(self) -> list[str]:
        raise NotImplementedError

    def is_ready(self) -> bool:
        raise NotImplementedError

    def pid_file(self) -> Path:
        raise NotImplementedError

    def step_down(self) -> None:
        die_with_parent(self.stop_signal)

    def run(self, argv: list[str], text: str | None = None) -> None:
        """Run a program of the server's to its end, its output into the log."""
        with self.log.open("ab") as log:
            outcome = subprocess.run(
                argv,
                input=text,
                text=True,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                preexec_fn=self.step_down,
            )
        if outcome.returncode:
            raise ServerError(self.explain())

    def start(self) -> None:
        """Start the server and wait until it answers; raises ServerError."""
        self.stop_orphan()
        deadline = time.monotonic() + START_SECONDS
        while True:
            with self.log.open("ab") as log:
                self.child = subprocess.Popen(
                    self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.directory,
                    start_new_session=True, preexec_fn=self.step_down,
                )  # fmt: skip
            while self.child.poll() is None:
                if self.is_ready():
                    return
                if time.monotonic() > deadline:
                    self.stop()
                    raise ServerError(
                        f"{self.name} did not answer within {START_SECONDS} s; {self.log} says more."
                    )
                time.sleep(0.01)
            # After a kill -9 the server's children need a moment to notice; until then PostgreSQL refuses.
            if "still in use" not in self.log_tail() or time.monotonic() > deadline:
                raise ServerError(self.explain())
            time.sleep(0.2)

    def stop(self) -> None:
        if self.child is None or self.child.poll() is not None:
            return
        self.child.send_signal(self.stop_signal)
        try:
            self.child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def stop_orphan(self) -> None:
        """Stop a server that outlived its keeper, where children cannot be made to die with their parent."""
        try:
            pid = int(self.pid_file().read_text().split()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return
        if runs(pid, str(self.data)):
            os.kill(pid, self.stop_signal)
        deadline = time.monotonic() + STOP_SECONDS
        while runs(pid, str(self.data)):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
        self.forget_orphan()

    def forget_orphan(self) -> None:
        self.pid_file().unlink(missing_ok=True)

    def log_tail(self) -> str:
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - LOG_TAIL_BYTES))
            return log.read().decode(errors="replace")

    def explain(self) -> str:
        tail = self.log_tail()
        if "No space left" in tail or os.strerror(errno.ENOSPC) in tail:
            return f"There is no room left on the disk that holds {self.directory}; free some and try again."
        lines = [line for line in tail.splitlines() if "FATAL" in line or "error:" in line.lower()]
        reason = (lines or tail.splitlines() or ["it said nothing"])[-1].strip()
        return f"{self.name} did not start: {reason} ({self.log} says more)."


class Postgres(Server):
    name = "The embedded PostgreSQL"
    stop_signal = signal.SIGINT  # a fast shutdown: sessions are closed, everything is written

    def __init__(self, *args) -> None:
        super().__init__(*args)
        self.identity = Identity(self.data, [self.program / "postgres", self.directory, self.sockets.parent])

    def step_down(self) -> None:
        self.identity.step_down(self.stop_signal)

    def prepare(self) -> None:
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        self.identity.own(self.sockets)
        if self.data.exists():
            self.check_version()
            return
        # Made under another name, so that one interrupted halfway is never taken for a finished one.
        unfinished = self.directory / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self.identity.own(unfinished)
        initdb = [str(self.program / "initdb"), "-D", str(unfinished), "-U", "postgres", "--auth=trust"]
        # The builtin provider sorts alike on every platform; the wheel has no ICU. LC_CTYPE is needed too:
        # under plain C pg_trgm sees no letter in a Persian word. macOS calls that locale UTF-8.
        ctype = "UTF-8" if sys.platform == "darwin" else "C.UTF-8"
        initdb += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        initdb += ["--locale=C", f"--lc-ctype={ctype}", "--no-instructions"]
        self.run([*initdb, "--no-sync"] if self.is_fast else initdb)
        single = [
            str(self.program / "postgres"),
            "--single",
            "-D",
            str(unfinished),
            "-c",
            "log_checkpoints=off",
        ]
        self.run([*single, "postgres"], ROLES_SQL)
        self.run([*single, "bashgah"], "CREATE EXTENSION pg_trgm;\n")
        # In single-user mode a failed statement does not fail the program.
        if "ERROR:" in self.log_tail():
            raise ServerError(self.explain())
        unfinished.rename(self.data)

    def check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        answer = subprocess.run(
            [self.program / "postgres", "--version"], capture_output=True, text=True, check=True
        )
        installed = answer.stdout.split()[2].split(".")[0]
        if made_by != installed:
            raise ServerError(
                f"{self.data} was made by PostgreSQL {made_by}, but {installed} is installed; "
                f"move {self.directory} away and a new one is made."
            )

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{self.sockets}"',
            "unix_socket_permissions": "0700",
            # For two cores and a laptop's memory; a million customers fit.
            "shared_buffers": "512MB",
            "effective_cache_size": "2GB",
            "work_mem": "32MB",
            "maintenance_work_mem": "256MB",
            "max_wal_size": "4GB",
            "checkpoint_timeout": "15min",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "wal_compression": "on",
            "random_page_cost": "1.1",
            "jit": "off",
            "timezone": "UTC",
            "log_checkpoints": "off",
            "lc_messages": "C",
        }
        if self.is_fast:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        if has_small_shared_memory():
            settings["dynamic_shared_memory_type"] = "mmap"
        # For a machine with more to give: BASHGAH_POSTGRES="shared_buffers=4GB max_wal_size=16GB".
        for word in os.environ.get("BASHGAH_POSTGRES", "").split():
            name, is_set, settings[name] = word.partition("=")
            if not is_set:
                raise ServerError(
                    f"BASHGAH_POSTGRES has {word!r}; write each as name=value, such as jit=off."
                )
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self.program / "postgres"), "-D", str(self.data), *options]

    def is_ready(self) -> bool:
        try:
            lines = self.pid_file().read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0] == str(self.child.pid) and lines[7].strip() == "ready"

    def pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    def forget_orphan(self) -> None:
        """Put a number that no process has in place of the old one, now perhaps a stranger's or a zombie's.

        PostgreSQL would take either for itself and refuse. The rest of the file must stay: it leads to the
        shared memory by which PostgreSQL knows whether a session of the old server still writes.
        """
        if self.pid_file().exists():
            _, *rest = self.pid_file().read_text().splitlines(keepends=True)
            self.pid_file().write_text("".join([f"{NOBODYS_PID}\n", *rest]))
        (self.sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)


class Broker(Server):
    name = "The embedded broker"
    stop_signal = signal.SIGTERM

    def prepare(self) -> None:
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.sockets.mkdir(mode=0o700, exist_ok=True)

    def command(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.sockets / "valkey.sock"),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "pidfile": str(self.pid_file()),
            # Queued work outlives a kill -9 of the broker; snapshots would be a second copy of the same.
            "appendonly": "no" if self.is_fast else "yes",
            "save": "",
            # The command line names the directory; with a title in its place an orphan could not be told.
            "set-proc-title": "no",
            "loglevel": "warning",
        }
        return [
            str(self.program),
            *(word for name, value in settings.items() for word in (f"--{name}", value)),
        ]

    def is_ready(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1)
                client.connect(str(self.sockets / "valkey.sock"))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def pid_file(self) -> Path:
        return self.directory / "valkey.pid"


def runs(pid: int, marker: str) -> bool:
    """Whether the process runs a program with `marker` in its command line; a zombie does not."""
    return marker in command_line(pid)


def command_line(pid: int) -> str:
    with contextlib.suppress(FileNotFoundError, PermissionError):
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
    if shutil.which("ps") is None:
        return ""
    return subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True
    ).stdout


def has_small_shared_memory() -> bool:
    """Whether /dev/shm is too small for parallel joins, as the 64 MB of a container are."""
    with contextlib.suppress(FileNotFoundError):
        room = os.statvfs("/dev/shm")
        return room.f_frsize * room.f_blocks < 1 << 30
    return False
