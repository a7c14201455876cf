"""A date, a zone and the time in; when that day begins and ends there, and its hours as a clock shows them, out."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

HOUR_S: Final = 3600.0

SHORTEST_S: Final = 4 * HOUR_S
"""No less of a day is drawn: a quarter of an hour across a whole page looks like a storm."""

MARKS_MOST: Final = 9
"""Hours that are written under a day: as many as are read apart in a hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From ``since_s`` up to ``until_s`` [UTC s]."""

    since_s: float
    until_s: float

    @property
    def lasts_s(self) -> float:
        """How long it is [s]."""
        return self.until_s - self.since_s

    def place(self, at_s: float) -> float:
        """Return where a moment stands in it [%], at its edges where it is outside."""
        return round(100 * min(max((at_s - self.since_s) / self.lasts_s, 0.0), 1.0), 2)


@dataclass(frozen=True, slots=True)
class Mark:
    """An hour of the clock: where it stands [%] and what is written there, "" for a line alone."""

    left: float
    said: str


def day_of(day: date, zone: ZoneInfo) -> Span:
    """Return a day from midnight to midnight in ``zone``: 23 or 25 hours of it where clocks are changed."""
    return Span(since_s=_midnight(day, zone), until_s=_midnight(day + timedelta(days=1), zone))


def date_of(at_s: float, zone: ZoneInfo) -> date:
    """Return the date that a moment [UTC s] has in ``zone``."""
    return datetime.fromtimestamp(at_s, zone).date()


def shown(day: Span, known: tuple[float, float] | None, *, now_s: float) -> Span:
    """Return as much of ``day`` as is drawn: whole hours from the first thing that is ``known`` (its first and last
    moment [UTC s]) to the last, or to now where it is today; all of the day where nothing is."""
    if known is None:
        return day
    first_s, last_s = max(known[0], day.since_s), min(max(known[1], now_s if now_s < day.until_s else 0), day.until_s)
    since_s = day.since_s + (first_s - day.since_s) // HOUR_S * HOUR_S
    until_s = min(day.since_s - (day.since_s - last_s) // HOUR_S * HOUR_S, day.until_s)
    if until_s - since_s < SHORTEST_S:
        since_s = max(day.since_s, until_s - SHORTEST_S)
        until_s = min(day.until_s, since_s + SHORTEST_S)
    return Span(since_s=since_s, until_s=until_s)


def marks(span: Span, zone: ZoneInfo) -> tuple[Mark, ...]:
    """Return the full hours in ``span``; an hour that a clock shows twice stands there twice, one that it leaves out
    is not there."""
    first = datetime.fromtimestamp(span.since_s, zone)
    past_s = first.minute * 60 + first.second
    at_s = span.since_s + (HOUR_S - past_s if past_s else 0)
    hours = []
    while at_s < span.until_s:
        hours.append(at_s)
        at_s += HOUR_S
    every = next(step for step in (1, 2, 3, 6) if len(hours) / step <= MARKS_MOST or step == 6)
    return tuple(
        Mark(span.place(at_s), f"{datetime.fromtimestamp(at_s, zone):%H}" if number % every == 0 else "")
        for number, at_s in enumerate(hours)
    )


def moment_of(day: date, clock: str, zone: ZoneInfo) -> float | None:
    """Return the UTC second at which the clock of ``zone`` shows ``clock`` ("14:05") on ``day``, the first of two;
    None: it says no time of that day."""
    try:
        at = datetime.combine(day, time.fromisoformat(clock), zone)
    except ValueError:
        return None
    at_s = at.timestamp()
    back = datetime.fromtimestamp(at_s, zone)
    return at_s if (back.hour, back.minute) == (at.hour, at.minute) else None


def _midnight(day: date, zone: ZoneInfo) -> float:
    return datetime.combine(day, time(), zone).astimezone(UTC).timestamp()
