"""Live features, once a second: NeuroKit2 and FLIRT, which compute the last minute anew, and our engine, which goes on.

The peers have one wearer and windows of 60 s spread over an hour; of FLIRT its own functions are called on the window
without the process pool of its public ones, which is the faster way. Ours has 1,000 wearers in one engine, busy; also
250 and 4,000 of them, and 1,000 asleep.
"""

import contextlib
import io
import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np

from benchmarks.engine import LOOP_S, SETTLE_S, busy, flat, live
from benchmarks.figures import Race
from benchmarks.speed.recordings import recording
from signals.features import FEATURES

WINDOW_S = 60
UPDATES = 12
WEARERS = 1000
TICKS = 40
Update = Callable[[int], object]


def _neurokit() -> Update:
    """What its documentation offers of a minute: conductance, beats, heart-rate variability; and movement."""
    import neurokit2 as nk

    found = recording(hours=1)

    def update(end: int) -> object:
        eda, _ = nk.eda_process(found.eda[(end - WINDOW_S) * 4 : end * 4], sampling_rate=4)
        clean = nk.ppg_clean(found.ppg[(end - WINDOW_S) * 64 : end * 64], sampling_rate=64)
        at_s = nk.ppg_findpeaks(clean, sampling_rate=64)["PPG_Peaks"] / 64
        intervals = {"RRI": 1000 * np.diff(at_s), "RRI_Time": at_s[1:]}
        return (
            nk.eda_intervalrelated(eda, sampling_rate=4),
            nk.hrv_time(intervals, sampling_rate=64),
            nk.hrv_frequency(intervals, sampling_rate=64),
            np.linalg.norm(found.motion[:, (end - WINDOW_S) * 32 : end * 32], axis=0).std(),
        )

    return update


def _flirt() -> Update:
    """Its 183 features of a minute whose beats are known."""
    if not hasattr(np, "trapz"):
        np.trapz = np.trapezoid  # FLIRT calls what NumPy 2.4 took away
    import flirt.eda.feature_calculation as conductance
    import pandas as pd
    from flirt.hrv.features.fd_features import FdFeatures
    from flirt.hrv.features.nl_features import NonLinearFeatures
    from flirt.hrv.features.td_features import TdFeatures
    from flirt.stats.common import get_stats

    decompose = vars(conductance)["__cvx_eda"]
    domains = [
        getattr(domain, "__generate__")  # noqa: B009 - it is mangled otherwise
        for domain in (TdFeatures(), FdFeatures(sampling_frequency=1, method="lomb"), NonLinearFeatures())
    ]
    found = recording(hours=1)

    def update(end: int) -> object:
        phasic, tonic = decompose(found.eda[(end - WINDOW_S) * 4 : end * 4], 0.25)
        inside = (found.beat_s >= end - WINDOW_S) & (found.beat_s < end)
        intervals = 1000 * np.diff(found.beat_s[inside])
        counts = 64 * found.motion[:, (end - WINDOW_S) * 32 : end * 32]
        series = [np.ravel(tonic), np.ravel(phasic), intervals, *counts, np.linalg.norm(counts, axis=0)]
        return [get_stats(x, "") for x in series], [domain(pd.Series(intervals)) for domain in domains]

    return update


def _seconds(update: Update) -> float:
    """Return what one update costs, the median of many after a first that counts for nothing."""
    spent = []
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        for end in np.linspace(600, 3400, UPDATES + 1).astype(int):
            before = time.perf_counter()
            update(int(end))
            spent.append(time.perf_counter() - before)
    return statistics.median(spent[1:])


def race() -> list[Race]:
    """Race, and say how the engine's cost goes with the wearers."""
    awake, asleep = busy(seconds=LOOP_S), flat(seconds=LOOP_S)
    ticks = {n: live(awake, wearers=n, count=TICKS, settle_s=80) for n in (WEARERS // 4, WEARERS, 4 * WEARERS)}
    sleep = live(asleep, wearers=WEARERS, count=TICKS, settle_s=SETTLE_S)
    ours_s = ticks[WEARERS]["median_ms"] / 1e3 / WEARERS
    each = ", ".join(f"{1e3 * tick['median_ms'] / n:.1f} us at {n}" for n, tick in ticks.items())
    note = (
        f"{1 / ours_s:,.0f} wearers a core with {len(FEATURES)} features; {WEARERS} wearers:"
        f" tick p99 {ticks[WEARERS]['p99_ms']:.0f} ms, asleep {sleep['median_ms'] / ticks[WEARERS]['median_ms']:.2f}"
        f" times busy; a wearer costs {each}"
    )
    races = []
    for name, make, wearers in (("NeuroKit2", _neurokit, 51), ("FLIRT", _flirt, 31)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            peer_s = _seconds(make())
        work = "live: every feature of a wearer, once a second, one core"
        reached = f"the peer manages {1 / peer_s:.0f} wearers a core; {note}"
        races.append(Race(work, name, peer_s, ours_s, round(5000 / wearers), round(10000 / wearers), reached))
    return races
