"""Keeps people's numbers out of the log, whichever digits they are written in."""

from __future__ import annotations

import logging
import re

# Eight or more digits of any script in a row, optionally spaced or dashed and led by a plus.
PHONE = re.compile(r"\+?\d(?:[\s\-.()]?\d){7,}")


class MaskPhones(logging.Filter):
    """Replace every run of eight or more digits in a log line by `[number]`; lets every record through."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        masked = PHONE.sub("[number]", text)
        if masked != text:
            record.msg, record.args = masked, ()
        return True
