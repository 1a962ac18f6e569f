"""The Makefile: an environment that could not be made whole is not mistaken for one later."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from loyalty.embedded import ROOT

WITHOUT_ENSUREPIP = """#!/bin/sh
[ "$1" = -c ] && exit 0
[ "$1" = --version ] && echo "Python 3.11.2" && exit 0
mkdir -p .venv/bin && touch .venv/bin/python
echo "The virtual environment was not created successfully because ensurepip is not available." >&2
exit 1
"""
WHOLE = WITHOUT_ENSUREPIP.replace("touch .venv/bin/python", "touch .venv/bin/python .venv/bin/pip && exit 0")


@pytest.fixture
def make(tmp_path):
    """Return `make(program)`: what `make` says where this program is the only Python on the PATH."""
    here = tmp_path / "programs"
    here.mkdir()

    def made(program: str) -> subprocess.CompletedProcess:
        (here / "python3.11").write_text(program)
        (here / "python3.11").chmod(0o755)
        return subprocess.run(
            ["make", "--no-print-directory", "-f", str(ROOT / "Makefile"), ".venv/bin/pip"],
            cwd=tmp_path,
            env={**os.environ, "PATH": f"{here}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
        )

    return made


def test_an_environment_without_pip_is_taken_away_and_what_helps_is_said(make, tmp_path):
    said = make(WITHOUT_ENSUREPIP)
    assert said.returncode != 0
    assert "apt-get install python3-venv helps" in said.stderr
    assert not Path(tmp_path / ".venv").exists()


def test_an_environment_left_half_made_is_made_anew(make, tmp_path):
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").touch()
    assert make(WHOLE).returncode == 0
    assert (tmp_path / ".venv/bin/pip").exists()
