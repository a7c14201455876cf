"""The stretches of a band's past and who asks in; who wore it when, in words, out."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from console.clock import clock_time, dated
from console.support.counter import Counter
from console.support.scope import Scope
from ingest.registry.stretches import Stretch

WEEKDAY_S: Final = 6 * 86_400.0
"""For so long a weekday tells the day; a day later it would be today's again."""


@dataclass(frozen=True, slots=True)
class Worn:
    """A stretch of a band's past: by whom, from when to when, and who said so."""

    who: str
    since: str
    until: str
    said_by: str
    wearer: str


def past(history: Iterable[Stretch], scope: Scope, counter: Counter, *, now_s: float) -> list[Worn]:
    """Return who wore a band when, the latest first, as whoever asks may know them."""
    name, zone = counter.name(scope), counter.sheets.zone

    def clock(at_s: float) -> str:
        return _dated(at_s, zone=zone, now_s=now_s)

    def told(each: Stretch) -> Worn:
        who = "somebody who was erased" if each.wearer is None else name(each.wearer)
        until = "now" if each.until_s > now_s else clock(each.until_s)
        if math.isfinite(each.until_s) and each.until_s > now_s:
            until = f"now, and until {clock(each.until_s)}"
        return Worn(who, clock(each.since_s), until, each.made_by or "", each.wearer or "")

    return [told(each) for each in reversed(list(history))]


def _dated(at_s: float, *, zone: ZoneInfo, now_s: float) -> str:
    """A weekday tells the day for less than a week; further away the date does."""
    if abs(now_s - at_s) < WEEKDAY_S:
        return clock_time(at_s, zone=zone, now_s=now_s)
    return dated(at_s, zone)
