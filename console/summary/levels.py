"""Watched minutes and moments in; how each reading usually stood, and how it stood before hard times, out."""

import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from console.summary.facts import MINUTE_S, Minute

BEFORE_S: Final = 600.0
"""Ten minutes before: as long as signs are told to have lasted, and more than a forecast looks ahead."""

APART_S: Final = 1800.0
"""What is usual is taken from minutes at least half an hour from any alert or hard time."""

LEAST: Final = 30
"""Minutes from which on something is called usual."""

READ: Final = (
    ("Sweat", "\N{MICRO SIGN}S", "sweat_us", 2),
    ("Pulse", "a minute", "pulse_bpm", 0),
    ("Skin", "\N{DEGREE SIGN}C", "skin_c", 1),
    ("Movement", "g", "movement_g", 3),
)
"""Name, unit, where it is kept, and figures behind the point that mean something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Middle:
    """The median of minutes, and the quartiles that half of them lie between; of ``minutes`` in ``times`` stretches."""

    median: float
    low: float
    high: float
    minutes: int
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """``name`` in ``unit``: as it ``usual``-ly was, and in the ten minutes ``before`` hard times; None: too little."""

    name: str
    unit: str
    figures: int
    usual: Middle | None
    before: Middle | None


def readings(minutes: Iterable[Minute], *, told_s: Sequence[float], hard_s: Sequence[float]) -> tuple[Reading, ...]:
    """Return every reading of watched ``minutes``; ``told_s`` are moments that are not usual, ``hard_s`` hard times."""
    kept = sorted(minutes, key=lambda it: it.at_s)
    at_s, told = [it.at_s for it in kept], sorted(told_s)
    usual = [it for it in kept if not _near(told, it.at_s)]
    before = [kept[bisect_left(at_s, when_s - BEFORE_S) : bisect_right(at_s, when_s - MINUTE_S)] for when_s in hard_s]
    found = []
    for name, unit, field, figures in READ:
        known = [value for it in usual if (value := getattr(it, field)) is not None]
        theirs = [[value for it in each if (value := getattr(it, field)) is not None] for each in before]
        times = sum(bool(each) for each in theirs)
        found.append(
            Reading(
                name=name,
                unit=unit,
                figures=figures,
                usual=_middle(known, 1) if len(known) >= LEAST else None,
                before=_middle([value for each in theirs for value in each], times) if times else None,
            )
        )
    return tuple(it for it in found if it.usual or it.before)


def _near(told: Sequence[float], at_s: float) -> bool:
    next_ = bisect_left(told, at_s - APART_S)
    return next_ < len(told) and told[next_] < at_s + MINUTE_S + APART_S


def _middle(values: Sequence[float], times: int) -> Middle:
    quarters = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3
    low, median, high = quarters
    return Middle(median=median, low=low, high=high, minutes=len(values), times=times)
