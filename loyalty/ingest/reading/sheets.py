"""A workbook into plain text: its zip looked through first, then read by a child process on short rations.

A .xlsx of half a megabyte can inflate to gigabytes, and the sizes in its directory may lie; so the parts
are really inflated and counted here, in one pass that keeps nothing, before any parser sees them.
"""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from .problems import FileProblem

MAX_ENTRIES = 2_000
# Online Retail's half a million rows are about 200 MB of XML.
MAX_INFLATED = 400_000_000
MAX_PART_RATIO = 400
MAX_CELLS = 12_000_000
# Excel itself stops there.
MAX_ROWS = 1_048_576
MAX_STRINGS = 4_000_000
# A cell with something in it: one that is only coloured stands closed by itself, however far out.
MAX_COLUMN = re.compile(rb'<c\b[^>]{0,40}?\br="[A-Z]{3}\d+"[^>]{0,80}(?<!/)>')
ENTITY = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
CHILD = Path(__file__).with_name("sheet_child.py")
CHILD_MEMORY = 1_500_000_000
CHILD_SECONDS = 120
BLOCK = 1 << 18


def to_text(path: Path, target: Path, count_known: Callable[[Sequence[str]], int]) -> None:
    """Write the rows of the best visible sheet of the workbook at `path` to `target`, one line per row of
    the sheet.

    The text is UTF-8 with commas. Raises FileProblem: not_a_workbook, encrypted, bomb,
    too_many_cells_in_sheet, too_many_columns, empty_workbook, too_slow, unreadable_workbook.
    """
    look_through(path)
    answer = _ask_child(path, target)
    if "problem" in answer:
        raise FileProblem(answer["problem"])
    best = max(
        answer["sheets"], key=lambda sheet: max(map(count_known, sheet["head"]), default=0), default=None
    )
    if best is None:
        raise FileProblem("empty_workbook")
    if len(answer["sheets"]) > 1:
        _ask_child(path, target, best["index"])


def look_through(path: Path) -> None:
    """Raise FileProblem for a zip that is no workbook, has a password, or holds more than a workbook may."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
        _check_directory(entries)
        left, cells = MAX_INFLATED, 0
        for entry in entries:
            inflated, found = _inflate(path, entry, left)
            left -= inflated
            cells += found
            if cells > MAX_CELLS:
                raise FileProblem("too_many_cells_in_sheet", limit=MAX_CELLS // 1_000_000)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError, OSError) as error:
        raise FileProblem("not_a_workbook") from error


def _check_directory(entries: list[zipfile.ZipInfo]) -> None:
    names = {entry.filename for entry in entries}
    if not any(name.startswith("xl/") for name in names):
        raise FileProblem("not_a_workbook")
    if (
        len(entries) > MAX_ENTRIES
        or len(names) < len(entries)
        or sum(it.file_size for it in entries) > MAX_INFLATED
    ):
        raise FileProblem("bomb")
    for entry in entries:
        if entry.flag_bits & 0x1:
            raise FileProblem("encrypted")
        escapes = entry.filename.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", entry.filename)
        if escapes or stat.S_ISLNK(entry.external_attr >> 16):
            raise FileProblem("bomb")


def _inflate(path: Path, entry: zipfile.ZipInfo, left: int) -> tuple[int, int]:
    """Inflate one part and keep nothing; return its real size and, for a sheet, how many cells it has."""
    is_sheet = entry.filename.startswith("xl/worksheets/")
    total = rows = cells = strings = 0
    for block in _blocks(path, entry):
        total += len(block)
        if total > left or total > 1_000_000 + MAX_PART_RATIO * entry.compress_size:
            raise FileProblem("bomb")
        if total == len(block) and ENTITY.search(block[:4096]):
            raise FileProblem("bomb")
        if is_sheet:
            rows += block.count(b"<row")
            cells += block.count(b"<c ") + block.count(b"<c>")
            if MAX_COLUMN.search(block):
                raise FileProblem("too_many_columns", columns=703, limit=702)
        else:
            strings += block.count(b"<si>")
        if rows > MAX_ROWS or cells > MAX_CELLS or strings > MAX_STRINGS:
            raise FileProblem("too_many_cells_in_sheet", limit=MAX_CELLS // 1_000_000)
    return total, cells


def _blocks(path: Path, entry: zipfile.ZipInfo):
    """Yield what a part really holds: zipfile would stop at the size that the directory claims."""
    with path.open("rb") as file:
        file.seek(entry.header_offset)
        header = file.read(30)
        if header[:4] != b"PK\x03\x04":
            raise zipfile.BadZipFile
        file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
        left = entry.compress_size
        inflater = zlib.decompressobj(-15) if entry.compress_type == zipfile.ZIP_DEFLATED else None
        if inflater is None and entry.compress_type != zipfile.ZIP_STORED:
            raise zipfile.BadZipFile
        while left > 0 and (data := file.read(min(BLOCK, left))):
            left -= len(data)
            if inflater is None:
                yield data
                continue
            while data and not inflater.eof:
                yield inflater.decompress(data, BLOCK)
                data = inflater.unconsumed_tail


def _ask_child(path: Path, target: Path, sheet: int = -1) -> dict:
    """Run the reader on its own with its memory limited; a death of it is an answer too."""
    command = [
        sys.executable,
        "-I",
        str(CHILD),
        str(path),
        str(target),
        str(sheet),
        str(CHILD_MEMORY),
        str(CHILD_SECONDS),
    ]
    try:
        done = subprocess.run(command, capture_output=True, timeout=CHILD_SECONDS + 10, check=False)
    except subprocess.TimeoutExpired as error:
        raise FileProblem("too_slow") from error
    lines = done.stdout.decode("utf-8", "replace").strip().splitlines()
    if done.returncode != 0 or not lines:
        out_of_memory = done.returncode < 0 or b"MemoryError" in done.stderr
        raise FileProblem("too_much_memory" if out_of_memory else "unreadable_workbook")
    return json.loads(lines[-1])
