"""A moment [UTC s] and a zone in; what the clock and the calendar on the wall say of it, out.

Every page says times by these, so that two pages never say one moment in two ways.
"""

from datetime import datetime
from zoneinfo import ZoneInfo


def clock_time(at_s: float, *, zone: ZoneInfo, now_s: float) -> str:
    """Return ``at_s`` [UTC s] as 14:02 in ``zone``, with its weekday if that is not the day of ``now_s``; "?" for what
    no calendar has, as a journal may that somebody wrote in."""
    try:
        at, now = datetime.fromtimestamp(at_s, zone), datetime.fromtimestamp(now_s, zone)
    except (ValueError, OverflowError, OSError):
        return "?"
    return f"{at:%H:%M}" if at.date() == now.date() else f"{at:%a %H:%M}"


def to_the_minute(at_s: float, zone: ZoneInfo) -> str:
    """Return it as 14:02, whatever the day."""
    return f"{datetime.fromtimestamp(at_s, zone):%H:%M}"


def to_the_second(at_s: float, zone: ZoneInfo) -> str:
    """Return it as 14:02:05, whatever the day."""
    return f"{datetime.fromtimestamp(at_s, zone):%H:%M:%S}"


def dated(at_s: float, zone: ZoneInfo) -> str:
    """Return it as 6 May 2026, 14:02."""
    at = datetime.fromtimestamp(at_s, zone)
    return f"{at.day} {at:%b %Y, %H:%M}"


def day_typed(at_s: float, zone: ZoneInfo) -> str:
    """Return its day as a browser's field of dates reads and writes it: 2026-05-06."""
    return f"{datetime.fromtimestamp(at_s, zone):%Y-%m-%d}"
