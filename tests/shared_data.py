"""Where the reference data lies that is too large or too foreign for this repository."""

import os
from pathlib import Path

import pytest

PLACES = [
    Path(os.environ.get("BASHGAH_SHARED") or "/nonexistent"),
    Path(__file__).resolve().parents[2] / "shared",
]


def shared(name: str) -> Path:
    """Return the path of a shared data file, say "persian/truth.json"; skip the test where there is none."""
    for place in PLACES:
        path = place / "data" / name
        if path.exists():
            return path
    pytest.skip(f"shared data {name} is not here; set BASHGAH_SHARED to the folder that holds data/")
