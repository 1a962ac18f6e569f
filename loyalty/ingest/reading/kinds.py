"""What a file is by its first bytes, because its name may say anything."""

from __future__ import annotations

from pathlib import Path

from .problems import FileProblem

HEAD_BYTES = 4096
ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# An .xlsx with a password is an OLE file that holds this stream, named in UTF-16.
ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
BINARY = (
    b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"PAR1",
    b"SQLite format 3", b"\x7fELF", b"MZ\x90", b"PK\x05\x06", b"{\\rtf", b"\xfd7zXZ",
)  # fmt: skip
MARKUP = (b"<!doctype html", b"<html", b"<table", b"<?xml", b"<meta", b"<head", b"mime-version:")


def recognise(path: Path) -> str:
    """Return "xlsx" or "text"; raise FileProblem for an empty file and for any kind that holds no rows of
    ours.
    """
    size = path.stat().st_size
    if size == 0:
        raise FileProblem("empty")
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(ZIP):
        return "xlsx"
    if head.startswith(OLE):
        raise FileProblem("encrypted" if _holds(path, ENCRYPTED_STREAM) else "old_excel")
    if head.startswith(BINARY):
        raise FileProblem("binary")
    # Many programmes save a web page and call it .xls; Excel opens it, so people do not know.
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(MARKUP):
        raise FileProblem("markup")
    return "text"


def _holds(path: Path, needle: bytes, block: int = 1 << 20) -> bool:
    with path.open("rb") as file:
        tail = b""
        while chunk := file.read(block):
            if needle in tail + chunk:
                return True
            tail = chunk[-len(needle) :]
    return False
