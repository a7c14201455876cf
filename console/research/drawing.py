"""Columns of channels, labels and alerts of a recording in; what the template puts into SVG out.

Numbers only: positions are shares of the width, in per cent for what is a shape of its own, in a thousand units a side
for lines.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from console.clock import to_the_second
from console.research.decimated import Columns, Drawn, Span
from console.research.office import Told
from ingest.types import Array

SIDE: Final = 1000
"""Units of a drawing's width and height."""

PADDING: Final = 60
"""Units above and below a line, so that its peaks are not cut off."""

TICKS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
"""Seconds between lines of the clock; the first that gives at most ``TICKS_MOST``."""

TICKS_MOST: Final = 10

BOXES_MOST: Final = 400
"""Labels of one rater that are drawn one by one; where there are more, only that there are."""


@dataclass(frozen=True, slots=True)
class Box:
    """Something with a beginning and an end, ``x`` and ``width`` in per cent."""

    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Line:
    """A path of its own name: ``kind`` is how it is drawn."""

    path: str
    kind: str = "ink"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A row of the page: what it is called, its unit, lines, holes, how far it reaches in words, and what a screen
    reader says of it. ``at`` is a level, in per cent from above, ``marks`` are moments, in per cent."""

    name: str
    unit: str
    lines: tuple[Line, ...]
    holes: tuple[Box, ...]
    value: str
    aria: str
    tall: bool = False
    level: float | None = None
    marks: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelBox:
    """A label as it is drawn: its box, that within which its onset lies (None: it is sure), and its words."""

    told: Told
    box: Box
    maybe: Box | None
    words: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelLane:
    """The labels of one rater; ``many`` are those that are too many to be drawn one by one."""

    rater: str
    boxes: tuple[LabelBox, ...]
    many: int
    aria: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the clock, in per cent, and its words."""

    x: float
    words: str


def ticks(since_s: float, until_s: float, zone: ZoneInfo) -> tuple[Tick, ...]:
    """Return the lines of the clock, at whole steps of local time."""
    span_s = until_s - since_s
    step_s = next((step for step in TICKS if span_s / step <= TICKS_MOST), TICKS[-1] * math.ceil(span_s / 864_000))
    away_s = (datetime.fromtimestamp(since_s, zone).utcoffset() or timedelta()).total_seconds()
    first_s = math.ceil((since_s + away_s) / step_s) * step_s - away_s
    form = "%H:%M:%S" if step_s < 60 else "%-d %b" if step_s >= 86_400 else "%H:%M"
    found = []
    at_s = first_s
    while at_s < until_s:
        found.append(Tick(_per_cent(at_s, since_s, until_s), f"{datetime.fromtimestamp(at_s, zone):{form}}"))
        at_s += step_s
    return tuple(found)


def lane(
    name: str,
    unit: str,
    drawn: Drawn,
    *,
    more: Sequence[tuple[Drawn, str]] = (),
    tall: bool = False,
    scale: Span | None = None,
    level: float | None = None,
    marks: Sequence[tuple[float, str]] = (),
) -> Lane:
    """Return a lane of ``drawn``, and ``more`` lines in the same scale with the kind of each; ``scale`` is how far it
    reaches, else as far as the values do."""
    lows = [each.least for each in (drawn, *(one for one, _ in more)) if each.least == each.least]
    highs = [each.most for each in (drawn, *(one for one, _ in more)) if each.most == each.most]
    known = bool(lows)
    low, high = scale or ((min(lows), max(highs)) if known else (0.0, 1.0))
    high = high if high > low else low + 1.0
    since_s, until_s = drawn.since_s, drawn.until_s
    says = f"{_number(min(lows))} to {_number(max(highs))}" if known else "nothing known"
    unknown_s = sum(min(b, until_s) - a for a, b in drawn.holes)
    aria = f"{name}: {says}{f' {unit}' if known and unit else ''}; unknown for {_share(unknown_s, until_s - since_s)}"
    return Lane(
        name=name,
        unit=unit,
        lines=(*(Line(_path(one, low, high), kind) for one, kind in more), Line(_path(drawn, low, high))),
        holes=tuple(_box(a, b, since_s, until_s) for a, b in drawn.holes),
        value=says,
        aria=aria,
        tall=tall,
        level=None if level is None else round(_y(level, low, high) / SIDE * 100, 2),
        marks=tuple((_per_cent(at_s, since_s, until_s), kind) for at_s, kind in marks if since_s <= at_s <= until_s),
    )


def label_lanes(
    labels: Sequence[Told], *, since_s: float, until_s: float, chosen: int | None, zone: ZoneInfo, first: str = ""
) -> tuple[LabelLane, ...]:
    """Return a lane of each rater, in order of their names, ``first`` before all others even without labels."""
    by: dict[str, list[Told]] = {first: []} if first else {}
    for told in sorted(labels, key=lambda each: each.rater.casefold()):
        by.setdefault(told.rater, []).append(told)
    return tuple(_of_rater(rater, theirs, since_s, until_s, chosen, zone) for rater, theirs in by.items())


def _of_rater(
    rater: str, labels: list[Told], since_s: float, until_s: float, chosen: int | None, zone: ZoneInfo
) -> LabelLane:
    shown = [
        each
        for each in sorted(labels, key=lambda told: told.start_s)
        if each.start_s - each.onset_uncertainty_s < until_s and each.end_s >= since_s
    ]
    many = 0 if len(shown) <= BOXES_MOST else len(shown)
    boxes = tuple(_label_box(each, since_s, until_s, chosen) for each in shown[:BOXES_MOST])
    words = "; ".join(
        f"{each.what} {to_the_second(each.start_s, zone)}, give or take {each.onset_uncertainty_s:g} s"
        for each in shown[:8]
    )
    more = f"; and {len(shown) - 8} more" if len(shown) > 8 else ""
    return LabelLane(rater=rater, boxes=boxes, many=many, aria=f"{rater}: {words or 'no labels'}{more}")


def _label_box(told: Told, since_s: float, until_s: float, chosen: int | None) -> LabelBox:
    unsure_s = told.onset_uncertainty_s
    return LabelBox(
        told=told,
        box=_box(told.start_s, told.end_s, since_s, until_s),
        maybe=None if unsure_s <= 0 else _box(told.start_s - unsure_s, told.start_s + unsure_s, since_s, until_s),
        words=told.what,
        chosen=told.number == chosen,
    )


def per_second(start_s: int, values: Array, since_s: float, until_s: float, columns: int) -> Drawn:
    """Return what is said once a second (n,) from ``start_s`` on [UTC s] as columns."""
    into = Columns(since_s, until_s, columns)
    into.even(float(start_s), 1.0, values)
    return into.drawn()


def _path(drawn: Drawn, low: float, high: float) -> str:
    """Return the line, broken where nothing is known; a column is a stroke from its least to its most."""
    known = np.flatnonzero(np.isfinite(drawn.low))
    if not known.size:
        return ""
    n, span_s = len(drawn.low), drawn.until_s - drawn.since_s
    x = (known + 0.5) / n * SIDE
    tops, bottoms = _ys(drawn.high[known], low, high), _ys(drawn.low[known], low, high)
    ends_s = np.array([hole[0] for hole in drawn.holes])
    at_s = drawn.since_s + (known + 0.5) / n * span_s
    before = np.searchsorted(ends_s, at_s)
    breaks = np.concatenate([[True], before[1:] != before[:-1]])
    said = []
    for i in range(len(known)):
        said.append(f"{'M' if breaks[i] else 'L'}{x[i]:.1f} {bottoms[i]:.0f}")
        if tops[i] != bottoms[i]:
            said.append(f"V{tops[i]:.0f}")
        elif breaks[i] and (i + 1 == len(known) or breaks[i + 1]):
            said.append("h.1")
    return "".join(said)


def _ys(values: Array, low: float, high: float) -> Array:
    shares: Array = np.round(SIDE - PADDING - (np.clip(values, low, high) - low) / (high - low) * (SIDE - 2 * PADDING))
    return shares


def _y(value: float, low: float, high: float) -> float:
    return float(_ys(np.array([value]), low, high)[0])


def _box(low_s: float, high_s: float, since_s: float, until_s: float) -> Box:
    a, b = _per_cent(max(low_s, since_s), since_s, until_s), _per_cent(min(high_s, until_s), since_s, until_s)
    return Box(a, round(max(b - a, 0.15), 3))


def _per_cent(at_s: float, since_s: float, until_s: float) -> float:
    return round((at_s - since_s) / (until_s - since_s) * 100, 3)


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _share(part_s: float, whole_s: float) -> str:
    return "none of it" if part_s <= 0 else f"{max(round(part_s / whole_s * 100), 1)} % of it"
