"""Synthetic wearers in; what the engine alone costs out: ms a tick and seconds of data a second, busy, asleep, offline.

python -m benchmarks.engine [--wearers N] [--ticks N] [--json FILE]
"""

import argparse
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("NUMBA_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from ingest.types import Tick
from signals.engine import Engine
from signals.types import Array

DISTINCT = 25  # wearers that are really different; the others are theirs, shifted in time
LOOP_S = 64  # after which the recording begins again
SETTLE_S = 300  # of flat signals before sleep is timed: time enough to decay into denormals


def busy(*, seconds: int, seed: int = 1) -> dict[str, Array]:
    """Return ``DISTINCT`` wearers: pulses of 55 to 110 a minute with noise, responses every 12 s or so, movement.

    Every third walks, one to two steps a second at about 0.2 g: enough movement that its cadence is looked for.
    """
    rng = np.random.default_rng(seed)
    t = np.arange(64 * seconds) / 64
    rate_hz = rng.uniform(0.9, 1.8, (DISTINCT, 1)) + 0.05 * np.sin(
        2 * np.pi * 0.1 * t + rng.uniform(0, 6, (DISTINCT, 1))
    )
    phase = np.cumsum(rate_hz / 64, axis=1) % 1
    pulse = np.exp(-0.5 * ((phase - 0.25) / 0.09) ** 2) + 0.4 * np.exp(-0.5 * ((phase - 0.6) / 0.1) ** 2)
    ppg = 80 * pulse + 4 * rng.standard_normal(pulse.shape)
    slow = np.arange(4 * seconds) / 4
    since = (slow + rng.uniform(0, 12, (DISTINCT, 1))) % rng.uniform(8, 16, (DISTINCT, 1))
    eda = 2 + 0.1 * np.sin(slow / 30) + 0.6 * (np.exp(-since / 2.0) - np.exp(-since / 0.7))
    eda = eda + 0.002 * rng.standard_normal(eda.shape)
    motion = 0.03 * rng.standard_normal((DISTINCT, 3, 32 * seconds)) + np.array([0.3, 0.4, 0.87])[:, None]
    moment = np.arange(32 * seconds) / 32
    steps_hz = rng.integers(seconds, 2 * seconds, (DISTINCT, 1)) / seconds  # whole steps in the loop
    motion[::3, 2] += 0.28 * np.sin(2 * np.pi * steps_hz * moment)[::3]
    temperature = 33 + 0.3 * np.sin(slow / 60) + 0.01 * rng.standard_normal(eda.shape)
    return {"eda": eda, "temperature": temperature, "ppg": ppg, "motion": motion}


def flat(*, seconds: int) -> dict[str, Array]:
    """Return as many wearers from whom nothing changes."""
    one = {"eda": (2.0, 4), "temperature": (33.0, 4), "ppg": (0.0, 64)}
    made = {name: np.full((DISTINCT, hz * seconds), value) for name, (value, hz) in one.items()}
    gravity = np.tile(np.array([0.0, 0.0, 1.0])[:, None], (DISTINCT, 1, 32 * seconds))
    return made | {"motion": gravity}


def ticks(channels: dict[str, Array], *, wearers: int, start_s: int, count: int, length_s: int = 1) -> Iterator[Tick]:
    """Yield ``count`` ticks of ``length_s`` for ``wearers`` rows, made before the clock is looked at."""
    row = np.arange(wearers)
    shift = 7 * (row // DISTINCT)
    for i in range(count):
        second = (start_s + i * length_s + shift[:, None] + np.arange(length_s)) % LOOP_S
        found = {}
        for name, x in channels.items():
            hz = x.shape[-1] // LOOP_S
            samples = (second[..., None] * hz + np.arange(hz)).reshape(wearers, -1)
            who = row[:, None] % DISTINCT
            found[name] = x[who[:, None], np.arange(3)[:, None], samples[:, None]] if x.ndim == 3 else x[who, samples]
        start = np.full(wearers, start_s + i * length_s, np.int64)
        yield Tick(start_s=start, ibi=np.full((wearers, 64 * length_s), np.nan), **found)


def live(channels: dict[str, Array], *, wearers: int, count: int, settle_s: int) -> dict[str, float]:
    """Return ms a tick (median and p99) and how many times faster than life."""
    engine = Engine(rows=wearers)
    for tick in ticks(channels, wearers=wearers, start_s=0, count=max(settle_s // 20, 1), length_s=20):
        engine.push(tick)
    begin = max(settle_s // 20, 1) * 20
    spent = []
    for tick in ticks(channels, wearers=wearers, start_s=begin, count=count):
        before = time.perf_counter()
        engine.push(tick)
        spent.append(time.perf_counter() - before)
    ms = 1e3 * np.array(spent)
    return {"median_ms": float(np.median(ms)), "p99_ms": float(np.percentile(ms, 99)), "faster": 1e3 / float(ms.mean())}


def offline() -> dict[str, float]:
    """Return ms for one hour of one row in one push (best of three), and how many times faster than life."""
    tick = next(iter(ticks(busy(seconds=LOOP_S), wearers=1, start_s=0, count=1, length_s=3600)))
    spent = []
    for _ in range(3):
        engine = Engine(rows=1)
        before = time.perf_counter()
        engine.push(tick)
        spent.append(time.perf_counter() - before)
    return {"median_ms": 1e3 * min(spent), "p99_ms": 1e3 * max(spent), "faster": 3600 / min(spent)}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wearers", type=int, default=1000)
    parser.add_argument("--ticks", type=int, default=120)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    begun = time.perf_counter()
    Engine(rows=1).push(next(iter(ticks(flat(seconds=LOOP_S), wearers=1, start_s=0, count=1))))
    first = 1e3 * (time.perf_counter() - begun)
    size = {"wearers": asked.wearers, "count": asked.ticks}
    rows = {
        "first tick of a process": {"median_ms": first, "p99_ms": first, "faster": 1e3 / first},
        f"{asked.wearers} wearers, busy, 1 s": live(busy(seconds=LOOP_S), settle_s=80, **size),
        f"{asked.wearers} wearers, asleep, 1 s": live(flat(seconds=LOOP_S), settle_s=SETTLE_S, **size),
        "1 recording, 1 h at once": offline(),
    }
    print(f"{'':32}{'median ms':>12}{'p99 ms':>10}{'x real time':>14}")
    for name, row in rows.items():
        print(f"{name:32}{row['median_ms']:12.2f}{row['p99_ms']:10.2f}{row['faster']:14.0f}")
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
