"""PPG in, beat times out: our operator and the peers' detectors side by side, and found beats held to true ones.

Peers get their own usual cleaning; Bishop's method runs on 6 s pieces, HeartPy on 120 s pieces, as their authors ask.
"""

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from signals.heart.pulses_beats import Beats

Array = NDArray[np.float64]
Finder = Callable[[Array], Array]

PPG_HZ = 64
MOTION_HZ = 32
TAIL_S = 3.0  # before the end of a recording: our beats are told up to 2 s after they happened; for all the same


def ours(ppg: Array, motion: Array | None = None) -> Array:
    """Return when ``Beats`` says that beats happened [s]: those told, and the one before the first of each run."""
    beat_s, interval_s, _ = told(ppg, motion)
    both = np.sort(np.concatenate([beat_s, beat_s - interval_s]))
    return both[np.diff(both, prepend=-1.0) > 0.01]


def told(ppg: Array, motion: Array | None = None) -> tuple[Array, Array, Array]:
    """Return times [s], intervals [s] and qualities of the beats told in one recording."""
    if motion is None:
        out = Beats(rows=1, rate_hz=PPG_HZ).push(ppg[None])
    else:
        out = Beats(rows=1, rate_hz=PPG_HZ, motion_hz=MOTION_HZ).push(ppg[None], motion[None])
    at = np.flatnonzero(out[0][0] > 0)
    return at / PPG_HZ - out[1][0, at], out[0][0, at], out[2][0, at]


def neurokit() -> dict[str, Finder]:
    """Return NeuroKit2's detectors by name."""
    import neurokit2 as nk

    def finder(method: str, length: int | None = None) -> Finder:
        def find(ppg: Array) -> Array:
            clean = nk.ppg_clean(ppg, sampling_rate=PPG_HZ)
            step = length or clean.size
            found = []
            for start in range(0, max(clean.size - step // 2, 1), step):
                piece = clean[start : start + step]
                found.append(
                    start + np.asarray(nk.ppg_findpeaks(piece, sampling_rate=PPG_HZ, method=method)["PPG_Peaks"], float)
                )
            return np.concatenate(found) / PPG_HZ

        return find

    return {
        "NeuroKit2 Elgendi": _quietly(finder("elgendi")),
        "NeuroKit2 MSPTDfast v1": _quietly(finder("charlton2024")),
        "NeuroKit2 MSPTDfast v2": _quietly(finder("charlton")),
        "NeuroKit2 Bishop": _quietly(finder("bishop", 6 * PPG_HZ)),
    }


def everyone() -> dict[str, Finder]:
    """Return every peer's detectors by name."""
    import heartpy as hp
    from biosppy.signals import ppg as bp
    from biosppy.signals import tools as st

    def heartpy(ppg: Array) -> Array:
        clean = hp.filter_signal(ppg, cutoff=[0.7, 3.5], sample_rate=PPG_HZ, order=3, filtertype="bandpass")
        found = [np.zeros(0)]
        for start in range(0, clean.size - 10 * PPG_HZ, 120 * PPG_HZ):
            try:
                said, _ = hp.process(hp.scale_data(clean[start : start + 120 * PPG_HZ]), sample_rate=PPG_HZ)
            except hp.exceptions.BadSignalWarning:
                continue
            peaks = np.asarray(said["peaklist"], float)
            found.append(start + peaks[np.asarray(said["binary_peaklist"]) == 1])
        return np.concatenate(found) / PPG_HZ

    def biosppy(find: Callable[..., dict[str, Array]]) -> Finder:
        def onsets(ppg: Array) -> Array:
            clean = st.filter_signal(
                signal=ppg, ftype="butter", band="bandpass", order=4, frequency=[1, 8], sampling_rate=PPG_HZ
            )["signal"]
            return np.asarray(find(signal=clean, sampling_rate=PPG_HZ)["onsets"], float) / PPG_HZ

        return onsets

    return neurokit() | {
        "HeartPy": _quietly(heartpy),
        "BioSPPy Elgendi": _quietly(biosppy(bp.find_onsets_elgendi2013)),
        "BioSPPy Kavsaoglu": _quietly(biosppy(bp.find_onsets_kavsaoglu2016)),
    }


def _quietly(find: Finder) -> Finder:
    def quiet(ppg: Array) -> Array:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                return np.sort(find(ppg))
            except (IndexError, ValueError):  # where a detector finds nothing at all, some of them fail
                return np.zeros(0)

    return quiet


def nearest(found_s: Array, true_s: Array) -> Array:
    """Return for each true beat how much later the nearest found one is [s]; infinite where there is none."""
    if found_s.size == 0:
        return np.full(true_s.size, np.inf)
    after = np.clip(np.searchsorted(found_s, true_s), 0, found_s.size - 1)
    before = np.maximum(after - 1, 0)
    late, early = found_s[after] - true_s, found_s[before] - true_s
    return np.where(np.abs(early) < np.abs(late), early, late)


def shift(found_s: Array, true_s: Array) -> float:
    """Return the constant by which found beats are late [s]: where most are within 0.1 s, then the median of those
    within 0.15 s. Peaks stand up to 0.35 s after feet."""
    steps = np.arange(-0.3, 0.5, 0.02)
    late = float(steps[np.argmax([(np.abs(nearest(found_s, true_s + step)) < 0.1).sum() for step in steps])])
    for _ in range(2):
        away = nearest(found_s, true_s + late)
        away = away[np.abs(away) < 0.15]
        late += float(np.median(away)) if away.size else 0.0
    return late


def pairs(found_s: Array, true_s: Array, *, within_s: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which found beat goes with which true one: one to one, in order, the closer of two."""
    found, true = [], []
    i = j = 0
    while i < found_s.size and j < true_s.size:
        away = found_s[i] - true_s[j]
        if abs(away) > within_s:
            i, j = (i + 1, j) if away < 0 else (i, j + 1)
        elif i + 1 < found_s.size and abs(found_s[i + 1] - true_s[j]) < abs(away):
            i += 1
        else:
            found.append(i)
            true.append(j)
            i, j = i + 1, j + 1
    return np.array(found, np.intp), np.array(true, np.intp)


def counted(found_s: Array, true_s: Array, *, within_s: float, end_s: float) -> tuple[int, int, int]:
    """Return how many beats are right, found and true, between the first true one and ``TAIL_S`` before ``end_s``."""
    true_s = true_s[true_s < end_s - TAIL_S]
    found_s = found_s[(found_s > true_s[0] - 0.3) & (found_s < true_s[-1] + 0.3)]
    return len(pairs(found_s, true_s, within_s=within_s)[0]), found_s.size, true_s.size
