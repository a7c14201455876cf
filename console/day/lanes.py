"""A person's readings by the minute in; the lanes of their day, with what nobody could see hatched, out."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from alerts.policy import ENTER, LEAVE
from console.day.office import Reading, latest
from console.day.times import Span

WIDE: Final = 480
"""Places of a lane: two to a point of a hand-held screen; what falls into one is drawn as one."""

HIGH: Final = 100

FRESH_S: Final = 300.0
"""What was measured longer ago is not how it is now."""

MINUTE_S: Final = 60.0

ALERT_LINE: Final = round(96 - 92 * ENTER, 1)
"""How far down the lane of signs [%] these begin to count towards an alert."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One reading through a day: its ``name``, ``unit`` and ``value`` now; ``ink`` is SVG path data in a box ``WIDE``
    by ``HIGH``, and ``area`` the same closed at its foot."""

    name: str
    unit: str
    value: str
    ink: str
    area: str = ""


@dataclass(frozen=True, slots=True)
class Unseen:
    """A stretch that nobody could see: from ``since_s`` to ``until_s`` [UTC s], and where it stands [%]."""

    since_s: float
    until_s: float
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class _Drawn:
    name: str
    unit: str
    field: str
    least: float  # of the range that is drawn: less is noise
    said: Callable[[float], str]
    highest: bool = False


_LANES: Final = (
    _Drawn("Sweat", "µS", "sweat_us", 1.0, lambda value: f"{value:.1f}"),
    _Drawn("Pulse", "a minute", "pulse_bpm", 30.0, lambda value: f"{value:.0f}"),
    _Drawn("Skin", "°C", "skin_c", 2.0, lambda value: f"{value:.1f}"),
    _Drawn("Movement", "", "movement_g", 0.2, lambda value: _moving(value), highest=True),
)


def signs(readings: Sequence[Reading], span: Span, *, now_s: float) -> Lane:
    """Return the lane of signs of a hard time, 0 to 1 from foot to head."""
    found = latest(readings, "risk")
    value = "" if found is None or now_s - found[1] > FRESH_S else _likely(found[0])
    return _lane("Signs", "of a hard time", value, _places(readings, span, "risk", highest=True), 0.0, 1.0)


def lanes(readings: Sequence[Reading], span: Span, *, now_s: float) -> tuple[Lane, ...]:
    """Return the lanes of what was measured, those of which anything was; each in the range of its own day."""
    drawn = []
    for it in _LANES:
        places = _places(readings, span, it.field, highest=it.highest)
        known = [value for value in places if value is not None]
        if not known:
            continue
        low, high = min(known), max(known)
        spare = max(it.least - (high - low), 0.0) / 2
        found = latest(readings, it.field)
        value = "" if found is None or now_s - found[1] > FRESH_S else it.said(found[0])
        drawn.append(_lane(it.name, it.unit, value, places, low - spare, high + spare))
    return tuple(drawn)


def unseen(readings: Sequence[Reading], span: Span, *, now_s: float) -> tuple[Unseen, ...]:
    """Return every stretch up to now of whose risk nothing is known: it must never look like a calm one."""
    seen = sorted({it.at_s for it in readings if it.risk is not None and span.since_s <= it.at_s < span.until_s})
    until_s = min(span.until_s, max(now_s, span.since_s))
    if until_s == now_s and seen and until_s - seen[-1] <= 3 * MINUTE_S:
        until_s = seen[-1]  # a minute is written when it has ended
    found, at_s = [], span.since_s
    for start_s in [*seen, until_s]:
        if start_s - at_s >= MINUTE_S:
            left = span.place(at_s)
            found.append(Unseen(at_s, start_s, left, round(max(span.place(start_s) - left, 0.2), 2)))
        at_s = max(at_s, start_s + MINUTE_S)
    return tuple(found)


def watched_s(readings: Sequence[Reading]) -> float:
    """Return for how long somebody could see [s]."""
    return MINUTE_S * len({it.at_s for it in readings if it.risk is not None})


def _places(readings: Sequence[Reading], span: Span, field: str, *, highest: bool) -> list[float | None]:
    found: dict[int, list[float]] = {}
    for it in readings:
        value = getattr(it, field)
        if value is not None and math.isfinite(value) and span.since_s <= it.at_s < span.until_s:
            found.setdefault(int((it.at_s - span.since_s) / span.lasts_s * WIDE), []).append(value)
    every = max(1, round(MINUTE_S / span.lasts_s * WIDE))  # a minute takes more than one place in a short span
    places: list[float | None] = [None] * WIDE
    for place, values in found.items():
        said = max(values) if highest else sum(values) / len(values)
        for beside in range(place, min(place + every, WIDE)):
            places[beside] = said
    return places


def _lane(name: str, unit: str, value: str, places: Sequence[float | None], low: float, high: float) -> Lane:
    ink, area = [], []
    for is_known, run in groupby(enumerate(places), key=lambda it: it[1] is not None):
        points = [(x, round(96 - 92 * (y - low) / (high - low))) for x, y in run if y is not None] if is_known else []
        if not points:
            continue
        line = "L".join(f"{x} {y}" for x, y in points)
        ink.append(f"M{line}" if len(points) > 1 else f"M{line}h1")
        area.append(f"M{line}V{HIGH}H{points[0][0]}Z")
    return Lane(name=name, unit=unit, value=value, ink="".join(ink), area="".join(area))


def _likely(risk: float) -> str:
    return "High" if risk >= ENTER else "Rising" if risk >= LEAVE else "Low"


def _moving(value: float) -> str:
    return "Much" if value >= 0.3 else "Some" if value >= 0.05 else "Little"
