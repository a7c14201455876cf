"""The engine's features second by second in, what models read out: how it is of late, against before, against usual.

Of each quantity (conductance, pulse, temperature, movement ...; ``models.inputs.named``) means fade exponentially, so
that a second costs the same however long it looks back and nothing is kept but the means. What is usual of a person is
learnt from the person's own past alone, second by second, before and never after; it outlives silence and sessions.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError
from models.inputs.kernel import AS_IT_IS, CHANGE, DEVIATION, LASTING, LOGARITHM, RECENT, RISE, ROOT, fade, run
from models.inputs.named import INPUTS, MEMORY_S, QUANTITIES
from models.inputs.named import NAMES as NAMES
from signals.errors import SignalError
from signals.features import NAMES as FEATURE_NAMES
from signals.features import column
from signals.rows import RowState, laid_out, rows_of
from signals.types import Array, Rows

VERSION: Final = 3

_SCALES: Final = {"as it is": AS_IT_IS, "logarithm": LOGARITHM, "root": ROOT}
_KINDS: Final = {"recent": RECENT, "deviation": DEVIATION, "lasting": LASTING, "rise": RISE, "change": CHANGE}
_PLACES: Final = {each.name: i for i, each in enumerate(QUANTITIES)}
_COLUMNS: Final = np.array([*(column(each.feature) for each in QUANTITIES), column("worn")], np.int64)
_SCALED: Final = np.array([_SCALES[each.scale] for each in QUANTITIES], np.int64)
_OFFSETS: Final = np.array([each.offset for each in QUANTITIES])
_TYPICAL: Final = np.array([each.typical for each in QUANTITIES])
_MADE_OF: Final = np.array([_PLACES[each.quantity] for each in INPUTS], np.int64)
_KIND: Final = np.array([_KINDS[each.kind] for each in INPUTS], np.int64)


class Inputs(RowState):
    """What models read of ``rows`` people; the laws of operators hold. Raises ModelError where arguments do not fit.

    An input is NaN until enough of what it is made of is known (15 s of the last minute, a minute of the last ten, a
    minute of the past), and again once too little of late is. Nothing says how long a recording has been going on.
    """

    def __init__(self, *, rows: int) -> None:
        if isinstance(rows, bool) or not isinstance(rows, int | np.integer) or rows < 1:
            raise ModelError(f"Inputs.rows: at least one person, not {rows!r}")
        self._rows = int(rows)
        self._means = np.zeros((rows, len(QUANTITIES), 4))
        self._weights = np.zeros((rows, len(QUANTITIES), 4))
        self._usual = np.zeros((rows, len(QUANTITIES), 3))

    def push(self, features: Array, *, rows: Rows | None = None) -> Array:
        """Return (k, n, M) of the rows ``rows`` (default: all) from their next n seconds of features, (k, n, F)."""
        known = self._known(rows)
        wanted = f"({len(known)}, n, {len(FEATURE_NAMES)}) of float64"
        if not isinstance(features, np.ndarray) or features.dtype.kind != "f" or features.ndim != 3:
            raise ModelError(f"Inputs.features: {wanted} would be right, not {type(features).__name__}")
        if (features.shape[0], features.shape[2]) != (len(known), len(FEATURE_NAMES)):
            raise ModelError(f"Inputs.features: {wanted} would be right, not {features.shape}")
        out = np.empty((*features.shape[:2], len(INPUTS)))
        run(
            known,
            laid_out(features, np.float64),
            _COLUMNS,
            _SCALED,
            _OFFSETS,
            _TYPICAL,
            _MADE_OF,
            _KIND,
            MEMORY_S,
            self._means,
            self._weights,
            self._usual,
            out,
        )
        return out

    def pass_silence(self, seconds: NDArray[np.int64], *, rows: Rows | None = None) -> None:
        """Let ``seconds`` (k,) in which nothing arrives pass for the rows ``rows`` (default: all), however many: the
        same to the bit as pushing NaN, and much cheaper."""
        known = self._known(rows)
        if not isinstance(seconds, np.ndarray) or seconds.shape != known.shape or seconds.dtype.kind != "i":
            raise ModelError(f"Inputs.seconds: ({len(known)},) whole numbers would be right, not {seconds!r}")
        if (seconds < 0).any():
            raise ModelError(f"Inputs.seconds: from 0 up, not {int(seconds.min())}")
        fade(known, seconds.astype(np.int64), self._means, self._weights)

    def begin_anew(self, *, rows: Rows | None = None) -> None:
        """Forget what was of late of the rows ``rows`` (default: all): another session begins. The usual stays."""
        known = self._known(rows)
        for state in (self._means, self._weights):
            state[known] = 0.0

    def snapshot(self, *, rows: Rows | None = None) -> dict[str, NDArray[Any]]:
        """Return a copy of the state of the rows ``rows`` (default: all), arrays with a leading axis of k rows."""
        return super().snapshot(rows=self._known(rows))

    def restore(self, arrays: Mapping[str, NDArray[Any]], *, rows: Rows | None = None) -> None:
        """Go on from a snapshot as the rows ``rows``; raises ModelError where it does not fit; then nothing changed."""
        known = self._known(rows)
        for name, array in arrays.items():
            if not np.isfinite(np.asarray(array)).all():
                raise ModelError(f"Inputs.snapshot: {name!r} holds what is not finite: it was not written by snapshot")
        try:
            super().restore(arrays, rows=known)
        except SignalError as error:
            raise ModelError(str(error)) from error

    def _known(self, rows: Rows | None) -> Rows:
        try:
            return rows_of("Inputs", rows, total=self._rows)
        except SignalError as error:
            raise ModelError(str(error)) from error
