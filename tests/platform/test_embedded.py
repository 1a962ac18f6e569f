"""The embedded servers: made once, shared by whoever needs them, and gone with the last, however it goes."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from kombu import Connection
from redis import ConnectionError as RedisConnectionError
from redis import Redis

from loyalty import embedded
from loyalty.embedded.servers import command_line
from tests.platform.processes import environment, processes_of, run_code, start_code, wait_until

HOLD = """
import sys
from loyalty import embedded
with embedded.postgres(fast={fast}):
    print("held")
    sys.stdin.read()
"""
HOLD_AGAIN = """
import sys
from loyalty import embedded
embedded.ensure("postgres", fast=True)
print(embedded.is_kept("postgres", fast=True))
sys.stdin.readline()
print(embedded.is_kept("postgres", fast=True))
embedded.ensure("postgres", fast=True)
print(embedded.is_kept("postgres", fast=True))
sys.stdin.read()
"""
HOLD_FAST, HOLD_SAFE = HOLD.format(fast=True), HOLD.format(fast=False)


@pytest.fixture
def var(tmp_path, monkeypatch):
    """A var/ of its own; for root it lies below directories that nobody else may enter."""
    monkeypatch.setenv("BASHGAH_VAR", str(tmp_path / "var"))
    for name in ("DATABASE_URL", "BROKER_URL"):
        monkeypatch.delenv(name, raising=False)
    yield tmp_path / "var"
    wait_until(lambda: not processes_of(tmp_path))


def connect(fast: bool = True) -> psycopg.Connection:
    settings = embedded.connection_settings("bashgah_owner", fast)
    return psycopg.connect(
        host=settings["HOST"],
        port=settings["PORT"],
        dbname=settings["NAME"],
        user=settings["USER"],
        autocommit=True,
    )


def postmaster(fast: bool = True) -> int | None:
    """Return the server's process, None while it is writing its file anew."""
    try:
        words = (embedded.server_dir("postgres", fast) / "data/postmaster.pid").read_text().split()
    except FileNotFoundError:
        return None
    return int(words[0]) if words else None


def keeper(var: Path, server: str = "postgres") -> int:
    return next(pid for pid, line in processes_of(var).items() if f"embedded.keeper {server} " in line)


def test_addresses_are_known_before_anything_runs(var):
    assert embedded.connection_settings("bashgah_web")["USER"] == "bashgah_web"
    assert embedded.broker_url().startswith("redis+socket://")
    assert not var.exists()


def test_tests_have_servers_of_their_own(var):
    assert embedded.is_testing()
    assert embedded.connection_settings("bashgah_web") == embedded.connection_settings(
        "bashgah_web", fast=True
    )
    assert embedded.connection_settings("bashgah_web", fast=False)["HOST"] == str(var / "postgres/run")


def test_neither_role_stands_above_row_level_security(var):
    with embedded.postgres(fast=True), connect() as connection:
        rows = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb FROM pg_roles"
            " WHERE rolname LIKE 'bashgah%' ORDER BY 1"
        ).fetchall()
    assert rows == [("bashgah_owner", False, False, True), ("bashgah_web", False, False, False)]


def test_persian_words_have_trigrams_and_sorting_does_not_depend_on_the_machine(var):
    with embedded.postgres(fast=True), connect() as connection:
        words, provider = connection.execute(
            "SELECT cardinality(show_trgm('سلام')), datlocprovider::text FROM pg_database"
            " WHERE datname = current_database()"
        ).fetchone()
    assert (words, provider) == (5, "b")


def test_nothing_outside_var_changes_its_permissions(var):
    above = [*var.parents, embedded.ROOT, Path(os.sys.prefix)]
    before = [(path.stat().st_mode, path.stat().st_uid) for path in above]
    with embedded.postgres(fast=True):
        assert [(path.stat().st_mode, path.stat().st_uid) for path in above] == before


def test_only_its_user_may_enter_the_socket_directory(var):
    with embedded.postgres(fast=True):
        assert (
            stat.S_IMODE(Path(embedded.connection_settings("x", fast=True)["HOST"]).stat().st_mode) == 0o700
        )


def test_the_last_to_leave_stops_the_server(var):
    first, second = start_code(var, HOLD_FAST), start_code(var, HOLD_FAST)
    assert [process.stdout.readline() for process in (first, second)] == ["held\n", "held\n"]
    pid = postmaster()
    first.communicate(timeout=30)
    with connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert postmaster() == pid
    second.communicate(timeout=30)
    assert not processes_of(var)


def test_a_holder_killed_with_9_does_not_keep_the_server(var):
    holder = start_code(var, HOLD_FAST)
    holder.stdout.readline()
    holder.kill()
    holder.communicate()
    wait_until(lambda: not processes_of(var))


def test_many_starting_at_once_share_one_server(var):
    holders = [start_code(var, HOLD_FAST) for _ in range(4)]
    assert [holder.stdout.readline() for holder in holders] == ["held\n"] * 4
    assert sum("embedded.keeper" in line for line in processes_of(var).values()) == 1
    for holder in holders:
        holder.communicate(timeout=30)


def kill_9(*pids: int) -> None:
    """Kill, and wait until the kernel has taken back what they held."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: all(is_over(pid) for pid in pids))


def is_over(pid: int) -> bool:
    """Whether a process holds nothing any more. Its command line goes first, its locks only after that."""
    if not Path("/proc/self/stat").exists():
        return not command_line(pid)
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in "ZX"


def test_a_postmaster_killed_with_9_comes_back_with_its_rows(var):
    with embedded.postgres(fast=False):
        with connect(fast=False) as connection:
            connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
        killed = postmaster(fast=False)
        kill_9(killed)
        wait_until(lambda: postmaster(fast=False) not in (None, killed) and can_connect())
        with connect(fast=False) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)


def can_connect() -> bool:
    try:
        connect(fast=False).close()
    except psycopg.OperationalError:
        return False
    return True


def test_after_everything_was_killed_with_9_the_next_start_finds_its_rows(var):
    holder = start_code(var, HOLD_SAFE)
    holder.stdout.readline()
    with connect(fast=False) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    kill_9(keeper(var), postmaster(fast=False), holder.pid)
    holder.communicate()
    with embedded.postgres(fast=False), connect(fast=False) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)


def test_a_server_that_lost_its_keeper_is_replaced(var):
    holder = start_code(var, HOLD_FAST)
    holder.stdout.readline()
    orphan = postmaster()
    kill_9(keeper(var))
    with embedded.postgres(fast=True), connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert postmaster() != orphan
    holder.communicate(timeout=30)


def test_whoever_asks_again_gets_back_a_server_whose_keeper_was_killed(var):
    holder = start_code(var, HOLD_AGAIN)
    assert holder.stdout.readline() == "True\n"
    kill_9(keeper(var))
    wait_until(lambda: not processes_of(var))
    print("again", file=holder.stdin, flush=True)
    assert [holder.stdout.readline() for _ in range(2)] == ["False\n", "True\n"]
    with connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    holder.communicate(timeout=30)


def test_a_stale_pid_that_means_a_stranger_by_now_is_left_alone(var):
    with embedded.postgres(fast=True):
        pid_file = (var / "test/postgres/data/postmaster.pid").read_text()
    stranger = subprocess.Popen(["sleep", "60"])
    lines = pid_file.splitlines()
    (var / "test/postgres/data/postmaster.pid").write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
    with embedded.postgres(fast=True), connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_an_interrupted_first_start_is_begun_again(var):
    unfinished = var / "test/postgres/data.new"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    with embedded.postgres(fast=True), connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("name", ["a" * 120, "two words, «گیومه»"], ids=["long", "odd"])
def test_any_path_will_do(tmp_path, monkeypatch, name):
    monkeypatch.setenv("BASHGAH_VAR", str(tmp_path / name))
    with embedded.postgres(fast=True), embedded.broker(fast=True) as url:
        sockets = embedded.socket_dir("postgres", fast=True)
        assert len(os.fsencode(sockets / ".s.PGSQL.5432")) <= 103
        with connect() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        with Connection(url) as broker:
            assert broker.ensure_connection(max_retries=1).connected
    assert not processes_of(tmp_path)
    if tmp_path not in sockets.parents:
        assert not sockets.exists()


def test_too_little_room_is_said_before_anything_is_written(var, monkeypatch):
    monkeypatch.setattr(embedded.shutil, "disk_usage", lambda _: SimpleNamespace(free=3 << 20))
    with pytest.raises(embedded.EmbeddedError, match=r"Only 3 MB are free .* at least 500 MB are needed"):
        embedded.postgres(fast=True).__enter__()


def test_a_word_that_sets_nothing_is_said(var, monkeypatch):
    monkeypatch.setenv("BASHGAH_POSTGRES", "jit=on shared_buffers")
    sentence = "BASHGAH_POSTGRES has 'shared_buffers'; write each as name=value"
    with pytest.raises(embedded.EmbeddedError, match=sentence), embedded.postgres(fast=True):
        pass
    monkeypatch.setenv("BASHGAH_POSTGRES", "jit=on")
    with embedded.postgres(fast=True), connect() as connection:
        assert connection.execute("SHOW jit").fetchone() == ("on",)


def test_another_versions_data_is_refused_in_words(var):
    with embedded.postgres(fast=True):
        pass
    (var / "test/postgres/data/PG_VERSION").write_text("12\n")
    with pytest.raises(embedded.EmbeddedError, match="was made by PostgreSQL 12, but 18 is installed"):
        embedded.postgres(fast=True).__enter__()


def test_a_place_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "var").write_text("a file")
    monkeypatch.setenv("BASHGAH_VAR", str(tmp_path / "var"))
    with pytest.raises(embedded.EmbeddedError, match="cannot be used"):
        embedded.postgres(fast=True).__enter__()


def test_a_server_named_in_the_environment_is_not_replaced(var):
    code = "from loyalty import embedded; embedded.ensure('postgres', 'broker')"
    outcome = run_code(var, code, DATABASE_URL="postgresql://a@b/c", BROKER_URL="redis://b")
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert not var.exists()


def test_queued_work_outlives_a_killed_broker(var):
    with embedded.broker(fast=False) as url, Connection(url) as broker:
        client = broker.default_channel.client
        client.lpush("queue", "one")
        client.config_set("appendfsync", "always")
        client.lpush("queue", "two")
        kill_9(int((var / "broker/valkey.pid").read_text()))
        wait_until(lambda: answers(client))
        assert client.lrange("queue", 0, -1) == [b"two", b"one"]


def answers(client: Redis) -> bool:
    try:
        return client.ping()
    except RedisConnectionError:
        return False


def test_no_django_is_needed_to_start_servers(var):
    code = "import sys; from loyalty import embedded; print('django' in sys.modules)"
    outcome = subprocess.run(
        [os.sys.executable, "-c", code],
        cwd=embedded.ROOT,
        env=environment(var),
        capture_output=True,
        text=True,
    )
    assert outcome.stdout == "False\n"
