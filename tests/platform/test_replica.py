"""Dashboards from a real streaming replica: same policies, own writes seen, and the primary where it fails."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

import pytest

from loyalty import embedded
from loyalty.embedded.servers import Postgres
from tests.platform.processes import environment

SMALL = {"shared_buffers": "32MB", "wal_level": "replica", "max_wal_senders": "4", "hot_standby": "on"}


class Streaming(Postgres):
    """The embedded PostgreSQL with what a primary and a replica need; of two equal settings the last counts."""

    def command(self) -> list[str]:
        return [*super().command(), *(word for item in SMALL.items() for word in ("-c", "=".join(item)))]

    def url(self, user: str) -> str:
        return f"postgresql://{user}@/bashgah?host={quote(str(self.sockets))}"


def server(directory: Path) -> Streaming:
    directory.mkdir()
    made = Streaming(embedded._program("postgres"), directory, directory / "run", True)
    made.identity.own(directory)
    return made


@pytest.fixture(scope="module")
def pair():
    """A primary and its replica, which began as a base backup and streams what happens since."""
    # Not pytest's own directory: the socket's path must stay short.
    home = Path(tempfile.mkdtemp(prefix="bashgah-"))
    home.chmod(0o755)
    primary, standby = server(home / "primary"), server(home / "standby")
    try:
        primary.prepare()
        primary.start()
        copy = [str(primary.program / "pg_basebackup"), "-D", str(standby.data), "-R", "-X", "stream"]
        primary.run([*copy, "-c", "fast", "-h", str(primary.sockets), "-U", "postgres"])
        standby.prepare()
        standby.start()
        yield primary, standby
    finally:
        standby.stop()
        primary.stop()
        shutil.rmtree(home)


def told(pair: tuple[Streaming, Streaming], part: str, var: Path) -> dict:
    primary, standby = pair
    urls = {
        "DATABASE_URL": primary.url("bashgah_web"),
        "OWNER_DATABASE_URL": primary.url("bashgah_owner"),
        "REPLICA_DATABASE_URL": standby.url("bashgah_web"),
    }
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("replica_story.py")), part],
        cwd=embedded.ROOT,
        env={**environment(var, **urls), "PYTHONPATH": os.fspath(embedded.ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def seen(pair, tmp_path_factory):
    return told(pair, "begin", tmp_path_factory.mktemp("var"))


def test_the_replica_catches_up_and_answers_every_dashboard(seen):
    assert seen["catches_up"]
    assert len(seen["dashboards"]) >= 8
    assert {name: said for name, said in seen["dashboards"].items() if said != "replica"} == {}


def test_what_is_no_dashboard_is_asked_of_the_primary(seen):
    assert set(seen["others"].values()) == {"primary"}


def test_a_forgotten_filter_yields_nothing_on_the_replica_either(seen):
    assert seen["without_a_scope"] == [0, 0, 0]
    assert seen["in_my_scope"] == 25
    assert (seen["of_the_other"], seen["after_the_scope"]) == (0, 0)


def test_nothing_is_written_to_the_replica_and_the_primary_is_the_default_again(seen):
    assert seen["refuses_to_write"]
    assert seen["default_again"]


def test_who_wrote_reads_it_at_once_although_the_replica_lags(seen):
    assert seen["written"] == 302
    assert seen["own_write"] == ["primary", 1]
    assert seen["others_write"] == ["replica", 0]
    assert (seen["again"], seen["sees_it_there"]) == (True, 1)


def test_a_replica_far_behind_is_not_asked(seen):
    assert seen["far_behind"] == "primary"


def test_a_dashboard_that_writes_is_asked_of_the_primary_again(seen):
    assert (seen["that_writes"], seen["written_once"]) == ("primary", 1)


def test_without_the_replica_the_primary_answers_and_nobody_waits(seen, pair, tmp_path):
    _primary, standby = pair
    standby.stop()
    found = told(pair, "away", tmp_path)
    assert found["away"] == ["primary"] * 5
    assert found["away_seconds"] < 5
