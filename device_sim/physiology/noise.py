"""A key, a stream and an index in, a random number out: numbers that depend on nothing else.

Because every random number is a function of where it stands, a stream may be cut anywhere and rows may be left out
without changing the others. The mixing is SplitMix64's (Steele, Lea & Flood 2014, doi:10.1145/2660193.2660195).
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

Keys = NDArray[np.uint64]

_STREAM: Final = np.uint64(0xBF58476D1CE4E5B9)
_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX2: Final = np.uint64(0x94D049BB133111EB)
_LOW: Final = np.uint64(0xFFFF)


@njit(cache=True, nogil=True)
def bits(key: int | np.uint64, stream: int, index: int) -> np.uint64:
    """Return 64 random bits for a row's ``key``, one of its streams and an index in it."""
    z = np.uint64(key) ^ (np.uint64(stream + 1) * _STREAM)
    z += np.uint64(index + 1) * _STEP
    z = (z ^ (z >> np.uint64(30))) * _MIX1
    z = (z ^ (z >> np.uint64(27))) * _MIX2
    return z ^ (z >> np.uint64(31))


@njit(cache=True, nogil=True)
def uniform(key: int | np.uint64, stream: int, index: int) -> float:
    """Return a number in [0, 1)."""
    return np.float64(bits(key, stream, index) >> np.uint64(11)) * 1.1102230246251565e-16


@njit(cache=True, nogil=True)
def normal(key: int | np.uint64, stream: int, index: int) -> float:
    """Return a number of mean 0 and variance 1 from four 16-bit uniforms: within 3.5, and the same bits on any CPU."""
    z = bits(key, stream, index)
    total = np.float64(z & _LOW) + np.float64((z >> np.uint64(16)) & _LOW)
    total += np.float64((z >> np.uint64(32)) & _LOW) + np.float64(z >> np.uint64(48))
    return (total - 131070.0) / 37837.227


def keys(*, seed: int, numbers: tuple[int, ...]) -> Keys:
    """Return the (rows,) keys of the people with these ``numbers``; a row's key depends on no other row."""
    return np.array([bits(seed & (1 << 62) - 1, 0, number) for number in numbers], np.uint64)
