"""Numbers in; how people say them out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from alerts.outcomes.events import What
from alerts.views import Blind
from console.summary.rates import OF_HOURS, Rate

WHAT: Final = {
    What.SETTLED: "anxious, then settled",
    What.INCIDENT: "an incident",
    What.EXERCISE: "exercise",
    What.EXCITED: "happy, excited",
    What.BAND: "a problem with the band",
    What.UNSURE: "not sure what it was",
    None: "nobody said how it went",
}

BLIND: Final = {
    Blind.NOT_HEARD: "the band was not heard yet",
    Blind.SILENT: "the band was silent",
    Blind.NOT_WORN: "the band was off",
    Blind.POOR_SIGNAL: "the signal was poor",
    Blind.LEARNING: "getting to know what is usual",
    Blind.OUT_OF_RANGE: "readings unlike any that were learnt from",
    Blind.NOT_RECORDING: "not recording",
}


def hours(seconds: float) -> str:
    """Return a length of time: "212 h", "3.5 h", "40 min"."""
    if seconds < 3600:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.0f} h" if seconds >= 36_000 else f"{seconds / 3600:.1f} h".replace(".0 h", " h")


def minutes(seconds: float) -> str:
    """Return how long something took: "8 min", "1 h 20 min", "less than a minute"."""
    whole = round(seconds / 60)
    if whole < 1:
        return "less than a minute"
    return f"{whole} min" if whole < 60 else f"{whole // 60} h {whole % 60} min".replace(" 0 min", "")


def many(count: int, one: str, more: str = "") -> str:
    """Return a count with its noun: "no alerts", "1 alert", "3 alerts"."""
    return f"{count or 'no'} {one if count == 1 else more or one + 's'}"


def listed(words: Sequence[str]) -> str:
    """Return "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def capital(text: str) -> str:
    """Return ``text`` with a capital first."""
    return text[:1].upper() + text[1:]


def day(at_s: float, zone: ZoneInfo) -> str:
    """Return a date: "3 November 2026"."""
    at = datetime.fromtimestamp(at_s, zone)
    return f"{at.day} {at:%B %Y}"


def moment(at_s: float, zone: ZoneInfo) -> str:
    """Return a date and time of the clock: "Tue 3 Nov, 14:05"."""
    at = datetime.fromtimestamp(at_s, zone)
    return f"{at:%a} {at.day} {at:%b}, {at:%H:%M}"


def often(rate: Rate) -> str:
    """Return a rate with how sure it is: "1.2, perhaps 0.3 to 3.1"."""
    if rate.of_hours is None or rate.low is None or rate.high is None:
        return "watched too little to say"
    return f"{_figure(rate.of_hours)}, perhaps {_figure(rate.low)} to {_figure(rate.high)}"


def in_hours() -> str:
    """Return what rates are of."""
    return f"in {OF_HOURS:.0f} watched hours"


def _figure(value: float) -> str:
    return (
        f"{value:.0f}"
        if value >= 10
        else f"{value:.1f}"
        if value >= 0.95
        else f"{value:.2f}".rstrip("0").rstrip(".") or "0"
    )
