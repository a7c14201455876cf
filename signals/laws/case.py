"""What the laws ask of an operator: how it is made, what it is fed, and which laws do not hold for it by design."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.types import Tick
from signals.engine import Engine
from signals.laws.streams import RATES, stream
from signals.types import Array, Rows

Operator = Any  # whatever keeps the laws
Outputs = tuple[NDArray[Any], ...]

ROWS: Final = 3
EPOCH_S: Final = 1_700_000_000  # UTC s at which ticks begin; any whole second will do


@dataclass(frozen=True)
class Case:
    """An operator: how it is made, what it is fed, and whether it is cut between samples or only between seconds.

    ``make(rows)`` makes one. It is pushed the ``channels`` (of ``signals.laws.streams.RATES``) in that order, and
    gives back arrays (k, n, ...): one, a tuple of them, or a dataclass.
    """

    make: Callable[[int], Operator]
    channels: tuple[str, ...]
    by_second: bool = False
    pointwise: bool = True  # unknown at a sample in is unknown at that sample out
    forgets: bool = True  # begins anew after a long silence
    silent: bool = True  # nothing in is NaN out, not 0
    mute: tuple[int, ...] = ()  # features that the streams give nothing to say
    seconds: int = 80  # how much it is fed: a minute's window, full, and some more

    def width(self, channel: str) -> int:
        """Samples of a channel in one unit of cutting."""
        return RATES[channel] if self.by_second else 1

    def feed(self, operator: Operator, arrays: Sequence[Array], rows: Rows | None, at: int) -> Outputs:
        """Push, and return every array that comes out, (k, n, ...)."""
        if isinstance(operator, Engine):
            start_s = np.full(arrays[0].shape[:1], EPOCH_S + at, np.int64)
            out = operator.push(Tick(start_s, *arrays), rows=rows)
            return out.features, out.beats, out.beat_lag_s, out.responses, out.response_lag_s
        out = operator.push(*arrays, rows=rows)
        if is_dataclass(out):
            return tuple(x for x in (getattr(out, field.name) for field in fields(out)) if isinstance(x, np.ndarray))
        return out if isinstance(out, tuple) else (out,)

    def recording(self, seed: int, *, rows: int = ROWS, holes: bool = True) -> list[Array]:
        """Return what it is fed: lively signals, stuck sensors, holes, bands with and without intervals."""
        rng, seconds = np.random.default_rng(seed + 1), self.seconds
        made = []
        for name in self.channels:
            x = stream(name, seed, rows=rows, seconds=seconds)
            stuck = int(rng.integers(20, 40)) * RATES[name]
            if holes and name in ("eda", "touch", "stir"):
                x[0, stuck : stuck + 20 * RATES[name]] = x[0, stuck]
            for row in range(rows if holes else 0):
                for length_s in (0.1, 0.6, 4.0):
                    at = int(rng.integers(x.shape[-1]))
                    x[row, ..., at : at + max(round(length_s * RATES[name]), 1)] = np.nan
            if name == "ibi" and len(self.channels) > 1:
                x[rng.random(rows) < 0.6] = np.nan
            made.append(x)
        return made

    def units(self, arrays: Sequence[Array]) -> int:
        """Return how many units of cutting there are."""
        return int(arrays[0].shape[-1]) // self.width(self.channels[0])

    def piece(self, arrays: Sequence[Array], start: int, stop: int, rows: Rows | slice = slice(None)) -> list[Array]:
        """Return the units from ``start`` to ``stop`` of some rows."""
        return [
            x[rows][..., start * self.width(name) : stop * self.width(name)]
            for name, x in zip(self.channels, arrays, strict=True)
        ]

    def whole(self, arrays: Sequence[Array]) -> Outputs:
        """Return what a new operator says of everything at once."""
        return self.feed(self.make(len(arrays[0])), arrays, None, 0)

    def in_pieces(self, operator: Operator, arrays: Sequence[Array], cuts: Sequence[int]) -> Outputs:
        """Return what ``operator`` says of the same, cut at these units."""
        ends = sorted({0, self.units(arrays), *(cut % self.units(arrays) for cut in cuts)})
        parts = [self.feed(operator, self.piece(arrays, a, b), None, a) for a, b in pairwise(ends)]
        return tuple(np.concatenate(part, axis=1) for part in zip(*parts, strict=True))


def states(thing: object) -> list[NDArray[Any]]:
    """Return every array that an operator holds, however deep."""
    if isinstance(thing, np.ndarray):
        return [thing]
    inner = thing.values() if isinstance(thing, dict) else vars(thing).values() if hasattr(thing, "__dict__") else []
    return [array for value in inner for array in states(value)]
