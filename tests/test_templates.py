"""Templates keep the house's habits and stay within the content security policy, read from their source."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
# The page of a crash must not need anything that may have crashed.
PAGES_WITHOUT_A_PARENT = {"base.html", "base_public.html", "500.html"}


def offenders(pattern: str, flags: int = re.IGNORECASE) -> list[str]:
    found = []
    for path in TEMPLATES:
        text = path.read_text(encoding="utf-8")
        found += [
            f"{path.relative_to(ROOT)}:{text[: match.start()].count(chr(10)) + 1}"
            for match in re.finditer(pattern, text, flags)
        ]
    return found


def test_an_underscore_means_fragment_and_a_page_extends():
    for path in TEMPLATES:
        extends = "{% extends" in path.read_text(encoding="utf-8")
        if path.name.startswith("_"):
            assert not extends, f"{path.relative_to(ROOT)} is a fragment and extends"
        elif path.name not in PAGES_WITHOUT_A_PARENT and "allauth" not in path.parts:
            assert extends, f"{path.relative_to(ROOT)} is a page and extends nothing"


def test_a_fragment_begins_by_saying_where_it_goes():
    silent = [
        str(path.relative_to(ROOT))
        for path in TEMPLATES
        # The cells of a table are swapped with it.
        if path.name.startswith("_")
        and path.parent.name != "cells"
        and not any("{#" in line for line in path.read_text(encoding="utf-8").splitlines()[:3])
    ]
    assert silent == []


# Each with what it must find: a pattern that finds nothing anywhere proves nothing.
RULES = {
    "no inline style": (r"<style\b|\sstyle\s*=", '<p style="color: red">'),
    "no inline script": (
        r"<script\b(?![^>]*(\bsrc=|type=[\"']application/json))",
        "<script>alert(1)</script>",
    ),
    "no inline handler": (r"<[^>]+\son[a-z]+\s*=|\shx-on|javascript:", '<a href="#" onclick="go()">'),
    "nothing from elsewhere": (r"(src|href)=[\"'](https?:)?//", '<img src="https://example.com/a.png">'),
    "nothing unescaped": (r"\|\s*safe\b|safeseq|autoescape\s+off", "{{ name|safe }}"),
    "no physical direction": (r"\b(float|text)-(left|right)\b", '<td class="text-left">'),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_template_stays_within_the_content_security_policy(rule):
    pattern, wrong = RULES[rule]
    assert re.search(pattern, wrong, re.IGNORECASE)
    assert offenders(pattern) == []
