"""Simulated days of packets in, how far each band's time lay from the truth out: ours beside what was before.

The truth is a packet's end plus the least delay of its path: more no receiver can know. ``python -m benchmarks.clocks``
"""

import argparse
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from benchmarks.figures import table
from ingest.clock.clocks import Clocks
from ingest.types import Array
from ingest.wire import Packet

DAY_S: Final = 86_400
BEGAN_S: Final = 1.79e9
LEAST_S: Final = 0.03  # of every path
REACH_S: Final = 0.02  # the goal: below this
WARM_S: Final = 600.0  # after this


@dataclass(frozen=True, slots=True)
class Day:
    """Packets in order of arrival: ``tick_s`` on the band's clock, ``true_s`` and ``received_s`` [UTC s], all (n,)."""

    tick_s: Array
    true_s: Array
    received_s: Array


Delays = Callable[[np.random.Generator, int], Array]


def exponential(rng: np.random.Generator, n: int) -> Array:
    """200 ms in the mean, without bound."""
    return rng.exponential(0.2, n)


def uniform(rng: np.random.Generator, n: int) -> Array:
    """Up to 200 ms."""
    return rng.uniform(0, 0.2, n)


def bimodal(rng: np.random.Generator, n: int) -> Array:
    """A connection interval that is hit or missed, and a little on top."""
    return rng.choice([0.0, 0.03, 0.5], n, p=[0.3, 0.4, 0.3]) + rng.exponential(0.01, n)


def simulate(
    seed: int,
    *,
    drift_ppm: float = 0.0,
    wander_ppm: float = 0.0,
    wander_s: float = 14_400.0,
    delays: Delays = exponential,
    loss: float = 0.0,
    stalls: bool = False,
    away: tuple[float, float] | None = None,
    backfill: bool = False,
    gaps: int = 0,
    first_late_s: float = 0.0,
    step: tuple[float, float] | None = None,
    every_s: int = 1,
) -> Day:
    """A day of a packet ``every_s``.

    ``wander_ppm`` swings the drift with a period of ``wander_s``; ``stalls`` hold everything for 5 s, 200 times;
    ``away`` loses (or, with ``backfill``, sends late and fast) what was between two moments; ``gaps`` of two to ten
    minutes; the first packet comes ``first_late_s`` late; from ``step[0]`` on the path takes ``step[1]`` longer.
    """
    rng = np.random.default_rng(seed)
    true_s = np.arange(every_s, DAY_S + 1, every_s, dtype=np.float64)
    n = true_s.size
    slope = -1e-6 * every_s * (drift_ppm + wander_ppm * np.sin(2 * np.pi * true_s / wander_s))
    tick_s = 100 + true_s + np.cumsum(slope)
    received_s = true_s + LEAST_S + delays(rng, n)
    if stalls:
        for at in rng.uniform(0, DAY_S, 200):
            held = (received_s >= at) & (received_s < at + 5)
            received_s[held] = at + 5 + 1e-3 * np.arange(held.sum())
    keep = rng.random(n) >= loss
    keep[0] = True
    for at in rng.uniform(600, DAY_S, gaps):
        keep &= ~((true_s > at) & (true_s < at + rng.uniform(120, 600)))
    if away is not None:
        gone = (true_s > away[0]) & (true_s <= away[1])
        if backfill:
            received_s[gone] = away[1] + LEAST_S + 0.02 * np.arange(1, gone.sum() + 1)
        else:
            keep &= ~gone
    received_s[0] += first_late_s
    if step is not None:
        received_s[true_s > step[0]] += step[1]
        true_s = np.where(true_s > step[0], true_s + step[1], true_s)
    order = np.argsort(received_s, kind="stable")
    order = order[keep[order]]
    return Day(tick_s[order], BEGAN_S + true_s[order], BEGAN_S + received_s[order])


DAYS: Final[dict[str, dict[str, object]]] = {
    "no drift, exponential 200 ms": {},
    "20 ppm, exponential 200 ms": {"drift_ppm": 20.0},
    "50 ppm, exponential 200 ms": {"drift_ppm": 50.0},
    "-50 ppm, exponential 200 ms": {"drift_ppm": -50.0},
    "100 ppm, exponential 200 ms": {"drift_ppm": 100.0},
    "50 ppm, uniform 200 ms": {"drift_ppm": 50.0, "delays": uniform},
    "50 ppm, bimodal": {"drift_ppm": 50.0, "delays": bimodal},
    "50 ppm, 5 s stalls, 5 % lost": {"drift_ppm": 50.0, "stalls": True, "loss": 0.05},
    "50 ppm, a packet in 10 s": {"drift_ppm": 50.0, "every_s": 10},
    "50 ppm, gaps of minutes": {"drift_ppm": 50.0, "gaps": 60},
    "50 ppm, an hour away": {"drift_ppm": 50.0, "away": (30_000, 33_600)},
    "50 ppm, an hour away, backfill": {"drift_ppm": 50.0, "away": (30_000, 33_600), "backfill": True},
    "50 ppm, eight hours away": {"drift_ppm": 50.0, "away": (30_000, 58_800)},
    "30 ± 5 ppm in 4 h": {"drift_ppm": 30.0, "wander_ppm": 5.0},
    "30 ± 10 ppm in 1 h": {"drift_ppm": 30.0, "wander_ppm": 10.0, "wander_s": 3600.0},
    "30 ± 20 ppm in 4 h": {"drift_ppm": 30.0, "wander_ppm": 20.0},
    "50 ppm, first packet 4 s late": {"drift_ppm": 50.0, "first_late_s": 4.0},
    "50 ppm, 3 s longer from 10 h on": {"drift_ppm": 50.0, "step": (36_000, 3.0)},
    "50 ppm, 45 s longer from 10 h on": {"drift_ppm": 50.0, "step": (36_000, 45.0)},
}


@dataclass(slots=True)
class _Window:
    offset_s: float
    tick_s: float
    start_s: float
    least_s: list[float] = field(default_factory=lambda: [math.inf, math.inf])


class LeastOfMinutes:
    """The method before this one: follow the least delay of one to two minutes, 1 ms/s down and 0.2 ms/s up."""

    def __init__(self) -> None:
        self._window: _Window | None = None

    def map(self, packet: Packet, received_s: float) -> float:
        """Return the offset [s] of a packet."""
        tick_s = packet.tick_us * 1e-6
        seen_s = received_s - tick_s
        if self._window is None or seen_s < self._window.offset_s - 5:
            self._window = _Window(seen_s, tick_s, tick_s)
        window = self._window
        span_s = min(max(tick_s - window.tick_s, 0), 5.0)
        window.tick_s = max(window.tick_s, tick_s)
        if window.tick_s - window.start_s > 60:
            window.least_s, window.start_s = [window.least_s[1], math.inf], window.tick_s
        window.least_s[1] = min(window.least_s[1], seen_s)
        window.offset_s += max(-1e-3 * span_s, min(2e-4 * span_s, min(window.least_s) - window.offset_s))
        return window.offset_s


def errors_s(clocks: Clocks | LeastOfMinutes, day: Day) -> Array:
    """Return how far from the truth each packet's end was mapped, (n,) [s], as they came; negative: too early."""
    ticks_us = np.rint(day.tick_s * 1e6).astype(np.int64)
    order = np.argsort(day.tick_s)
    seq = np.empty(order.size, np.int64)
    seq[order] = np.arange(order.size)
    mapped = [
        tick_us * 1e-6 + clocks.map(Packet(v=1, band="b", boot=1, seq=n, tick_us=tick_us), at_s)
        for tick_us, n, at_s in zip(ticks_us.tolist(), seq.tolist(), day.received_s.tolist(), strict=True)
    ]
    return np.array(mapped) - day.true_s - LEAST_S


def warm_up_min(error_s: Array, day: Day) -> float:
    """Minutes from the beginning until the error first stays below ``REACH_S`` for ten minutes."""
    wrong_s = day.true_s[np.abs(error_s) >= REACH_S]
    edges = np.concatenate([[BEGAN_S], wrong_s, [np.inf]])
    quiet = int(np.flatnonzero(np.diff(edges) > 600)[0])
    return float(edges[quiet] - BEGAN_S) / 60


def _figures(error_s: Array, day: Day) -> list[str]:
    warm = warm_up_min(error_s, day)
    settled = np.abs(error_s[day.true_s > BEGAN_S + WARM_S]) * 1e3
    wrong = float((settled >= REACH_S * 1e3).mean() * 100)
    return [f"{warm:.1f}", f"{np.quantile(settled, 0.99):.1f}", f"{settled.max():.1f}", f"{wrong:.2f}"]


def lines(seeds: int) -> Iterator[list[str]]:
    """Yield the table's lines: the worst of ``seeds`` runs each."""
    for name, options in DAYS.items():
        days = [simulate(seed, **options) for seed in range(seeds)]  # type: ignore[arg-type]
        both = [[_figures(errors_s(make(), day), day) for day in days] for make in (Clocks, LeastOfMinutes)]
        worst = [[max(column, key=float) for column in zip(*runs, strict=True)] for runs in both]
        yield [name, *worst[0], *worst[1]]


def microseconds() -> tuple[float, float]:
    """What a packet costs: 5,000 bands in turn, 200 packets each; ours and the earlier method's first band [us]."""
    packets = [
        Packet(v=1, band=f"b{band}", boot=1, seq=seq, tick_us=seq * 1_000_000, sent_us=seq, heard_us=seq, gateway="g")
        for seq in range(200)
        for band in range(5_000)
    ]
    took = []
    for clocks in (Clocks(), LeastOfMinutes()):
        started_s = time.perf_counter()
        for packet in packets:
            clocks.map(packet, BEGAN_S + packet.seq)
        took.append((time.perf_counter() - started_s) / len(packets) * 1e6)
    return took[0], took[1]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    seeds: int = parser.parse_args().seeds
    head = ["day", "warm-up, min", "p99, ms", "max, ms", "> 20 ms, %"]
    print(table([*head, *(f"before: {each}" for each in head[1:])], list(lines(seeds))))
    ours_us, before_us = microseconds()
    print(f"\n{ours_us:.2f} us a packet of 5,000 bands with a gateway's times; before, of one band: {before_us:.2f} us")


if __name__ == "__main__":
    main()
