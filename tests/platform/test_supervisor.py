"""The supervisor: a child that ends is started again, one that cannot stay up is given up on, none stays behind."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from loyalty import supervisor
from loyalty.supervisor import Child, GaveUp, Supervisor
from tests.platform.processes import descendants, wait_until

COUNTS = """
import pathlib, time
print("begun", flush=True)
here = pathlib.Path("{place}")
here.write_text(here.read_text() + "x" if here.exists() else "x")
{then}
"""


@pytest.fixture(autouse=True)
def signals_as_before():
    """The supervisor takes these over for good, as its process is about nothing else."""
    taken = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in taken.items():
        signal.signal(number, handler)


@pytest.fixture
def child(tmp_path, monkeypatch):
    """Return `child(then)`: a program that notes each of its lives, and then does as it is told."""
    monkeypatch.setattr(supervisor, "RESTART_SECONDS", 0.1)
    monkeypatch.setattr(supervisor, "LOOK_SECONDS", 0.05)
    # The tests may themselves be run by `make`.
    monkeypatch.delenv("MAKELEVEL", raising=False)

    def made(then: str) -> Child:
        code = COUNTS.format(place=tmp_path / "lives", then=then)
        return Child("tiny", [sys.executable, "-S", "-c", code])

    return made


def lives(tmp_path: Path) -> int:
    place = tmp_path / "lives"
    return len(place.read_text()) if place.exists() else 0


def test_a_child_that_ends_is_started_again_and_all_are_stopped_together(child, tmp_path, capsys):
    tiny = child("time.sleep(60)")
    watch = Supervisor([tiny], tmp_path / "run.json", dict(os.environ))
    killed = []

    def look() -> None:
        if lives(tmp_path) == 1 and not killed:
            killed.append(tiny.process.pid)
            tiny.process.kill()
        if lives(tmp_path) == 2:
            watch.tell_to_stop()

    watch.run(look)
    assert killed != [tiny.process.pid]
    said = capsys.readouterr().out
    assert "run    | tiny ended (-9); starting it again" in said
    assert said.count("tiny   | begun") == 2
    wait_until(lambda: not descendants(os.getpid()) & {tiny.process.pid})
    assert not (tmp_path / "run.json").exists()


def test_a_child_that_cannot_stay_up_is_given_up_on_in_a_sentence(child, tmp_path, capsys):
    with pytest.raises(GaveUp, match="tiny does not stay up; its last lines above say why."):
        Supervisor([child("raise SystemExit('no room')")], tmp_path / "run.json", dict(os.environ)).run(
            lambda: None
        )
    assert lives(tmp_path) == supervisor.SHORT_LIVES
    assert capsys.readouterr().out.count("tiny   | no room") == supervisor.SHORT_LIVES
    assert not (tmp_path / "run.json").exists()
