"""Keeps people's numbers out of the log, whichever digits they are written in."""

from __future__ import annotations

import logging
import re

from django.core.exceptions import PermissionDenied

# Eight or more digits of any script in a row, optionally spaced or dashed and led by a plus.
PHONE = re.compile(r"\+?\d(?:[\s\-.()]?\d){7,}")


class MaskedFormatter(logging.Formatter):
    """A log line with every run of eight or more digits written `[number]`.

    A formatter and not a filter: a filter sees the message only, and a database error's traceback quotes the row.
    """

    def format(self, record: logging.LogRecord) -> str:
        return PHONE.sub("[number]", super().format(record))

    def formatException(self, ei) -> str:
        # A refusal is an answer like any other; its traceback would only hide those of our mistakes.
        return "" if isinstance(ei[1], PermissionDenied) else super().formatException(ei)
