"""A store and a registry in; what was measured of a person out, as arrays and data frames, with its holes said.

Readings rest by band; whose they are follows from the assignments as they are now, so that a corrected one moves them
at once. They are cut at the edges of assignments and of consents, sample by sample. Bands may be imported recordings.
Where two bands speak of one person at the same time (two wrists, an import of what was received too) nothing is merged:
a ``source`` must be chosen.
"""

import heapq
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.assemble import whole
from ingest.errors import RegistryError
from ingest.received import Received
from ingest.registry.consents import Given, Scope
from ingest.registry.registry import Registry
from ingest.registry.stretches import end_of
from ingest.series import Piece, Series, Source, apart, series_of
from ingest.store.protocol import Store
from ingest.types import CHANNELS, Tick
from ingest.wire import AHEAD_MAX_US, SPAN_MAX_US, Intervals, Samples

if TYPE_CHECKING:
    import pandas as pd

BACK_S: Final = SPAN_MAX_US * 1e-6 + 1.0  # a packet begins no longer than this before its end, rounding included
AHEAD_S: Final = AHEAD_MAX_US * 1e-6 + 1.0  # and no later than this after it

NOWHERE: Final = Source("", False)

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Worn:
    """A person wore what ``source`` is in ``[since_s, until_s)`` [UTC s]; of that, ``covered`` spans may be used."""

    source: Source
    since_s: float
    until_s: float
    covered: tuple[Span, ...]


class Readings:
    """What ``store`` holds, by the people of ``registry``. Keeps nothing: every call asks both anew.

    ``scope`` says what the readings are for. Those of times that no consent of that scope covers are left out, and
    counted where that is said. Ranges ``[since_s, until_s)`` are UTC seconds and may be infinite. Every method raises
    RegistryError where there is no such wearer or channel, or the wearer never wore the ``source``, and StoreError
    where the store cannot be read.
    """

    def __init__(self, store: Store, registry: Registry) -> None:
        self._store = store
        self._registry = registry

    def worn(self, wearer: str, since_s: float, until_s: float, *, scope: Scope) -> list[Worn]:
        """What the wearer wore in the range, in order of time, and what of that may be used for ``scope``."""
        if not since_s <= until_s:
            raise RegistryError(f"since_s: {since_s} must not be after until_s ({until_s})")
        if wearer not in self._registry.wearers():
            raise RegistryError(f"wearer: {wearer!r} is not known")
        wristbands = set(self._registry.bands())
        consented = _union(self._registry.consents(wearer), scope)
        found = []
        for each in self._registry.worn_by(wearer):
            low, high = max(each.since_s, since_s), min(end_of(each.until_s), until_s)
            if low < high:
                covered = tuple((max(a, low), min(b, high)) for a, b in consented if max(a, low) < min(b, high))
                found.append(Worn(Source(each.band, each.band not in wristbands), low, high, covered))
        return found

    def blocks(
        self, wearer: str, channel: str, since_s: float, until_s: float, *, scope: Scope, source: str | None = None
    ) -> Iterator[Piece]:
        """Yield what is known of one channel in order of its start, uncut but at the edges; ``source``: of that band
        alone. What two bands say of the same time comes as two pieces."""
        _require_channel(channel)
        worn = self._worn(wearer, since_s, until_s, scope, source)
        for together in _clusters(worn):
            yield from heapq.merge(*(self._cuts(each, channel) for each in together), key=lambda piece: piece.start_s)

    def _worn(self, wearer: str, since_s: float, until_s: float, scope: Scope, source: str | None) -> list[Worn]:
        worn = self.worn(wearer, since_s, until_s, scope=scope)
        if source is None:
            return worn
        known = sorted({each.band for each in self._registry.worn_by(wearer)})
        if source not in known:
            raise RegistryError(f"source: {wearer} never wore {source!r}, but {', '.join(known) or 'nothing'}")
        return [each for each in worn if each.source.band == source]

    def _cuts(self, worn: Worn, channel: str) -> Iterator[Piece]:
        for since_s, until_s in worn.covered:
            # a block of one beat is over when it begins, and is not found from that moment on
            for block in self._store.read(worn.source.band, channel, math.nextafter(since_s, -math.inf), until_s):
                piece = Piece.cut(worn.source, block, since_s, until_s)
                if piece is not None:
                    yield piece

    def series(
        self, wearer: str, channel: str, since_s: float, until_s: float, *, scope: Scope, source: str | None = None
    ) -> Series:
        """Everything known of one channel in the range as one array, bands one after the other.

        Raises RegistryError where two bands speak of the same time; then name a ``source``, or ask ``by_source``.
        """
        worn = self._worn(wearer, since_s, until_s, scope, source)
        pieces = list(self.blocks(wearer, channel, since_s, until_s, scope=scope, source=source))
        _require_apart(wearer, pieces)
        return series_of(
            pieces, wearer=wearer, channel=channel, range_s=(since_s, until_s), left_out=self._left_out(worn, channel)
        )

    def by_source(
        self, wearer: str, channel: str, since_s: float, until_s: float, *, scope: Scope
    ) -> dict[str, Series]:
        """A series of each band that says anything of the channel in the range, by its name."""
        pieces = list(self.blocks(wearer, channel, since_s, until_s, scope=scope))
        worn = self.worn(wearer, since_s, until_s, scope=scope)
        found = {}
        for band in sorted({piece.source.band for piece in pieces}):
            found[band] = series_of(
                [piece for piece in pieces if piece.source.band == band],
                wearer=wearer,
                channel=channel,
                range_s=(since_s, until_s),
                left_out=self._left_out([each for each in worn if each.source.band == band], channel),
            )
        return found

    def channels(
        self,
        wearer: str,
        since_s: float,
        until_s: float,
        *,
        scope: Scope,
        channels: Sequence[str] = tuple(CHANNELS),
        source: str | None = None,
    ) -> dict[str, Series]:
        """Several channels, each with its own times: nothing is resampled. Raises as ``series`` does."""
        return {each: self.series(wearer, each, since_s, until_s, scope=scope, source=source) for each in channels}

    def frame(
        self, wearer: str, channel: str, since_s: float, until_s: float, *, scope: Scope, source: str | None = None
    ) -> "pd.DataFrame":
        """The same as ``series`` as a data frame: see ``Series.frame``."""
        return self.series(wearer, channel, since_s, until_s, scope=scope, source=source).frame()

    def _left_out(self, worn: Iterable[Worn], channel: str) -> int:
        """How many samples were measured at times that no consent of the scope covers."""
        count = 0
        for each in worn:
            at_s = each.since_s
            for low, high in (*each.covered, (each.until_s, each.until_s)):
                if at_s < low:
                    for block in self._store.read(each.source.band, channel, math.nextafter(at_s, -math.inf), low):
                        piece = Piece.cut(each.source, block, at_s, low)
                        count += 0 if piece is None else piece.high - piece.low
                at_s = high
        return count

    def packets(
        self, wearer: str, since_s: float, until_s: float, *, scope: Scope, source: str | None = None
    ) -> Iterator[tuple[Source, Received]]:
        """Yield the packets that *ended* in the range while worn and covered, whole as they were received, in order of
        their start: what a replay is fed with, and what intake judged by."""
        worn = self._worn(wearer, since_s, until_s, scope, source)
        for together in _clusters(worn):
            yield from heapq.merge(*(self._ended_in(each) for each in together), key=lambda one: one[1].span_s()[0])

    def _ended_in(self, worn: Worn) -> Iterator[tuple[Source, Received]]:
        for since_s, until_s in worn.covered:
            for received in self._store.packets(worn.source.band, since_s - BACK_S, until_s + AHEAD_S):
                if since_s <= received.utc_s(received.packet.tick_us) < until_s:
                    yield worn.source, received

    def tick(self, wearer: str, since_s: float, until_s: float, *, scope: Scope, source: str | None = None) -> Tick:
        """The range on the analysis grid, one row, as the engine and the feature sets take it: see ``assemble.whole``.

        NaN where nothing is known or may be used. Raises RegistryError as ``series`` does, and ValueError where the
        readings span more than ``ingest.assemble.WHOLE_MAX_S``.
        """
        worn = self._worn(wearer, since_s, until_s, scope, source)
        held = [(each.source, received) for each in worn for received in self._trimmed(each)]
        pieces = [Piece(of, block, 0, block.values.shape[-1]) for of, received in held for block in received.blocks()]
        for channel in CHANNELS:
            _require_apart(wearer, [piece for piece in pieces if piece.uncut.channel == channel])
        return _only(whole([received for _, received in held]), [span for each in worn for span in each.covered])

    def _trimmed(self, worn: Worn) -> Iterator[Received]:
        """Yield the packets that reach into what may be used, without what lies outside."""
        for since_s, until_s in worn.covered:
            for received in self._store.packets(worn.source.band, since_s - BACK_S, until_s):
                trimmed = _trim(received, since_s, until_s)
                if trimmed is not None:
                    yield trimmed


def _require_channel(channel: str) -> None:
    if channel not in CHANNELS:
        raise RegistryError(f"channel: {channel!r} is none of {', '.join(CHANNELS)}")


def _require_apart(wearer: str, pieces: Sequence[Piece]) -> None:
    if not apart(pieces):
        both = " and ".join(sorted({piece.source.band for piece in pieces}))
        raise RegistryError(f"source: {both} speak of {wearer} at the same time; name one of them")


def _trim(received: Received, since_s: float, until_s: float) -> Received | None:
    """A packet without the samples and beats that lie outside of ``[since_s, until_s)``; None where none is inside."""
    start_s, end_s = received.span_s()
    if since_s <= start_s and end_s <= until_s:
        return received
    packet, found = received.packet, False
    channels: dict[str, Samples | Intervals | None] = {}
    for block in received.blocks():
        piece = Piece.cut(NOWHERE, block, since_s, until_s)
        found = found or piece is not None
        if block.channel == "ibi" and packet.ibi is not None:
            low, high = (0, 0) if piece is None else (piece.low, piece.high)
            channels["ibi"] = Intervals(
                tick_us=packet.ibi.tick_us[low:high], interval_s=packet.ibi.interval_s[low:high]
            )
        elif piece is None:
            channels[block.channel] = None
        else:
            first_us = packet.samples()[block.channel].tick_us + round(piece.low / block.rate_hz * 1e6)
            numbers = np.ascontiguousarray(piece.values().T, "<f8").tobytes()
            channels[block.channel] = Samples(rate_hz=block.rate_hz, tick_us=first_us, values=numbers, dtype="f8")
    if not found:
        return None
    return Received(msgspec.structs.replace(packet, **channels), received.offset_s, received.received_s, b"")


def _union(consents: Iterable[Given], scope: Scope) -> list[Span]:
    """When a scope is covered, as spans that do not overlap, in order."""
    standing = [
        (each.from_s, end_of(each.until_s)) for each in consents if each.scope is scope and each.withdrawn_s is None
    ]
    joined: list[Span] = []
    for low, high in sorted(standing):
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return joined


def _clusters(worn: Sequence[Worn]) -> Iterator[list[Worn]]:
    """What was worn, in order of time, those together that overlap: only these must be read side by side."""
    together: list[Worn] = []
    until_s = -math.inf
    for each in worn:
        if together and each.since_s >= until_s:
            yield together
            together = []
        together.append(each)
        until_s = max(until_s, each.until_s)
    if together:
        yield together


def _only(tick: Tick, spans: Sequence[Span]) -> Tick:
    """A tick of one row without what was worked out across the edges of ``spans``."""
    found: dict[str, NDArray[np.float64]] = {}
    for name, rate_hz in (*((name, channel.grid_hz) for name, channel in CHANNELS.items()), ("contact", 1)):
        values = getattr(tick, name)
        if values is None:
            continue
        at_s = tick.start_s[0] + np.arange(tick.seconds * rate_hz) / rate_hz
        usable = np.zeros(at_s.size, np.bool_)
        for low, high in spans:
            usable |= (at_s >= low) & (at_s < high)
        found[name] = np.where(usable, values, np.nan)
    return Tick(tick.start_s, **found)
