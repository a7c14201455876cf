"""What leaves signals: features once a second and the events behind them, a row a person (or a recording)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rows = NDArray[np.intp]
Off = NDArray[np.bool_]
Found = dict[str, Array]  # features by name, (k, n) each


@dataclass(frozen=True, slots=True)
class Feature:
    """One number a second: its ``name``, ``unit``, the ``window_s`` it looks back over, the channel it comes from and
    when it is unknown (NaN)."""

    name: str
    unit: str
    window_s: float
    source: str
    unknown_when: str


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """What one push of the engine says about k rows over n seconds; NaN where unknown, 0 where there is no event.

    Parameters
    ----------
    start_s : (k,) int64, UTC seconds: second i of row r is ``[start_s[r] + i, start_s[r] + i + 1)``.
    features : (k, n, F) in the order of ``signals.features.FEATURES``.
    beats : (k, 64 n): the interval [s] that a beat ended, at the sample at which the beat was *told*; only intervals
        that a heart made, mended where that is sure. ``beat_lag_s`` (k, 64 n) is how long before that sample the beat
        happened: the middle of the upstroke of the causally filtered PPG (some 0.17 s after the pulse's foot), or the
        sample at which the band itself said it. Intervals are told two beats late.
    responses : (k, 4 n): amplitude [uS] of a skin-conductance response, at the sample at which it was told;
        ``response_lag_s`` (k, 4 n) is how long before that sample its peak was, the filter's delay included.
    """

    start_s: NDArray[np.int64]
    features: Array
    beats: Array
    beat_lag_s: Array
    responses: Array
    response_lag_s: Array
