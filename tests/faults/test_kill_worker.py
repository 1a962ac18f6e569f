"""The script of this folder, small. The full run (1,500 messages, six kills) is for a person to start."""

import os
import re
import subprocess
import sys

import pytest

from tests.faults import kill_worker

pytestmark = [pytest.mark.slow]


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.kill_worker", *arguments],
        cwd=kill_worker.ROOT,
        env={**os.environ, "BASHGAH_TESTING": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_killed_workers_lose_and_double_nothing():
    done = run("--messages", "300", "--kills", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 lost, 0 doubled, 0 rows wrong" in done.stdout


def test_without_claiming_they_do():
    done = run("--messages", "100", "--kills", "1", "--no-claim")
    assert done.returncode == 1, done.stdout + done.stderr
    assert int(re.search(r"(\d+) doubled", done.stdout)[1]) > 0
