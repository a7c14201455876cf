"""What the laws ask of an operator: how it is made, what it is fed, and which laws do not hold for it by design."""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from ingest.types import Tick
from signals.engine import Engine
from signals.types import Array, Rows
from tests.signals.streams import RATES

Operator = Any  # whatever keeps the laws


@dataclass(frozen=True)
class Case:
    """An operator: how it is made, what it is fed, and whether it is cut between samples or only between seconds."""

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

    def feed(self, operator: Operator, arrays: list[Array], rows: Rows | None, at: int) -> tuple[Array, ...]:
        """Push, and return every array that comes out, (k, n, ...)."""
        if isinstance(operator, Engine):
            start_s = np.full(arrays[0].shape[:1], 1_700_000_000 + at, np.int64)
            out = operator.push(Tick(start_s, *arrays), rows=rows)
            return out.features, out.beats, out.beat_lag_s, out.responses, out.response_lag_s
        out = operator.push(*arrays, rows=rows)
        if is_dataclass(out):
            return tuple(x for x in (getattr(out, field.name) for field in fields(out)) if isinstance(x, np.ndarray))
        return out if isinstance(out, tuple) else (out,)
