"""A time as a person types it, and a recording's span, in; UTC seconds out, or what would be right."""

import re
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from console.clock import to_the_second
from ingest.errors import RecordingError
from ingest.labels import utc_seconds

LINE_MAX: Final = 40
SLACK_S: Final = 1.0
"""Times are shown in whole seconds: one that is copied back may lie so far outside."""

_CLOCK: Final = re.compile(
    r"(?:(\d{4})-(\d{1,2})-(\d{1,2})[ T])?(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,6})?)?\Z", re.ASCII
)


class NoMoment(ValueError):
    """What was typed is no time within the recording; the text says what would be right."""


def moment_of(text: str, *, zone: ZoneInfo, since_s: float, until_s: float) -> float:
    """Return the UTC second that ``text`` names by the clock of ``zone``: 14:05:30, 14:05:30.5, with a date before it
    where the recording has that time twice, or with an offset (2024-05-06T14:05:30+02:00). Raises NoMoment."""
    first, middle, last = (to_the_second(at_s, zone) for at_s in (since_s, (since_s + until_s) / 2, until_s))
    how = f"between {first} and {last}, such as {middle}"
    found = _CLOCK.match(text.strip()[:LINE_MAX])
    if found is None:
        try:
            candidates = [utc_seconds(text.strip()[:LINE_MAX])]
        except RecordingError:
            raise NoMoment(f"Write a time {how}.") from None
    else:
        candidates = _by_the_clock(found, zone, since_s, until_s, how)
    within = [at_s for at_s in candidates if since_s - SLACK_S <= at_s <= until_s + SLACK_S]
    if not within:
        raise NoMoment(f"This is outside of the recording: write a time {how}.")
    if len(within) > 1:
        raise NoMoment("The recording has this time more than once: write the date before it, or an offset after it.")
    return min(max(within[0], since_s), until_s)


def _by_the_clock(found: "re.Match[str]", zone: ZoneInfo, since_s: float, until_s: float, how: str) -> list[float]:
    year, month, day, hour, minute, second, part = found.groups()
    try:
        if year is None:
            first, last = (datetime.fromtimestamp(at_s, zone).date() for at_s in (since_s, until_s))
            days = [first + timedelta(days=i) for i in range(min((last - first).days, 31) + 1)]
        else:
            days = [date(int(year), int(month), int(day))]
        times = [
            datetime(each.year, each.month, each.day, int(hour), int(minute), int(second or 0), tzinfo=zone, fold=fold)
            for each in days
            for fold in (0, 1)  # when clocks are set back an hour comes twice
        ]
        return sorted({at.timestamp() + float(part or 0) for at in times})
    except (ValueError, OverflowError):
        raise NoMoment(f"There is no such time: write one {how}.") from None


def typed(at_s: float, *, zone: ZoneInfo, since_s: float, until_s: float) -> str:
    """Return a time as it may be typed: with its date where the recording has it twice, with decimals where it is not a
    whole second, so that what is shown is read back as it was."""
    whole = datetime.fromtimestamp(round(at_s, 6), zone)
    part = f".{whole.microsecond:06d}".rstrip("0") if whole.microsecond else ""
    text = f"{whole:%H:%M:%S}{part}"
    try:
        moment_of(text, zone=zone, since_s=since_s, until_s=until_s)
    except NoMoment:
        return f"{whole:%Y-%m-%dT%H:%M:%S}{part}{whole:%z}"
    return text
