"""What is said where a run is at the rows that somebody at the till wants to change."""

from __future__ import annotations


class Held(Exception):
    """Raised where a run of the whole shop is under way at the same rows; nothing was changed."""
