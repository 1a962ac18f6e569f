"""What can be wrong with a whole file, or with the shape of one row, as codes; `wording.py` has the
sentences.
"""

from __future__ import annotations


class FileProblem(Exception):
    """The file cannot be read at all. `code` names the reason; `details` fill in its sentence."""

    def __init__(self, code: str, **details: int | str) -> None:
        super().__init__(code)
        self.code = code
        self.details = details
