"""FLIRT's feature set, FLIRT's and ours: heart-rate variability of 60 s windows, and the whole set of hour and day.

FLIRT is timed on windows spread evenly over the whole recording, one core, few and then many of them: what the many
cost beyond the few is a window's cost on a recording so long, and what is left is paid once. So it is reckoned up to a
window every second. Ours is timed whole; a day once, in a process of its own, whose peak memory is told.
"""

import contextlib
import io
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sized
from pathlib import Path

import numpy as np

from benchmarks.figures import ROOT, Race
from benchmarks.speed.recordings import Array, recording
from signals.sets import flirt

WINDOW_S = 60
HOP_S = 1
FLIRT_WINDOWS = {  # by hours, so few and so many are timed; FLIRT's own day, a window a second, takes most of an hour
    1: (30, 120),
    24: (24, 144),
}
Inputs = dict[str, Array]


def inputs(*, hours: int) -> Inputs:
    """Return conductance, motion and intervals on their grids, a row, and when beats began."""
    found = recording(hours=hours)
    intervals = np.zeros((1, 64 * 3600 * hours))
    intervals[0, (found.beat_s[1:] * 64).astype(int)] = np.diff(found.beat_s)
    return {
        "eda": found.eda[None],
        "motion": np.round(64 * found.motion)[None] / 64,  # an E4's counts
        "intervals": intervals,
        "beat_s": found.beat_s,
    }


def ours(given: Inputs) -> dict[str, float]:
    """Return how many seconds each part of the set takes."""
    parts: dict[str, Callable[..., object]] = {
        "eda": lambda: flirt.conductance(given["eda"], rate_hz=4, window_s=WINDOW_S, hop_s=HOP_S),
        "hrv": lambda: flirt.heart(given["intervals"], rate_hz=64, window_s=WINDOW_S, hop_s=HOP_S),
        "acc": lambda: flirt.movement(given["motion"], rate_hz=32, window_s=WINDOW_S, hop_s=HOP_S),
    }
    spent = {}
    for name, part in parts.items():
        before = time.perf_counter()
        part()
        spent[name] = time.perf_counter() - before
    return spent


def flirts(given: Inputs, *, hours: int) -> dict[str, float]:
    """Return how many seconds FLIRT takes for each part, had it a window a second."""
    if not hasattr(np, "trapz"):
        np.trapz = np.trapezoid  # FLIRT calls what NumPy 2.4 took away
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import flirt as peer

        begin = pd.Timestamp("2024-01-01", tz="UTC")
        eda = pd.Series(given["eda"][0], index=pd.date_range(begin, periods=given["eda"].shape[1], freq="250ms"))
        moments = pd.date_range(begin, periods=given["motion"].shape[2], freq="31250us")
        motion = pd.DataFrame(64 * given["motion"][0].T, columns=["acc_x", "acc_y", "acc_z"], index=moments)
        beats = begin + pd.to_timedelta(given["beat_s"][1:], unit="s")
        intervals = pd.Series(1000 * np.diff(given["beat_s"]), index=beats)
        domains = ["td", "fd", "nl", "stat"]
        calls: dict[str, Callable[[int], Sized]] = {
            "eda": lambda step: peer.get_eda_features(eda, WINDOW_S, step, 4, num_cores=1),
            "hrv": lambda step: peer.get_hrv_features(intervals, WINDOW_S, step, domains, 0.2, num_cores=1),
            "acc": lambda step: peer.get_acc_features(motion, WINDOW_S, step, 32, num_cores=1),
        }
        return {
            name: _reckoned(call, seconds=3600 * hours, counts=FLIRT_WINDOWS[hours]) for name, call in calls.items()
        }


def _reckoned(call: Callable[[int], Sized], *, seconds: int, counts: tuple[int, int]) -> float:
    """Return how long ``call`` would take [s] with a window every ``HOP_S`` of ``seconds``."""
    spent, windows = [], []
    for count in counts:
        before = time.perf_counter()
        with contextlib.redirect_stderr(io.StringIO()):
            windows.append(len(call(seconds // count)))
        spent.append(time.perf_counter() - before)
    each = (spent[1] - spent[0]) / (windows[1] - windows[0])
    return spent[0] + each * (seconds / HOP_S - windows[0])


def race() -> list[Race]:
    """Race over an hour and a day."""
    day, peak_mib, peer_day = _day()  # first: a process begins with the peak memory of the one that starts it
    hour = inputs(hours=1)
    ours(hour)  # kernels are loaded
    found = [ours(hour) for _ in range(5)]
    peers = [flirts(hour, hours=1) for _ in range(3)]
    peer = {name: statistics.median(one[name] for one in peers) for name in peers[0]}
    windows = 3600 - WINDOW_S + 1
    middle = {name: statistics.median(one[name] for one in found) for name in found[0]}
    return [
        Race(
            "heart-rate variability of a 60 s window, 52 numbers by FLIRT's definitions",
            "FLIRT 0.0.2",
            peer["hrv"] / 3600,
            middle["hrv"] / windows,
            100,
            180,
        ),
        Race(
            "FLIRT's set of 1 h: 60 s windows, 1 s step, 184 features",
            "FLIRT 0.0.2",
            sum(peer.values()),
            sum(middle.values()),
            60,
            115,
            f"ours: {_split(middle)}; FLIRT's: {_split(peer)}, reckoned from {FLIRT_WINDOWS[1][1]} windows",
        ),
        Race(
            "the same of 24 h",
            "FLIRT 0.0.2",
            sum(peer_day.values()),
            sum(day.values()),
            60,
            200,
            f"peak memory {peak_mib:.0f} MiB; ours: {_split(day)}; FLIRT's: {_split(peer_day)}, reckoned"
            f" from {FLIRT_WINDOWS[24][1]} windows",
        ),
    ]


def _split(spent: dict[str, float]) -> str:
    return ", ".join(f"{name} {seconds:.3g} s" for name, seconds in spent.items())


def _day() -> tuple[dict[str, float], float, dict[str, float]]:
    """Return the times of ours and the peak memory [MiB] of the process that took them, and FLIRT's times."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.speed.feature_sets"]
        for task in ("make", "time"):
            told = subprocess.run(  # noqa: S603 - ourselves
                [*command, task, folder], cwd=ROOT, check=True, capture_output=True, text=True
            ).stdout
        given = {path.stem: np.load(path) for path in Path(folder).glob("*.npy")}
    found = json.loads(told)
    return found["spent"], found["peak_mib"], flirts(given, hours=24)


def _make(folder: Path) -> None:
    """Put the recording of a day into ``folder``."""
    for name, x in inputs(hours=24).items():
        np.save(folder / f"{name}.npy", x)


def _time(folder: Path) -> None:
    """Time the whole set of the recording in ``folder`` once, and print that and the peak memory as JSON."""
    given = {name: np.load(folder / f"{name}.npy") for name in ("eda", "motion", "intervals")}
    minutes = {name: x[..., : x.shape[-1] // 240] for name, x in given.items()}
    ours(minutes)  # kernels are loaded
    spent = ours(given)
    flirt.features(
        eda=given["eda"],
        eda_hz=4,
        motion=given["motion"],
        motion_hz=32,
        intervals=given["intervals"],
        interval_hz=64,
        window_s=WINDOW_S,
        hop_s=HOP_S,
    )
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"spent": spent, "peak_mib": peak_mib}))


if __name__ == "__main__":
    {"make": _make, "time": _time}[sys.argv[1]](Path(sys.argv[2]))
