"""What is installed is pinned, and nothing in the repository says where it was downloaded from."""

from __future__ import annotations

import json
import re

import pytest
from django.contrib.staticfiles import finders
from plotly.offline import get_plotlyjs_version

from loyalty import vendor
from loyalty.embedded import ROOT

LOCKS = sorted((ROOT / "requirements").glob("*.lock"))


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_every_requirement_is_pinned_by_hash_and_names_no_host(path):
    text = path.read_text()
    assert "://" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text
    entries = re.split(r"\n(?=[A-Za-z0-9])", text.split("\n", 2)[2])
    assert len(entries) > 5
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==", entry), entry
        assert "--hash=sha256:" in entry, entry


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_every_wanted_package_is_in_its_lock(path):
    pinned = {normal(name) for name in re.findall(r"^([A-Za-z0-9._-]+)", path.read_text(), re.MULTILINE)}
    wanted = path.with_suffix(".in").read_text().split("\n")
    names = {
        normal(re.match(r"[A-Za-z0-9._-]+", line)[0]) for line in wanted if line and not line.startswith("-")
    }
    assert names <= pinned


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_front_end_is_pinned_by_checksum_and_names_no_registry():
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    installed = {name: package for name, package in packages.items() if name}
    assert {f"node_modules/{name}" for name in packages[""]["dependencies"]} <= set(installed)
    for name, package in installed.items():
        assert "resolved" not in package, name
        assert package["integrity"].startswith("sha512-"), name
    assert "omit-lockfile-registry-resolved=true" in (ROOT / ".npmrc").read_text()


def test_the_browser_draws_with_the_plotly_that_the_figures_are_made_for():
    package = json.loads((ROOT / "node_modules/plotly.js-basic-dist-min/package.json").read_text())
    assert package["version"].split(".")[:2] == get_plotlyjs_version().split(".")[:2]


def test_there_is_no_lock_that_names_addresses():
    names = {path.name for path in ROOT.iterdir()}
    assert not names & {"uv.lock", "pylock.toml", "poetry.lock", "yarn.lock", "pnpm-lock.yaml"}


@pytest.mark.parametrize("path", sorted(vendor.FILES))
def test_every_vendored_file_is_there(path):
    assert finders.find(path)


def test_every_vendored_file_that_a_page_names_is_collected():
    named = set()
    for folder, pattern in (("templates", "*.html"), ("static/css", "*.css"), ("static/js", "*.js")):
        for path in (ROOT / folder).rglob(pattern):
            named |= set(re.findall(r"vendor/[\w@./%\[\]-]+", path.read_text()))
    named = {name.replace("%5B", "[").replace("%5D", "]") for name in named}
    assert named
    assert named <= vendor.FILES
