"""What every feature set shares: entries with their definitions, windows of any length and hop, and what is unknown."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.rows import RATE_MAX_HZ, is_finite, laid_out
from signals.types import Array

LEAST: Final = 0.8  # of a window that is to be known before anything is said about it

INTERVAL_MAX_S: Final = 10.0  # what the wire carries
BATCH: Final = 1 << 19  # samples of windows laid out at once: 4 MB


@dataclass(frozen=True, slots=True)
class Entry:
    """One feature of a set: ``name`` and ``unit``, the ``window_s`` it looks back over, the channel it comes from, what
    it is (``definition``) and when it is unknown (NaN)."""

    name: str
    unit: str
    window_s: float
    source: str
    definition: str
    unknown_when: str


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A set computed: ``values`` (rows, w, F) in the order of ``entries``; ``end_s`` (w,): when each window ends, in
    seconds since the recordings began. The value at ``end_s`` t comes from samples before t alone."""

    entries: tuple[Entry, ...]
    end_s: Array
    values: Array

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(entry.name for entry in self.entries)

    def column(self, name: str) -> Array:
        """Return one feature, (rows, w); raises KeyError where there is none of that name."""
        for index, entry in enumerate(self.entries):
            if entry.name == name:
                return self.values[:, :, index]
        raise KeyError(f"no feature {name!r} in this set")


def joined(*tables: Table) -> Table:
    """Return tables of the same windows side by side."""
    entries = tuple(entry for table in tables for entry in table.entries)
    return Table(entries, tables[0].end_s, np.concatenate([table.values for table in tables], axis=2))


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of ``window_s`` every ``hop_s`` that lie wholly in ``seconds`` of recording, the first beginning at 0.

    Raises SignalError, naming ``set_name``, where they cannot be.
    """

    set_name: str
    window_s: float
    hop_s: float
    seconds: float

    def __post_init__(self) -> None:
        for name in ("window_s", "hop_s"):
            value = getattr(self, name)
            if not (is_finite(value) and value > 0):
                raise SignalError(f"{self.set_name}.{name}: must be above 0, got {value!r}")

    @property
    def count(self) -> int:
        """How many windows there are."""
        return max(math.floor((self.seconds - self.window_s) / self.hop_s + 1e-9) + 1, 0)

    @property
    def end_s(self) -> Array:
        """When each window ends."""
        return self.window_s + self.hop_s * np.arange(self.count, dtype=np.float64)

    def samples(self, rate_hz: float) -> tuple[int, int]:
        """Return window and hop in samples; raises SignalError unless both are whole numbers of them."""
        found = []
        for name in ("window_s", "hop_s"):
            length = getattr(self, name) * rate_hz
            if abs(length - round(length)) > 1e-6 or round(length) < 1:
                raise SignalError(f"{self.set_name}.{name}: {length / rate_hz:g} s is no whole number of samples")
            found.append(round(length))
        return found[0], found[1]


def channel(set_name: str, argument: str, x: Array, *, rate_hz: float, axes: int = 1) -> Array:
    """Return a channel as row-major float64, (rows, n) or (rows, axes, n), infinities as NaN; raises SignalError."""
    if not (is_finite(rate_hz) and 0 < rate_hz <= RATE_MAX_HZ):
        raise SignalError(
            f"{set_name}.{argument}: its rate must be above 0 and at most {RATE_MAX_HZ:g}, got {rate_hz!r}"
        )
    wanted = f"(rows, {f'{axes}, ' if axes > 1 else ''}n)"
    if not isinstance(x, np.ndarray) or x.dtype.kind != "f" or x.dtype.itemsize not in (4, 8):
        found = x.dtype if isinstance(x, np.ndarray) else type(x).__name__
        raise SignalError(f"{set_name}.{argument}: must be an array of float64 or float32, got {found}")
    if x.ndim != (3 if axes > 1 else 2) or (axes > 1 and x.shape[1] != axes):
        raise SignalError(f"{set_name}.{argument}: must be {wanted}, got {x.shape}")
    even = laid_out(x, np.float64)
    endless = np.isinf(even)
    return np.where(endless, np.nan, even) if endless.any() else even


def beats(set_name: str, x: Array, *, rate_hz: float) -> Array:
    """Return ``intervals`` [s] as ``channel`` does; raises SignalError also where one is negative or above 10 s, which
    is no interval between two beats."""
    x = channel(set_name, "intervals", x, rate_hz=rate_hz)
    for row, one in enumerate(x):
        odd = (one < 0) | (one > INTERVAL_MAX_S)
        if odd.any():
            at = int(odd.argmax())
            raise SignalError(f"{set_name}.intervals: row {row} says {one[at]:g} s at sample {at}: no interval")
    return x


def same_time(set_name: str, seconds: Mapping[str, float], rows: Mapping[str, int]) -> tuple[float, int]:
    """Return how long all channels last and how many rows they have; raises SignalError naming the one that differs."""
    (first, length), *others = seconds.items()
    for name, other in others:
        if abs(other - length) > 1e-6:
            raise SignalError(f"{set_name}.{name}: lasts {other:g} s, but {first} {length:g} s")
        if rows[name] != rows[first]:
            raise SignalError(f"{set_name}.{name}: has {rows[name]} rows, but {first} {rows[first]}")
    return length, rows[first]


def share_of(argument: str, value: float) -> float:
    """Return ``value`` where it lies in (0, 1]; raises SignalError elsewhere."""
    if not (is_finite(value) and 0 < value <= 1):
        raise SignalError(f"{argument}: must be above 0 and at most 1, got {value!r}")
    return float(value)


def held(x: Array) -> Array:
    """Return ``x`` (..., n) with the last known value before it in the place of every unknown one; NaN before the
    first. ``x`` itself comes back where everything is known."""
    unknown = np.isnan(x)
    if not unknown.any():
        return x
    at = np.maximum.accumulate(np.where(unknown, 0, np.arange(x.shape[-1])), axis=-1)
    return np.take_along_axis(x, at, axis=-1)


def told(x: Array, *, window: int, hop: int, count: int, least: float, begin: int = 0) -> NDArray[np.bool_]:
    """Return of which of ``count`` windows of ``x`` (..., n), the first from sample ``begin`` on, at least the share
    ``least`` is known, and something before what is unknown, (..., count)."""
    known = np.zeros((*x.shape[:-1], x.shape[-1] + 1), np.int64)
    np.cumsum(~np.isnan(x), axis=-1, out=known[..., 1:])
    start = begin + hop * np.arange(count)
    inside = known[..., start + window] - known[..., start]
    begun: NDArray[np.bool_] = known[..., start + 1] > 0
    return begun & (inside >= least * window)


def batches(x: Array, which: NDArray[np.bool_], *, window: int, hop: int) -> Iterator[tuple[NDArray[np.intp], Array]]:
    """Yield numbers and samples (b, window) of the windows of ``x`` (n,) that are True in ``which``, some at a time."""
    some = np.flatnonzero(which)
    size = max(BATCH // window, 1)
    for begin in range(0, len(some), size):
        part = some[begin : begin + size]
        yield part, x[(hop * part)[:, None] + np.arange(window)]
