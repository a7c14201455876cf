"""An hour of PPG with movement in, the time to find its beats out: ours against NeuroKit2's Elgendi."""

import statistics
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from benchmarks.beat_finders import MOTION_HZ, PPG_HZ, Array, counted, neurokit, ours, shift
from benchmarks.figures import Race
from benchmarks.speed.recordings import recording
from signals.heart.pulses_beats import Beats

RUNS: Final = 7
WEARERS: Final = 200
LIVE_S: Final = 20


def race() -> list[Race]:
    """One hour of one wearer at once, and a ward of wearers second by second."""
    one = recording(hours=1)
    elgendi = neurokit()["NeuroKit2 Elgendi"]
    peer_s, theirs = _timed(lambda: elgendi(one.ppg))
    alone_s, alone = _timed(lambda: ours(one.ppg))
    aided_s, aided = _timed(lambda: ours(one.ppg, one.motion))
    said = {name: _score(found, one.beat_s) for name, found in (("theirs", theirs), ("alone", alone), ("aided", aided))}
    live_us, live_aided_us = _live(one.ppg, None), _live(one.ppg, one.motion)
    return [
        Race(
            work="beats of 1 h of PPG at 64 Hz, a fifth in movement, one row",
            peer="NeuroKit2 Elgendi",
            peer_s=peer_s,
            ours_s=alone_s,
            reach=8,
            goal=8,
            note=f"sensitivity/PPV {said['alone']}, theirs {said['theirs']}; live, {WEARERS} wearers second by second: "
            f"{live_us:.1f} us a second",
        ),
        Race(
            work="the same with acceleration",
            peer="NeuroKit2 Elgendi",
            peer_s=peer_s,
            ours_s=aided_s,
            reach=8,
            goal=8,
            note=f"sensitivity/PPV {said['aided']}, theirs {said['theirs']}; live: {live_aided_us:.1f} us a second",
        ),
    ]


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    result, times = work(), []
    for _ in range(RUNS):
        begun = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times), result


def _score(found_s: Array, beat_s: Array) -> str:
    right, found, true = counted(found_s - shift(found_s, beat_s), beat_s, within_s=0.1, end_s=3600)
    return f"{right / true:.4f}/{right / found:.4f}"


def _live(ppg: Array, motion: Array | None) -> float:
    """Return microseconds a wearer-second, one push a second for everybody."""
    beats = Beats(rows=WEARERS, rate_hz=PPG_HZ, motion_hz=None if motion is None else MOTION_HZ)
    times = []
    for second in range(LIVE_S):
        at = 10 * np.arange(WEARERS)[:, None] + second
        x = ppg[at * PPG_HZ + np.arange(PPG_HZ)]
        moved = None if motion is None else motion[:, at * MOTION_HZ + np.arange(MOTION_HZ)].swapaxes(0, 1).copy()
        begun = time.perf_counter()
        beats.push(x, moved)
        times.append(time.perf_counter() - begun)
    return statistics.median(times[5:]) / WEARERS * 1e6
