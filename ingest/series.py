"""Blocks of one channel in, cut to the times that may be used; one array of samples with their times and holes out."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from numpy.typing import NDArray

from ingest.grid import REACH
from ingest.segments import BEATS_JOIN_S
from ingest.types import CHANNELS, Array, Block

if TYPE_CHECKING:
    import pandas as pd

AXES: Final = ("x", "y", "z")
HALF: Final = REACH - 1.0  # of a period: a hole begins where more than that lies between two samples' periods


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """What readings came from: a wristband, or the pseudo-band of a recording that was ``imported``."""

    band: str
    imported: bool


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Samples (or beats) ``low`` up to ``high`` of a block of ``source``; never empty. Their times are the block's own,
    to the last bit, wherever it was cut."""

    source: Source
    uncut: Block
    low: int
    high: int
    start_s: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "start_s", _time(self.uncut, self.low))

    @classmethod
    def cut(cls, source: Source, block: Block, since_s: float, until_s: float) -> Self | None:
        """What of a block lies in ``[since_s, until_s)`` [UTC s]; None where nothing does."""
        low, high = _index(block, since_s), _index(block, until_s)
        return cls(source, block, low, high) if low < high else None

    @property
    def end_s(self) -> float:
        """When the period of the last sample is over, or the last beat happened [UTC s]."""
        return _time(self.uncut, self.high if self.uncut.rate_hz else self.high - 1)

    @property
    def block(self) -> Block:
        """The piece as a block of its own; its values are a view."""
        values = self.uncut.values[..., self.low : self.high]
        if not self.uncut.rate_hz and self.low:
            values = np.stack([values[0] - values[0, 0], values[1]])
        return Block(self.uncut.channel, self.start_s, self.uncut.rate_hz, values)

    def times_s(self) -> Array:
        """When each sample was taken, or each beat happened [UTC s], (n,)."""
        block = self.uncut
        if not block.rate_hz:
            return block.start_s + block.values[0, self.low : self.high]
        times_s: Array = np.arange(self.low, self.high, dtype=np.float64)
        times_s /= block.rate_hz
        times_s += block.start_s
        return times_s

    def values(self) -> Array:
        """(n,), motion (3, n), of beats the intervals [s], (n,)."""
        values = self.uncut.values[..., self.low : self.high]
        return values if self.uncut.rate_hz else values[1]


def _time(block: Block, i: int) -> float:
    return block.start_s + (i / block.rate_hz if block.rate_hz else float(block.values[0, i]))


def _index(block: Block, at_s: float) -> int:
    """The first sample or beat that is not before ``at_s``."""
    n, rate_hz = int(block.values.shape[-1]), block.rate_hz
    if not rate_hz:
        return int(np.searchsorted(block.start_s + block.values[0], at_s))
    if _time(block, 0) >= at_s:
        return 0
    if _time(block, n - 1) < at_s:
        return n
    near = min(max(math.ceil((at_s - block.start_s) * rate_hz), 1), n - 1)
    return bisect_left(range(n), at_s, max(near - 2, 0), min(near + 3, n), key=lambda i: _time(block, i))


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One channel of one wearer in ``[since_s, until_s)`` [UTC s]: n samples (or beats) as they were measured.

    Parameters
    ----------
    times_s : (n,) UTC s, rising; two samples of one band may share a moment where its clock was set anew.
    values : (n,), motion (3, n), in ``unit``; of ``ibi`` the interval that each beat ended [s]. NaN where unknown.
    gaps : (m, 2) UTC s, ``[from, to)`` where nothing is known: no sample for more than 1.5 periods, NaN on every axis,
        or no interval for more than 0.5 s. The edges of the range count: all of it that is no gap is known.
    source : (n,), which of ``sources`` each sample came from.
    left_out : how many samples were measured when no consent of the scope asked for covers it; they are not in here.
    """

    wearer: str
    channel: str
    since_s: float
    until_s: float
    times_s: Array
    values: Array
    gaps: Array
    sources: tuple[Source, ...]
    source: NDArray[np.int16]
    left_out: int

    @property
    def unit(self) -> str:
        """The unit of the values."""
        return CHANNELS[self.channel].unit

    def frame(self) -> "pd.DataFrame":
        """The same as a data frame: index ``time`` (UTC, ns), a column of the channel's name (``motion_x``, ``_y``,
        ``_z``), and ``source``, the band as a category.

        At the start of each gap stands one row of NaN, without a source, so that a plot or an interpolation does not
        run across it; ``to`` of the gap is the next row, or the end of the range. ``attrs`` are wearer, channel, unit,
        since_s, until_s and left_out.
        """
        import pandas as pd

        starts_s = self.gaps[np.isfinite(self.gaps[:, 0]), 0]
        starts_s = starts_s[
            np.searchsorted(self.times_s, starts_s) == np.searchsorted(self.times_s, starts_s, side="right")
        ]
        at = np.searchsorted(self.times_s, starts_s)
        values = np.insert(np.atleast_2d(self.values), at, np.nan, axis=1)
        index = pd.DatetimeIndex(_nanoseconds(np.insert(self.times_s, at, starts_s)), tz="UTC", name="time")
        names = [self.channel] if len(values) == 1 else [f"{self.channel}_{axis}" for axis in AXES]
        found = pd.DataFrame(dict(zip(names, values, strict=True)), index=index)
        codes = np.insert(self.source, at, -1)
        found["source"] = pd.Categorical.from_codes(codes, categories=[each.band for each in self.sources])
        found.attrs = {name: getattr(self, name) for name in ATTRS}
        return found


ATTRS: Final = ("wearer", "channel", "unit", "since_s", "until_s", "left_out")


def _nanoseconds(times_s: Array) -> NDArray[np.datetime64]:
    whole = np.floor(times_s)
    ns: NDArray[np.int64] = whole.astype(np.int64) * 1_000_000_000
    ns += np.rint((times_s - whole) * 1e9).astype(np.int64)
    return ns.astype("datetime64[ns]")


def series_of(
    pieces: Sequence[Piece], *, wearer: str, channel: str, range_s: tuple[float, float], left_out: int
) -> Series:
    """Join pieces, in order of their start, to one series of the range."""
    axes = CHANNELS[channel].axes
    total = sum(piece.high - piece.low for piece in pieces)
    times_s: Array = np.empty(total)
    values: Array = np.empty(total if axes == 1 else (axes, total))
    sources = tuple(sorted({piece.source for piece in pieces}))
    numbers = {source: number for number, source in enumerate(sources)}
    source: NDArray[np.int16] = np.empty(total, np.int16)
    at = 0
    for piece in pieces:
        end = at + piece.high - piece.low
        times_s[at:end] = piece.times_s()
        values[..., at:end] = piece.values()
        source[at:end] = numbers[piece.source]
        at = end
    if any(after.start_s < before.end_s for before, after in pairwise(pieces)):
        order = np.argsort(times_s, kind="stable")
        times_s, values, source = times_s[order], values[..., order], source[order]
    return Series(wearer, channel, *range_s, times_s, values, _gaps(pieces, *range_s), sources, source, left_out)


def apart(pieces: Sequence[Piece]) -> bool:
    """Whether no two sources speak of the same time: of none a sample lies between the first and last of a piece of
    another."""
    last_s: dict[Source, float] = {}
    for piece in sorted(pieces, key=lambda each: each.start_s):
        if any(at_s >= piece.start_s for source, at_s in last_s.items() if source != piece.source):
            return False
        last_s[piece.source] = max(last_s.get(piece.source, -math.inf), _time(piece.uncut, piece.high - 1))
    return True


def _gaps(pieces: Sequence[Piece], since_s: float, until_s: float) -> Array:
    """Where nothing is known, (m, 2): see ``Series``."""
    known = [span for piece in pieces for span in _known(piece)]
    if not known:
        return np.array([[since_s, until_s]]) if since_s < until_s else np.empty((0, 2))
    spans = np.array(known)
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    begins_s, slack_s = spans[:, 0], spans[:, 2]
    ends_s = np.maximum.accumulate(spans[:, 1])
    from_s = np.concatenate([[since_s], ends_s])
    to_s = np.concatenate([begins_s, [until_s]])
    least_s = np.concatenate([[3 * slack_s[0]], slack_s[1:], [slack_s[-1]]])
    holes = to_s - from_s > least_s
    return np.stack([from_s[holes], to_s[holes]], axis=1)


def _known(piece: Piece) -> list[tuple[float, float, float]]:
    """From when to when [UTC s] a piece says something, and how much farther on the next may begin without a hole."""
    values, rate_hz = piece.values(), piece.uncut.rate_hz
    if not rate_hz:
        at_s = piece.times_s()
        return [(t - i, t, BEATS_JOIN_S) for t, i in zip(at_s.tolist(), values.tolist(), strict=True) if i == i]
    slack_s = HALF / rate_hz
    unknown = np.isnan(values)
    if not unknown.any():
        return [(piece.start_s, piece.end_s, slack_s)]
    said = ~(unknown if unknown.ndim == 1 else unknown.all(axis=0))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], said, [False]]).astype(np.int8)))
    times_s = (edges + piece.low) / rate_hz + piece.uncut.start_s
    return [(float(low), float(high), slack_s) for low, high in times_s.reshape(-1, 2)]
