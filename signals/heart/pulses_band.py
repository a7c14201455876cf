"""Light and motion in, the same in the band of the pulse out: kernels that pass once over the samples."""

import math
from typing import Final

import numpy as np
from numba import njit

from signals.filters import QUIET, high_pass, low_pass
from signals.gaps import RESTART, UNKNOWN
from signals.rows import Standing
from signals.types import Array, Rows

FLUSHED: Final = 32  # samples between two looks for numbers too small to be worth their time

Section = tuple[float, float, float, float, float]  # b0, b1, b2, a1 and a2


def sections(band_hz: tuple[float, float], *, rate_hz: float) -> tuple[Section, Section]:
    """Return a high-pass and a low-pass of second order each: together the band."""
    low, high = band_hz
    both = high_pass(cutoff_hz=low, rate_hz=rate_hz, order=2), low_pass(cutoff_hz=high, rate_hz=rate_hz, order=2)
    first, second = (tuple(float(one[0, i]) for i in (0, 1, 2, 4, 5)) for one in both)
    return first, second  # type: ignore[return-value]


@njit(cache=True, nogil=True, error_model="numpy")
def through(value: float, first: float, second: float, section: Section) -> tuple[float, float, float]:
    """Return what a section makes of ``value``, and its two states."""
    out = section[0] * value + first
    return out, section[1] * value - section[3] * out + second, section[2] * value - section[4] * out


@njit(cache=True, nogil=True, error_model="numpy")
def flushed(state: float) -> float:
    """Return ``state``, or 0 where it is too small to be worth its time."""
    return state if abs(state) > QUIET else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def pass_light(x: Array, standing: Standing, rows: Rows, band: tuple[Section, Section], flow: Array) -> None:
    """Band-pass ``x`` in place, at rest on its first value after a restart."""
    high, low = band
    for k in range(rows.size):
        one = flow[rows[k]]
        z0, z1, z2, z3, count = one[0], one[1], one[2], one[3], one[4]
        for i in range(x.shape[1]):
            if standing[k, i] == UNKNOWN:
                continue
            value = x[k, i]
            if standing[k, i] == RESTART:
                z0, z1, z2, z3, count = -high[0] * value, high[2] * value, 0.0, 0.0, 0.0
            y, z0, z1 = through(value, z0, z1, high)
            x[k, i], z2, z3 = through(y, z2, z3, low)
            count += 1.0
            if count >= FLUSHED:
                count = 0.0
                z0, z1, z2, z3 = flushed(z0), flushed(z1), flushed(z2), flushed(z3)
        one[0], one[1], one[2], one[3], one[4] = z0, z1, z2, z3, count


@njit(cache=True, nogil=True, error_model="numpy")
def pass_motion(motion: Array, rows: Rows, hold: int, band: tuple[Section, Section], felt: Array, moved: Array) -> None:
    """Band-pass motion, at rest on its first value; what is missing is held for up to ``hold`` samples, and NaN out."""
    high, low = band
    for k in range(rows.size):
        kept = felt[rows[k]]
        x, x0, x1, x2, x3, y, y0, y1, y2, y3, z, z0, z1, z2, z3 = (
            kept[0],
            kept[1],
            kept[2],
            kept[3],
            kept[4],
            kept[5],
            kept[6],
            kept[7],
            kept[8],
            kept[9],
            kept[10],
            kept[11],
            kept[12],
            kept[13],
            kept[14],
        )
        missing, count = kept[15], kept[16]
        for i in range(motion.shape[2]):
            known = math.isfinite(motion[k, 0, i]) and math.isfinite(motion[k, 1, i]) and math.isfinite(motion[k, 2, i])
            if known:
                x, y, z = motion[k, 0, i], motion[k, 1, i], motion[k, 2, i]
                if missing == 0 or missing > hold + 1:
                    x0, x1, x2, x3 = -high[0] * x, high[2] * x, 0.0, 0.0
                    y0, y1, y2, y3 = -high[0] * y, high[2] * y, 0.0, 0.0
                    z0, z1, z2, z3, count = -high[0] * z, high[2] * z, 0.0, 0.0, 0.0
                missing = 1.0
            else:
                moved[k, 0, i] = moved[k, 1, i] = moved[k, 2, i] = np.nan
                missing = min(missing + 1.0, hold + 2.0) if missing > 0 else 0.0
                if missing == 0 or missing > hold + 1:
                    continue
            once, x0, x1 = through(x, x0, x1, high)
            twice, x2, x3 = through(once, x2, x3, low)
            moved[k, 0, i] = twice if known else np.nan
            once, y0, y1 = through(y, y0, y1, high)
            twice, y2, y3 = through(once, y2, y3, low)
            moved[k, 1, i] = twice if known else np.nan
            once, z0, z1 = through(z, z0, z1, high)
            twice, z2, z3 = through(once, z2, z3, low)
            moved[k, 2, i] = twice if known else np.nan
            count += 1.0
            if count >= FLUSHED:
                count = 0.0
                x0, x1, x2, x3 = flushed(x0), flushed(x1), flushed(x2), flushed(x3)
                y0, y1, y2, y3 = flushed(y0), flushed(y1), flushed(y2), flushed(y3)
                z0, z1, z2, z3 = flushed(z0), flushed(z1), flushed(z2), flushed(z3)
        kept[:5] = x, x0, x1, x2, x3
        kept[5:10] = y, y0, y1, y2, y3
        kept[10:15] = z, z0, z1, z2, z3
        kept[15], kept[16] = missing, count
