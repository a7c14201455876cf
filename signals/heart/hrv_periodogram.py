"""Values at uneven times in, their Lomb-Scargle periodogram at even frequencies out.

With a floating mean, normalised as a power spectral density like astropy's (VanderPlas 2018,
doi:10.3847/1538-4365/aab766), and computed without the phase that makes sine and cosine orthogonal, which gives the
same number (Zechmeister 2009, doi:10.1051/0004-6361:200811296). Frequencies are taken in blocks, beats by twos: the
compiler takes lanes where loops have a known length and arrays cannot overlap, so all stand in one.
"""

from typing import Final

import numpy as np
from numba import njit

from signals.types import Array

STRIDE: Final = 8  # frequencies between a cosine and those it follows from
REACH: Final = 2 * STRIDE
BLOCK: Final = 128  # frequencies in one pass over the beats: FLIRT's windows of 60 s need 119
LINE: Final = REACH + BLOCK  # one of cosine and sine of either beat, with what they follow from
SUMS: Final = 4 * LINE  # where the six sums begin
TURN: Final = 2 * REACH  # where in a seed twice the cosine of a stride stands, and behind it the value
ROOM: Final = SUMS + 6 * BLOCK
SEED: Final = TURN + 2


@njit(cache=True, nogil=True)
def periodogram(time_s: Array, value: Array, first_hz: float, step_hz: float, power: Array) -> None:
    """Fill ``power`` of ``value`` (n,) at ``time_s`` (n,), at ``first_hz`` and every ``step_hz`` above it."""
    n = len(value)
    mean = value.mean()
    seeds, room = np.zeros((n + 1, SEED)), np.zeros(ROOM)  # the last seed stands for none where n is odd
    for i in range(n):
        angle = 2 * np.pi * step_hz * time_s[i]
        _phasors(2 * np.pi * first_hz * time_s[i] - REACH * angle, angle, seeds[i])
        seeds[i, TURN + 1] = value[i] - mean
    for begin in range(0, len(power), BLOCK):
        room[SUMS:] = 0.0
        for i in range(0, n, 2):
            _add(room, seeds[i], seeds[i + 1])
        for k in range(min(BLOCK, len(power) - begin)):
            power[begin + k] = _power(n, room, SUMS + k)


@njit(cache=True, nogil=True)
def band_power(time_s: Array, interval_s: Array, low_hz: float, high_hz: float, spectrum: Array) -> float:
    """Return the power [ms2] of intervals [s] in a band, ``spectrum`` being room for the points it is computed at; a
    sine wave of amplitude A has A^2 / 2."""
    n = len(interval_s)
    step_hz = (high_hz - low_hz) / (len(spectrum) - 1)
    periodogram(time_s, interval_s, low_hz, step_hz, spectrum)
    area = spectrum.sum() - 0.5 * (spectrum[0] + spectrum[-1])
    power: float = 1e6 * 2.0 * (time_s[n - 1] + interval_s[0]) / n * area * step_hz
    return power


@njit(cache=True, nogil=True)
def _phasors(begin: float, step: float, seed: Array) -> None:
    """Fill two strides of cosines and of sines of ``begin + k step``, each half the one before it, turned; and twice
    the cosine of a stride."""
    seed[0], seed[REACH] = np.cos(begin), np.sin(begin)
    turn_c, turn_s = np.cos(step), np.sin(step)
    done = 1
    while done < REACH:
        for j in range(done):
            c, s = seed[j], seed[REACH + j]
            seed[done + j], seed[REACH + done + j] = c * turn_c - s * turn_s, s * turn_c + c * turn_s
        seed[TURN] = 2 * turn_c
        turn_c, turn_s = turn_c * turn_c - turn_s * turn_s, 2 * turn_c * turn_s
        done *= 2


@njit(cache=True, nogil=True)
def _add(room: Array, seed: Array, seed2: Array) -> None:
    """Add the terms of two beats to the sums of a block, and leave in the seeds what the next block follows from: each
    cosine follows from those one and two strides before it."""
    turn, turn2, y, y2 = seed[TURN], seed2[TURN], seed[TURN + 1], seed2[TURN + 1]
    for k in range(REACH):
        room[k], room[LINE + k] = seed[k], seed[REACH + k]
        room[2 * LINE + k], room[3 * LINE + k] = seed2[k], seed2[REACH + k]
    for k in range(REACH, LINE):
        room[k] = turn * room[k - STRIDE] - room[k - REACH]
        room[LINE + k] = turn * room[LINE + k - STRIDE] - room[LINE + k - REACH]
        room[2 * LINE + k] = turn2 * room[2 * LINE + k - STRIDE] - room[2 * LINE + k - REACH]
        room[3 * LINE + k] = turn2 * room[3 * LINE + k - STRIDE] - room[3 * LINE + k - REACH]
    for k in range(BLOCK):
        c, s, c2, s2 = room[REACH + k], room[LINE + REACH + k], room[2 * LINE + REACH + k], room[3 * LINE + REACH + k]
        room[SUMS + k] += c + c2
        room[SUMS + BLOCK + k] += s + s2
        room[SUMS + 2 * BLOCK + k] += c * c + c2 * c2
        room[SUMS + 3 * BLOCK + k] += c * s + c2 * s2
        room[SUMS + 4 * BLOCK + k] += y * c + y2 * c2
        room[SUMS + 5 * BLOCK + k] += y * s + y2 * s2
    for k in range(REACH):
        seed[k], seed[REACH + k] = room[BLOCK + k], room[LINE + BLOCK + k]
        seed2[k], seed2[REACH + k] = room[2 * LINE + BLOCK + k], room[3 * LINE + BLOCK + k]


@njit(cache=True, nogil=True)
def _power(n: int, room: Array, at: int) -> float:
    """The periodogram at one frequency, from the sums of its terms over n beats."""
    part = 1.0 / n
    c, s, cc = part * room[at], part * room[at + BLOCK], part * room[at + 2 * BLOCK]
    cs, yc, ys = part * room[at + 3 * BLOCK], part * room[at + 4 * BLOCK], part * room[at + 5 * BLOCK]
    ss = 1.0 - cc - s * s
    cc -= c * c
    cs -= c * s
    apart = cc * ss - cs * cs
    return 0.5 * n * (ss * yc * yc + cc * ys * ys - 2 * cs * yc * ys) / apart if apart > 0 else 0.0
