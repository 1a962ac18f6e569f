"""Quiet hours: when nobody is to be woken by a shop. Pure clock arithmetic in the shop's own time zone.

Iran's largest operator drops advertising between 22:00 and 07:00 and still charges for it, so a text that
falls into quiet hours waits. Only a campaign that says otherwise (`respects_quiet_hours`) goes out at night, and
the composer warns of it.
"""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo


def is_quiet(moment: datetime.datetime, zone: ZoneInfo, start: datetime.time, end: datetime.time) -> bool:
    """Whether the aware `moment` is in [start, end) on the zone's wall clock; equal bounds: never."""
    clock = moment.astimezone(zone).time()
    if start <= end:
        return start <= clock < end
    return clock >= start or clock < end


def awake_at(
    moment: datetime.datetime, zone: ZoneInfo, start: datetime.time, end: datetime.time
) -> datetime.datetime:
    """Return the first moment from `moment` on that is not quiet, in UTC.

    The wall clock is read again after every step, so a night that is an hour shorter or longer ends on time.
    """
    if not is_quiet(moment, zone, start, end):
        return moment.astimezone(datetime.UTC)
    local = moment.astimezone(zone)
    day = local.date() + datetime.timedelta(days=1 if start > end and local.time() >= start else 0)
    return datetime.datetime.combine(day, end, zone).astimezone(datetime.UTC)
