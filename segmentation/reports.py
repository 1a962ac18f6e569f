"""The reports that are counted ahead of being looked at: what the weekly work renews, in order."""

from __future__ import annotations

import datetime

from . import taste


def renew_week(as_of: datetime.date) -> dict[str, int]:
    """Renew every kept report of the shop in scope as of `as_of`; return how much there is of each."""
    return {"tastes": taste.renew(as_of)}
