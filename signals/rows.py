"""Arrays in, the same arrays checked and laid out for kernels out: what every operator asks of its arguments."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.types import Array, Rows

Number = TypeVar("Number", np.float64, np.intp)
Counts = NDArray[np.int64]
Standing = NDArray[np.int8]
Record = Any  # one row of a structured state: its fields have no static types

RATE_MAX_HZ: Final = 4096.0  # no wristband samples faster


class RowState:
    """What keeps a state for ``rows`` streams: every writeable array it holds, however deep, has a leading axis of the
    rows (or of a fixed number of streams a row), and is state; constants are not arrays, or are read-only ones."""

    _rows: int

    @property
    def _name(self) -> str:
        return type(self).__name__

    def snapshot(self, *, rows: Rows | None = None) -> dict[str, NDArray[Any]]:
        """Return a copy of the state of the rows ``rows`` (default: all): named arrays with a leading axis of k rows.

        They hold numbers only, also in structured arrays, so that they can be kept without pickles.
        """
        known = rows_of(self._name, rows, total=self._rows)
        return {name: _by_row(state, self._rows)[known] for name, state in self._states()}

    def restore(self, arrays: Mapping[str, NDArray[Any]], *, rows: Rows | None = None) -> None:
        """Go on from a snapshot of k rows as the rows ``rows`` (default: all); others are not touched.

        Raises SignalError where the snapshot is not of k rows of this operator made the same way; then nothing changed.
        """
        known = rows_of(self._name, rows, total=self._rows)
        mine = dict(self._states())
        if arrays.keys() != mine.keys():
            odd = sorted(arrays.keys() ^ mine.keys())
            raise SignalError(f"{self._name}.arrays: not a snapshot of this operator ({odd[0]!r})")
        for name, state in mine.items():
            shape = (len(known), *_by_row(state, self._rows).shape[1:])
            theirs = arrays[name]
            if not isinstance(theirs, np.ndarray) or theirs.shape != shape or theirs.dtype != state.dtype:
                raise SignalError(
                    f"{self._name}.arrays[{name!r}]: must be {state.dtype} {shape}, got "
                    f"{getattr(theirs, 'dtype', type(theirs).__name__)} {getattr(theirs, 'shape', '')}"
                )
        for name, state in mine.items():
            _by_row(state, self._rows)[known] = arrays[name]

    def _states(self, prefix: str = "") -> Iterator[tuple[str, NDArray[Any]]]:
        """Yield every array of state by name, those of the operators inside included."""
        for name, value in vars(self).items():
            inside = value.items() if isinstance(value, dict) else ((None, value),)
            for key, part in inside:
                full = prefix + name.strip("_") + ("" if key is None else f".{key}")
                if isinstance(part, RowState):
                    yield from part._states(f"{full}.")
                elif isinstance(part, np.ndarray) and part.flags.writeable:
                    yield full, part


class RowOperator(RowState):
    """What every operator shares: ``rows`` streams sampled at ``rate_hz``, and the checks of what is pushed.

    An operator keeps its state with a leading row axis. ``push`` takes the next samples of the rows ``rows`` (default:
    all), touches only their state, and neither writes to its inputs nor hands them back. float32 is widened.

    Raises SignalError, naming the operator, the argument and the row, where an argument cannot be used.
    """

    def __init__(self, *, rows: int, rate_hz: float) -> None:
        if isinstance(rows, bool) or not isinstance(rows, int | np.integer) or rows < 1:
            raise SignalError(f"{self._name}.rows: must be a whole number of at least 1, got {rows!r}")
        if not (is_finite(rate_hz) and 0 < rate_hz <= RATE_MAX_HZ):
            raise SignalError(f"{self._name}.rate_hz: must be above 0 and at most {RATE_MAX_HZ:g}, got {rate_hz!r}")
        self._rows = int(rows)
        self._rate_hz = float(rate_hz)

    def _whole_rate(self) -> int:
        """Return ``rate_hz`` as samples a second; raises SignalError where a second holds no whole number of them."""
        if not self._rate_hz.is_integer():
            raise SignalError(f"{self._name}.rate_hz: must be a whole number, got {self._rate_hz!r}")
        return int(self._rate_hz)

    def _samples(self, argument: str, seconds: float, *, least: int = 0) -> int:
        """Return ``seconds`` as a whole number of samples; raises SignalError below ``least`` or where not finite."""
        if not is_finite(seconds) or round(seconds * self._rate_hz) < least:
            raise SignalError(f"{self._name}.{argument}: must be at least {least} samples, got {seconds!r} s")
        return round(seconds * self._rate_hz)

    def _share(self, argument: str, value: float) -> float:
        """Return ``value`` where it lies in (0, 1]; raises SignalError elsewhere."""
        if not (is_finite(value) and 0 < value <= 1):
            raise SignalError(f"{self._name}.{argument}: must be above 0 and at most 1, got {value!r}")
        return float(value)

    def _take(
        self, x: Array, rows: Rows | None, *, argument: str = "x", axes: int = 1, grain: int = 1
    ) -> tuple[Array, Rows]:
        """Return ``x`` as float64, row-major and writeable, (k, n) or (k, axes, n) with n a multiple of ``grain``, and
        the k row numbers that it belongs to."""
        known = rows_of(self._name, rows, total=self._rows)
        if not isinstance(x, np.ndarray) or x.dtype.kind != "f" or x.dtype.itemsize not in (4, 8):
            raise SignalError(f"{self._name}.{argument}: must be an array of float64 or float32, got {_kind(x)}")
        if x.ndim != (3 if axes > 1 else 2) or x.shape[0] != len(known) or (axes > 1 and x.shape[1] != axes):
            wanted = f"({len(known)}, {f'{axes}, ' if axes > 1 else ''}n)"
            raise SignalError(f"{self._name}.{argument}: must be {wanted}, got {x.shape}")
        if x.shape[-1] % grain:
            raise SignalError(f"{self._name}.{argument}: {x.shape[-1]} samples are no whole number of {grain}")
        return laid_out(x, np.float64), known


def is_finite(value: object) -> bool:
    """Return whether ``value`` is a number, and neither NaN nor infinite."""
    return isinstance(value, int | float | np.integer | np.floating) and math.isfinite(value)


def constant(x: Array) -> Array:
    """Return ``x`` as a read-only, row-major copy: what an operator holds and never changes."""
    fixed = np.array(x, np.float64, order="C")
    fixed.flags.writeable = False
    return fixed


def rows_of(operator: str, rows: Rows | None, *, total: int) -> Rows:
    """Return the row numbers meant by ``rows``; raises SignalError unless each is below ``total`` and named once."""
    if rows is None:
        return np.arange(total, dtype=np.intp)
    if not isinstance(rows, np.ndarray) or rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise SignalError(f"{operator}.rows: must be a one-dimensional array of whole numbers, got {_kind(rows)}")
    known: Rows = laid_out(rows, np.intp)
    if not _are_told_apart(known, total):
        outside = (rows < 0) | (rows >= total)
        if outside.any():
            raise SignalError(f"{operator}.rows: there is no row {rows[outside.argmax()]}, only 0 to {total - 1}")
        twice = np.bincount(known, minlength=total).argmax()
        raise SignalError(f"{operator}.rows: row {twice} is named more than once")
    return known


@njit(cache=True, nogil=True)
def _are_told_apart(rows: Rows, total: int) -> bool:
    """Every operator asks this of every second, so it is a kernel: rows in order, as they mostly are, cost nothing."""
    rising = True
    for i in range(rows.size):
        if rows[i] < 0 or rows[i] >= total:
            return False
        rising = rising and (i == 0 or rows[i] > rows[i - 1])
    if rising:
        return True
    named = np.zeros(total, np.bool_)
    for row in rows:
        if named[row]:
            return False
        named[row] = True
    return True


def laid_out(x: NDArray[Any], dtype: type[Number]) -> NDArray[Number]:
    """Return ``x`` in the one layout that kernels are compiled for; a copy only where it is laid out differently.

    Read-only arrays are copied too: to numba they are another type, and compiling anew would stall a live tick. What a
    masked array masks is unknown, NaN, and not what lies under the mask.
    """
    if isinstance(x, np.ma.MaskedArray) and x.dtype.kind == "f":
        x = x.filled(np.nan)
    even = np.ascontiguousarray(x, dtype=dtype)
    return even if even.flags.writeable else even.copy()


def _by_row(state: NDArray[Any], rows: int) -> NDArray[Any]:
    """Return a view of ``state`` with an axis of the rows; several streams a row get a second axis."""
    return state if len(state) == rows else state.reshape(rows, len(state) // rows, *state.shape[1:])


def _kind(x: object) -> str:
    return f"{x.ndim}-dimensional {x.dtype}" if isinstance(x, np.ndarray) else type(x).__name__
