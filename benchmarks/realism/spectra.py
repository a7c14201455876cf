"""Sessions in, how their power lies over frequency out: PPG, motion and conductance, still minutes and moving ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.realism.features import WINDOW_S, spectrum
from benchmarks.realism.sessions import Session
from ingest.types import CHANNELS, Array

STILL_G: Final = 0.02  # a minute whose median second moves by less is still,
MOVING_G: Final = 0.08  # and one that moves by more is moving
KINDS: Final = ("still", "moving")
OF: Final = ("ppg", "motion", "eda")
_FLOOR: Final = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """The logarithm (base 10) of power density at each frequency [Hz] over m minutes: ``low``, ``middle``, ``high`` are
    quartiles (F,)."""

    hz: Array
    low: Array
    middle: Array
    high: Array
    minutes: int


def spectra(sessions: Sequence[Session]) -> dict[tuple[str, str], Spectrum]:
    """Return the spectrum of each channel of ``OF`` in each of ``KINDS`` of minutes, where there are any."""
    found: dict[tuple[str, str], list[Array]] = {(name, kind): [] for name in OF for kind in KINDS}
    hz: dict[str, Array] = {}
    for session in sessions:
        count = session.seconds // WINDOW_S
        if count == 0 or not all(np.isfinite(session.channels[name]).any() for name in OF):
            continue
        cut = {name: _cut(session.channels[name], count, CHANNELS[name].grid_hz) for name in OF}
        each = cut["motion"].reshape(count, 3, WINDOW_S, -1)
        moved = np.median(np.sqrt(each.var(axis=-1).sum(axis=1)), axis=-1)
        worn = (session.said["worn"][: count * WINDOW_S].reshape(count, WINDOW_S) == 1).all(axis=1)
        whole = np.all([np.isfinite(x).all(axis=tuple(range(1, x.ndim))) for x in cut.values()], axis=0) & worn
        for name, x in cut.items():
            for kind, chosen in zip(KINDS, (moved < STILL_G, moved > MOVING_G), strict=True):
                if (chosen & whole).any():
                    hz[name], power = spectrum(x[chosen & whole], CHANNELS[name].grid_hz)
                    found[name, kind].append(power.sum(axis=1) if power.ndim == 3 else power)
    return {key: _quartiles(hz[key[0]], powers) for key, powers in found.items() if powers}


def _cut(values: Array, count: int, rate: int) -> Array:
    n = count * WINDOW_S * rate
    return values[:n].reshape(count, -1) if values.ndim == 1 else values[:, :n].reshape(3, count, -1).transpose(1, 0, 2)


def _quartiles(hz: Array, powers: list[Array]) -> Spectrum:
    power = np.concatenate(powers)
    low, middle, high = np.log10(np.quantile(power, (0.25, 0.5, 0.75), axis=0) + _FLOOR)
    return Spectrum(hz[1:], low[1:], middle[1:], high[1:], len(power))
