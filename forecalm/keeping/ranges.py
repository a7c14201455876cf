"""Packets that are to go and packets that are to stay in, the ranges of time to erase out.

A store erases whatever reaches into a range; whose a packet is follows from its end. So a range must end where the
first packet begins that is to stay.
"""

import math
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from ingest.received import Received
from ingest.store.inbox import REACH_S
from ingest.store.protocol import Erased, Store
from ingest.wire import AHEAD_MAX_US

AHEAD_S: Final = AHEAD_MAX_US * 1e-6  # no packet's samples begin later than that after its end
LONG_S: Final = 20.0  # a packet as long as that is looked for by itself; a longer one is found with its neighbours
RANGES_MAX: Final = 100  # erased at a time where it does not matter when: each costs a look through the whole inbox

Goes = Callable[[Received], bool]


@dataclass(frozen=True, slots=True)
class Piece:
    """Time [UTC s] that one packet spans, or several; whether it is to go."""

    start_s: float
    end_s: float
    goes: bool


def end_of(received: Received) -> float:
    """The moment [UTC s] that says whose a packet is."""
    return received.utc_s(received.packet.tick_us)


def ranges(pieces: Iterable[Piece]) -> Iterator[tuple[float, float]]:
    """Yield ``[since_s, until_s)`` in order that reach every piece that goes and none that stays: one for each time
    that is free of what stays. A piece that lies all inside such is left."""
    ordered = sorted(pieces, key=lambda each: each.start_s)
    going = [piece for piece in ordered if piece.goes]
    starts = [piece.start_s for piece in going]
    first = 0
    for free_s, end_s in _free(piece for piece in ordered if not piece.goes):
        while first < len(going) and going[first].end_s < free_s:
            first += 1
        inside = [piece for piece in going[first : bisect_left(starts, end_s)] if piece.end_s >= free_s]
        if inside:
            low_s = max(free_s, inside[0].start_s)
            high_s = min(end_s, math.nextafter(max(piece.end_s for piece in inside), math.inf))
            if low_s < high_s:
                yield low_s, high_s


def _free(stay: Iterable[Piece]) -> Iterator[tuple[float, float]]:
    """Yield first and end of each time in which none of the pieces lies, given in order of their start."""
    free_s = -math.inf
    for piece in stay:
        if free_s < piece.start_s:
            yield free_s, piece.start_s
        free_s = max(free_s, math.nextafter(piece.end_s, math.inf))
    yield free_s, math.inf


def ends_within(store: Store, band: str, since_s: float, until_s: float) -> bool:
    """Whether a packet of a band is stored that ends in ``[since_s, until_s)`` [UTC s]."""
    found = store.packets(band, since_s - LONG_S, until_s + AHEAD_S)
    return any(since_s <= end_of(received) < until_s for received in found)


def erase_ended(store: Store, band: str, since_s: float, until_s: float) -> Erased:
    """Erase every packet of a band that ends in ``[since_s, until_s)`` [UTC s], what of it went to quarantine then, and
    no other, save what ``ranges`` leaves. Looks only at packets near to either end."""

    def goes(received: Received) -> bool:
        return since_s <= end_of(received) < until_s

    pieces = [Piece(since_s, until_s, goes=True)]
    if until_s - since_s <= 4 * REACH_S:
        pieces += _pieces(store, band, since_s, until_s, goes)
    else:
        for edge_s in (since_s, until_s):
            if math.isfinite(edge_s):
                pieces += _pieces(store, band, edge_s, edge_s, goes)
    return _erase(store, band, pieces)


def erase_where(store: Store, band: str, since_s: float, until_s: float, goes: Goes) -> Erased:
    """Erase the packets of a band that end in ``[since_s, until_s)`` [UTC s] and go, and no other, save what ``ranges``
    leaves and what lies in more than ``RANGES_MAX``. Looks at all of them."""
    return _erase(store, band, [*_pieces(store, band, since_s, until_s, goes)], most=RANGES_MAX)


def _pieces(store: Store, band: str, since_s: float, until_s: float, goes: Goes) -> Iterator[Piece]:
    for received in store.packets(band, since_s - REACH_S, until_s + REACH_S):
        yield Piece(*received.span_s(), goes(received))


def _erase(store: Store, band: str, pieces: Iterable[Piece], *, most: int = sys.maxsize) -> Erased:
    packets = samples = 0
    for since_s, until_s in islice(ranges(pieces), most):
        gone = store.erase(band, since_s, until_s)
        packets, samples = packets + gone.packets, samples + gone.samples
    return Erased(packets, samples)
