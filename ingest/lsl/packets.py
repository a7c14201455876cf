"""Chunks of one band's Lab Streaming Layer streams in, packets of about a second of all of them out. Reads no clock."""

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Final

import msgspec
import numpy as np

from ingest.lsl.channels import Plan, Stream
from ingest.lsl.pending import JUMP_S, Numbers, Pending, Sorting
from ingest.lsl.times import EvenTimes
from ingest.types import Array
from ingest.wire import Intervals, Packet, Samples

SECOND_S: Final = 1.0  # of readings in a packet, and between packets
HOLD_S: Final = 0.25  # beats are told of that long after they happened: a sender needs a moment to find one
LIVE_S: Final = 400.0  # an inlet keeps six minutes: stamps that are older, or to come, are not of the sender's clock
OTHER_CLOCK: Final = "on another clock than the band's other streams"  # as ``counts`` calls it
APART_S: Final = 600.0  # streams of one band whose clocks differ by more cannot share a packet
BEAT_MAX_S: Final = 10.0  # the wire's own bound of an interval
STAMP_MAX_S: Final = 2.0**52 * 1e-6  # and of a time, with room for what follows
JITTER_S: Final = 0.05  # stamps run back by as much where a sender reckons them anew,
JITTER_PERIODS: Final = 2.0  # or by as many samples, and are in order all the same
BOOT_BITS: Final = 53  # the wire's own bound of a boot


@dataclass(frozen=True, slots=True)
class Now:
    """One moment by three clocks [s]: ``local_s`` never runs back, ``utc_s`` is ours, ``sender_s`` the sender's, None
    while it is not known."""

    local_s: float
    utc_s: float
    sender_s: float | None


@dataclass(slots=True)
class _Source:
    """One stream that is open."""

    stream: Stream
    plan: Plan
    sorting: Sorting
    times: EvenTimes | None
    heard_s: float = -math.inf


@dataclass(frozen=True, slots=True)
class _Part:
    """Samples of a stream that go into one packet, ``last_s`` the time of the last of them."""

    channels: dict[str, Samples]
    last_s: float


@dataclass(slots=True)
class BandSource:
    """The streams that make one ``band``. ``run`` tells this run of the gateway from every other: numbers of packets
    begin at 0 in each, and so must a boot.

    A boot lasts as long as the streams' clock and their outlets: one that is made anew, or stamps that jump, begin
    another one. ``counts`` says how many samples of each channel were packed, and what was left out and why.
    """

    band: str
    gateway: str
    run: str
    boot: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    boots: int = 0
    _seq: int = 0
    _sources: dict[str, _Source] = field(default_factory=dict)
    _uids: dict[str, str] = field(default_factory=dict)
    _ready: list[Packet] = field(default_factory=list)
    _cut_s: float | None = None
    _tick_s: float = -math.inf

    def begin(self, key: str, stream: Stream, plan: Plan) -> None:
        """A stream is open; ``key`` stays when its outlet is made anew."""
        if self._uids.get(key) != stream.uid:
            if key in self._uids or not self.boots:
                self._renew(stream.uid)
            self._uids[key] = stream.uid
        self._open(key, stream, plan)

    def end(self, key: str) -> None:
        """A stream is gone; what it sent is kept for the next packet."""
        source = self._sources.pop(key, None)
        if source is not None:
            self._pack({key: source}, None)

    def add(self, key: str, stamps: Array, values: Numbers, local_s: float) -> None:
        """Take in a chunk: ``stamps`` (n,) [s of the sender] and ``values`` (n, channels)."""
        finite = (stamps >= 0) & (stamps < STAMP_MAX_S)
        if not finite.all():
            self.counts["without a time"] += int((~finite).sum())
            stamps, values = stamps[finite], values[finite]
        while stamps.size:
            source = self._sources[key]
            jump = _jump(source, stamps, local_s)
            source.sorting.add(Pending(stamps[:jump].astype(np.float64), values[:jump]))
            source.heard_s = local_s
            if jump == stamps.size:
                return
            self._pack(self._sources, None)
            self._renew(f"{source.stream.uid} {stamps[jump]}")
            self._open(key, source.stream, source.plan)
            stamps, values = stamps[jump:], values[jump:]

    def cut(self, now: Now, *, everything: bool = False) -> list[Packet]:
        """Return the packets that are complete: once a second, or at once with ``everything`` that is here."""
        if self._cut_s is None:
            self._cut_s = now.local_s
        if everything or now.local_s - self._cut_s >= SECOND_S:
            self._cut_s = now.local_s
            self._pack(self._sources, None if everything else now)
        ready, self._ready = self._ready, []
        return [self._heard(packet, now) for packet in ready]

    def _open(self, key: str, stream: Stream, plan: Plan) -> None:
        times = EvenTimes(plan.rate_hz) if plan.even else None
        slack_s = max(JITTER_S, JITTER_PERIODS / plan.rate_hz) if plan.even else 0.0
        sorting = Sorting(len(stream.channels), f"<{plan.dtype}", slack_s=slack_s)
        self._sources[key] = _Source(stream, plan, sorting, times)

    def _renew(self, why: str) -> None:
        self.boots += 1
        digest = hashlib.sha256(f"{self.run}\0{self.band}\0{self.boots}\0{why}".encode()).digest()
        self.boot = int.from_bytes(digest[:8], "big") >> (64 - BOOT_BITS)
        self._seq, self._tick_s = 0, -math.inf

    def _pack(self, sources: dict[str, _Source], now: Now | None) -> None:
        """Make packets of all that waits."""
        parts = [self._parts(source) for source in sources.values() if source.times is not None]
        beating = [source for source in sources.values() if source.plan.beats is not None]
        for source in sources.values():
            self.counts["came twice"] += source.sorting.duplicates
            source.sorting.duplicates = 0
        together = [[part for part in some if part is not None] for some in zip_longest(*parts)]
        for i, some in enumerate(together):
            last = i == len(together) - 1
            self._add_packet(some, beating if last else [], now)
        if beating and not together:
            self._add_packet([], beating, now)
        for source in sources.values():
            if source.times is not None:
                for part in self._late(source):
                    self._add_packet([part], [], None)

    def _parts(self, source: _Source) -> list[_Part]:
        """What waits of an even stream, in pieces: one, or one a second where much has come."""
        plan, times, sorting = source.plan, source.times, source.sorting
        assert times is not None  # noqa: S101 - even streams have them
        second = max(1, math.ceil(plan.rate_hz * SECOND_S))
        parts = []
        while len(sorting):
            piece = sorting.take(len(sorting) if len(sorting) <= 2 * second else second)
            for run in times.place(piece.stamps):
                values = piece.values[run.first : run.stop]
                parts.append(self._part(plan, values, run.start_s, run.rate_hz))
        return parts

    def _late(self, source: _Source) -> list[_Part]:
        """What came too late for its place, in stretches without a hole."""
        late, parts = source.sorting.late(), []
        if len(late):
            self.counts["out of order"] += len(late)
            holes = np.flatnonzero(np.diff(late.stamps) > 1.5 / source.plan.rate_hz) + 1
            for one in np.split(np.arange(len(late)), holes):
                piece = late.at(one)
                start_s = float(np.median(piece.stamps - np.arange(len(piece)) / source.plan.rate_hz))
                parts.append(self._part(source.plan, piece.values, start_s, source.plan.rate_hz))
        return parts

    def _part(self, plan: Plan, values: Numbers, start_s: float, rate_hz: float) -> _Part:
        channels = {}
        for even in plan.even:
            numbers = np.ascontiguousarray(values[:, even.columns], f"<{plan.dtype}")
            infinite = np.isinf(numbers)
            if infinite.any():
                numbers = np.where(infinite, np.nan, numbers).astype(numbers.dtype)
                self.counts["infinite"] += int(infinite.sum())
            self.counts[even.channel] += len(values)
            channels[even.channel] = Samples(
                rate_hz=rate_hz,
                tick_us=max(0, round(start_s * 1e6)),
                values=numbers.tobytes(),
                dtype=plan.dtype,
                scale=even.scale,
            )
        return _Part(channels, start_s + (len(values) - 1) / rate_hz)

    def _add_packet(self, parts: Sequence[_Part], beating: Sequence[_Source], now: Now | None) -> None:
        """Number a packet. It ends with its last sample; one of beats alone a moment ago."""
        ends = [part.last_s for part in parts]
        beat_s = max((source.sorting.newest_s for source in beating), default=-math.inf)
        if now is None and ends and abs(beat_s - max(ends)) <= APART_S:
            ends.append(beat_s)
        elif beating and not parts:
            sender_s = None if now is None else now.sender_s
            if sender_s is not None and abs(beat_s - sender_s) < LIVE_S:
                ends = [sender_s - HOLD_S]
            elif any(len(source.sorting) for source in beating):
                ends = [beat_s]
            else:
                return
        self._tick_s = max(self._tick_s, *ends)
        near = [part for part in parts if part.last_s >= self._tick_s - APART_S]
        self.counts[OTHER_CLOCK] += len(parts) - len(near)
        channels: dict[str, Samples] = {}
        for part in near:
            channels |= part.channels
        packet = Packet(
            v=1,
            band=self.band,
            boot=self.boot,
            seq=self._seq,
            tick_us=max(0, round(self._tick_s * 1e6)),
            gateway=self.gateway,
            ibi=self._beats(beating[0], everything=now is None) if beating else None,
            eda=channels.get("eda"),
            temperature=channels.get("temperature"),
            ppg=channels.get("ppg"),
            motion=channels.get("motion"),
        )
        self._seq += 1
        self._ready.append(packet)

    def _beats(self, source: _Source, *, everything: bool) -> Intervals:
        """The beats up to the packet's end, and any that were overtaken."""
        assert source.plan.beats is not None  # noqa: S101 - asked of streams that have them
        found = source.sorting.late().join(source.sorting.take_until(self._tick_s)).sorted()
        far = found.stamps < self._tick_s - APART_S
        left = source.sorting.take(len(source.sorting)) if everything else found.at(slice(0))
        self.counts[OTHER_CLOCK] += int(far.sum()) + len(left)
        found = found.at(~far)
        intervals = found.values[:, source.plan.beats.columns[0]].astype(np.float64) * source.plan.beats.scale
        good = (intervals > 0) & (intervals <= BEAT_MAX_S)
        self.counts["no interval"] += int((~good).sum())
        self.counts["ibi"] += int(good.sum())
        ticks = np.round(found.stamps[good] * 1e6).astype(np.int64)
        return Intervals(tick_us=ticks.tolist(), interval_s=intervals[good].tolist())

    def _heard(self, packet: Packet, now: Now) -> Packet:
        """The packet with the moment of its end by our UTC: the sender's clock is measured, so that no delay on the
        way is left in it. Where its stamps are not of that clock, it is the moment at which they came."""
        age_s = math.inf if now.sender_s is None else now.sender_s - packet.tick_us * 1e-6
        heard_s = now.utc_s - age_s if 0 <= age_s <= LIVE_S else now.utc_s
        return msgspec.structs.replace(packet, heard_us=round(heard_s * 1e6))


def _jump(source: _Source, stamps: Array, local_s: float) -> int:
    """The first sample of a chunk by which the clock of the stamps was set, or how many there are: it runs back, or
    runs on for longer than it was silent."""
    before_s = source.sorting.newest_s
    steps = np.diff(stamps, prepend=stamps[0] if before_s == -math.inf else before_s)
    jumps = np.abs(steps) > JUMP_S
    silent_s = local_s - source.heard_s
    if -JUMP_S <= steps[0] <= silent_s + JUMP_S:
        jumps[0] = False
    found = np.flatnonzero(jumps)
    return int(found[0]) if found.size else int(stamps.size)
