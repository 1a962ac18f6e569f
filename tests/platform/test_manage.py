"""manage.py works whether or not anything runs, and a real server is never given an embedded database."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from loyalty import embedded
from tests.platform.processes import environment, processes_of

WHO = (
    "from django.db import connection as c; x = c.cursor();"
    "x.execute('SELECT current_user, pg_postmaster_start_time()'); print(*x.fetchone())"
)


def manage(var: Path, *words: str, **more: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=embedded.ROOT,
        env=environment(var, **more),
        capture_output=True,
        text=True,
        timeout=180,
    )


def test_a_command_has_the_servers_for_its_own_lifetime(tmp_path):
    outcome = manage(tmp_path / "var", "shell", "-v0", "-c", WHO)
    assert outcome.stdout.startswith("bashgah_web "), outcome.stderr
    assert not processes_of(tmp_path)


def test_a_command_uses_the_servers_that_run_already(tmp_path, monkeypatch):
    monkeypatch.setenv("BASHGAH_VAR", str(tmp_path / "var"))
    for name in embedded.URL_VARIABLES.values():
        monkeypatch.delenv(name, raising=False)
    with embedded.postgres(fast=False):
        first, second = (manage(tmp_path / "var", "shell", "-v0", "-c", WHO).stdout for _ in range(2))
        assert first == second != ""


def test_a_command_that_only_reads_code_starts_nothing(tmp_path):
    assert manage(tmp_path / "var", "version").returncode == 0
    assert not (tmp_path / "var").exists()


def test_with_debug_off_the_missing_settings_are_named_and_nothing_starts(tmp_path):
    outcome = manage(tmp_path / "var", "migrate", SECRET_KEY="x" * 50)
    assert outcome.returncode == 1
    assert outcome.stderr == "With DEBUG off these must be set: DATABASE_URL, BROKER_URL, ALLOWED_HOSTS.\n"
    assert not (tmp_path / "var").exists()
