"""Merges every room's translations into one catalogue, and finds what nobody has translated yet.

English is the source. Each room keeps `locale/<language>/<room>.po`; `compile_language` merges them into
`LC_MESSAGES/django.mo` without GNU gettext. `check` reads every message out of the templates and the code.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import polib

from loyalty.ui.messages import Message, find_messages

# Wordings of packages we rest on (allauth …), reworded by us: nothing in our own code uses them.
FOREIGN = "packages.po"
PLURAL_FORMS = "nplurals=1; plural=0;"
PLACEHOLDER = re.compile(
    r"%\((\w+)\)[#0\- +]*\d*(?:\.\d+)?[sdifr]|%[sdifr](?!\w)|(?<!\{)\{(\w*)[^{}]*\}(?!\})"
)

Key = tuple[str | None, str]


class CatalogError(Exception):
    """Two rooms disagree, or a file cannot be read; the text says where, in a sentence."""


@dataclass
class Report:
    """What `check` found; `problems` must be empty, `unused` only deserves a look."""

    messages: int = 0
    missing: list[Message] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.missing and not self.problems


def languages(locale_dir: Path) -> list[str]:
    """Return the languages that have at least one .po file, sorted."""
    return sorted({path.parent.name for path in locale_dir.glob("*/*.po")})


def read(locale_dir: Path, language: str) -> dict[Key, tuple[polib.POEntry, Path]]:
    """Return every entry by (context, msgid), with its file; raise CatalogError when two files disagree."""
    merged: dict[Key, tuple[polib.POEntry, Path]] = {}
    for path in sorted((locale_dir / language).glob("*.po")):
        try:
            entries = polib.pofile(str(path), encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CatalogError(f"{path.name} cannot be read: {error}") from error
        for entry in entries:
            if entry.obsolete:
                continue
            key = (entry.msgctxt, entry.msgid)
            if key in merged:
                _agree(merged[key], entry, path)
            else:
                merged[key] = (entry, path)
    return merged


def _agree(known: tuple[polib.POEntry, Path], entry: polib.POEntry, path: Path) -> None:
    other, other_path = known
    ours, theirs = _wording(entry), _wording(other)
    if ours != theirs or entry.msgid_plural != other.msgid_plural:
        raise CatalogError(
            f"“{entry.msgid}” is «{' | '.join(theirs)}» in {other_path.name} and "
            f"«{' | '.join(ours)}» in {path.name}. One English wording has one translation; "
            f"keep it in one file, or tell them apart with a context."
        )


def _wording(entry: polib.POEntry) -> list[str]:
    if entry.msgid_plural:
        return [entry.msgstr_plural.get(index, "") for index in sorted(entry.msgstr_plural)] or [""]
    return [entry.msgstr]


def compile_language(locale_dir: Path, language: str) -> tuple[Path, int]:
    """Write the merged .mo of a language when it changed; return its path and how many entries it holds."""
    catalogue = polib.MOFile()
    catalogue.metadata = {
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Language": language,
        "Plural-Forms": PLURAL_FORMS,
    }
    merged = read(locale_dir, language)
    for key in sorted(merged, key=lambda pair: (pair[0] or "", pair[1])):
        entry = merged[key][0]
        if entry.translated() and not entry.fuzzy:
            catalogue.append(entry)
    target = locale_dir / language / "LC_MESSAGES" / "django.mo"
    content = catalogue.to_binary()
    if not (target.exists() and target.read_bytes() == content):
        target.parent.mkdir(parents=True, exist_ok=True)
        # A process may be reading the old one: replace it whole.
        draft = target.with_name(f".django.mo.{os.getpid()}")
        draft.write_bytes(content)
        draft.replace(target)
    return target, len(catalogue)


def check(root: Path, language: str, sources: list[Path] | None = None) -> Report:
    """Compare what the code says with what is translated; `root` holds `locale/` and the code."""
    merged = read(root / "locale", language)
    messages, problems = find_messages(root, sources)
    report = Report(problems=problems)
    used: dict[Key, list[Message]] = defaultdict(list)
    for message in messages:
        used[message.key].append(message)
    report.messages = len(used)
    for key, places in sorted(used.items(), key=lambda item: item[1][0].place):
        entry = merged[key][0] if key in merged else None
        if entry is None or entry.fuzzy or not all(text.strip() for text in _wording(entry)):
            report.missing.append(places[0])
        elif any(place.plural for place in places) and not entry.msgid_plural:
            report.problems.append(
                f"{places[0].place}: “{key[1]}” is used with a plural but translated without."
            )
    for key, (entry, path) in merged.items():
        report.problems += [f"{path.name}: {problem}" for problem in entry_problems(entry)]
        if key not in used and path.name != FOREIGN:
            report.unused.append(f"{path.name}: “{key[1]}”")
    return report


def entry_problems(entry: polib.POEntry) -> list[str]:
    """Return what is wrong with one entry by itself: fuzzy, empty, or filled in otherwise than its source."""
    if entry.fuzzy:
        return [f"“{entry.msgid}” is marked fuzzy."]
    if not all(text.strip() for text in _wording(entry)):
        return [f"“{entry.msgid}” has no translation."]
    # The one Persian form serves every count, so it must hold what the plural holds.
    needed = placeholders(entry.msgid_plural or entry.msgid)
    allowed = needed | placeholders(entry.msgid)
    found = []
    for text in _wording(entry):
        have = placeholders(text)
        if have - allowed:
            found.append(
                f"“{entry.msgid}” is translated with {_names(have - allowed)}, which the English lacks."
            )
        if needed - have:
            found.append(f"“{entry.msgid}” is translated without {_names(needed - have)}.")
        if _is_filled_by_name(entry.msgid) and not _formats(text):
            found.append(f"“{entry.msgid}” is translated with a bare % sign; write %%.")
    return found


def placeholders(text: str) -> set[str]:
    """Return the names that formatting fills in: `%(count)s`, `{name}`, and `%s` as they stand."""
    bare = text.replace("%%", "")
    return {match[1] or match[2] or match[0] for match in PLACEHOLDER.finditer(bare)}


def _names(names: set[str]) -> str:
    return ", ".join(sorted(names))


def _is_filled_by_name(text: str) -> bool:
    # A template's wording always is (Django doubles its % signs); Python's is when it names what it fills in.
    return "%(" in text or "%%" in text or "%" not in text


def _formats(text: str) -> bool:
    try:
        return bool(text % defaultdict(int))
    except (ValueError, TypeError):
        return False
