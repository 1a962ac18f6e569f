"""`make run`: one process in front, everything up, nothing left behind, and words when it cannot."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from loyalty.embedded import ROOT
from loyalty.embedded.locks import open_lock, try_lock
from loyalty.management.commands.run import read_port
from loyalty.supervisor import stop_leftovers
from tests.platform.processes import descendants, environment, processes, wait_until


@pytest.fixture(scope="module")
def var(tmp_path_factory) -> Path:
    """One var/ for all runs: the second one finds what the first has made."""
    return tmp_path_factory.mktemp("run") / "var"


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(var: Path, port: int | str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "manage.py", "run", "--port", str(port), "--no-demo"],
        cwd=ROOT,
        env=environment(var),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def read_until(process: subprocess.Popen, words: str) -> str:
    """Return what the program prints up to the line with `words`; the program's end is a failure."""
    text = ""
    for line in process.stdout:
        text += line
        if words in line:
            return text
    raise AssertionError(f"ended with {process.wait()} before “{words}”:\n{text}")


def get(port: int, path: str) -> tuple[int, bytes]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return answer.status, answer.read()


def is_alive(port: int) -> bool:
    try:
        return get(port, "/healthz")[0] == 200
    except urllib.error.HTTPError:
        return False


@pytest.mark.slow
def test_everything_answers_and_ctrl_c_stops_it_all(var):
    port = free_port()
    process = start(var, port)
    said = read_until(process, "Ctrl-C stops everything")
    assert f"http://127.0.0.1:{port}/" in said
    assert "there is no shop yet; manage.py create_shop opens one" in said
    assert "owner@example.com" not in said
    assert all(line[6:9] == " | " for line in said.splitlines())
    status, body = get(port, "/healthz")
    assert (status, json.loads(body)) == (200, {"database": True, "broker": True, "worker": True})
    assert get(port, "/")[0] == 200
    group = descendants(process.pid)
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert rest.endswith("run    | stopped\n")
    wait_until(lambda: not group & {each.pid for each in processes()})


@pytest.mark.slow
def test_after_kill_9_the_next_run_recovers_and_sigterm_stops_it_all(var):
    port = free_port()
    first = start(var, port)
    read_until(first, "Ctrl-C stops everything")
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    second = start(var, port)
    read_until(second, "Ctrl-C stops everything")
    assert get(port, "/healthz")[0] == 200
    group = descendants(second.pid)
    second.terminate()
    second.communicate(timeout=60)
    assert second.returncode == 0
    wait_until(lambda: not group & {each.pid for each in processes()})


@pytest.mark.slow
def test_a_server_whose_keeper_is_killed_is_there_again_soon(var):
    port = free_port()
    process = start(var, port)
    read_until(process, "Ctrl-C stops everything")
    before = keepers(var)
    assert len(before) == 2
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(keepers(var) - before) == 2 and is_alive(port), 60)
    process.terminate()
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "run    | the keeper of postgres was killed; starting it again" in said


def keepers(var: Path) -> set[int]:
    return {
        each.pid for each in processes() if "embedded.keeper" in each.command and str(var) in each.command
    }


def test_a_second_run_in_the_same_place_is_refused_in_one_sentence(tmp_path):
    var = tmp_path / "var"
    var.mkdir()
    first = open_lock(var / "run.lock")
    assert try_lock(first)
    process = start(var, free_port())
    said, _ = process.communicate(timeout=60)
    os.close(first)
    assert process.returncode == 1
    assert said == "CommandError: It runs already, from this directory; stop that one first.\n"


def test_a_used_port_is_one_sentence(tmp_path, taken_port):
    process = start(tmp_path / "var", taken_port)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said == (
        f"CommandError: Port {taken_port} is in use by another program; "
        f"choose another: make run PORT={taken_port + 1}\n"
    )


@pytest.mark.parametrize("port", ["abc", "0", "70000", "8000.5", "-1", ""])
def test_a_port_that_is_none_is_one_sentence(port):
    with pytest.raises(CommandError, match="is not a port; choose a number from 1 to 65535."):
        read_port(port)


def test_real_settings_are_not_run_by_it(tmp_path):
    real = {
        "SECRET_KEY": "x" * 50,
        "ALLOWED_HOSTS": "club.example.org",
        "DATABASE_URL": "postgresql://web@database.example.org/club",
        "BROKER_URL": "redis://broker.example.org",
    }
    outcome = subprocess.run(
        [sys.executable, "manage.py", "run"],
        cwd=ROOT,
        env=environment(tmp_path / "var", **real),
        capture_output=True,
        text=True,
    )
    assert outcome.returncode == 1
    assert "docs/operations.md" in outcome.stderr


def test_leftovers_are_killed_but_strangers_are_not(tmp_path):
    sleep = "import time; time.sleep(60)"
    ours = subprocess.Popen([sys.executable, "-c", sleep], start_new_session=True)
    stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
    record = tmp_path / "run.json"
    pids = {"worker": ours.pid, "web": stranger.pid, "beat": 999_999_999}
    record.write_text(json.dumps({"pids": pids, "is_stopping": False}))
    assert stop_leftovers(record) == ["worker"]
    assert ours.wait() == -signal.SIGKILL
    assert stranger.poll() is None
    assert not record.exists()
    stranger.kill()
    stranger.wait()
