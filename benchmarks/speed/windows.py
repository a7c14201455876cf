"""Features once a second over the last minute and the last hour, how little the longer window costs more, out.

The peer computes the last hour anew each second, as NumPy does it for all wearers at once.
"""

import statistics
import time
from collections.abc import Callable
from typing import Final

import numpy as np

from benchmarks.figures import Race
from signals.types import Array
from signals.windows import GREATEST, Extreme, Mean, Slope

WEARERS: Final = 1000
MINUTE_S: Final = 60
HOUR_S: Final = 3600
TICKS: Final = 400
PEER_TICKS: Final = 5


def race() -> list[Race]:
    """Mean, greatest value and slope of an hour against a minute of the same, and against NumPy."""
    level = np.random.default_rng(0).normal(size=(WEARERS, HOUR_S + TICKS))
    minute_s, hour_s = (_ours(level, window_s=window_s) for window_s in (MINUTE_S, HOUR_S))
    peer_s = _peer(level)
    return [
        Race(
            work=f"mean, greatest and slope of the last hour, once a second, {WEARERS:,} wearers",
            peer="NumPy, the hour anew",
            peer_s=peer_s,
            ours_s=hour_s,
            reach=1,
            goal=1,
            note=f"of the last minute: {minute_s * 1e6:.0f} us, an hour costs {hour_s / minute_s:.2f} times that",
        )
    ]


def _ours(level: Array, *, window_s: int) -> float:
    """Return the median time of a tick [s], windows full."""
    operators: list[Callable[[Array], Array]] = [
        Mean(rows=WEARERS, rate_hz=1, window_s=window_s).push,
        Extreme(rows=WEARERS, rate_hz=1, window_s=window_s, which=GREATEST).push,
        Slope(rows=WEARERS, rate_hz=1, window_s=window_s).push,
    ]
    for push in operators:
        push(level[:, :HOUR_S].copy())
    spent = []
    for second in range(HOUR_S, HOUR_S + TICKS):
        x = level[:, second : second + 1].copy()
        begun = time.perf_counter()
        for push in operators:
            push(x)
        spent.append(time.perf_counter() - begun)
    return statistics.median(spent)


def _peer(level: Array) -> float:
    """Return the median time of a tick [s]."""
    at = np.arange(HOUR_S) - (HOUR_S - 1) / 2
    spent = []
    for second in range(HOUR_S, HOUR_S + PEER_TICKS):
        begun = time.perf_counter()
        hour = level[:, second - HOUR_S : second]
        hour.mean(axis=1), hour.max(axis=1), (hour * at).sum(axis=1) / (at @ at)
        spent.append(time.perf_counter() - begun)
    return statistics.median(spent)
