"""Whether facts hold, second by second, in; for how long each has held, out: an operator over rows.

It keeps the laws of operators: rows do not know of each other, where a stream is cut changes nothing, and a gap longer
than what is forgiven begins anew. Time is absolute: a jump of ``start_s`` is a gap, a clock set back a beginning.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from alerts.errors import AlertError
from models.risk import Array, Rows

FIRST: Final = "first_s"
LAST: Final = "last_s"


class Lasting:
    """``rows`` of people, ``facts`` about each; a fact that fails to hold for up to ``forgive_s`` goes on."""

    def __init__(self, *, rows: int, facts: int, forgive_s: float) -> None:
        if rows < 1 or facts < 1 or not forgive_s >= 0:
            raise AlertError(f"lasting: rows and facts from 1, forgive_s from 0, not {rows}, {facts}, {forgive_s}")
        self._forgive_s = forgive_s
        self._first_s = np.full((rows, facts), -np.inf)  # the begin of the first second of the present run
        self._last_s = np.full((rows, facts), -np.inf)  # the begin of the last second in which it held

    def push(self, start_s: NDArray[np.int64], holds: NDArray[np.bool_], *, rows: Rows | None = None) -> Array:
        """Return for how long each fact has held up to its last such second [s], (k, n, facts); 0 where it does not, or
        not any more.

        ``holds`` (k, n, facts) of the rows ``rows`` (default: all), whose second i begins at ``start_s`` (k,) + i [UTC
        s]; False where unknown. Raises AlertError where shapes do not fit.
        """
        chosen = np.arange(len(self._first_s)) if rows is None else rows
        if holds.ndim != 3 or holds.shape[::2] != (len(chosen), self._first_s.shape[1]) or len(start_s) != len(chosen):
            raise AlertError(f"lasting: ({len(chosen)}, n, {self._first_s.shape[1]}) would be right, not {holds.shape}")
        if not holds.shape[1]:
            return np.zeros(holds.shape)
        at_s = (start_s[:, None] + np.arange(holds.shape[1])).astype(np.float64)[..., None]
        first, last = self._first_s[chosen][:, None], self._last_s[chosen][:, None]
        back = last >= at_s[:, :1]
        first, last = np.where(back, -np.inf, first), np.where(back, -np.inf, last)
        held = np.maximum.accumulate(np.where(holds, at_s, last), axis=1)
        before = np.concatenate([last, held[:, :-1]], axis=1)
        begins = holds & (at_s - before > self._forgive_s + 1)
        first = np.maximum.accumulate(np.where(begins, at_s, first), axis=1)
        self._first_s[chosen], self._last_s[chosen] = first[:, -1], held[:, -1]
        lasts = at_s - held <= self._forgive_s
        lasted: Array = np.where(lasts, np.where(lasts, held, 0.0) - np.where(lasts, first, 0.0) + 1.0, 0.0)
        return lasted

    def snapshot(self) -> Mapping[str, NDArray[np.generic]]:
        """A copy of what is known, a leading row axis each."""
        return {FIRST: self._first_s.copy(), LAST: self._last_s.copy()}

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from a snapshot; raises AlertError where it does not fit, and then nothing changed."""
        kept = {name: np.asarray(arrays.get(name, np.zeros(0)), np.float64) for name in (FIRST, LAST)}
        for name, array in kept.items():
            if array.shape != self._first_s.shape or np.isnan(array).any() or (array == np.inf).any():
                raise AlertError(f"lasting: {name} is {array.shape}, right would be {self._first_s.shape} known times")
        self._first_s[...], self._last_s[...] = kept[FIRST], kept[LAST]

    def grown(self) -> "Lasting":
        """Return one with a row more, of whom nothing is known; of everybody else all stays as it is."""
        more = Lasting(rows=len(self._first_s) + 1, facts=self._first_s.shape[1], forgive_s=self._forgive_s)
        more._first_s[:-1], more._last_s[:-1] = self._first_s, self._last_s
        return more
