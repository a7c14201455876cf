"""People who live by the clock in, their nights out: when they fall asleep and wake up, night after night."""

from typing import Final

import numpy as np
from numba import njit

from device_sim.life.table import SLEEP, Codes, Table
from device_sim.physiology.noise import Keys, bits, normal, uniform
from device_sim.physiology.person import Person
from ingest.types import Array

DAY_S: Final = 86_400
_STREAM: Final = 998
_LATE_S: Final = 1800.0  # from night to night bedtime and length vary by half an hour: our choice
# How long it takes to fall asleep; autistic people take 11 minutes longer (Elrod & Hood 2015,
# doi:10.1097/DBP.0000000000000140); around that our choice.
_DROWSY_S: Final = (600.0, 3000.0)
_WAKING_S: Final = 300.0


class Nights:
    """The nights of those of k rows that live by the clock; ``clock_s`` is the time of day at second 0 of life."""

    def __init__(self, people: tuple[Person, ...], rows: Codes, *, clock_s: float) -> None:
        self._rows = rows
        self._bed_s = np.array([people[row].bed_h * 3600 for row in rows], np.float64) - clock_s
        self._sleep_s = np.array([people[row].sleep_h * 3600 for row in rows], np.float64)

    def within(self, keys: Keys, begin_s: float, end_s: float) -> Table:
        """Return at least the nights of which anything lies within these times [s of life]."""
        first = int((begin_s - 3 * DAY_S) // DAY_S)
        days = (int(end_s // DAY_S) + 3 - first) if len(self._rows) else 0
        count = days * len(self._rows)
        own, numbers = np.empty(count, np.uint64), np.zeros((count, 6))
        _sleep(keys[self._rows], self._bed_s, self._sleep_s, first, days, own, numbers)
        same = np.zeros(count, np.int64)
        return Table(np.repeat(self._rows, days), same + SLEEP, same, same + 1, own, numbers)


@njit(cache=True, nogil=True)
def _sleep(keys: Keys, bed_s: Array, sleep_s: Array, first: int, days: int, own: Keys, numbers: Array) -> None:
    least, most = _DROWSY_S
    for k in range(keys.shape[0]):
        for d in range(days):
            at, night = k * days + d, bits(keys[k], _STREAM, first + d)
            own[at] = night
            drowsy_s = least + (most - least) * uniform(night, 0, 0)
            numbers[at, 0] = bed_s[k] + (first + d) * DAY_S + _LATE_S * normal(night, 1, 0)
            numbers[at, 1] = drowsy_s
            numbers[at, 2] = max(sleep_s[k] + _LATE_S * normal(night, 2, 0) - drowsy_s - _WAKING_S, 3600.0)
            numbers[at, 4] = _WAKING_S
            numbers[at, 5] = 1.0
