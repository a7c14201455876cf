"""Samples in, filtered samples out: causal cascades of second-order sections over rows, designed in closed form."""

import math
from typing import Final

import numpy as np
from numba import njit

from signals.errors import SignalError
from signals.gaps import HELD, RESTART, UNKNOWN, Gaps
from signals.rows import Counts, RowOperator, Standing, constant, is_finite
from signals.types import Array, Rows

QUIET: Final = 1e-25  # below any physiology in any unit: a state this small is 0, before denormals make it slow


def low_pass(*, cutoff_hz: float, rate_hz: float, order: int) -> Array:
    """Return the section (1, 6) of a Butterworth low-pass of ``order`` 1 or 2 (bilinear transform, prewarped).

    Raises SignalError unless the order is one of them and the cut-off lies between 0 and half of the rate.
    """
    w = _prewarped(cutoff_hz, rate_hz, order)
    if order == 1:
        return np.array([[w / (1 + w), w / (1 + w), 0.0, 1.0, (w - 1) / (w + 1), 0.0]])
    n = 1 / (1 + math.sqrt(2) * w + w * w)
    b = w * w * n
    return np.array([[b, 2 * b, b, 1.0, 2 * (w * w - 1) * n, (1 - math.sqrt(2) * w + w * w) * n]])


def high_pass(*, cutoff_hz: float, rate_hz: float, order: int) -> Array:
    """Return the section (1, 6) of a Butterworth high-pass; see ``low_pass``."""
    w = _prewarped(cutoff_hz, rate_hz, order)
    if order == 1:
        return np.array([[1 / (1 + w), -1 / (1 + w), 0.0, 1.0, (w - 1) / (w + 1), 0.0]])
    n = 1 / (1 + math.sqrt(2) * w + w * w)
    return np.array([[n, -2 * n, n, 1.0, 2 * (w * w - 1) * n, (1 - math.sqrt(2) * w + w * w) * n]])


def _prewarped(cutoff_hz: float, rate_hz: float, order: int) -> float:
    if order not in (1, 2):
        raise SignalError(f"order: must be 1 or 2, got {order!r}")
    if not (is_finite(rate_hz) and is_finite(cutoff_hz) and 0 < cutoff_hz < rate_hz / 2):
        raise SignalError(f"cutoff_hz: must lie between 0 and half of {rate_hz!r} Hz, got {cutoff_hz!r}")
    return math.tan(math.pi * cutoff_hz / rate_hz)


class Filter(RowOperator):
    """Second-order sections ``sos`` (sections, 6) as SciPy writes them, causal: (k, n) in and out, NaN where unknown.

    Gaps up to ``hold_s`` are bridged; after a longer one a row starts again at rest on its first value (no transient
    of the step from 0), and is unknown for ``warm_s``.
    """

    def __init__(self, sos: Array, *, rows: int, rate_hz: float, hold_s: float, warm_s: float) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        if not isinstance(sos, np.ndarray) or sos.ndim != 2 or sos.shape[1] != 6 or not (sos[:, 3] == 1).all():
            shape = getattr(sos, "shape", type(sos).__name__)
            raise SignalError(f"{self._name}.sos: must be (sections, 6) with a0 = 1, got {shape}")
        if not (np.isfinite(sos).all() and (np.abs(sos[:, 5]) < 1).all() and (np.abs(sos[:, 4]) < 1 + sos[:, 5]).all()):
            raise SignalError(f"{self._name}.sos: must be finite, its poles inside the unit circle, got {sos.tolist()}")
        self._gaps = Gaps(rows=rows, rate_hz=rate_hz, hold_s=hold_s)
        self._warm = self._samples("warm_s", warm_s)
        self._sos = constant(sos)
        self._rest = constant(_at_rest(self._sos))
        self._state = np.zeros((rows, len(sos), 2))
        self._age = np.zeros(rows, np.int64)  # samples since the restart, up to the end of the warm-up

    def push(self, x: Array, *, rows: Rows | None = None) -> Array:
        """Return the next n filtered samples of the rows ``rows``."""
        x, rows = self._take(x, rows)
        bridged = self._gaps.push(x, rows=rows)
        out = np.empty_like(x)
        _cascade(bridged.filled, bridged.standing, rows, self._sos, self._rest, self._warm, self._state, self._age, out)
        return out


def _at_rest(sos: Array) -> Array:
    """Return (sections, 3): both states and the output of each section at a constant input of 1 to itself."""
    b, a = sos[:, :3], sos[:, 3:]
    gain = b.sum(axis=1) / a.sum(axis=1)
    return np.stack([b[:, 1] + b[:, 2] - (a[:, 1] + a[:, 2]) * gain, b[:, 2] - a[:, 2] * gain, gain], axis=1)


@njit(cache=True, nogil=True)
def _cascade(
    x: Array,
    standing: Standing,
    rows: Rows,
    sos: Array,
    rest: Array,
    warm: int,
    state: Array,
    age: Counts,
    out: Array,
) -> None:
    for k in range(rows.size):
        z, old = state[rows[k]], age[rows[k]]
        for i in range(x.shape[1]):
            if standing[k, i] == UNKNOWN:
                out[k, i] = np.nan
                continue
            value = x[k, i]
            if standing[k, i] == RESTART:
                constant = value
                for s in range(sos.shape[0]):
                    z[s, 0], z[s, 1] = rest[s, 0] * constant, rest[s, 1] * constant
                    constant *= rest[s, 2]
                old = 0
            for s in range(sos.shape[0]):
                y = sos[s, 0] * value + z[s, 0]
                first = sos[s, 1] * value - sos[s, 4] * y + z[s, 1]
                second = sos[s, 2] * value - sos[s, 5] * y
                z[s, 0] = first if abs(first) > QUIET else 0.0
                z[s, 1] = second if abs(second) > QUIET else 0.0
                value = y
            old = min(old + 1, warm + 1)
            out[k, i] = np.nan if standing[k, i] == HELD or old <= warm else value
        age[rows[k]] = old
